// Package localca is the certificate authority of labs on one machine: made at first use, kept for the user, trusted by
// nobody until they say so.
//
//	<dir>/ca.pem        certificate, for browsers and programs to trust
//	<dir>/ca-key.pem    private key, readable by its owner only; never served
//	CA ─► Certificate(host) ─► a leaf for that host name, made when it is first asked for (SNI)
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
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
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

// Open returns the CA kept in dir, making it if there is none. now is the clock for lifetimes; nil means the machine's.
func Open(dir string, now func() time.Time) (*CA, error) {
	ca, err := load(dir, now)
	if !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	return Create(dir, now)
}

// Create makes a new CA in dir, in place of one that is there.
func Create(dir string, now func() time.Time) (*CA, error) {
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
	// The key first: a certificate without its key is of no use, and says so when it is opened.
	if err := write(filepath.Join(dir, KeyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return nil, err
	}
	if err := write(filepath.Join(dir, CertificateFile), ca.PEM(), 0o644); err != nil {
		return nil, err
	}
	ca.dir = dir
	return ca, nil
}

// write replaces a file in one step.
func write(path string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("keep the CA: %w", err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keep the CA: %w", err)
	}
	return nil
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
	certPath, keyPath := filepath.Join(dir, CertificateFile), filepath.Join(dir, KeyFile)
	keyPEM, err := os.ReadFile(keyPath)
	if err != nil {
		return nil, fmt.Errorf("open the CA: %w", err)
	}
	if info, err := os.Stat(keyPath); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("open the CA: %s can be read by others (%s); run: chmod 600 %s", keyPath, info.Mode().Perm(), keyPath)
	}
	certPEM, err := os.ReadFile(certPath)
	if err != nil {
		return nil, fmt.Errorf("open the CA: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("open the CA in %s: %w; make a new one with: ssolab ca create --force", dir, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("open the CA in %s: not a CA made by ssolab; make a new one with: ssolab ca create --force", dir)
	}
	if now().After(pair.Leaf.NotAfter.Add(-leafLifetime)) {
		return nil, fmt.Errorf("the CA in %s expires at %s; make a new one with: ssolab ca create --force", dir, pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	return &CA{dir: dir, now: now, cert: pair.Leaf, key: key, leaves: map[string]*tls.Certificate{}}, nil
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
	return path, write(path, bundle.Bytes(), 0o644)
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
