package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Response is an answer to a request of a check.
type Response struct {
	Request *http.Request
	Status  int
	Header  http.Header
	Body    []byte
}

// Location is the redirect target, absolute; nil without one.
func (r *Response) Location() *url.URL {
	raw := r.Header.Get("Location")
	if raw == "" {
		return nil
	}
	u, err := r.Request.URL.Parse(raw)
	if err != nil {
		return nil
	}
	return u
}

// Object is the body as a JSON object; nil when it is none.
func (r *Response) Object() map[string]any {
	var o map[string]any
	if json.Unmarshal(r.Body, &o) != nil {
		return nil
	}
	return o
}

// OAuthError is the "error" and "error_description" of a JSON body.
func (r *Response) OAuthError() (code, description string) {
	o := r.Object()
	code, _ = o["error"].(string)
	description, _ = o["error_description"].(string)
	return code, description
}

// MediaType is the content type without its parameters, in lower case.
func (r *Response) MediaType() string {
	t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// Exchange is a request and its answer as evidence: secrets, codes and tokens are masked before it is made.
type Exchange struct {
	Method         string        `json:"method"`
	URL            string        `json:"url"`
	RequestHeader  []string      `json:"request_headers,omitempty"`
	RequestBody    string        `json:"request_body,omitempty"`
	Status         int           `json:"status"`
	ResponseHeader []string      `json:"response_headers,omitempty"`
	ResponseBody   string        `json:"response_body,omitempty"`
	Duration       time.Duration `json:"duration_ns"`
	Error          string        `json:"error,omitempty"`
}

const maxEvidence = 4 << 10 // characters of a body

// evidence makes an Exchange. body is the request's.
func evidence(req *http.Request, body string, resp *Response, err error, took time.Duration) Exchange {
	e := Exchange{Method: req.Method, URL: MaskURL(req.URL.String()), RequestHeader: maskedHeaders(req.Header), Duration: took}
	e.RequestBody = maskBody(body, req.Header.Get("Content-Type"))
	if err != nil {
		e.Error = unwrapURL(err).Error()
		return e
	}
	e.Status, e.ResponseHeader = resp.Status, maskedHeaders(resp.Header)
	e.ResponseBody = maskBody(string(resp.Body), resp.Header.Get("Content-Type"))
	return e
}

// maskedMembers are parameters and JSON members whose values are never shown.
var maskedMembers = []string{
	"access_token", "client_secret", "code", "code_verifier", "id_token", "id_token_hint", "password", "refresh_token", "token",
}

// MaskBody is a form or a JSON object without credentials, codes and tokens, at most 4 KiB of it.
func MaskBody(body, contentType string) string { return maskBody(body, contentType) }

func maskBody(body, contentType string) string {
	if len(body) > maxEvidence {
		body = body[:maxEvidence] + "…"
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		parts := strings.Split(body, "&")
		for i, p := range parts {
			name, _, ok := strings.Cut(p, "=")
			if decoded, err := url.QueryUnescape(name); ok && (err != nil || slices.Contains(maskedMembers, decoded)) {
				parts[i] = name + "=…"
			}
		}
		return strings.Join(parts, "&")
	}
	if !slices.ContainsFunc(maskedMembers, func(m string) bool { return strings.Contains(body, `"`+m+`"`) }) {
		return body
	}
	var o map[string]any
	if json.Unmarshal([]byte(body), &o) != nil {
		return "(not shown: it names a secret and is no JSON object)"
	}
	for name := range o {
		if _, ok := o[name].(string); ok && slices.Contains(maskedMembers, name) {
			o[name] = "…"
		}
	}
	b, err := json.Marshal(o)
	if err != nil {
		return ""
	}
	return string(b)
}

func maskedHeaders(h http.Header) []string {
	var out []string
	for name, values := range h {
		for _, v := range values {
			out = append(out, name+": "+MaskHeader(name, v))
		}
	}
	slices.Sort(out)
	return out
}

// MaskHeader is the value of a header without credentials, cookies' values, codes and tokens.
func MaskHeader(name, value string) string {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Proxy-Authorization":
		scheme, _, _ := strings.Cut(value, " ")
		return scheme + " …"
	case "Cookie":
		return "…"
	case "Set-Cookie":
		pair, attributes, _ := strings.Cut(value, ";")
		cookie, _, _ := strings.Cut(pair, "=")
		return cookie + "=…;" + attributes
	case "Location", "Referer":
		return MaskURL(value)
	}
	return value
}
