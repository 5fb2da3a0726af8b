package idp

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/saml"
)

// Names of the identity providers, which are also the first part of their paths. The simulator's paths are at the root.
const (
	Simulator = "idp_simulator"
	Okta      = "okta"
	Entra     = "entra"
	Google    = "google"
	Plain     = "plain"
)

// Names lists the identity providers.
func Names() []string { return []string{Simulator, Okta, Entra, Google, Plain} }

// character is what one kind of identity provider does in its own way.
type character struct {
	name  string
	title string // "Okta-like identity provider"

	issuer    string // path of the OIDC issuer
	authorize string // paths of the endpoints
	token     string
	userinfo  string
	keys      string
	logout    string // empty: there is none

	entityID string // path, or path and query, of the SAML entity id
	sso      string // path of the SAML single sign-on service
	metadata string // path

	algorithm string // of ID tokens
	subject   func(connectionID, email string) string
	idToken   func(c *claimer) jose.Object // beside iss, sub, aud, exp, iat, nonce
	userInfo  func(c *claimer) jose.Object // beside sub
	signs     func(k *saml.Key) saml.Sign
	nameID    func(c *claimer) saml.NameID
	statement func(c *claimer) []saml.Attribute
	verdict   func(o Outcome, protocol string) verdict
	words     words
}

// words are what a kind of provider calls things on its pages.
type words struct {
	Heading, Username, Password, Submit, Wrong string
}

// claimer is what claims are made of.
type claimer struct {
	profile
	app     Application
	tenant  string
	methods []string
	access  string
}

const tenantName = "lab" // every provider has one tenant

func entraTenant() string { return uuid("tenant", Entra) }

// characters are the identity providers with a character.
func characters() []character {
	tid := entraTenant()
	return []character{{
		name: Okta, title: "Okta-like identity provider",
		issuer: "/okta", authorize: "/okta/oauth2/v1/authorize", token: "/okta/oauth2/v1/token", userinfo: "/okta/oauth2/v1/userinfo",
		keys: "/okta/oauth2/v1/keys", logout: "/okta/oauth2/v1/logout",
		entityID: "/okta/exk" + alphanumeric("entity"), sso: "/okta/app/scalekit/sso/saml", metadata: "/okta/app/scalekit/sso/saml/metadata",
		algorithm: jose.RS256,
		subject: func(connectionID, email string) string {
			return "00u" + alphanumeric("subject", connectionID, strings.ToLower(email))
		},
		idToken: oktaClaims, userInfo: oktaProfile,
		signs:     func(k *saml.Key) saml.Sign { return saml.Sign{Assertion: k, Response: k} },
		nameID:    emailNameID,
		statement: func(c *claimer) []saml.Attribute { return c.attributes("email", "firstName", "lastName", "groups", "") },
		verdict:   oktaVerdict,
		words:     words{"Sign in", "Username", "Password", "Sign in", "Unable to sign in: unknown username or wrong password. Check both and try again."},
	}, {
		name: Entra, title: "Entra-like identity provider",
		issuer: "/entra/" + tid + "/v2.0", authorize: "/entra/" + tid + "/oauth2/v2.0/authorize", token: "/entra/" + tid + "/oauth2/v2.0/token",
		userinfo: "/entra/oidc/userinfo", keys: "/entra/" + tid + "/discovery/v2.0/keys", logout: "/entra/" + tid + "/oauth2/v2.0/logout",
		entityID: "/entra/" + tid + "/", sso: "/entra/" + tid + "/saml2", metadata: "/entra/" + tid + "/federationmetadata/2007-06/federationmetadata.xml",
		algorithm: jose.RS256,
		subject: func(connectionID, email string) string { // pairwise: another one for each application
			digest := sum("subject", connectionID, strings.ToLower(email))
			return base64.RawURLEncoding.EncodeToString(digest[:])
		},
		idToken: entraClaims, userInfo: entraProfile,
		signs:  func(k *saml.Key) saml.Sign { return saml.Sign{Assertion: k} },
		nameID: emailNameID, statement: entraAttributes, verdict: entraVerdict,
		words: words{"Sign in", "E-mail, phone or user name", "Password", "Sign in", "The account or the password is not right. Check both and try again."},
	}, {
		name: Google, title: "Google-like identity provider",
		issuer: "/google", authorize: "/google/o/oauth2/v2/auth", token: "/google/token", userinfo: "/google/v1/userinfo", keys: "/google/oauth2/v3/certs",
		entityID: "/google/o/saml2?idpid=C0" + strings.ToLower(alphanumeric("entity")[:7]), sso: "/google/o/saml2/idp", metadata: "/google/o/saml2/metadata",
		algorithm: jose.RS256,
		subject:   func(_, email string) string { return digits(21, "subject", strings.ToLower(email)) }, // the same for every application
		idToken:   googleClaims, userInfo: googleProfile,
		signs:  func(k *saml.Key) saml.Sign { return saml.Sign{Assertion: k} },
		nameID: emailNameID,
		statement: func(c *claimer) []saml.Attribute {
			return c.attributes("email", "first_name", "last_name", "groups", "")
		},
		verdict: googleVerdict,
		words:   words{"Sign in", "E-mail", "Password", "Next", "Wrong e-mail or password. Try again."},
	}, {
		name: Plain, title: "plain identity provider",
		issuer: "/plain", authorize: "/plain/authorize", token: "/plain/token", userinfo: "/plain/userinfo", keys: "/plain/keys", logout: "/plain/logout",
		entityID: "/plain/saml/metadata", sso: "/plain/saml/sso", metadata: "/plain/saml/metadata",
		algorithm: jose.ES256,
		subject:   func(connectionID, email string) string { return uuid("subject", connectionID, strings.ToLower(email)) },
		idToken:   plainClaims, userInfo: plainProfile,
		signs:     func(k *saml.Key) saml.Sign { return saml.Sign{Response: k} },
		nameID:    func(c *claimer) saml.NameID { return saml.NameID{Value: c.Subject, Format: saml.NameIDPersistent} },
		statement: plainAttributes,
		verdict:   func(o Outcome, _ string) verdict { return standard(o) },
		words:     words{"Log in", "User name or e-mail", "Password", "Log in", "User name or password is wrong. Try again."},
	}}
}

