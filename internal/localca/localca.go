// Package localca is the certificate authority of labs on one machine: made at first use, kept for the user, trusted by
// nobody until they say so.
//
//	<dir>/ca-key.pem    private key with its certificate, readable by its owner only; never served
//	<dir>/ca.pem        the certificate alone, for browsers and programs to trust
//	<dir>/bundle.pem    the system's roots and the certificate, for programs whose roots can only be replaced
//	CA ─► Certificate(host) ─► a leaf for that host name, made when it is first asked for (SNI)
//
// The key file is the CA: it appears in one step and holds both halves, so that programs that start at the same time
// agree on one CA. The other files follow from it and are made again when they are missing. A file that is damaged is
// never replaced without being asked.
//
// Not modelled: intermediate CAs, revocation (no CRL, no OCSP), client certificates, name constraints.
package localca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Names of the files in a CA's directory.
const (
	CertificateFile = "ca.pem"
	KeyFile         = "ca-key.pem"
	// BundleFile holds the system's roots and the CA's certificate, for variables that replace the roots.
	BundleFile = "bundle.pem"
)

const (
	caLifetime = 10 * 365 * 24 * time.Hour
	// Browsers refuse leaves that live longer than 398 days (CA/Browser Forum Baseline Requirements §6.3.2).
	leafLifetime = 90 * 24 * time.Hour
	maxLeaves    = 1000 // host names that are remembered
)

// CA issues certificates for the host names of a lab. It is safe for concurrent use.
type CA struct {
	dir  string // empty: in memory only
	now  func() time.Time
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu      sync.Mutex // guards the fields below
	leafKey *ecdsa.PrivateKey
	leaves  map[string]*tls.Certificate
}

// DefaultDir is where the user's CA is kept: $SSOLAB_CA_DIR, or ssolab/ca in the user's configuration directory.
func DefaultDir(getenv func(string) string) (string, error) {
	if dir := getenv("SSOLAB_CA_DIR"); dir != "" {
		return dir, nil
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no place for the CA: %w; set SSOLAB_CA_DIR", err)
	}
	return filepath.Join(base, "ssolab", "ca"), nil
}

// ErrExists says that there is a CA already.
var ErrExists = errors.New("there is a CA already")

// Open returns the CA kept in dir, making it if there is none. now is the clock for lifetimes; nil means the machine's.
func Open(dir string, now func() time.Time) (*CA, error) {
	ca, err := load(dir, now)
	if !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	if _, err := os.Lstat(filepath.Join(dir, CertificateFile)); err != nil {
		if ca, err = Create(dir, false, now); !errors.Is(err, ErrExists) {
			return ca, err
		}
	}
	// Either another program made the CA meanwhile, or there is a certificate alone.
	ca, err = load(dir, now)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the CA: %s has %s without its %s; make a new one with: ssolab ca create --force", dir, CertificateFile, KeyFile)
	}
	return ca, err
}

// Create makes a new CA in dir. One that is there is ErrExists, unless it is to be replaced.
func Create(dir string, replace bool, now func() time.Time) (*CA, error) {
	ca, err := New(now)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep the CA: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ca.key)
	if err != nil {
		return nil, err
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), ca.PEM()...)
	put := placeNew
	if replace {
		put = os.Rename
	}
	if err := write(filepath.Join(dir, KeyFile), both, 0o600, put); err != nil {
		return nil, err
	}
	if err := write(filepath.Join(dir, CertificateFile), ca.PEM(), 0o644, os.Rename); err != nil {
		return nil, err
	}
	ca.dir = dir
	return ca, nil
}

// write makes a file in one step: under another name first, then put in its place.
func write(path string, content []byte, mode fs.FileMode, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("keep the CA: %w", err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = put(f.Name(), path)
	}
	if _, gone := os.Lstat(f.Name()); gone == nil {
		_ = os.Remove(f.Name())
	}
	if err != nil {
		return fmt.Errorf("keep the CA: %w", err)
	}
	return nil
}

// placeNew puts a file where none is: of several programs one succeeds, the others get ErrExists. Where the file system
// has no hard links the last one wins, and all but that one serve a CA that nobody finds.
func placeNew(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s: %w", to, ErrExists)
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s: %w", to, ErrExists)
	}
	return os.Rename(from, to)
}

// New returns a CA that lives in memory only.
func New(now func() time.Time) (*CA, error) {
	now = clock(now)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"ssolab"}, CommonName: "ssolab local CA " + host},
		NotBefore: now().Add(-time.Hour), NotAfter: now().Add(caLifetime), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the CA: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &CA{now: now, cert: cert, key: key, leaves: map[string]*tls.Certificate{}}, nil
}

