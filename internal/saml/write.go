package saml

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Sign says what of a response is signed.
type Sign struct {
	Assertion *Key // nil: not
	Response  *Key // nil: not
}

// element appends a child with a prefix to which the root declares the namespace.
func element(parent *etree.Element, name string, attributes ...string) *etree.Element {
	child := parent.CreateElement(name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			child.CreateAttr(attributes[i], attributes[i+1])
		}
	}
	return child
}

// Encode writes the response as XML. Attribute values are text: what stands in them cannot become an element.
func (r Response) Encode(sign Sign) ([]byte, error) {
	root := etree.NewElement("samlp:Response")
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", r.ID)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", stamp(r.IssueInstant))
	for _, a := range [][2]string{{"Destination", r.Destination}, {"InResponseTo", r.InResponseTo}} {
		if a[1] != "" {
			root.CreateAttr(a[0], a[1])
		}
	}
	if r.Issuer != "" {
		element(root, "saml:Issuer").SetText(r.Issuer)
	}
	status := element(root, "samlp:Status")
	code := element(status, "samlp:StatusCode", "Value", r.Status.Code)
	if r.Status.Sub != "" {
		element(code, "samlp:StatusCode", "Value", r.Status.Sub)
	}
	if r.Status.Message != "" {
		element(status, "samlp:StatusMessage").SetText(r.Status.Message)
	}
	if r.Assertion != nil {
		assertion := r.Assertion.tree()
		if sign.Assertion != nil {
			if err := sign.Assertion.sign(assertion); err != nil {
				return nil, fmt.Errorf("sign the assertion: %w", err)
			}
		}
		root.AddChild(assertion)
	}
	if sign.Response != nil {
		if err := sign.Response.sign(root); err != nil {
			return nil, fmt.Errorf("sign the response: %w", err)
		}
	}
	return serialize(root)
}

// tree is the assertion as an element that declares its own namespace, as it is signed before it stands in a response.
func (a *Assertion) tree() *etree.Element {
	root := etree.NewElement("saml:Assertion")
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", a.ID)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", stamp(a.IssueInstant))
	element(root, "saml:Issuer").SetText(a.Issuer)
	subject := element(root, "saml:Subject")
	element(subject, "saml:NameID", "Format", a.NameID.Format).SetText(a.NameID.Value)
	confirmation := element(subject, "saml:SubjectConfirmation", "Method", bearer)
	element(confirmation, "saml:SubjectConfirmationData", "InResponseTo", a.InResponseTo, "NotOnOrAfter", whenSet(a.ConfirmedUntil), "Recipient", a.Recipient)
	conditions := element(root, "saml:Conditions", "NotBefore", whenSet(a.NotBefore), "NotOnOrAfter", whenSet(a.NotOnOrAfter))
	if len(a.Audiences) > 0 {
		restriction := element(conditions, "saml:AudienceRestriction")
		for _, audience := range a.Audiences {
			element(restriction, "saml:Audience").SetText(audience)
		}
	}
	statement := element(root, "saml:AuthnStatement", "AuthnInstant", stamp(a.AuthnInstant), "SessionIndex", a.SessionIndex)
	element(element(statement, "saml:AuthnContext"), "saml:AuthnContextClassRef").SetText(a.AuthnContext)
	if len(a.Attributes) > 0 {
		list := element(root, "saml:AttributeStatement")
		for _, attribute := range a.Attributes {
			e := element(list, "saml:Attribute", "Name", attribute.Name, "NameFormat", attribute.NameFormat, "FriendlyName", attribute.FriendlyName)
			for _, value := range attribute.Values {
				element(e, "saml:AttributeValue").SetText(value)
			}
		}
	}
	return root
}

func whenSet(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

// sign puts an enveloped signature behind the issuer, where the schema wants it: exclusive canonicalization, SHA-256.
func (k *Key) sign(e *etree.Element) error {
	ctx, err := dsig.NewSigningContext(k.Signer, [][]byte{k.Certificate.Raw})
	if err != nil {
		return err
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := ctx.ConstructSignature(e, true)
	if err != nil {
		return err
	}
	at := 0
	if first := e.SelectElement("Issuer"); first != nil {
		at = first.Index() + 1
	}
	e.InsertChildAt(at, signature)
	return nil
}

func serialize(root *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalText, doc.WriteSettings.CanonicalAttrVal, doc.WriteSettings.CanonicalEndTags = true, true, true
	doc.SetRoot(root)
	return doc.WriteToBytes()
}

// Encode writes the request as XML, signed if key is not nil.
func (r AuthnRequest) Encode(key *Key) ([]byte, error) {
	root := etree.NewElement("samlp:AuthnRequest")
	root.CreateAttr("xmlns:samlp", nsProtocol)
	root.CreateAttr("xmlns:saml", nsAssertion)
	root.CreateAttr("ID", r.ID)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", stamp(r.IssueInstant))
	root.CreateAttr("Destination", r.Destination)
	root.CreateAttr("ProtocolBinding", BindingPost)
	root.CreateAttr("AssertionConsumerServiceURL", r.ACS)
	if r.ForceAuthn {
		root.CreateAttr("ForceAuthn", "true")
	}
	if r.IsPassive {
		root.CreateAttr("IsPassive", "true")
	}
	element(root, "saml:Issuer").SetText(r.Issuer)
	if r.Subject != "" {
		element(element(root, "saml:Subject"), "saml:NameID", "Format", NameIDUnspecified).SetText(r.Subject)
	}
	policy := element(root, "samlp:NameIDPolicy", "AllowCreate", "true")
	if r.NameIDFormat != "" {
		policy.CreateAttr("Format", r.NameIDFormat)
	}
	if key != nil {
		if err := key.sign(root); err != nil {
			return nil, fmt.Errorf("sign the request: %w", err)
		}
	}
	return serialize(root)
}

// sigRSA is the one algorithm that requests are signed with in a URL.
const sigRSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

// Redirect is the URL that carries the request by the HTTP-Redirect binding (saml-bindings-2.0-os §3.4), signed if key is not
// nil. relayState comes back with the answer.
func (r AuthnRequest) Redirect(relayState string, key *Key) (string, error) {
	raw, err := r.Encode(nil)
	if err != nil {
		return "", err
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(raw); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	if key != nil {
		query += "&SigAlg=" + url.QueryEscape(sigRSA)
		signature, err := key.signText(query)
		if err != nil {
			return "", err
		}
		query += "&Signature=" + url.QueryEscape(signature)
	}
	separator := "?"
	if strings.Contains(r.Destination, "?") {
		separator = "&"
	}
	return r.Destination + separator + query, nil
}

func (k *Key) signText(s string) (string, error) {
	if _, ok := k.Signer.Public().(interface{ Size() int }); !ok {
		return "", errors.New("requests are signed with RSA keys only")
	}
	digest := sha256.Sum256([]byte(s))
	signature, err := k.Signer.Sign(rand.Reader, digest[:], hashSHA256)
	if err != nil {
		return "", fmt.Errorf("sign the request: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}