// set appends a claim unless it is empty.
func set(o *jose.Object, name, value string) {
	if value != "" {
		o.Set(name, value)
	}
}

// custom appends the custom attributes under their names, and the groups as given.
func (c *claimer) custom(o *jose.Object, groups []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		if !o.Has(name) {
			o.Set(name, c.Attributes[name])
		}
	}
	if len(groups) > 0 && !o.Has("groups") {
		o.Set("groups", groups)
	}
}

func emailNameID(c *claimer) saml.NameID {
	if c.Email == "" {
		return saml.NameID{Value: c.Subject, Format: saml.NameIDUnspecified}
	}
	return saml.NameID{Value: c.Email, Format: saml.NameIDEmail}
}

const basicFormat = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

// attributes are those of a SAML assertion under the given names.
func (c *claimer) attributes(email, given, family, groups, full string) []saml.Attribute {
	var out []saml.Attribute
	add := func(name string, values ...string) {
		if name != "" && len(values) > 0 && values[0] != "" {
			out = append(out, saml.Attribute{Name: name, NameFormat: basicFormat, Values: values})
		}
	}
	add(email, c.Email)
	add(given, c.GivenName)
	add(family, c.FamilyName)
	add(full, c.fullName())
	add(groups, c.Groups...)
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		add(name, c.Attributes[name])
	}
	return out
}

// oktaClaims: https://developer.okta.com/docs/reference/api/oidc/#id-token-payload
func oktaClaims(c *claimer) jose.Object {
	o := jose.Object{
		{Name: "ver", Value: 1}, {Name: "jti", Value: "ID." + base64.RawURLEncoding.EncodeToString([]byte(hexed(32, c.access)))},
		{Name: "amr", Value: c.methods}, {Name: "idp", Value: "00o" + alphanumeric("idp", c.tenant)},
		{Name: "auth_time", Value: c.AuthTime.Unix()}, {Name: "at_hash", Value: jose.HalfHash(c.access)},
	}
	o = append(o, oktaProfile(c)...)
	return o
}

