package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// encoder is a value that encodes itself, without escaping HTML.
type encoder interface{ Encode() ([]byte, error) }

// JSON writes v as the answer. The content type is the caller's, since the vendors differ in case and charset.
func JSON(w http.ResponseWriter, status int, contentType string, v any) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may be gone; there is nobody to tell
	return nil
}

// encode writes v as json.Marshal does, which would read again what an encoder has written.
func encode(v any) ([]byte, error) {
	e, ok := v.(encoder)
	if !ok {
		return json.Marshal(v)
	}
	b, err := e.Encode()
	if err != nil || !bytes.ContainsAny(b, "<>&") {
		return b, err
	}
	var out bytes.Buffer
	json.HTMLEscape(&out, b)
	return out.Bytes(), nil
}

// NoStore sets the headers of RFC 6749 §5.1.
func NoStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

// Redirect answers 302 to an absolute URL without writing a body or touching the URL.
func Redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// Params are query parameters in the order they are to be written.
type Params [][2]string

// Add appends a parameter.
func (p *Params) Add(name, value string) { *p = append(*p, [2]string{name, value}) }

// AddIf appends a parameter unless its value is empty.
func (p *Params) AddIf(name, value string) {
	if value != "" {
		p.Add(name, value)
	}
}

// Encode writes the parameters form-encoded in their order.
func (p Params) Encode() string {
	var b strings.Builder
	for i, kv := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(kv[0]))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(kv[1]))
	}
	return b.String()
}

// WithQuery appends the parameters to the query of a URL that may have one already.
func (p Params) WithQuery(rawURL string) string {
	separator := "?"
	if strings.Contains(rawURL, "?") {
		separator = "&"
	}
	return rawURL + separator + p.Encode()
}

// WithFragment puts the parameters into the fragment of a URL that has none.
func (p Params) WithFragment(rawURL string) string { return rawURL + "#" + p.Encode() }
