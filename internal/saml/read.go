package saml

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Why a message is refused.
var (
	ErrMalformed = errors.New("not a message as SAML has them")
	ErrUnsigned  = errors.New("nothing that it says is signed")
	ErrSignature = errors.New("the signature does not verify")
)

// Limits of what is read.
const (
	maxMessage  = 256 << 10 // bytes
	maxDepth    = 32
	maxElements = 2000
)

// Message is a response as it was received: well formed, and not believed yet.
type Message struct {
	root *etree.Element
}

// Parse decodes the form parameter SAMLResponse (saml-bindings-2.0-os §3.5.4). ErrMalformed says what is wrong.
func Parse(encoded string) (*Message, error) {
	if len(encoded) > base64.StdEncoding.EncodedLen(maxMessage) {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, maxMessage)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, fmt.Errorf("%w: it is not base64", ErrMalformed)
	}
	return ParseXML(raw)
}

// ParseXML reads a response from its XML.
func ParseXML(raw []byte) (*Message, error) {
	root, err := readTree(raw)
	if err != nil {
		return nil, err
	}
	if !is(root, nsProtocol, "Response") {
		return nil, fmt.Errorf("%w: the root is %s, not a Response", ErrMalformed, root.Tag)
	}
	if root.SelectAttrValue("Version", "") != "2.0" {
		return nil, fmt.Errorf("%w: its version is %q, not 2.0", ErrMalformed, root.SelectAttrValue("Version", ""))
	}
	return &Message{root: root}, checkShape(root)
}

// readTree reads XML strictly.
func readTree(raw []byte) (*etree.Element, error) {
	if len(raw) > maxMessage {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, maxMessage)
	}
	doc := etree.NewDocument()
	doc.ReadSettings.PreserveDuplicateAttrs = true // to refuse them
	if err := doc.ReadFromBytes(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	roots := doc.ChildElements()
	if len(roots) != 1 {
		return nil, fmt.Errorf("%w: it has not one root", ErrMalformed)
	}
	for _, token := range doc.Child {
		if declaration, ok := token.(*etree.ProcInst); ok && declaration.Target == "xml" {
			doc.RemoveChild(token)
			break
		}
	}
	count := 0
	if err := checkTree(&doc.Element, 0, &count); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return roots[0], nil
}

// checkTree goes through a document and refuses what no message needs: a document type, with which entities come, processing
// instructions, comments, which split text, and more depth or elements than any message has. Names of several colons, or with
// nothing before or after one, are read differently by different readers.
func checkTree(e *etree.Element, depth int, count *int) error {
	if *count++; depth > maxDepth || *count > maxElements {
		return errors.New("it is deeper or longer than any message")
	}
	seen := map[string]bool{}
	for _, a := range e.Attr {
		name := a.Space + ":" + a.Key
		if seen[name] || strings.Contains(a.Key, ":") {
			return fmt.Errorf("the attribute %s is there twice, or no name", name)
		}
		seen[name] = true
	}
	if strings.Contains(e.Tag, ":") {
		return fmt.Errorf("%s is no name", e.Tag)
	}
	for _, token := range e.Child {
		switch t := token.(type) {
		case *etree.Element:
			if err := checkTree(t, depth+1, count); err != nil {
				return err
			}
		case *etree.CharData:
			if depth == 0 && strings.TrimSpace(t.Data) != "" {
				return errors.New("there is text outside of the root")
			}
		default:
			return errors.New("it has a document type, a comment or a processing instruction")
		}
	}
	return nil
}

func is(e *etree.Element, namespace, tag string) bool {
	return e != nil && e.Tag == tag && e.NamespaceURI() == namespace
}

// child is the only child of that name, or nil; more than one is an error.
func child(e *etree.Element, namespace, tag string) (*etree.Element, error) {
	var found *etree.Element
	for _, c := range e.ChildElements() {
		if !is(c, namespace, tag) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: there is more than one %s", ErrMalformed, tag)
		}
		found = c
	}
	return found, nil
}

// checkShape refuses what signature wrapping needs: an ID twice, an assertion elsewhere than below the response, a second one.
func checkShape(root *etree.Element) error {
	ids := map[string]bool{}
	assertions := 0
	var walk func(e *etree.Element) error
	walk = func(e *etree.Element) error {
		for _, a := range e.Attr {
			if strings.EqualFold(a.Key, "ID") && a.Space != "xmlns" {
				if ids[a.Value] {
					return fmt.Errorf("%w: the ID %q is there twice", ErrMalformed, a.Value)
				}
				ids[a.Value] = true
			}
		}
		if e.Tag == "Assertion" || e.Tag == "EncryptedAssertion" {
			if assertions++; e.Parent() != root || assertions > 1 {
				return fmt.Errorf("%w: there is more than one assertion, or one elsewhere than in the response", ErrMalformed)
			}
		}
		if e.Tag == "Response" && e != root {
			return fmt.Errorf("%w: there is a response within the response", ErrMalformed)
		}
		for _, c := range e.ChildElements() {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(root)
}

// Unverified reads the message without believing its signature. Callers must not trust it, but for what an unsigned error says.
func (m *Message) Unverified() (*Response, error) { return readResponse(m.root, nil) }

// Verify checks the signature of the response, or else of its assertion, with one of the certificates, and returns what was
// signed: of a response whose assertion alone is signed the rest is taken from outside of the signature, as the bindings allow.
func (m *Message) Verify(certificates []*x509.Certificate, now time.Time) (*Response, error) {
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: certificates})
	ctx.Clock = dsig.NewFakeClockAt(now)
	signed, err := verifyElement(ctx, m.root)
	switch {
	case err == nil:
		return readResponse(signed, nil)
	case !errors.Is(err, ErrUnsigned):
		return nil, err
	}
	assertion, err := child(m.root, nsAssertion, "Assertion")
	if err != nil {
		return nil, err
	}
	if assertion == nil {
		return nil, ErrUnsigned
	}
	if signed, err = verifyElement(ctx, assertion); err != nil {
		return nil, err
	}
	return readResponse(m.root, signed)
}

