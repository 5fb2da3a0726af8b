package mockscalekit

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// allowed tells whether uri is one of the allowed URLs of a list. With an organization the templates of the list stand for its
// values (https://docs.scalekit.com/guides/dashboard/org-redirect-urls/); without one they allow nothing.
func allowed(list []string, uri string, o *directory.Organization) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		pattern, ok := expand(pattern, o)
		return ok && matchRedirect(pattern, uri)
	})
}

var placeholder = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// expand puts an organization's values into a template. A value that it does not have, or that would be more than a part of a
// label or of a path, makes the template useless.
func expand(pattern string, o *directory.Organization) (string, bool) {
	if !strings.Contains(pattern, "{{") {
		return pattern, true
	}
	if o == nil {
		return "", false
	}
	ok := true
	out := placeholder.ReplaceAllStringFunc(pattern, func(p string) string {
		value := templateValue(*o, strings.TrimSpace(p[2:len(p)-2]))
		ok = ok && value != "" && !strings.ContainsAny(value, "/?#@:*{}\\ ")
		return value
	})
	return out, ok && !strings.Contains(out, "{{")
}

func templateValue(o directory.Organization, name string) string {
	switch name {
	case "org_slug":
		return o.Slug
	case "external_id":
		return o.ExternalID
	}
	return o.Metadata[name]
}

// matchRedirect compares a redirect URI with a registered one: exactly, but for one * in the left-most label of the
// host (https://docs.scalekit.com/guides/dashboard/redirects/).
func matchRedirect(pattern, uri string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == uri && uri != ""
	}
	if len(uri) <= len(before)+len(after) || !strings.HasPrefix(uri, before) || !strings.HasSuffix(uri, after) {
		return false
	}
	for _, c := range []byte(uri[len(before) : len(uri)-len(after)]) { // what a label of a host name is made of (RFC 1123 §2.1)
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// redirectURI applies the dashboard's rules for allowed URLs
// (https://docs.scalekit.com/guides/dashboard/redirects/).
func (v *problems) redirectURI(place, raw string, production bool) {
	if len(raw) > 256 {
		v.add(place, "has %d characters; 256 are allowed", len(raw))
	}
	filled := placeholder.ReplaceAllString(strings.Replace(raw, "*", "wildcard", 1), "value")
	u, err := url.Parse(filled)
	switch {
	case err != nil:
		v.add(place, "%v", err)
		return
	case strings.Contains(filled, "{{") || strings.Contains(filled, "}}"):
		v.add(place, "%q has a template that is not closed", raw)
	case u.Scheme == "" || u.Host == "" && (u.Scheme == "http" || u.Scheme == "https"):
		v.add(place, "%q is no absolute URL", raw)
		return
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#"):
		v.add(place, "%q has a query or a fragment, which is not allowed", raw)
	}
	if strings.Contains(raw, "*") && !goodWildcard(raw) {
		v.add(place, "%q: one * is allowed, in the left-most label of a host name of three labels or more", raw)
	}
	if production && (u.Scheme == "http" || isLocal(u.Hostname()) || strings.Contains(raw, "*")) {
		v.add(place, "%q: a production client allows neither http, localhost nor a wildcard", raw)
	}
}

func isLocal(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "::1"
}

func goodWildcard(raw string) bool {
	_, rest, ok := strings.Cut(raw, "://")
	host, _, _ := strings.Cut(rest, "/")
	labels := strings.Split(host, ".")
	return ok && strings.Count(raw, "*") == 1 && len(labels) >= 3 && strings.Contains(labels[0], "*")
}
