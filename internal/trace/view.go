package trace

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// View is a sign-in as it leaves the process: secrets, codes, cookies and signatures are masked, tokens are decoded.
type View struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Updated  time.Time `json:"updated"`
	Email    string    `json:"email,omitempty"`
	ClientID string    `json:"client_id,omitempty"`
	Provider string    `json:"provider,omitempty"`
	Username string    `json:"username,omitempty"`
	Outcome  string    `json:"outcome"` // open, code, completed, failed
	Failure  string    `json:"failure,omitempty"`
	Hops     []Hop     `json:"hops"`
}

// Hop is one exchange of a View.
type Hop struct {
	Seq            uint64      `json:"seq"`
	From           Party       `json:"from"`
	To             Party       `json:"to"`
	Channel        Channel     `json:"channel"` // front or back
	Point          string      `json:"point"`
	Started        time.Time   `json:"started"`
	Micros         int64       `json:"duration_us"`
	Method         string      `json:"method"`
	URL            string      `json:"url"`
	RequestHeader  []string    `json:"request_headers,omitempty"`
	RequestBody    string      `json:"request_body,omitempty"`
	Status         int         `json:"status"`
	Location       string      `json:"location,omitempty"`
	ResponseHeader []string    `json:"response_headers,omitempty"`
	ResponseBody   string      `json:"response_body,omitempty"`
	Tokens         []TokenView `json:"tokens,omitempty"`
	Notes          []string    `json:"notes,omitempty"`
	Failure        string      `json:"failure,omitempty"`
}

// TokenView is a token that passed over a hop, decoded.
type TokenView struct {
	Name   string          `json:"name"` // id_token, access_token, refresh_token, …
	Kind   string          `json:"kind"` // jws, jwe or opaque
	Header json.RawMessage `json:"header,omitempty"`
	Claims json.RawMessage `json:"claims,omitempty"`
}

// View returns s as it may leave the process.
func (s SignIn) View() View {
	v := View{
		ID: s.ID, Started: s.Started.UTC(), Updated: s.Updated.UTC(), Email: s.Email, ClientID: s.ClientID,
		Provider: s.Provider, Username: s.Username, Outcome: s.Outcome, Failure: s.Failure, Hops: []Hop{},
	}
	for _, ex := range s.Hops {
		v.Hops = append(v.Hops, ex.View())
	}
	return v
}

// View returns the exchange as it may leave the process.
func (ex Exchange) View() Hop {
	h := Hop{
		Seq: ex.Seq, From: ex.From, To: ex.To, Channel: ex.Channel, Point: ex.Point, Started: ex.Started.UTC(),
		Micros: ex.Duration.Microseconds(), Method: ex.Method, URL: maskURL(ex.URL), Status: ex.Status,
		Notes: ex.Notes, Failure: ex.Failure,
	}
	h.RequestHeader, _ = maskHeaders(ex.RequestHeader)
	h.ResponseHeader, h.Location = maskHeaders(ex.ResponseHeader)
	h.RequestBody = maskBody(headerValue(ex.RequestHeader, "Content-Type"), ex.RequestBody)
	if isForm(headerValue(ex.RequestHeader, "Content-Type")) {
		h.Tokens = append(h.Tokens, tokensOfQuery(ex.RequestBody)...)
	}
	if token, ok := strings.CutPrefix(headerValue(ex.RequestHeader, "Authorization"), "Bearer "); ok {
		h.Tokens = append(h.Tokens, decode("access_token", token))
	}
	if u, err := url.Parse(headerValue(ex.ResponseHeader, "Location")); err == nil {
		h.Tokens = append(h.Tokens, tokensOfQuery(u.Fragment)...)
	}
	h.ResponseBody = maskBody(headerValue(ex.ResponseHeader, "Content-Type"), ex.ResponseBody)
	var body map[string]any
	if json.Unmarshal([]byte(ex.ResponseBody), &body) == nil {
		for _, name := range tokenNames {
			if s, ok := body[name].(string); ok && s != "" {
				h.Tokens = append(h.Tokens, decode(name, s))
			}
		}
	}
	return h
}

var tokenNames = []string{"id_token", "access_token", "refresh_token"}

// secretNames are parameters and members whose values never leave the process whole.
var secretNames = []string{
	"access_token", "client_assertion", "client_secret", "ClientSecret", "code", "code_verifier", "_csrf", "id_token",
	"id_token_hint", "idp_initiated_login", "mfa_code", "otp", "password", "Password", "refresh_token", "SECRET_HASH", "token",
	// of the pages of a domain
	"attempt", "confirm_password",
	// of the user pools API
	"Code", "EMAIL_OTP_CODE", "PASSWORD_CLAIM_SIGNATURE", "SMS_MFA_CODE", "SMS_OTP_CODE", "SOFTWARE_TOKEN_MFA_CODE", "Session",
	"AccessToken", "ClientSecretValue", "ConfirmationCode", "IdToken", "NEW_PASSWORD", "PASSWORD", "PreviousPassword", "ProposedPassword", "REFRESH_TOKEN",
	"RefreshToken", "SecretCode", "SecretHash", "TemporaryPassword", "Token", "UserCode",
	// of the events of Lambda triggers
	"challengeAnswer", "privateChallengeParameters",
}

