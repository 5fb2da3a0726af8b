package mockscalekit

import (
	"net/http"
)

const (
	browserCookie   = "ssolab-scalekit"
	browserIDLength = 12 // 9 bytes as base64url
)

// bindBrowser returns the value of the cookie that binds a sign-in to its browser, setting one unless the browser has
// one that this environment made. The answer of a SAML identity provider comes by a POST from its site, with which browsers send
// only cookies that are for every site; such a sign-in sets the cookie anew.
func (e *environment) bindBrowser(w http.ResponseWriter, r *http.Request, crossSite bool) (string, error) {
	value, err := e.browser(r)
	if err != nil || value != "" && !crossSite {
		return value, err
	}
	if value == "" {
		id := e.kit.Env.Token(9)
		mac, err := e.cookieMAC(id)
		if err != nil {
			return "", err
		}
		value = id + mac
	}
	sameSite := http.SameSiteLaxMode
	if crossSite {
		sameSite = http.SameSiteNoneMode
	}
	e.cookies.Set(w, browserCookie, value, 0, sameSite)
	return value, nil
}

// browser returns the value of the browser's cookie, or "" without one that this environment made.
func (e *environment) browser(r *http.Request) (string, error) {
	value := e.cookies.Get(r, browserCookie)
	if len(value) <= browserIDLength {
		return "", nil
	}
	mac, err := e.cookieMAC(value[:browserIDLength])
	if err != nil || value[browserIDLength:] != mac {
		return "", err
	}
	return value, nil
}

func (e *environment) cookieMAC(id string) (string, error) {
	mac, err := derive(e.kit.Env, "scalekit/cookies", e.id, id)
	return mac[:min(16, len(mac))], err
}
