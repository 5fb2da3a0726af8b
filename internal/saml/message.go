package saml

import "time"

// Namespaces and identifiers of SAML 2.0 (saml-core-2.0-os, saml-bindings-2.0-os).
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"

	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

	bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
)

// Formats of name identifiers (saml-core-2.0-os §8.3).
const (
	NameIDUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameIDEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

// Status codes (saml-core-2.0-os §3.2.2.2).
const (
	StatusSuccess         = "urn:oasis:names:tc:SAML:2.0:status:Success"
	StatusRequester       = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	StatusResponder       = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	StatusVersionMismatch = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch"
	StatusAuthnFailed     = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
	StatusNoPassive       = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
	StatusRequestDenied   = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
)

// Contexts of authentication (saml-authn-context-2.0-os §3.4).
const (
	ContextPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	ContextTimeSync = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"
)

// AuthnRequest asks an identity provider to sign somebody in (saml-core-2.0-os §3.4.1).
type AuthnRequest struct {
	ID           string // begins with a letter or _
	Issuer       string // entity id of the service provider
	IssueInstant time.Time
	Destination  string // where it is sent
	ACS          string // assertion consumer service: where the answer is wanted, by POST
	NameIDFormat string // wanted; empty: any
	ForceAuthn   bool
	IsPassive    bool
	Subject      string // who is expected, as a hint; empty: anybody
}

// Response is an identity provider's answer (saml-core-2.0-os §3.3.3).
type Response struct {
	ID           string
	Issuer       string // entity id of the identity provider; may be empty
	IssueInstant time.Time
	Destination  string
	InResponseTo string // id of the request; empty: nobody asked
	Status       Status
	Assertion    *Assertion // nil unless the status is success
}

// Status is how a request went.
type Status struct {
	Code    string // one of the top-level codes
	Sub     string // a code that says more; may be empty
	Message string
}

// Assertion says who was authenticated, and how (saml-core-2.0-os §2).
type Assertion struct {
	ID           string
	Issuer       string
	IssueInstant time.Time
	NameID       NameID

	Recipient      string    // where it may be presented
	InResponseTo   string    // of the subject's confirmation
	ConfirmedUntil time.Time // NotOnOrAfter of the confirmation

	NotBefore    time.Time
	NotOnOrAfter time.Time // of the conditions
	Audiences    []string

	AuthnInstant time.Time
	SessionIndex string
	AuthnContext string
	Attributes   []Attribute
}

// NameID names the subject.
type NameID struct {
	Value  string
	Format string
}

// Attribute is a statement about the subject.
type Attribute struct {
	Name         string
	NameFormat   string // empty: not said
	FriendlyName string
	Values       []string
}

// Attribute returns the values of the attribute of that name or friendly name, or nil.
func (a Assertion) Attribute(name string) []string {
	for _, attribute := range a.Attributes {
		if attribute.Name == name || attribute.FriendlyName == name && name != "" {
			return attribute.Values
		}
	}
	return nil
}

// stamp writes a time as the schema wants it: UTC, with milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// parseStamp reads a time; an empty one is the zero time.
func parseStamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, s)
}