func oktaProfile(c *claimer) jose.Object {
	o := jose.Object{}
	set(&o, "name", c.fullName())
	o.Set("locale", "en_US")
	set(&o, "email", c.Email)
	set(&o, "preferred_username", c.Username)
	set(&o, "given_name", c.GivenName)
	set(&o, "family_name", c.FamilyName)
	o.Set("zoneinfo", "America/Los_Angeles")
	if c.Email != "" {
		o.Set("email_verified", true)
	}
	c.custom(&o, c.Groups)
	return o
}

func oktaVerdict(o Outcome, protocol string) verdict {
	v := standard(o)
	switch o {
	case NotAssigned:
		v.Message = "User is not assigned to the client application."
		v.Stay = protocol == SAML
	case Denied:
		v.Message = "Policy evaluation failed for this request, please check the policy configurations."
		v.Stay = protocol == SAML
	case AccountLocked:
		v = verdict{Stay: true, Message: "Your account is locked. Contact your administrator."}
	case AccountDisabled:
		v = verdict{Stay: true, Message: "Unable to sign in. Your account is not active."}
	case MFADenied:
		v = verdict{Stay: true, Message: "You have chosen to reject this login."}
	case ConsentDenied:
		v.Message = "The resource owner or authorization server denied the request."
	}
	return v
}

// entraClaims: https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference. Neither email_verified nor
// the names' parts are in the ID token; groups are object ids.
func entraClaims(c *claimer) jose.Object {
	o := jose.Object{{Name: "nbf", Value: c.Issued.Unix()}}
	set(&o, "email", c.Email)
	set(&o, "name", c.fullName())
	o.Set("oid", uuid("object", strings.ToLower(c.Username)))
	set(&o, "preferred_username", c.Username)
	o.Set("tid", c.tenant)
	o.Set("uti", hexed(22, c.access))
	o.Set("ver", "2.0")
	c.custom(&o, objectIDs(c.Groups))
	return o
}

func objectIDs(groups []string) []string {
	var out []string
	for _, g := range groups {
		out = append(out, uuid("group", g))
	}
	return out
}

func entraProfile(c *claimer) jose.Object {
	o := jose.Object{}
	set(&o, "name", c.fullName())
	set(&o, "family_name", c.FamilyName)
	set(&o, "given_name", c.GivenName)
	set(&o, "email", c.Email)
	return o
}

// Names of attributes in Entra's assertions (https://learn.microsoft.com/en-us/entra/identity-platform/reference-saml-tokens).
const (
	wsClaims   = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	msIdentity = "http://schemas.microsoft.com/identity/claims/"
	msClaims   = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
)

func entraAttributes(c *claimer) []saml.Attribute {
	var out []saml.Attribute
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			out = append(out, saml.Attribute{Name: name, Values: values})
		}
	}
	add(msIdentity+"tenantid", c.tenant)
	add(msIdentity+"objectidentifier", uuid("object", strings.ToLower(c.Username)))
	add(msIdentity+"displayname", c.fullName())
	add(msClaims+"groups", objectIDs(c.Groups)...)
	add(msIdentity+"identityprovider", "https://sts.windows.net/"+c.tenant+"/")
	add("http://schemas.microsoft.com/claims/authnmethodsreferences", "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password")
	add(wsClaims+"givenname", c.GivenName)
	add(wsClaims+"surname", c.FamilyName)
	add(wsClaims+"emailaddress", c.Email)
	add(wsClaims+"name", c.Username)
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		add(name, c.Attributes[name])
	}
	return out
}

