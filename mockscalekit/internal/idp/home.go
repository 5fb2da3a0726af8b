package idp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
)

// homePage is the data of homeView.
type homePage struct {
	Providers []homeProvider
	People    []Person
}

type homeProvider struct {
	Name, Title              string
	Issuer, EntityID, AppsAt string
	Applications             []Application
}

// home shows which identity providers there are, who uses them and whom they know. It changes nothing: what a test orders goes
// through the control API.
func (p *Party) home(w http.ResponseWriter, r *http.Request) error {
	people, err := p.People(r.Context())
	if err != nil {
		return err
	}
	page := homePage{People: people}
	for _, name := range Names() {
		one := homeProvider{Name: name, Title: named(name).title, Issuer: Issuer(p.url, name), Applications: p.apps.At(name)}
		if name != Simulator {
			one.EntityID, one.AppsAt = EntityID(p.url, name), "/"+name+"/apps"
		}
		page.Providers = append(page.Providers, one)
	}
	return look.Render(w, http.StatusOK, look.Page{Party: "idp", Title: "Identity providers", Width: "wide", Strip: "mock identity providers · not real ones"}, homeView(page))
}

// appsPage shows the applications of one identity provider, as its people see them.
func (p provider) appsPage(w http.ResponseWriter, _ *http.Request) error {
	page := homeProvider{Name: p.name, Title: p.title, Applications: p.apps.At(p.name)}
	return look.Render(w, http.StatusOK, look.Page{Party: "idp", Title: "Applications", Strip: p.strip("")}, appsView(page))
}

// backChannelTimeout bounds each logout token that is posted.
const backChannelTimeout = 5 * time.Second

const backChannelEvent = "http://schemas.openid.net/event/backchannel-logout"

// SignOut ends every session of a person, and tells the OpenID Connect applications by logout token (OIDC Back-Channel Logout
// §2.5). The subject is the one that each application knows.
func (p *Party) SignOut(ctx context.Context, email string) error {
	who, err := p.person(ctx, email)
	if err != nil {
		return err
	}
	if who.Email == "" {
		return errNobody
	}
	var errs []error
	err = p.sessions.Scan(ctx, func(id string, b browser) error {
		for name, s := range b.At {
			if strings.EqualFold(s.Email, who.Email) {
				delete(b.At, name)
				errs = append(errs, p.sessions.Put(ctx, id, b, p.kit.Env.Now().Add(sessionTTL)))
			}
		}
		return nil
	})
	errs = append(errs, err)
	for _, name := range Names() {
		one := provider{p, named(name)}
		for _, app := range p.apps.At(name) {
			if app.Protocol == OIDC && app.BackChannel != "" {
				errs = append(errs, one.tellOfLogout(ctx, app, who))
			}
		}
	}
	return errors.Join(errs...)
}

func (p provider) tellOfLogout(ctx context.Context, app Application, who Person) error {
	key, err := p.signingKey()
	if err != nil {
		return err
	}
	now := p.kit.Env.Now()
	token, err := (&jose.Draft{
		Header: jose.Object{{Name: "alg", Value: key.Algorithm}, {Name: "kid", Value: key.ID}, {Name: "typ", Value: "logout+jwt"}},
		Claims: jose.Object{
			{Name: "iss", Value: p.url + p.issuer}, {Name: "sub", Value: p.describe(who, app, now, Success).Subject}, {Name: "aud", Value: ClientID(p.name, app.ConnectionID)},
			{Name: "iat", Value: now.Unix()}, {Name: "exp", Value: now.Add(2 * time.Minute).Unix()}, {Name: "jti", Value: p.kit.Env.UUID()},
			{Name: "events", Value: map[string]json.RawMessage{backChannelEvent: json.RawMessage("{}")}},
		},
		Key: key,
	}).Sign()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, app.BackChannel, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return nil // what the application answers changes nothing here
}