// Mask hides a secret but keeps its first characters, so that one can be followed from hop to hop.
func Mask(value string) string {
	switch {
	case value == "":
		return ""
	case len(value) < 16:
		return "…"
	}
	return value[:4] + "…"
}

func maskQuery(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		decoded, err := url.QueryUnescape(name)
		if ok && (err != nil || slices.Contains(secretNames, decoded)) {
			parts[i] = name + "=" + Mask(value)
		}
	}
	return strings.Join(parts, "&")
}

func maskURL(raw string) string {
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	base, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery {
		base += "?" + maskQuery(query)
	}
	if hasFragment {
		base += "#" + maskQuery(fragment)
	}
	return base
}

func maskHeaders(list []Header) (out []string, location string) {
	for _, h := range list {
		value := h.Value
		switch h.Name {
		case "Authorization", "Proxy-Authorization":
			if scheme, rest, ok := strings.Cut(value, " "); ok {
				value = scheme + " " + Mask(rest)
			} else { // a token without its scheme
				value = Mask(value)
			}
		case "X-Amz-Security-Token", "X-Api-Key":
			value = Mask(value)
		case "Cookie":
			cookies := strings.Split(value, "; ")
			for i, c := range cookies {
				name, v, _ := strings.Cut(c, "=")
				cookies[i] = name + "=" + Mask(v)
			}
			value = strings.Join(cookies, "; ")
		case "Set-Cookie":
			pair, attributes, more := strings.Cut(value, ";")
			name, v, _ := strings.Cut(pair, "=")
			value = name + "=" + Mask(v)
			if more {
				value += ";" + attributes
			}
		case "Location":
			value = maskURL(value)
			location = value
		case "Referer":
			value = maskURL(value)
		}
		out = append(out, h.Name+": "+value)
	}
	return out, location
}

// isForm tells whether a body is form-encoded, as package web does.
func isForm(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "application/x-www-form-urlencoded")
}

// maskBody goes by what a body looks like: a secret that was sent under a wrong content type is one all the same.
func maskBody(contentType, body string) string {
	if len(contentType) >= 10 && strings.EqualFold(contentType[:10], "multipart/") {
		return fmt.Sprintf("(%d bytes of %s, not shown)", len(body), contentType)
	}
	if start := strings.TrimLeft(body, " \t\r\n\ufeff"); start != "" && strings.ContainsRune(`{["`, rune(start[0])) {
		return maskJSON(body)
	}
	return maskQuery(body)
}

func maskJSON(body string) string {
	named := slices.ContainsFunc(secretNames, func(n string) bool { return strings.Contains(body, `"`+n+`"`) })
	if !named && !strings.Contains(body, `\`) { // an escape may hide a name
		return maskQuery(body)
	}
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return fmt.Sprintf("(%d bytes, not shown: they may name a secret and are no whole JSON)", len(body))
	}
	masked, changed := maskValue(v)
	if !changed {
		return maskQuery(body) // its order and numbers stay as they were
	}
	b, err := json.Marshal(masked)
	if err != nil {
		return ""
	}
	return maskQuery(string(b))
}

// maskValue hides the secrets of a JSON value, whatever type they are of, and tells whether there were any.
func maskValue(v any) (masked any, changed bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			inner, c := maskValue(member)
			if slices.Contains(secretNames, name) {
				switch s := member.(type) {
				case nil:
				case string:
					inner, c = Mask(s), true
				default:
					inner, c = "…", true
				}
			}
			v[name] = inner
			changed = changed || c
		}
	case []any:
		for i := range v {
			inner, c := maskValue(v[i])
			v[i] = inner
			changed = changed || c
		}
	}
	return v, changed
}

func tokensOfQuery(raw string) []TokenView {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil
	}
	var out []TokenView
	for _, name := range tokenNames {
		if v := q.Get(name); v != "" {
			out = append(out, decode(name, v))
		}
	}
	return out
}

func decode(name, token string) TokenView {
	v := TokenView{Name: name, Kind: "opaque"}
	parts := strings.Split(token, ".")
	object := func(part string) json.RawMessage {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || !json.Valid(b) || len(b) == 0 || b[0] != '{' {
			return nil
		}
		return b
	}
	switch len(parts) {
	case 3:
		if header, claims := object(parts[0]), object(parts[1]); header != nil && claims != nil {
			v.Kind, v.Header, v.Claims = "jws", header, claims
		}
	case 5:
		if header := object(parts[0]); header != nil {
			v.Kind, v.Header = "jwe", header
		}
	}
	return v
}

func headerValue(list []Header, name string) string {
	for _, h := range list {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}
