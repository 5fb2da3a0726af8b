package tenant

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func poolChecks() []check {
	return []check{{
		id: "TENANT-001", title: "The user pool exists, can be read, and its region and id are those of the issuer", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{api("DescribeUserPool")}, hint: "Give the app the issuer of this pool; check the account and the region of the credentials.", run: poolExists,
	}, {
		id: "TENANT-002", title: "The pool has a domain, prefix or custom, that is ACTIVE", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{api("DescribeUserPoolDomain")}, hint: "Create a domain for the pool; the OAuth endpoints are there and nowhere else.", run: domainActive,
	}, {
		id: "TENANT-028", title: "Self sign-up of local users cannot claim a federated domain", level: conformance.Should, basis: conformance.Advice,
		refs: []conformance.Ref{api("DescribeUserPool")}, hint: "Restrict sign-up, or refuse federated domains in a pre-sign-up trigger.", run: selfSignUp,
	}, {
		id: "TENANT-029", title: "Lambda triggers that touch federation are known", level: conformance.Info, basis: conformance.Vendor,
		refs: []conformance.Ref{api("DescribeUserPool")}, hint: "Read the code of the triggers together with this report.", run: triggers,
	}}
}

func poolExists(x *exam) {
	for _, u := range x.Unread {
		if u.Operation != "DescribeUserPool" {
			continue
		}
		if !u.Missing {
			x.errorf("the user pool %s could not be read: %s", u.Name, u.Reason)
		}
		x.find(Finding{
			Subject: "user pool " + u.Name, Have: Value{"DescribeUserPool", u.Reason}, Want: Value{"the pool that the app uses", u.Name},
			Consequence: "discovery under the issuer fails, so nobody can sign in.",
			Fix:         Fix{Console: "Amazon Cognito > User pools (look at the region and the account)", CLI: "aws cognito-idp list-user-pools --max-results 60 --region " + region(u.Name), Terraform: tfPool + ": id, in the issuer that the app is given"},
		})
		return
	}
	p := x.needPool()
	for _, c := range x.Clients {
		x.ofPool("app client "+c.ClientID, "DescribeUserPoolClient", c.UserPoolID)
	}
	for _, provider := range x.Providers {
		x.ofPool("provider "+provider.ProviderName, "DescribeIdentityProvider", provider.UserPoolID)
	}
	x.ok()
	if x.Target == nil {
		x.unknownf("whether the app's issuer is this pool's: what the app uses is not told (--target)")
		return
	}
	issuerOfPool(x, p)
}

// ofPool compares the pool that something belongs to.
func (x *exam) ofPool(subject, operation, poolID string) {
	if poolID == "" || poolID == x.Pool.ID {
		return
	}
	x.find(Finding{
		Subject: subject, Have: Value{operation + ", UserPoolId", poolID}, Want: Value{"DescribeUserPool, Id", x.Pool.ID},
		Consequence: "what is compared here does not belong together; the app's client or provider is in another pool.",
		Fix:         Fix{Console: x.consolePath("App clients"), Note: "describe the client and the provider of the pool that the app uses."},
	})
}

// issuerOfPool compares the issuer that the app trusts with the pool's own (the type UPDATED has another host).
func issuerOfPool(x *exam, p *UserPool) {
	issuer := x.Target.Issuer
	if isLab(issuer) {
		x.unless(strings.HasSuffix(issuer, "/"+p.ID), func() Finding { return wrongIssuer(x, p, issuer[:strings.LastIndex(issuer, "/")+1]+p.ID) })
		return
	}
	host := "cognito-idp."
	if p.IssuerConfiguration.Type == "UPDATED" {
		host = "issuer-cognito-idp."
	}
	suffix := ".amazonaws.com/"
	if strings.HasPrefix(region(p.ID), "cn-") {
		suffix = ".amazonaws.com.cn/"
	}
	want := "https://" + host + region(p.ID) + suffix + p.ID
	x.unless(issuer == want, func() Finding { return wrongIssuer(x, p, want) })
}

func wrongIssuer(x *exam, p *UserPool, want string) Finding {
	return Finding{
		Subject: "the app's issuer", Have: Value{"target file, issuer", x.Target.Issuer}, Want: Value{"user pool " + p.ID, want},
		Consequence: "the app reads the discovery document of another pool, or refuses the ID token because its iss is " + want + ".",
		Fix:         Fix{Console: x.consolePath("Overview"), Terraform: tfPool + ": endpoint (https:// before it is the issuer)", Note: "change the app's configuration: its issuer is " + want + "."},
	}
}

func domainActive(x *exam) {
	p := x.needPool()
	if p.Domain == "" && p.CustomDomain == "" && len(x.Domains) == 0 {
		name := "PREFIX"
		x.find(Finding{
			Subject: "user pool " + p.ID, Have: Value{"DescribeUserPool, Domain and CustomDomain", "nothing"}, Want: Value{"an OAuth sign-in", "a domain"},
			Consequence: "there is no /oauth2/authorize and no /oauth2/token, so no sign-in can begin.",
			Fix: Fix{Console: x.consolePath("Branding", "Domain", "Create Cognito domain"), CLI: aws(p.ID, "create-user-pool-domain", "--domain", name, "--managed-login-version", "2"),
				Terraform: terraform(tfDomain, "domain", name), Note: "choose the PREFIX; managed login version 2 needs a branding style for each app client, or its pages answer 403 \"Login pages unavailable. Please contact an administrator.\""},
		})
		return
	}
	x.ok()
	for _, d := range x.Domains {
		x.domainOf(d)
	}
	for _, name := range []string{p.Domain, p.CustomDomain} {
		if name != "" && !slices.ContainsFunc(x.Domains, func(d Domain) bool { return d.Domain == name }) {
			x.unknownf("the status of the domain %s: it is not described (aws cognito-idp describe-user-pool-domain)%s", name, x.because("DescribeUserPoolDomain"))
		}
	}
	x.appDomain(p)
}

