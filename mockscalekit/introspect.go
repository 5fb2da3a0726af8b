package mockscalekit

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/web"
)

// served hides an endpoint of which nobody knows whether the real service has it.
func (e *environment) served(w http.ResponseWriter, r *http.Request) bool {
	if e.quirk("scalekit-introspection") {
		return true
	}
	_ = notModelled(w, r)
	return false
}

// introspect serves RFC 7662, with the words of zitadel/oidc.
func (e *environment) introspect(w http.ResponseWriter, r *http.Request) error {
	if !e.served(w, r) {
		return nil
	}
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	if _, err := e.authenticate(r.Context(), r, form); err != nil {
		return err
	}
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", e.introspected(r, form.Get("token")))
}

func (e *environment) introspected(r *http.Request, token string) jose.Object {
	inactive := jose.Object{{Name: "active", Value: false}} // RFC 7662 §2.2: no reason is told
	verified, err := e.verifyOwn(token)
	if err != nil {
		return inactive
	}
	var c struct {
		ID       string `json:"jti"`
		Subject  string `json:"sub"`
		ClientID string `json:"client_id"`
		Expires  int64  `json:"exp"`
		Issued   int64  `json:"iat"`
	}
	if json.Unmarshal(verified.Payload, &c) != nil || c.Expires <= e.now().Unix() {
		return inactive
	}
	s, err := e.tokens.Get(r.Context(), c.ID)
	if err != nil {
		return inactive
	}
	doc := jose.Object{
		{Name: "active", Value: true}, {Name: "scope", Value: strings.Join(s.Scopes, " ")}, {Name: "client_id", Value: c.ClientID},
		{Name: "token_type", Value: "Bearer"}, {Name: "exp", Value: c.Expires}, {Name: "iat", Value: c.Issued}, {Name: "sub", Value: c.Subject},
		{Name: "iss", Value: e.url}, {Name: "jti", Value: c.ID},
	}
	for _, m := range sorted(e.claims(s)) {
		doc.Set(m.Name, m.Value)
	}
	return doc
}

// revoke serves RFC 7009: a refresh token, or an access token. One that is unknown is revoked already.
func (e *environment) revoke(w http.ResponseWriter, r *http.Request) error {
	if !e.served(w, r) {
		return nil
	}
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	client, err := e.authenticate(ctx, r, form)
	if err != nil {
		return err
	}
	token := form.Get("token")
	if token == "" {
		return oauth2.Errorf(oauth2.InvalidRequest, "token missing")
	}
	if old, err := e.refresh.Get(ctx, refreshKey(token)); err == nil {
		if old.ClientID != client.ID {
			return oauth2.Errorf(oauth2.InvalidClient, "token was not issued for this client") // zitadel/oidc: 400
		}
		err = e.refresh.Delete(ctx, refreshKey(token))
		if err != nil {
			return err
		}
	} else if verified, err := e.verifyOwn(token); err == nil {
		var c struct {
			ID       string `json:"jti"`
			ClientID string `json:"client_id"`
		}
		if json.Unmarshal(verified.Payload, &c) == nil && c.ClientID == client.ID {
			if err := e.tokens.Delete(ctx, c.ID); err != nil {
				return err
			}
		}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
