package localca_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/localca"
)

// openDir makes the test binary open the CA of a directory and print whose it is.
const openDir = "SSOLAB_TEST_OPEN_CA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(openDir); dir != "" {
		_, _ = io.Copy(io.Discard, os.Stdin) // all begin when it is closed
		ca, err := localca.Open(dir, nil)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Print(ca.SPKIHash())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) *localca.CA {
	t.Helper()
	ca, err := localca.Open(dir, nil)
	require.NoError(t, err)
	return ca
}

// serve answers over TLS with the host that was asked for and the protocol that was spoken.
func serve(t *testing.T, ca *localca.CA, allowed func(string) bool) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host+" "+r.Proto) }),
		TLSConfig: ca.TLSConfig(allowed), ReadHeaderTimeout: time.Second, ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func get(ca *localca.CA, addr, url string, http2 bool) (string, error) {
	transport := &http.Transport{
		ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestLeavesBySNI(t *testing.T) {
	t.Parallel()
	ca, err := localca.New(nil)
	require.NoError(t, err)
	addr := serve(t, ca, func(host string) bool { return host != "elsewhere.test" })
	for _, host := range []string{"cognito-idp.eu-north-1.amazonaws.com", "scalekit.localhost", "localhost", "127.0.0.1", "[::1]", strings.Repeat("a", 40) + "." + strings.Repeat("b", 40) + ".test"} {
		for _, http2 := range []bool{true, false} {
			got, err := get(ca, addr, "https://"+host+"/", http2)
			require.NoError(t, err, host)
			require.Equal(t, host+map[bool]string{true: " HTTP/2.0", false: " HTTP/1.1"}[http2], got)
		}
	}
	got, err := get(ca, addr, "https://LocalHost./", true)
	require.NoError(t, err, "names are compared without case and the final dot")
	require.Contains(t, got, "HTTP/2.0")
	_, err = get(ca, addr, "https://elsewhere.test/", true)
	require.Error(t, err, "no certificate for a name that is not the lab's")
	stranger, err := localca.New(nil)
	require.NoError(t, err)
	_, err = get(stranger, addr, "https://localhost/", true)
	require.ErrorAs(t, err, new(x509.UnknownAuthorityError))
}

func TestLeafIsWhatBrowsersAccept(t *testing.T) {
	t.Parallel()
	ca, err := localca.New(nil)
	require.NoError(t, err)
	made, err := ca.Certificate("127.0.0.1")
	require.NoError(t, err)
	require.Len(t, made.Certificate, 2, "with the CA's own")
	leaf := made.Leaf
	require.Equal(t, "127.0.0.1", leaf.IPAddresses[0].String())
	require.Empty(t, leaf.DNSNames)
	require.False(t, leaf.IsCA)
	require.LessOrEqual(t, leaf.NotAfter.Sub(leaf.NotBefore), 398*24*time.Hour)
	require.NotEmpty(t, leaf.AuthorityKeyId, "strict verifiers, Python's from 3.13, ask for it")
	again, err := ca.Certificate("127.0.0.1")
	require.NoError(t, err)
	require.Same(t, made, again)
}

func TestLeavesAreRenewedByTheClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ca, err := localca.New(func() time.Time { return now })
	require.NoError(t, err)
	leaf := func() *x509.Certificate {
		made, err := ca.Certificate("app.localhost")
		require.NoError(t, err)
		_, err = made.Leaf.Verify(x509.VerifyOptions{Roots: ca.Pool(), DNSName: "app.localhost", CurrentTime: now})
		require.NoError(t, err)
		return made.Leaf
	}
	first := leaf()
	now = now.Add(59 * 24 * time.Hour)
	require.Equal(t, first.SerialNumber, leaf().SerialNumber)
	now = now.Add(2 * 24 * time.Hour)
	second := leaf()
	require.NotEqual(t, first.SerialNumber, second.SerialNumber, "a month before it ends")
	now = now.Add(-60 * 24 * time.Hour)
	require.NotEqual(t, second.SerialNumber, leaf().SerialNumber, "not valid yet")
	now = ca.NotAfter().Add(-24 * time.Hour)
	require.Equal(t, ca.NotAfter(), leaf().NotAfter, "none outlives its CA")
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "ca")
	ca := open(t, dir)
	for file, mode := range map[string]os.FileMode{localca.KeyFile: 0o600, localca.CertificateFile: 0o644, "": 0o700} {
		info, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), file)
	}
	certificate, err := os.ReadFile(ca.Path())
	require.NoError(t, err)
	require.Equal(t, string(ca.PEM()), string(certificate))
	require.NotContains(t, string(certificate), "KEY")
	require.Equal(t, ca.SPKIHash(), open(t, dir).SPKIHash())

	require.NoError(t, os.Remove(ca.Path()))
	require.Equal(t, ca.SPKIHash(), open(t, dir).SPKIHash(), "the certificate is in the key file too")
	require.FileExists(t, ca.Path())

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is left over")
}

func TestCreateReplacesOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := open(t, dir)
	_, err := localca.Create(dir, false, nil)
	require.ErrorIs(t, err, localca.ErrExists)
	require.Equal(t, ca.SPKIHash(), open(t, dir).SPKIHash())
	other, err := localca.Create(dir, true, nil)
	require.NoError(t, err)
	require.NotEqual(t, ca.SPKIHash(), other.SPKIHash())
	require.Equal(t, other.SPKIHash(), open(t, dir).SPKIHash())
}

func TestDamagedFilesAreRefusedAndKept(t *testing.T) {
	t.Parallel()
	leafPair := func(t *testing.T) []byte { // a certificate with its key, but no CA
		ca, err := localca.New(nil)
		require.NoError(t, err)
		leaf, err := ca.Certificate("localhost")
		require.NoError(t, err)
		key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
		require.NoError(t, err)
		return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]})...)
	}
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   string
	}{
		"key cut off": {func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, localca.KeyFile), 100))
		}, "ssolab ca create --force"},
		"key empty": {func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, localca.KeyFile), 0))
		}, "ssolab ca create --force"},
		"key readable": {func(t *testing.T, dir string) {
			require.NoError(t, os.Chmod(filepath.Join(dir, localca.KeyFile), 0o640))
		}, "chmod 600"},
		"key gone": {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, localca.KeyFile))) }, "without its ca-key.pem"},
		"no CA": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, localca.KeyFile), leafPair(t), 0o600))
		}, "is no CA made by ssolab"},
		"another's": {func(t *testing.T, dir string) {
			open(t, dir+"x")
			require.NoError(t, os.Rename(dir+"x/ca.pem", dir+"/ca.pem"))
		}, "is not the certificate of ca-key.pem"},
		"certificate damage": {func(t *testing.T, dir string) { require.NoError(t, os.Truncate(filepath.Join(dir, "ca.pem"), 100)) }, "is not the certificate of ca-key.pem; delete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "ca")
			open(t, dir)
			c.damage(t, dir)
			before := files(t, dir)
			_, err := localca.Open(dir, nil)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, before, files(t, dir))
			if name == "key readable" {
				return
			}
			ca, err := localca.Create(dir, true, nil)
			require.NoError(t, err, "the way out works")
			require.Equal(t, ca.SPKIHash(), open(t, dir).SPKIHash())
		})
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		out[e.Name()] = string(b)
	}
	return out
}

func TestACAThatExpiresIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := open(t, dir)
	_, err := localca.Open(dir, func() time.Time { return ca.NotAfter().Add(-30 * 24 * time.Hour) })
	require.ErrorContains(t, err, "expires at")
	require.ErrorContains(t, err, "ssolab ca create --force")
}

// Programs that start at the same time, as threads and as processes, agree on one CA.
func TestConcurrentOpenMakesOneCA(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "ca")
	var mu sync.Mutex
	hashes, begin := map[string]int{}, make(chan struct{})
	count := func(hash string) { mu.Lock(); hashes[hash]++; mu.Unlock() }
	var all sync.WaitGroup
	for range 4 {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), openDir+"="+dir)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		all.Go(func() {
			<-begin
			_ = in.Close()
			_ = cmd.Wait()
			count(out.String())
		})
		all.Go(func() {
			<-begin
			ca, err := localca.Open(dir, nil)
			if err != nil {
				count(err.Error())
				return
			}
			count(ca.SPKIHash())
		})
	}
	close(begin)
	all.Wait()
	require.Equal(t, map[string]int{open(t, dir).SPKIHash(): 8}, hashes)
}

func TestBundle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := open(t, dir)
	path, err := ca.WriteBundle()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, localca.BundleFile), path)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(content, ca.PEM()))
	for rest := content; len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		require.NotNil(t, block)
		require.Equal(t, "CERTIFICATE", block.Type)
	}
	before, err := os.Stat(path)
	require.NoError(t, err)
	_, err = ca.WriteBundle()
	require.NoError(t, err)
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "what is right already is not written")
	require.Equal(t, []localca.Variable{
		{Name: "SSOLAB_CA_FILE", Value: ca.Path()}, {Name: "NODE_EXTRA_CA_CERTS", Value: ca.Path()},
		{Name: "SSL_CERT_FILE", Value: path}, {Name: "AWS_CA_BUNDLE", Value: path}, {Name: "REQUESTS_CA_BUNDLE", Value: path}, {Name: "CURL_CA_BUNDLE", Value: path},
	}, ca.Variables(path))
}

func TestACAInMemoryHasNoFiles(t *testing.T) {
	t.Parallel()
	ca, err := localca.New(nil)
	require.NoError(t, err)
	require.Empty(t, ca.Path())
	require.Empty(t, ca.Dir())
	require.Empty(t, ca.Variables(""))
	_, err = ca.WriteBundle()
	require.ErrorContains(t, err, "memory")
}

func TestDefaultDir(t *testing.T) {
	t.Parallel()
	dir, err := localca.DefaultDir(func(string) string { return "/somewhere/ca" })
	require.NoError(t, err)
	require.Equal(t, "/somewhere/ca", dir)
	base, err := os.UserConfigDir()
	require.NoError(t, err)
	dir, err = localca.DefaultDir(func(string) string { return "" })
	require.NoError(t, err)
	require.Equal(t, filepath.Join(base, "ssolab", "ca"), dir)
}
