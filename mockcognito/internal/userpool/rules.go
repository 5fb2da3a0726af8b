package userpool

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// HasScope tells whether scope, <identifier>/<name>, is one of the pool's resource servers'.
func (p *Pool) HasScope(scope string) bool {
	for _, r := range p.servers {
		name, ok := strings.CutPrefix(scope, r.Identifier+"/")
		if !ok {
			continue
		}
		for _, s := range r.Scopes {
			if s.Name == name {
				return true
			}
		}
	}
	return false
}

// CheckRedirectURL applies the service's rules for callback and sign-out URLs: absolute, no fragment, at most 1024
// characters, https, or http for a loopback host, or a scheme of the app's own.
func CheckRedirectURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme == "":
		return fmt.Errorf("%q is no absolute URL", raw)
	case len(raw) > 1024:
		return fmt.Errorf("%q has more than 1024 characters", raw)
	case strings.Contains(raw, "#"):
		return fmt.Errorf("%q has a fragment", raw)
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return fmt.Errorf("%q has no host", raw)
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		return fmt.Errorf("%q is http; Cognito allows that for localhost, 127.0.0.1 and [::1] only", raw)
	}
	return nil
}

// Loopback tells whether a host, without port, is this machine.
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// CheckValue holds an attribute's value against the schema: its length or range, its type, and for addresses their form.
func CheckValue(a SchemaAttribute, value string) error {
	switch {
	case a.Name == "email" && !emailForm.MatchString(value):
		return Errorf(InvalidParameter, "Invalid email address format.")
	case a.Name == "phone_number" && !phoneForm.MatchString(value):
		return Errorf(InvalidParameter, "Invalid phone number format.")
	case utf8.RuneCountInString(value) > MaxAttributeValue:
		return Errorf(InvalidParameter, "user.%s: String must be no longer than %d characters.\n", a.Name, MaxAttributeValue)
	}
	switch a.DataType {
	case "Number":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || outside(n, a.NumberRange) {
			return Errorf(InvalidParameter, "Attributes did not conform to the schema: %s: Value is not a number within its range.\n", a.Name) // Unverified: the text
		}
	case "Boolean":
		if value != "true" && value != "false" {
			return Errorf(InvalidParameter, "Attributes did not conform to the schema: %s: Value is neither true nor false.\n", a.Name) // Unverified: the text
		}
	case "String":
		if outside(float64(utf8.RuneCountInString(value)), a.StringLength) {
			return Errorf(InvalidParameter, "Attributes did not conform to the schema: %s: String length is outside of its range.\n", a.Name) // Unverified: the text
		}
	}
	return nil
}

// outside tells whether n is not within bounds. A bound that is not set, or is no number, is none.
func outside(n float64, b *Bounds) bool {
	if b == nil {
		return false
	}
	low, err := strconv.ParseFloat(b.Min, 64)
	if err == nil && n < low {
		return true
	}
	high, err := strconv.ParseFloat(b.Max, 64)
	return err == nil && n > high
}