// verifyElement checks the signature that stands in an element and covers it, and returns the element as it was signed.
func verifyElement(ctx *dsig.ValidationContext, e *etree.Element) (*etree.Element, error) {
	signature, err := child(e, nsSignature, "Signature")
	if err != nil {
		return nil, err
	}
	if signature == nil {
		return nil, ErrUnsigned
	}
	if err := checkSignature(signature, e.SelectAttrValue("ID", "")); err != nil {
		return nil, err
	}
	surroundings, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	alone, err := etreeutils.NSDetatch(surroundings, e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	signed, err := ctx.Validate(alone)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return signed, nil
}

// checkSignature wants one reference, to the element that the signature stands in, and algorithms that still hold.
func checkSignature(signature *etree.Element, id string) error {
	info, err := child(signature, nsSignature, "SignedInfo")
	if err != nil || info == nil {
		return fmt.Errorf("%w: it has not one SignedInfo", ErrSignature)
	}
	reference, err := child(info, nsSignature, "Reference")
	if err != nil || reference == nil || id == "" || reference.SelectAttrValue("URI", "") != "#"+id {
		return fmt.Errorf("%w: it is not about the element that it stands in", ErrSignature)
	}
	method, err := child(info, nsSignature, "SignatureMethod")
	if err != nil || method == nil || !slices.Contains(signatureMethods(), method.SelectAttrValue("Algorithm", "")) {
		return fmt.Errorf("%w: its algorithm is none of %s", ErrSignature, strings.Join(signatureMethods(), ", "))
	}
	digest, err := child(reference, nsSignature, "DigestMethod")
	if err != nil || digest == nil || strings.HasSuffix(digest.SelectAttrValue("Algorithm", ""), "sha1") {
		return fmt.Errorf("%w: its digest is SHA-1, or not said", ErrSignature)
	}
	return nil
}

// signatureMethods are the algorithms that are accepted: no HMAC, whose key would be a public certificate, and no SHA-1.
func signatureMethods() []string {
	return []string{
		dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod,
	}
}

// readResponse reads a response; assertion, if not nil, is read in the place of the one that stands in root.
func readResponse(root, assertion *etree.Element) (*Response, error) {
	r := &Response{
		ID: root.SelectAttrValue("ID", ""), Destination: root.SelectAttrValue("Destination", ""), InResponseTo: root.SelectAttrValue("InResponseTo", ""),
	}
	var err error
	if r.IssueInstant, err = parseStamp(root.SelectAttrValue("IssueInstant", "")); err != nil {
		return nil, fmt.Errorf("%w: IssueInstant: %w", ErrMalformed, err)
	}
	if r.Issuer, err = textOf(root, nsAssertion, "Issuer"); err != nil {
		return nil, err
	}
	if r.Status, err = readStatus(root); err != nil {
		return nil, err
	}
	if assertion == nil {
		if assertion, err = child(root, nsAssertion, "Assertion"); err != nil {
			return nil, err
		}
	}
	if assertion != nil {
		r.Assertion, err = readAssertion(assertion)
	}
	return r, err
}

func readStatus(root *etree.Element) (Status, error) {
	var s Status
	status, err := child(root, nsProtocol, "Status")
	if err != nil || status == nil {
		return s, fmt.Errorf("%w: it has not one Status", ErrMalformed)
	}
	code, err := child(status, nsProtocol, "StatusCode")
	if err != nil || code == nil {
		return s, fmt.Errorf("%w: it has not one StatusCode", ErrMalformed)
	}
	s.Code = code.SelectAttrValue("Value", "")
	if sub, err := child(code, nsProtocol, "StatusCode"); err == nil && sub != nil {
		s.Sub = sub.SelectAttrValue("Value", "")
	}
	s.Message, err = textOf(status, nsProtocol, "StatusMessage")
	return s, err
}

// textOf is the text of a child that holds nothing but text.
func textOf(e *etree.Element, namespace, tag string) (string, error) {
	c, err := child(e, namespace, tag)
	if err != nil || c == nil {
		return "", err
	}
	return text(c)
}

// text is everything that an element says. One with elements in it says nothing clearly.
func text(e *etree.Element) (string, error) {
	var b strings.Builder
	for _, token := range e.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return "", fmt.Errorf("%w: %s has more in it than text", ErrMalformed, e.Tag)
		}
		b.WriteString(data.Data)
	}
	return strings.TrimSpace(b.String()), nil
}

