package mockcognito

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"
)

// upstreamState is what Cognito's state towards an identity provider holds, with the real service's member names.
type upstreamState struct {
	UserPoolID   string   `json:"a,omitempty"`
	ProviderName string   `json:"b,omitempty"`
	ClientID     string   `json:"c,omitempty"`
	RedirectURI  string   `json:"d,omitempty"`
	ResponseType string   `json:"e,omitempty"`
	ProviderType string   `json:"f,omitempty"`
	Scopes       []string `json:"g,omitempty"` // the app's
	State        *string  `json:"h,omitempty"` // the app's; absent when it sent none
	Challenge    string   `json:"i,omitempty"`
	Method       string   `json:"j,omitempty"`
	Nonce        string   `json:"k,omitempty"` // the app's, or one that Cognito made
	Host         string   `json:"l,omitempty"` // host and port the browser came in on
	Created      int64    `json:"m"`           // seconds since 1970
	Linking      bool     `json:"p"`
	ID           string   `json:"r"` // UUID; names the stored flow that makes the state single-use
	V            []string `json:"v"` // Unverified: its meaning; resource indicators (RFC 8707) travel here
}

// The three parts: base64url(gzip(JSON)) "." base64url(gzip(MAC)) "." version.
const (
	stateVersion   = "4"
	maxStateLength = 16 << 10 // characters; far above what an authorize URL can carry
	maxStateJSON   = 64 << 10 // bytes after decompression
)

var errState = errors.New("invalid state")

// sealState writes the state and its MAC (HMAC-SHA256 over the first part as sent).
func sealState(st upstreamState, key []byte) (string, error) {
	b, err := json.Marshal(st)
	if err != nil {
		return "", fmt.Errorf("encode state: %w", err)
	}
	body := pack(b)
	return body + "." + wrap(mac(body, key)) + "." + stateVersion, nil
}

// parseState splits and unpacks a state without trusting it; authentic tells whether its MAC is ours.
func parseState(raw string, key []byte) (st upstreamState, authentic bool, err error) {
	parts := strings.Split(raw, ".")
	if len(raw) > maxStateLength || len(parts) != 3 || parts[2] != stateVersion {
		return st, false, fmt.Errorf("%w: not three parts of version %s", errState, stateVersion)
	}
	sum, err := unpack(parts[1], 256)
	if err != nil {
		return st, false, err
	}
	authentic = hmac.Equal(sum, mac(parts[0], key))
	b, err := unpack(parts[0], maxStateJSON)
	if err != nil {
		return st, authentic, err
	}
	if err := json.Unmarshal(b, &st); err != nil {
		return st, authentic, fmt.Errorf("%w: %w", errState, err)
	}
	return st, authentic, nil
}

func mac(body string, key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(body))
	return h.Sum(nil)
}

// There is one writer, as each holds tables of more than a megabyte; it is needed for microseconds. Readers are smaller.
var (
	writer struct {
		sync.Mutex // guards z
		z          *gzip.Writer
	}
	readers sync.Pool
)

func pack(b []byte) string {
	var out bytes.Buffer
	writer.Lock()
	if writer.z == nil {
		writer.z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // a level that exists
	}
	writer.z.Reset(&out)
	_, _ = writer.z.Write(b) // a buffer does not fail
	_ = writer.z.Close()
	writer.Unlock()
	packed := out.Bytes()
	// The real service's gzip header names neither level nor system: 1f 8b 08 00 00 00 00 00 00 00, "H4sIAAAAAAAA" in base64.
	packed[8], packed[9] = 0, 0
	return base64.RawURLEncoding.EncodeToString(packed)
}

// wrap packs a few bytes that no compression makes shorter: one stored block (RFC 1951 §3.2.4) of gzip (RFC 1952).
func wrap(b []byte) string {
	n := uint16(len(b))
	packed := append(make([]byte, 0, 23+len(b)), 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1)
	packed = binary.LittleEndian.AppendUint16(packed, n)
	packed = binary.LittleEndian.AppendUint16(packed, ^n)
	packed = append(packed, b...)
	packed = binary.LittleEndian.AppendUint32(packed, crc32.ChecksumIEEE(b))
	packed = binary.LittleEndian.AppendUint32(packed, uint32(n))
	return base64.RawURLEncoding.EncodeToString(packed)
}

func unpack(s string, limit int64) ([]byte, error) {
	packed, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errState, err)
	}
	z, _ := readers.Get().(*gzip.Reader)
	if z == nil {
		z = new(gzip.Reader)
	}
	defer readers.Put(z)
	if err := z.Reset(bytes.NewReader(packed)); err != nil {
		return nil, fmt.Errorf("%w: %w", errState, err)
	}
	b, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errState, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: too long", errState)
	}
	return b, nil
}