// domainOf examines one description.
func (x *exam) domainOf(d Domain) {
	if d.UserPoolID != "" && d.UserPoolID != x.Pool.ID {
		x.ofPool("domain "+d.Domain, "DescribeUserPoolDomain", d.UserPoolID)
	}
	if d.Status != "ACTIVE" {
		x.find(Finding{
			Subject: "domain " + d.Domain, Have: Value{"DescribeUserPoolDomain, Status", given(d.Status)}, Want: Value{"a domain that serves", "ACTIVE"},
			Consequence: "the browser cannot reach https://" + d.host() + "/oauth2/authorize, or meets a certificate of somebody else.",
			Fix: Fix{Console: x.consolePath("Branding", "Domain"), CLI: aws(x.Pool.ID, "describe-user-pool-domain", "--domain", d.Domain), Terraform: tfDomain + ": domain, certificate_arn",
				Note: "CREATING and UPDATING end by themselves, for a custom domain after some minutes and with its DNS alias in place; FAILED: delete the domain and create it again."},
		})
	}
}

// appDomain compares the domain that the app uses.
func (x *exam) appDomain(p *UserPool) {
	if x.Target == nil || x.Target.Domain == "" || isLab(x.Target.Domain) {
		return
	}
	var have []string
	for _, name := range []string{p.Domain, p.CustomDomain} {
		if name != "" {
			have = append(have, "https://"+domainHost(name, region(p.ID)))
		}
	}
	for _, d := range x.Domains {
		have = append(have, "https://"+d.host())
	}
	uses := strings.TrimSuffix(x.Target.Domain, "/")
	if len(have) == 0 || slices.Contains(have, uses) {
		return
	}
	x.find(Finding{
		Subject: "the app's domain", Have: Value{"target file, domain", uses}, Want: Value{"user pool " + p.ID, listed(slices.Compact(have))},
		Consequence: "sign-in and sign-out go to a host that is not this pool's.",
		Fix:         Fix{Console: x.consolePath("Branding", "Domain"), Terraform: tfDomain + ": domain", Note: "change the app's configuration."},
	})
}

func selfSignUp(x *exam) {
	p := x.needPool()
	clients := x.needClients()
	x.ok()
	if p.AdminCreateUserConfig.AllowAdminCreateUserOnly || trigger(p, "PreSignUp") != "" {
		return
	}
	for _, c := range clients {
		if !slices.Contains(c.SupportedIdentityProviders, "COGNITO") {
			continue
		}
		config, _ := p.raw["AdminCreateUserConfig"].(map[string]any)
		config = maps.Clone(config)
		if config == nil {
			config = map[string]any{}
		}
		delete(config, "UnusedAccountValidityDays") // the password policy's TemporaryPasswordValidityDays is the same
		config["AllowAdminCreateUserOnly"] = true
		command, note := updatePool(p, map[string]any{"AdminCreateUserConfig": config})
		x.find(Finding{
			Subject: "user pool " + p.ID, Have: Value{"DescribeUserPool, AdminCreateUserConfig.AllowAdminCreateUserOnly", "false, and no PreSignUp trigger"},
			Want:        Value{"app client " + c.ClientID + ", SupportedIdentityProviders", "has COGNITO, so local users can sign up"},
			Consequence: "anybody can make a local user with an address of a customer's domain, beside that person's federated user.",
			Fix: Fix{Console: x.consolePath("Authentication", "Sign-up", "Self-service sign-up", "Edit"), CLI: command,
				Terraform: tfPool + ": admin_create_user_config { allow_admin_create_user_only = true }", Note: note},
		})
		return
	}
}

// federationTriggers are those that run in a federated sign-in.
var federationTriggers = []string{"InboundFederation", "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration", "PreTokenGenerationConfig"}

// trigger is the ARN of a Lambda trigger; empty: there is none.
func trigger(p *UserPool, name string) string {
	switch v := p.LambdaConfig[name].(type) {
	case string:
		return v
	case map[string]any:
		arn, _ := v["LambdaArn"].(string)
		return arn
	}
	return ""
}

func triggers(x *exam) {
	p := x.needPool()
	x.ok()
	for _, name := range federationTriggers {
		if arn := trigger(p, name); arn != "" {
			x.notef("%s: %s. It can refuse a sign-in (the app sees \"%s failed with error …\") and change attributes or claims; its code is not looked at.", name, arn, strings.TrimSuffix(name, "Config"))
		}
	}
}

// isLab tells whether a URL is not the vendor's: of this machine, or on a port that the vendor does not use.
func isLab(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (isLocal(raw) || u.Port() != "" && u.Port() != "443")
}

// isLocal tells whether a URL is of this machine.
func isLocal(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || ip != nil && ip.IsLoopback()
}