func readAssertion(e *etree.Element) (*Assertion, error) {
	if !is(e, nsAssertion, "Assertion") {
		return nil, fmt.Errorf("%w: %s is no assertion", ErrMalformed, e.Tag)
	}
	a := &Assertion{ID: e.SelectAttrValue("ID", "")}
	var err error
	if a.IssueInstant, err = parseStamp(e.SelectAttrValue("IssueInstant", "")); err != nil {
		return nil, fmt.Errorf("%w: IssueInstant: %w", ErrMalformed, err)
	}
	if a.Issuer, err = textOf(e, nsAssertion, "Issuer"); err != nil {
		return nil, err
	}
	for _, part := range []func(*etree.Element, *Assertion) error{readSubject, readConditions, readStatement, readAttributes} {
		if err := part(e, a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func readSubject(e *etree.Element, a *Assertion) error {
	subject, err := child(e, nsAssertion, "Subject")
	if err != nil || subject == nil {
		return fmt.Errorf("%w: it has not one Subject", ErrMalformed)
	}
	name, err := child(subject, nsAssertion, "NameID")
	if err != nil {
		return err
	}
	if name != nil {
		a.NameID.Format = name.SelectAttrValue("Format", "")
		if a.NameID.Value, err = text(name); err != nil {
			return err
		}
	}
	for _, confirmation := range subject.ChildElements() {
		if !is(confirmation, nsAssertion, "SubjectConfirmation") || confirmation.SelectAttrValue("Method", "") != bearer {
			continue
		}
		data, err := child(confirmation, nsAssertion, "SubjectConfirmationData")
		if err != nil || data == nil {
			continue // it confirms nothing
		}
		a.Recipient, a.InResponseTo = data.SelectAttrValue("Recipient", ""), data.SelectAttrValue("InResponseTo", "")
		if a.ConfirmedUntil, err = parseStamp(data.SelectAttrValue("NotOnOrAfter", "")); err != nil {
			return fmt.Errorf("%w: NotOnOrAfter: %w", ErrMalformed, err)
		}
		return nil
	}
	return nil
}

func readConditions(e *etree.Element, a *Assertion) error {
	conditions, err := child(e, nsAssertion, "Conditions")
	if err != nil || conditions == nil {
		return err
	}
	if a.NotBefore, err = parseStamp(conditions.SelectAttrValue("NotBefore", "")); err != nil {
		return fmt.Errorf("%w: NotBefore: %w", ErrMalformed, err)
	}
	if a.NotOnOrAfter, err = parseStamp(conditions.SelectAttrValue("NotOnOrAfter", "")); err != nil {
		return fmt.Errorf("%w: NotOnOrAfter: %w", ErrMalformed, err)
	}
	restriction, err := child(conditions, nsAssertion, "AudienceRestriction")
	if err != nil || restriction == nil {
		return err
	}
	for _, audience := range restriction.ChildElements() {
		if !is(audience, nsAssertion, "Audience") {
			continue
		}
		value, err := text(audience)
		if err != nil {
			return err
		}
		a.Audiences = append(a.Audiences, value)
	}
	return nil
}

func readStatement(e *etree.Element, a *Assertion) error {
	statement, err := child(e, nsAssertion, "AuthnStatement")
	if err != nil || statement == nil {
		return err
	}
	a.SessionIndex = statement.SelectAttrValue("SessionIndex", "")
	if a.AuthnInstant, err = parseStamp(statement.SelectAttrValue("AuthnInstant", "")); err != nil {
		return fmt.Errorf("%w: AuthnInstant: %w", ErrMalformed, err)
	}
	context, err := child(statement, nsAssertion, "AuthnContext")
	if err != nil || context == nil {
		return err
	}
	a.AuthnContext, err = textOf(context, nsAssertion, "AuthnContextClassRef")
	return err
}

func readAttributes(e *etree.Element, a *Assertion) error {
	for _, statement := range e.ChildElements() {
		if !is(statement, nsAssertion, "AttributeStatement") {
			continue
		}
		for _, attribute := range statement.ChildElements() {
			if !is(attribute, nsAssertion, "Attribute") {
				continue
			}
			read := Attribute{
				Name: attribute.SelectAttrValue("Name", ""), NameFormat: attribute.SelectAttrValue("NameFormat", ""), FriendlyName: attribute.SelectAttrValue("FriendlyName", ""),
			}
			for _, value := range attribute.ChildElements() {
				if !is(value, nsAssertion, "AttributeValue") {
					continue
				}
				s, err := text(value)
				if err != nil {
					return err
				}
				read.Values = append(read.Values, s)
			}
			a.Attributes = append(a.Attributes, read)
		}
	}
	return nil
}
