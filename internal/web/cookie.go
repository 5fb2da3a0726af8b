package web

import (
	"net/http"
	"time"
)

// Cookies writes and reads the cookies of one party. In plain mode every party is on its own port of one host, which
// browsers do not tell apart, so the names carry the port; attributes follow the mode.
type Cookies struct {
	Suffix string // appended to every name, e.g. "-9401"; empty with a host name per party
	Secure bool   // TLS: Secure is set and SameSite is the caller's; otherwise SameSite is Lax
	Quoted bool   // a deleted cookie is written with "" for its value, as some servers do
}

// Set writes a cookie for the whole host. A zero maxAge makes it a session cookie.
func (c Cookies) Set(w http.ResponseWriter, name, value string, maxAge time.Duration, sameSite http.SameSite) {
	if !c.Secure {
		sameSite = http.SameSiteLaxMode
	}
	http.SetCookie(w, &http.Cookie{
		Name: name + c.Suffix, Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		Secure: c.Secure, HttpOnly: true, SameSite: sameSite,
	})
}

// SetQuoted is Set for a session cookie whose value is written in quotes.
func (c Cookies) SetQuoted(w http.ResponseWriter, name, value string, sameSite http.SameSite) {
	if !c.Secure {
		sameSite = http.SameSiteLaxMode
	}
	http.SetCookie(w, &http.Cookie{
		Name: name + c.Suffix, Value: value, Quoted: true, Path: "/",
		Secure: c.Secure, HttpOnly: true, SameSite: sameSite,
	})
}

// Clear deletes a cookie the way the vendor does: an empty value that expired long ago.
func (c Cookies) Clear(w http.ResponseWriter, name string, sameSite http.SameSite) {
	if !c.Secure {
		sameSite = http.SameSiteLaxMode
	}
	http.SetCookie(w, &http.Cookie{
		Name: name + c.Suffix, Quoted: c.Quoted, Path: "/", Expires: time.Unix(1, 0), MaxAge: -1,
		Secure: c.Secure, HttpOnly: true, SameSite: sameSite,
	})
}

// Get returns the value of a cookie, or "".
func (c Cookies) Get(r *http.Request, name string) string {
	cookie, err := r.Cookie(name + c.Suffix)
	if err != nil {
		return ""
	}
	return cookie.Value
}
