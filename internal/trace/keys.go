package trace

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// Names of parameters whose values are handed out once, or at least to one person only.
var strongNames = [...]string{"code", "authRequestID", "access_token", "refresh_token", "id_token", "token", "id_token_hint", "idp_initiated_login"}

const minStrong = 12 // shorter values are not unguessable, so they join nothing

// parameters are the values in a query or form that may join, without making a map of all that there is.
type parameters struct {
	strong [len(strongNames)]string
	state  string
}

// scan reads a query. The first value of a name counts; what is malformed is left out.
func (p *parameters) scan(raw string) {
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(part, "=")
		if strings.ContainsAny(name, "%+") {
			name, _ = url.QueryUnescape(name)
		}
		into := p.named(name)
		if into == nil || *into != "" {
			continue
		}
		if strings.ContainsAny(value, "%+") {
			value, _ = url.QueryUnescape(value)
		}
		*into = value
	}
}

func (p *parameters) named(name string) *string {
	if name == "state" {
		return &p.state
	}
	for i := range strongNames {
		if strongNames[i] == name {
			return &p.strong[i]
		}
	}
	return nil
}

// appendStrong appends the strong values in the order of their names.
func (p *parameters) appendStrong(list []string) []string {
	for _, v := range p.strong {
		if len(v) >= minStrong {
			list = append(list, v)
		}
	}
	return list
}

func requestKeys(req *http.Request, body []byte) (strong []string, state string) {
	var query parameters
	query.scan(req.URL.RawQuery)
	strong, state = query.appendStrong(nil), query.state
	if isForm(req.Header.Get("Content-Type")) {
		var form parameters
		form.scan(string(body))
		strong = form.appendStrong(strong)
		if state == "" {
			state = form.state
		}
	}
	if scheme, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") && len(token) >= minStrong {
		strong = append(strong, token)
	}
	return strong, state
}

// responseKeys are the values that an answer hands out: in a redirect, or as the members of a token response.
func responseKeys(location string, body []byte) []string {
	var out []string
	rest, fragment, _ := strings.Cut(location, "#")
	_, query, _ := strings.Cut(rest, "?")
	for _, raw := range [...]string{query, fragment} {
		var p parameters
		p.scan(raw)
		out = p.appendStrong(out)
		if p.state != "" {
			out = append(out, p.state)
		}
	}
	if bytes.HasPrefix(body, []byte("{")) && bytes.Contains(body, []byte(`_token"`)) {
		for _, name := range [...]string{`"access_token"`, `"refresh_token"`, `"id_token"`} {
			if v := memberOf(body, name); len(v) >= minStrong {
				out = append(out, v)
			}
		}
	}
	return out
}

// memberOf finds the string after a quoted name in JSON. A token holds nothing that is escaped there.
func memberOf(body []byte, quoted string) string {
	_, rest, found := bytes.Cut(body, []byte(quoted))
	if !found {
		return ""
	}
	rest, colon := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
	rest, quote := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"`))
	value, _, end := bytes.Cut(rest, []byte(`"`))
	if !colon || !quote || !end || bytes.ContainsRune(value, '\\') {
		return ""
	}
	return string(value)
}
