package mockscalekit

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// userinfo serves OIDC Core §5.3, by GET and POST.
// Unverified: the body, which is the ID token's claims about the person, sorted by name.
func (e *environment) userinfo(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	raw, err := bearer(r)
	if err != nil {
		return err
	}
	verified, err := e.verifyOwn(raw)
	if err != nil {
		return invalidToken("access token invalid", err)
	}
	var c struct {
		ID string `json:"jti"`
	}
	if err := json.Unmarshal(verified.Payload, &c); err != nil {
		return invalidToken("access token invalid", err)
	}
	s, err := e.tokens.Get(ctx, c.ID) // gone once the token has expired
	if errors.Is(err, store.ErrNotFound) {
		return invalidToken("access token invalid", err)
	}
	if err != nil {
		return err
	}
	doc := sorted(e.claims(s))
	trace.Note(ctx, "described "+s.subject()+" with scope "+strings.Join(s.Scopes, " "))
	e.kit.Faults.Document(ctx, "scalekit.userinfo.document", &doc)
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// bearer finds an access token where RFC 6750 §2.1 and §2.2 put it.
func bearer(r *http.Request) (string, error) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") && token != "" {
		return token, nil
	}
	if r.Method == http.MethodPost {
		if form, err := web.Form(r); err == nil && form.Get("access_token") != "" {
			return form.Get("access_token"), nil
		}
	}
	return "", invalidToken("access token missing", nil)
}

func invalidToken(description string, cause error) error {
	return &oauth2.Error{Code: oauth2.InvalidToken, Description: description, Status: http.StatusUnauthorized, Err: cause}
}

// logout serves RP-initiated logout (OIDC RP-Initiated Logout §2). The environment keeps no session in modular mode, so
// it forgets the browser and sends it on. An expired id_token_hint is good enough.
// Unverified: the errors, which are those of zitadel/oidc.
func (e *environment) logout(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	clientID := q.Get("client_id")
	if hint := q.Get("id_token_hint"); hint != "" {
		if clientID, err = e.hintedClient(hint, clientID); err != nil {
			return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "id_token_hint invalid", Err: err}
		}
	}
	uri := q.Get("post_logout_redirect_uri")
	if uri != "" {
		client, err := e.directory.Clients.Get(clientID)
		if err != nil || !slices.ContainsFunc(client.PostLogoutRedirectURIs, func(p string) bool { return matchRedirect(p, uri) }) {
			return oauth2.Errorf(oauth2.InvalidRequest, "post_logout_redirect_uri invalid")
		}
	}
	e.cookies.Clear(w, browserCookie, http.SameSiteLaxMode)
	trace.Note(r.Context(), "signed out of the environment")
	if uri == "" {
		return e.pages.Render(w, http.StatusOK, "logout", look.Page{Party: "scalekit", Title: "Signed out · Scalekit mock", Strip: e.strip()})
	}
	var p web.Params
	p.AddIf("state", q.Get("state"))
	if len(p) > 0 {
		uri = p.WithQuery(uri)
	}
	web.Redirect(w, uri)
	return nil
}

// hintedClient returns the client an ID token was issued to, which must be clientID unless that is empty.
func (e *environment) hintedClient(hint, clientID string) (string, error) {
	verified, err := e.verifyOwn(hint)
	if err != nil {
		return "", err
	}
	var c struct {
		ClientID string `json:"azp"`
	}
	if err := json.Unmarshal(verified.Payload, &c); err != nil {
		return "", err
	}
	if clientID != "" && clientID != c.ClientID {
		return "", errors.New("issued to " + url.QueryEscape(c.ClientID))
	}
	return c.ClientID, nil
}
