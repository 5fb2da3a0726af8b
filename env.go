package ssolab

import (
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
	pool := l.plan.pools[0]
	main := pool.Clients[0]
	redirect := l.plan.urls.App + "/auth/callback"
	if len(l.cfg.Callbacks) > 0 {
		redirect = l.cfg.Callbacks[0]
	}
	region, _, _ := strings.Cut(pool.ID, "_")
	list := []Variable{
		{Name: "COGNITO_ISSUER", Value: l.plan.urls.Issuer},
		{Name: "COGNITO_DOMAIN_URL", Value: l.plan.urls.Domain},
		{Name: "COGNITO_USER_POOL_ID", Value: pool.ID},
		{Name: "COGNITO_CLIENT_ID", Value: main.ID},
		{Name: "COGNITO_CLIENT_SECRET", Value: main.Secret, Secret: true},
	}
	for _, c := range pool.Clients {
		if c.Secret == "" {
			list = append(list, Variable{Name: "COGNITO_PUBLIC_CLIENT_ID", Value: c.ID})
			break
		}
	}
	if len(pool.Providers) > 0 {
		list = append(list, Variable{Name: "COGNITO_IDENTITY_PROVIDER", Value: pool.Providers[0].Name})
	}
	list = append(list,
		Variable{Name: "COGNITO_REDIRECT_URI", Value: redirect},
		Variable{Name: "AWS_REGION", Value: region},
		Variable{Name: "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", Value: l.plan.urls.Cognito},
		Variable{Name: "AWS_ACCESS_KEY_ID", Value: "ssolab"},
		Variable{Name: "AWS_SECRET_ACCESS_KEY", Value: "ssolab", Secret: true},
		Variable{Name: "SCALEKIT_ENVIRONMENT_URL", Value: l.plan.urls.Scalekit},
	)
	if len(l.plan.env.Clients) > 0 {
		list = append(list,
			Variable{Name: "SCALEKIT_CLIENT_ID", Value: l.plan.env.Clients[0].ID},
			Variable{Name: "SCALEKIT_CLIENT_SECRET", Value: l.plan.env.Clients[0].Secret, Secret: true})
	}
	list = append(list,
		Variable{Name: "SSOLAB_CONSOLE_URL", Value: l.plan.urls.Console},
		Variable{Name: "SSOLAB_APP_URL", Value: l.plan.urls.App})
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
	info := console.Info{Emails: l.Emails(), Resolve: l.Resolve(), CA: string(l.CA()), Parties: []console.PartyInfo{
		{Name: "sample app", Party: "app", URL: l.plan.urls.App, Description: "the example relying party: sign in here"},
		{Name: "Cognito", Party: "cognito", URL: l.plan.urls.Issuer, Description: "issuer of user pool " + l.plan.pools[0].ID + "; OAuth endpoints at " + l.plan.urls.Domain},
		{Name: "Scalekit", Party: "scalekit", URL: l.plan.urls.Scalekit, Description: "environment: OIDC issuer and SSO routing"},
		{Name: "identity providers", Party: "idp", URL: l.plan.urls.IdP, Description: "IdP simulator and the customers' identity providers"},
		{Name: "console", Party: "console", URL: l.plan.urls.Console, Description: "this page, and the control API under /api/v1"},
	}}
	for _, v := range l.Variables() {
		info.Variables = append(info.Variables, console.Variable{Name: v.Name, Value: v.Value, Secret: v.Secret})
	}
	return info
}
