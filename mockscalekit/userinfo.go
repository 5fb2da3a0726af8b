package mockscalekit

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

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
		ID       string `json:"jti"`
		ClientID string `json:"client_id"`
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
	known := e.claims(s)
	if e.quirk("scalekit-userinfo-full") {
		known["amr"], known["azp"], known["client_id"], known["sid"] = e.amr(s), c.ClientID, c.ClientID, s.ID
	}
	doc := sorted(known)
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
