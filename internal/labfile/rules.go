package labfile

import (
	"fmt"
	"strings"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/yamlfile"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// Pieces of patterns, in words that Go's regexp and ECMAScript's share.
const (
	label    = `[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?`
	dnsName  = label + `(?:\.` + label + `)*`
	octet    = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	loopback = `(?:(?:` + label + `\.)*localhost|127(?:\.` + octet + `){3}|\[::1\])`
	anyHost  = `(?:` + dnsName + `|\[::1\])`
	port     = `(?::[0-9]{1,5})?`
	segment  = `(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f][0-9A-Fa-f])`
	path     = `(?:/` + segment + `*)*`
	query    = `(?:\?(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f][0-9A-Fa-f])*)?`

	// ownScheme is a scheme that is neither http nor https, without looking ahead, which Go's regexp does not.
	ownScheme = `(?:[a-gi-z]` + schemeRest + `|h(?:[a-su-z0-9+.\-]` + schemeRest + `)?|ht(?:[a-su-z0-9+.\-]` + schemeRest + `)?` +
		`|htt(?:[a-oq-z0-9+.\-]` + schemeRest + `)?|http[a-rt-z0-9+.\-]` + schemeRest + `|https[a-z0-9+.\-]` + schemeRest + `)`
	schemeRest = `[a-z0-9+.\-]*`
	ownURL     = ownScheme + `:(?://(?:` + dnsName + `)?` + port + path + `|/?` + segment + `+` + path + `)` + query

	visible = `[\p{L}\p{M}\p{S}\p{N}\p{P}]` // a character that is no space and no control
)

// Strings with a form. Their rules are narrower than those of the parties, where a party's cannot be said in a pattern.
type (
	poolID         string
	poolDomain     string
	hostName       string
	attributeName  string
	userAttribute  string
	mappedName     string
	attributeValue string
	clientID       string
	redirectURL    string
	scopeName      string
	resourceID     string
	resourceScope  string
	flowName       string
	authFlow       string
	providerName   string
	providerOrOwn  string
	issuerURL      string
	endpointURL    string
	requestMethod  string
	identifier     string
	groupName      string
	userName       string
	subject        string
	mfaMode        string
	triggerVersion string
	signInName     string
	aliasName      string
	verifiedName   string
	namesMode      string
	firstLabel     string
	ipAddress      string
	envName        string
	nonEmpty       string

	scalekitClientID string
	organizationID   string
	connectionID     string
	domainID         string
	userID           string
	scalekitMode     string
	environmentID    string
	environmentKind  string
	claimName        string
	allowedURL       string
	domainName       string
	domainType       string
	domainStatus     string
	providerKind     string
	connectionType   string
	idpName          string
	tokenAuthType    string
	nameIDFormat     string
	requestBinding   string
	secondFactor     string
	personState      string
	connectionStatus string
	organizationArea string
	emailAddress     string
	totpSecret       string
	webhookURL       string
	webhookEvent     string

	quirkID   string
	faultID   string
	pointName string
	faultName string
)

// Numbers with a range.
type (
	portNumber     int
	firstPort      int
	loginVersion   int
	passwordLength int
	precedence     int
	times          int
)

// Durations with a range.
type (
	tokenValidity   int64
	refreshValidity int64
	gracePeriod     int64
	triggerTimeout  int64
)

func pattern(want, p string) yamlfile.Rule       { return yamlfile.Rule{Pattern: p, Want: want} }
func words(list ...string) yamlfile.Rule         { return yamlfile.Rule{Enum: list} }
func between(low, high int64) yamlfile.Rule      { return yamlfile.Rule{Min: low, Max: high} }
func prefixed(want, prefix string) yamlfile.Rule { return pattern(want, prefix+`[!-~]+`) }

// Rule implements yamlfile.Ruled, as do all below.
func (poolID) Rule() yamlfile.Rule {
	r := pattern("a user pool id: <region>_<letters and digits>, such as us-east-1_AbCdEf123", `[a-z]{2}(?:-[a-z]+)+-[0-9]+_[0-9a-zA-Z]+`)
	r.MaxLength = 55
	return r
}

func (poolDomain) Rule() yamlfile.Rule {
	r := pattern("a domain prefix: 1–63 of a-z, 0-9 and -, not at the ends, and without aws, amazon, cognito", `[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?`)
	r.Without = "aws|amazon|cognito"
	return r
}

func (hostName) Rule() yamlfile.Rule {
	return pattern("a host name such as auth.example.com: lower case, no scheme, no port", `(?:[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?`)
}

func (attributeName) Rule() yamlfile.Rule {
	return pattern("a standard attribute such as email, or custom: and 1–20 characters", strings.Join(mockcognito.StandardAttributes(), "|")+`|custom:[!-~]{1,20}`)
}

func (mappedName) Rule() yamlfile.Rule {
	return pattern("an attribute of the pool such as email or custom:plan, or username", "username|"+attributeName("").Rule().Pattern)
}

func (userAttribute) Rule() yamlfile.Rule {
	return pattern("a standard attribute such as email, but not sub, or one of the pool's own such as custom:plan", strings.Join(mockcognito.StandardAttributes()[1:], "|")+`|custom:[!-~]{1,20}`)
}

func (attributeValue) Rule() yamlfile.Rule {
	return yamlfile.Rule{MaxLength: 2048, Want: "a text of at most 2048 characters"}
}

func (clientID) Rule() yamlfile.Rule {
	return pattern("a client id: 1–128 letters, digits, _ and +", `[A-Za-z0-9_+]{1,128}`)
}

func (redirectURL) Rule() yamlfile.Rule {
	r := pattern("an absolute URL without fragment: https, http for localhost, 127.0.0.1 or [::1], or of the app's own scheme",
		`https://`+anyHost+port+path+query+`|http://`+loopback+port+path+query+`|`+ownURL)
	r.MaxLength = 1024
	return r
}

func (scopeName) Rule() yamlfile.Rule {
	return pattern("a scope: 1–256 characters without space", `[!#-\[\]-~]{1,256}`)
}

func (resourceID) Rule() yamlfile.Rule {
	return pattern("an identifier of 1–256 characters without space", `[!#-\[\]-~]{1,256}`)
}

func (resourceScope) Rule() yamlfile.Rule {
	return pattern("the name of a scope: no space, no /", `[!#-.0-\[\]-~]{1,256}`)
}

func (flowName) Rule() yamlfile.Rule { return words("code", "implicit", "client_credentials") }
func (authFlow) Rule() yamlfile.Rule { return words(mockcognito.ExplicitAuthFlows()...) }

func (providerName) Rule() yamlfile.Rule {
	r := pattern("a provider name: 3–32 characters, no space, no underscore but in the middle", `[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+`)
	r.MaxLength = 32
	return r
}

func (providerOrOwn) Rule() yamlfile.Rule {
	return yamlfile.Rule{Want: "the name of one of the pool's providers, or COGNITO"}
}

func (issuerURL) Rule() yamlfile.Rule {
	return pattern("a URL without query and without slash at the end", `https?://`+anyHost+port+`(?:/`+segment+`+)*`)
}

func (endpointURL) Rule() yamlfile.Rule {
	return pattern("an http or https URL", `https?://`+anyHost+port+path+query)
}

func (requestMethod) Rule() yamlfile.Rule { return words("GET", "POST") }

func (identifier) Rule() yamlfile.Rule {
	return pattern("1–40 letters, digits, space and _ + = . @ -", `[A-Za-z0-9_ +=.@\-]{1,40}`)
}

func (groupName) Rule() yamlfile.Rule {
	return pattern("a group name: 1–128 characters without space", visible+`{1,128}`)
}

func (userName) Rule() yamlfile.Rule {
	return pattern("a user name: 1–128 characters without space", visible+`{1,128}`)
}

func (subject) Rule() yamlfile.Rule {
	return pattern("a UUID, as a sub is", `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
}

func (mfaMode) Rule() yamlfile.Rule        { return words("OFF", "OPTIONAL", "ON") }
func (triggerVersion) Rule() yamlfile.Rule { return words("V1_0", "V2_0", "V3_0") }
func (signInName) Rule() yamlfile.Rule     { return words("email", "phone_number") }
func (aliasName) Rule() yamlfile.Rule      { return words("email", "phone_number", "preferred_username") }
func (verifiedName) Rule() yamlfile.Rule   { return words("email", "phone_number") }
func (namesMode) Rule() yamlfile.Rule {
	return words(ssolab.NamesLocalhost, ssolab.NamesVendor)
}

func (firstLabel) Rule() yamlfile.Rule {
	return pattern("a DNS label: a-z, 0-9 and -, not at the ends", `[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?`)
}

func (ipAddress) Rule() yamlfile.Rule {
	r := pattern("an IP address such as 0.0.0.0 or ::", `[0-9A-Fa-f.:]+`)
	r.Open = true
	return r
}

func (envName) Rule() yamlfile.Rule {
	return pattern("the name of an environment variable", `[A-Za-z_][A-Za-z0-9_]*`)
}

func (nonEmpty) Rule() yamlfile.Rule { return pattern("a text, not empty", `[^\x00]+`) }

func (scalekitClientID) Rule() yamlfile.Rule {
	return prefixed("a client id: skc_… or prd_skc_…", `(?:prd_)?skc_`)
}
func (organizationID) Rule() yamlfile.Rule { return prefixed("an organization id: org_…", `org_`) }
func (connectionID) Rule() yamlfile.Rule   { return prefixed("a connection id: conn_…", `conn_`) }
func (domainID) Rule() yamlfile.Rule       { return prefixed("a domain id: dom_…", `dom_`) }
func (userID) Rule() yamlfile.Rule         { return prefixed("a user id: usr_…", `usr_`) }
func (environmentID) Rule() yamlfile.Rule  { return prefixed("an environment id: env_…", `env_`) }
func (scalekitMode) Rule() yamlfile.Rule {
	return words(mockscalekit.Modular, mockscalekit.FullStack)
}
func (environmentKind) Rule() yamlfile.Rule {
	return words(mockscalekit.Development, mockscalekit.Production)
}

func (claimName) Rule() yamlfile.Rule {
	r := pattern("the name of a claim that is none of the protocol's", `[^\x00]+`)
	r.Without = "^(?:" + strings.Join(mockscalekit.ReservedAccessTokenClaims(), "|") + ")$"
	return r
}

func (allowedURL) Rule() yamlfile.Rule {
	const wildcard = `[A-Za-z0-9\-]*\*[A-Za-z0-9\-]*(?:\.` + label + `){2,}`
	// Where a template stands for a label, the rest of the name is as usual.
	const host = `(?:` + hostPart + `(?:\.` + hostPart + `)*|\[::1\]|` + wildcard + `)`
	r := pattern("an absolute URL without query and fragment; one * is allowed, in the left-most label of a host name of three or more, and templates such as {{org_slug}}",
		`https?://`+host+port+plainPath+`|`+ownScheme+`:(?://(?:`+dnsName+`)?`+port+plainPath+`|/?`+plainSegment+`+`+plainPath+`)`)
	r.MaxLength = 256
	return r
}

// A path in which a * would be taken for a wildcard has none.
const (
	plainSegment = `(?:[A-Za-z0-9\-._~!$&'()+,;=:@]|%[0-9A-Fa-f][0-9A-Fa-f]|` + template + `)`
	plainPath    = `(?:/` + plainSegment + `*)*`
)

// template stands for something of the organization (mockscalekit: matchRedirect); hostPart is a label that may have some.
const (
	template = `\{\{[A-Za-z0-9_.\-]+\}\}`
	hostPart = `(?:[A-Za-z0-9]|` + template + `)(?:(?:[A-Za-z0-9\-]|` + template + `)*(?:[A-Za-z0-9]|` + template + `))?`
)

// domainCharacter is one that a domain name may have, but for the dot.
const (
	domainCharacter = `[^\x00-\x20\x7f@/:*<>"'\\.]`
	domainPattern   = domainCharacter + `+(?:\.+` + domainCharacter + `+)*`
)

func (domainName) Rule() yamlfile.Rule {
	r := pattern("a domain name such as example.com", domainPattern)
	r.MaxLength = 253
	return r
}

func (domainType) Rule() yamlfile.Rule {
	return words(mockscalekit.OrganizationDomain, mockscalekit.AllowedEmailDomain)
}

func (domainStatus) Rule() yamlfile.Rule {
	return words(mockscalekit.Verified, mockscalekit.Pending, mockscalekit.Failed)
}

func (providerKind) Rule() yamlfile.Rule   { return words(mockscalekit.Providers()...) }
func (connectionType) Rule() yamlfile.Rule { return words(mockscalekit.OIDC, mockscalekit.SAML) }
func (idpName) Rule() yamlfile.Rule        { return words(mockscalekit.IdPs()...) }
func (tokenAuthType) Rule() yamlfile.Rule {
	return words(mockscalekit.URLParams, mockscalekit.BasicAuth)
}
func (nameIDFormat) Rule() yamlfile.Rule { return words(mockscalekit.NameIDFormats()...) }
func (requestBinding) Rule() yamlfile.Rule {
	return words(mockscalekit.HTTPRedirect, mockscalekit.HTTPPost)
}
func (secondFactor) Rule() yamlfile.Rule {
	return words(mockscalekit.TOTP, mockscalekit.Push, mockscalekit.NoMFA)
}
func (personState) Rule() yamlfile.Rule {
	return words(mockscalekit.Active, mockscalekit.Locked, mockscalekit.AccountDisabled, mockscalekit.PasswordExpired)
}

func (connectionStatus) Rule() yamlfile.Rule {
	return words(mockscalekit.Completed, mockscalekit.InProgress, mockscalekit.Draft)
}

func (organizationArea) Rule() yamlfile.Rule { return words("US", "EU") }

func (emailAddress) Rule() yamlfile.Rule {
	r := pattern("an e-mail address", `[^\x00-\x20\x7f@]{1,64}@`+domainPattern)
	r.MaxLength = 254
	return r
}

func (totpSecret) Rule() yamlfile.Rule {
	return yamlfile.Rule{Pattern: `(?:[A-Za-z2-7]{8})*(?:[A-Za-z2-7]{2}|[A-Za-z2-7]{4,5}|[A-Za-z2-7]{7,8})`, Want: "base32, without spaces and =", Private: true}
}

func (webhookURL) Rule() yamlfile.Rule { return endpointURL("").Rule() }

func (webhookEvent) Rule() yamlfile.Rule { return words(mockscalekit.WebhookEvents()...) }

func (quirkID) Rule() yamlfile.Rule {
	r := yamlfile.Rule{Want: "a quirk; docs/quirks.md lists them"}
	for _, q := range quirk.NewSet(mockcognito.Quirks(), mockscalekit.Quirks()).List() {
		r.Enum = append(r.Enum, q.ID)
	}
	return r
}

// Which faults and points there are is known by a lab: checkFaults and Schema ask it.
func (faultID) Rule() yamlfile.Rule {
	return yamlfile.Rule{Want: "a fault; docs/faults.md lists them"}
}

func (pointName) Rule() yamlfile.Rule {
	return yamlfile.Rule{Want: "a point; docs/faults.md lists them"}
}

func (faultName) Rule() yamlfile.Rule {
	return pattern("a name of 1–64 characters without space", visible+`{1,64}`)
}

func (portNumber) Rule() yamlfile.Rule     { return between(0, 65535) }
func (firstPort) Rule() yamlfile.Rule      { return between(0, 65530) }
func (loginVersion) Rule() yamlfile.Rule   { return between(1, 2) }
func (passwordLength) Rule() yamlfile.Rule { return between(6, 99) }
func (precedence) Rule() yamlfile.Rule     { return between(0, 1<<31-1) }
func (times) Rule() yamlfile.Rule          { return between(0, 1<<31-1) }

func (tokenValidity) Rule() yamlfile.Rule {
	return yamlfile.Rule{Duration: true, Min: int64(5 * minute), Max: int64(24 * hour)}
}

func (refreshValidity) Rule() yamlfile.Rule {
	return yamlfile.Rule{Duration: true, Min: int64(hour), Max: int64(3650 * 24 * hour)}
}

func (gracePeriod) Rule() yamlfile.Rule {
	return yamlfile.Rule{Duration: true, Min: 0, Max: int64(minute)}
}

func (triggerTimeout) Rule() yamlfile.Rule {
	return yamlfile.Rule{Duration: true, Min: int64(minute) / 60, Max: int64(minute) * 15}
}

// onOff is a switch: on, off, true or false.
type onOff bool

// UnmarshalText takes the words; true and false need none.
func (s *onOff) UnmarshalText(word []byte) error {
	switch string(word) {
	case "on":
		*s = true
	case "off":
		*s = false
	default:
		return fmt.Errorf("is %q, and must be on or off", word)
	}
	return nil
}

// Schema implements yamlfile.Words.
func (onOff) Schema() map[string]any {
	return map[string]any{"enum": []any{true, false, "on", "off"}}
}
