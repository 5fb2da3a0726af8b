package ssolab

import (
	"cmp"
	"strings"

	"github.com/ssolab/ssolab/internal/console"
)

// Variable is an environment variable that an app or a tool is configured by.
type Variable struct {
	Name   string
	Value  string
	Secret bool
}

// Variables are what an app and its tools need to use this lab, in a fixed order. The names are a contract.
func (l *Lab) Variables() []Variable {
	now := l.current.Load()
	u, main := now.plan.urls, l.main()
	redirect := u.App + "/auth/callback"
	if len(now.cfg.Callbacks) > 0 {
		redirect = now.cfg.Callbacks[0]
	}
	var list []Variable
	add := func(name, value string) {
		if value != "" { // a lab without a pool has none of these
			list = append(list, Variable{Name: name, Value: value, Secret: strings.HasSuffix(name, "_SECRET")})
		}
	}
	add("COGNITO_ISSUER", main.Issuer)
	add("COGNITO_DOMAIN_URL", main.Domain)
	add("COGNITO_USER_POOL_ID", main.PoolID)
	add("COGNITO_CLIENT_ID", main.ClientID)
	add("COGNITO_CLIENT_SECRET", main.ClientSecret)
	add("COGNITO_PUBLIC_CLIENT_ID", main.PublicClientID)
	add("COGNITO_IDENTITY_PROVIDER", main.Provider)
	if main.ClientID != "" {
		add("COGNITO_REDIRECT_URI", redirect)
	}
	list = append(list,
		Variable{Name: "AWS_REGION", Value: u.region},
		Variable{Name: "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", Value: u.Cognito},
		Variable{Name: "AWS_ACCESS_KEY_ID", Value: "ssolab"},
		Variable{Name: "AWS_SECRET_ACCESS_KEY", Value: "ssolab", Secret: true},
		Variable{Name: "SCALEKIT_ENVIRONMENT_URL", Value: u.Scalekit},
	)
	if len(now.plan.env.Clients) > 0 {
		list = append(list,
			Variable{Name: "SCALEKIT_CLIENT_ID", Value: now.plan.env.Clients[0].ID},
			Variable{Name: "SCALEKIT_CLIENT_SECRET", Value: now.plan.env.Clients[0].Secret, Secret: true})
	}
	list = append(list,
		Variable{Name: "SSOLAB_CONSOLE_URL", Value: u.Console},
		Variable{Name: "SSOLAB_APP_URL", Value: u.App})
	if l.ca != nil {
		for _, v := range l.ca.Variables(l.bundle) {
			list = append(list, Variable{Name: v.Name, Value: v.Value})
		}
	}
	return list
}

// Variable returns the value of one of Variables, or "".
func (l *Lab) Variable(name string) string {
	for _, v := range l.Variables() {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// info is what the console tells of the lab.
func (l *Lab) info() console.Info {
	u, main := l.plan().urls, l.main()
	pool := "no user pool yet; the user pools API makes them"
	if main.PoolID != "" {
		pool = "issuer of user pool " + main.PoolID + "; OAuth endpoints at " + main.Domain
	}
	info := console.Info{Emails: l.Emails(), Resolve: l.Resolve(), CA: string(l.CA()), Parties: []console.PartyInfo{
		{Name: "sample app", Party: "app", URL: u.App, Description: "the example relying party: sign in here"},
		{Name: "Cognito", Party: "cognito", URL: cmp.Or(main.Issuer, u.Cognito), Description: pool},
		{Name: "Scalekit", Party: "scalekit", URL: u.Scalekit, Description: "environment: OIDC issuer and SSO routing"},
		{Name: "identity providers", Party: "idp", URL: u.IdP, Description: "IdP simulator and the customers' identity providers"},
		{Name: "console", Party: "console", URL: u.Console, Description: "this page, and the control API under /api/v1"},
	}}
	for _, v := range l.Variables() {
		info.Variables = append(info.Variables, console.Variable{Name: v.Name, Value: v.Value, Secret: v.Secret})
	}
	return info
}