func load(dir string, now func() time.Time) (*CA, error) {
	now = clock(now)
	both, err := readKey(filepath.Join(dir, KeyFile))
	if err != nil {
		return nil, fmt.Errorf("open the CA: %w", err)
	}
	const wayOut = "make a new one with: ssolab ca create --force"
	pair, err := tls.X509KeyPair(both, both)
	if err != nil {
		return nil, fmt.Errorf("open the CA in %s: %s: %w; %s", dir, KeyFile, err, wayOut)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("open the CA in %s: %s is no CA made by ssolab; %s", dir, KeyFile, wayOut)
	}
	if now().After(pair.Leaf.NotAfter.Add(-leafLifetime)) {
		return nil, fmt.Errorf("the CA in %s expires at %s; %s", dir, pair.Leaf.NotAfter.Format(time.RFC3339), wayOut)
	}
	ca := &CA{dir: dir, now: now, cert: pair.Leaf, key: key, leaves: map[string]*tls.Certificate{}}
	certificate, err := os.ReadFile(ca.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist): // it follows from the key file
		return ca, write(ca.Path(), ca.PEM(), 0o644, os.Rename)
	case err != nil:
		return nil, fmt.Errorf("open the CA: %w", err)
	case !bytes.Equal(bytes.TrimSpace(certificate), bytes.TrimSpace(ca.PEM())):
		return nil, fmt.Errorf("open the CA: %s is not the certificate of %s; delete %s to have it written again, or %s", ca.Path(), KeyFile, ca.Path(), wayOut)
	}
	return ca, nil
}

// readKey reads a file that must be its owner's alone. Windows has no such modes.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (%s); run: chmod 600 %s", path, mode, path)
	}
	return io.ReadAll(f)
}

// PEM is the CA's certificate.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// Dir is where the CA is kept; empty for one in memory.
func (ca *CA) Dir() string { return ca.dir }

// Path is the CA's certificate file; empty for one in memory.
func (ca *CA) Path() string {
	if ca.dir == "" {
		return ""
	}
	return filepath.Join(ca.dir, CertificateFile)
}

// NotAfter is when the CA expires.
func (ca *CA) NotAfter() time.Time { return ca.cert.NotAfter }

// Pool holds the CA alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// SPKIHash is the base64 SHA-256 of the CA's public key, as Chromium's --ignore-certificate-errors-spki-list takes it.
func (ca *CA) SPKIHash() string {
	sum := sha256.Sum256(ca.cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// systemRoots are where the systems keep their roots, as in crypto/x509.
var systemRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
}

// WriteBundle writes the system's roots and the CA's certificate into one file and returns its path. Without system
// roots it holds the CA's alone.
func (ca *CA) WriteBundle() (string, error) {
	if ca.dir == "" {
		return "", errors.New("the CA lives in memory only")
	}
	var bundle bytes.Buffer
	for _, path := range systemRoots {
		if b, err := os.ReadFile(path); err == nil {
			bundle.Write(bytes.TrimSpace(b))
			bundle.WriteByte('\n')
			break
		}
	}
	bundle.Write(ca.PEM())
	path := filepath.Join(ca.dir, BundleFile)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, bundle.Bytes()) {
		return path, nil // the directory may be one that cannot be written
	}
	return path, write(path, bundle.Bytes(), 0o644, os.Rename)
}

// Variable is an environment variable by which programs find the roots they trust.
type Variable struct{ Name, Value string }

// Variables make programs trust the CA: those that add the certificate to their roots, then those that replace them and
// need the bundle. A CA in memory has none.
func (ca *CA) Variables(bundle string) []Variable {
	if ca.dir == "" {
		return nil
	}
	return []Variable{
		{"SSOLAB_CA_FILE", ca.Path()}, {"NODE_EXTRA_CA_CERTS", ca.Path()},
		{"SSL_CERT_FILE", bundle}, {"AWS_CA_BUNDLE", bundle}, {"REQUESTS_CA_BUNDLE", bundle}, {"CURL_CA_BUNDLE", bundle},
	}
}

// TLSConfig serves leaves by SNI over HTTP/2 and HTTP/1.1. Names that allowed refuses get no certificate; a client that
// sends no name gets one for localhost.
func (ca *CA) TLSConfig(allowed func(host string) bool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			host := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
			if host == "" {
				host = "localhost"
			}
			if !allowed(host) {
				return nil, fmt.Errorf("this lab has no party called %q", host)
			}
			return ca.Certificate(host)
		},
	}
}

// Certificate returns a leaf for host, a DNS name or an IP address. One for localhost serves the loopback addresses too.
func (ca *CA) Certificate(host string) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	now := ca.now()
	if leaf := ca.leaves[host]; leaf != nil && now.Before(leaf.Leaf.NotAfter.Add(-leafLifetime/3)) && now.After(leaf.Leaf.NotBefore) {
		return leaf, nil
	}
	if ca.leafKey == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		ca.leafKey = key
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"ssolab"}, CommonName: host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(leafLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if template.NotAfter.After(ca.cert.NotAfter) {
		template.NotAfter = ca.cert.NotAfter
	}
	if len(host) > 64 {
		template.Subject.CommonName = "" // RFC 5280: at most 64 characters; the name that counts is below
	}
	switch ip := net.ParseIP(host); {
	case ip != nil:
		template.IPAddresses = []net.IP{ip}
	case host == "localhost":
		template.DNSNames = []string{host}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	default:
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, ca.leafKey.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", host, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if len(ca.leaves) >= maxLeaves {
		clear(ca.leaves)
	}
	made := &tls.Certificate{Certificate: [][]byte{der, ca.cert.Raw}, PrivateKey: ca.leafKey, Leaf: leaf}
	ca.leaves[host] = made
	return made, nil
}

func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now //nolint:forbidigo // certificates are judged by browsers' clocks, not the lab's
	}
	return now
}