// entraVerdict: most refusals keep the person at a page with an AADSTS code
// (https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes).
func entraVerdict(o Outcome, _ string) verdict {
	v := standard(o)
	stay := func(message string) verdict { return verdict{Stay: true, Message: message} }
	switch o {
	case NotAssigned:
		return stay("AADSTS50105: The signed-in user is not assigned to a role for the application, and the administrator requires an assignment.")
	case Denied:
		return stay("AADSTS53003: Access has been blocked by Conditional Access policies.")
	case AccountLocked:
		return stay("AADSTS50053: The account is locked because the user tried to sign in too many times with an incorrect password.")
	case AccountDisabled:
		return stay("AADSTS50057: The user account is disabled.")
	case MFADenied:
		return stay("AADSTS500121: Authentication failed during the strong authentication request.")
	case ConsentDenied:
		v.Message = "AADSTS65004: User declined to consent to access the app."
	case ServerError:
		v.Message = "AADSTS90033: A transient error has occurred. Please try again."
	}
	return v
}

// googleClaims: https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
func googleClaims(c *claimer) jose.Object {
	o := jose.Object{{Name: "azp", Value: ClientID(Google, c.app.ConnectionID)}}
	if _, domain, ok := strings.Cut(c.Email, "@"); ok {
		o.Set("hd", domain)
	}
	o.Set("at_hash", jose.HalfHash(c.access))
	return append(o, googleProfile(c)...)
}

func googleProfile(c *claimer) jose.Object {
	o := jose.Object{}
	if c.Email != "" {
		o.Set("email", c.Email)
		o.Set("email_verified", true)
	}
	set(&o, "name", c.fullName())
	o.Set("picture", "https://lh3.googleusercontent.com/a/"+hexed(24, "picture", c.Subject))
	set(&o, "given_name", c.GivenName)
	set(&o, "family_name", c.FamilyName)
	return o
}

func googleVerdict(o Outcome, _ string) verdict {
	v := standard(o)
	stay := func(message string) verdict { return verdict{Stay: true, Message: message} }
	switch o {
	case NotAssigned:
		return stay("Error 400: admin_policy_enforced. Access blocked: your institution's administrator needs to review the application.")
	case AccountLocked:
		return stay("Too many failed attempts. Try again later.")
	case AccountDisabled:
		return stay("Your account has been disabled. Contact your domain administrator for help.")
	case MFADenied:
		return stay("The sign-in was not approved on your phone.")
	case Denied:
		return stay("Error 403: access_denied. The administrator does not allow this application.")
	case ConsentDenied:
		return verdict{Code: oauth2.AccessDenied, SAMLCode: saml.StatusRequestDenied}
	}
	return v
}

// plainClaims are all standard claims (OIDC Core §5.1).
func plainClaims(c *claimer) jose.Object {
	o := jose.Object{
		{Name: "auth_time", Value: c.AuthTime.Unix()}, {Name: "amr", Value: c.methods}, {Name: "at_hash", Value: jose.HalfHash(c.access)},
	}
	return append(o, plainProfile(c)...)
}

func plainProfile(c *claimer) jose.Object {
	o := jose.Object{}
	if c.Email != "" {
		o.Set("email", c.Email)
		o.Set("email_verified", true)
	}
	set(&o, "name", c.fullName())
	set(&o, "preferred_username", c.Username)
	set(&o, "given_name", c.GivenName)
	set(&o, "family_name", c.FamilyName)
	c.custom(&o, c.Groups)
	return o
}

// plainAttributes have the names of LDAP, as object identifiers (saml-x500).
func plainAttributes(c *claimer) []saml.Attribute {
	const uri = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	var out []saml.Attribute
	add := func(name, friendly string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			out = append(out, saml.Attribute{Name: name, FriendlyName: friendly, NameFormat: uri, Values: values})
		}
	}
	add("urn:oid:0.9.2342.19200300.100.1.3", "mail", c.Email)
	add("urn:oid:2.5.4.42", "givenName", c.GivenName)
	add("urn:oid:2.5.4.4", "sn", c.FamilyName)
	add("urn:oid:2.16.840.1.113730.3.1.241", "displayName", c.fullName())
	add("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf", c.Groups...)
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		add("urn:ssolab:attribute:"+name, name, c.Attributes[name])
	}
	return out
}
