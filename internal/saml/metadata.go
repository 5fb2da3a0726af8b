package saml

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"

	"github.com/beevik/etree"
)

// IdPMetadata is what a service provider has to know of an identity provider (saml-metadata-2.0-os §2.4.3).
type IdPMetadata struct {
	EntityID          string
	SSO               map[string]string // by binding
	SLO               map[string]string
	Certificates      []*x509.Certificate
	NameIDFormats     []string
	WantRequestSigned bool
}

// SPMetadata is what an identity provider has to know of a service provider (saml-metadata-2.0-os §2.4.4).
type SPMetadata struct {
	EntityID             string
	ACS                  string // by POST
	Certificate          *x509.Certificate
	NameIDFormat         string
	RequestsSigned       bool
	WantAssertionsSigned bool
}

// Encode writes the metadata of an identity provider.
func (m IdPMetadata) Encode() ([]byte, error) {
	root, role := descriptor(m.EntityID, "md:IDPSSODescriptor")
	if m.WantRequestSigned {
		role.CreateAttr("WantAuthnRequestsSigned", "true")
	}
	for _, c := range m.Certificates {
		keyDescriptor(role, c)
	}
	for _, format := range m.NameIDFormats {
		element(role, "md:NameIDFormat").SetText(format)
	}
	for _, binding := range []string{BindingRedirect, BindingPost} {
		if m.SSO[binding] != "" {
			element(role, "md:SingleSignOnService", "Binding", binding, "Location", m.SSO[binding])
		}
	}
	return serialize(root)
}

// Encode writes the metadata of a service provider.
func (m SPMetadata) Encode() ([]byte, error) {
	root, role := descriptor(m.EntityID, "md:SPSSODescriptor")
	role.CreateAttr("AuthnRequestsSigned", fmt.Sprint(m.RequestsSigned))
	role.CreateAttr("WantAssertionsSigned", fmt.Sprint(m.WantAssertionsSigned))
	if m.Certificate != nil {
		keyDescriptor(role, m.Certificate)
	}
	if m.NameIDFormat != "" {
		element(role, "md:NameIDFormat").SetText(m.NameIDFormat)
	}
	element(role, "md:AssertionConsumerService", "Binding", BindingPost, "Location", m.ACS, "index", "0", "isDefault", "true")
	return serialize(root)
}

func descriptor(entityID, role string) (root, descriptor *etree.Element) {
	root = etree.NewElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", nsMetadata)
	root.CreateAttr("xmlns:ds", nsSignature)
	root.CreateAttr("entityID", entityID)
	return root, element(root, role, "protocolSupportEnumeration", nsProtocol)
}

func keyDescriptor(role *etree.Element, c *x509.Certificate) {
	data := element(element(element(role, "md:KeyDescriptor", "use", "signing"), "ds:KeyInfo"), "ds:X509Data")
	element(data, "ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(c.Raw))
}

// ParseIdPMetadata reads the metadata of an identity provider; of several entities the first one that is one.
func ParseIdPMetadata(raw []byte) (*IdPMetadata, error) {
	if len(raw) > maxMetadata {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, maxMetadata)
	}
	var doc struct {
		XMLName  xml.Name
		EntityID string            `xml:"entityID,attr"`
		Roles    []idpDescriptor   `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
		Entities []entityOfSeveral `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	}
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if doc.XMLName.Space != nsMetadata {
		return nil, fmt.Errorf("%w: the root is %s, not metadata", ErrMalformed, doc.XMLName.Local)
	}
	if len(doc.Roles) > 0 {
		return doc.Roles[0].metadata(doc.EntityID)
	}
	for _, e := range doc.Entities {
		if len(e.Roles) > 0 {
			return e.Roles[0].metadata(e.EntityID)
		}
	}
	return nil, fmt.Errorf("%w: it describes no identity provider", ErrMalformed)
}

const maxMetadata = 1 << 20

type entityOfSeveral struct {
	EntityID string          `xml:"entityID,attr"`
	Roles    []idpDescriptor `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
}

type idpDescriptor struct {
	WantSigned bool `xml:"WantAuthnRequestsSigned,attr"`
	Keys       []struct {
		Use          string   `xml:"use,attr"`
		Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
	Formats []string   `xml:"urn:oasis:names:tc:SAML:2.0:metadata NameIDFormat"`
	SSO     []endpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
	SLO     []endpoint `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
}

type endpoint struct {
	Binding  string `xml:"Binding,attr"`
	Location string `xml:"Location,attr"`
}

func (d idpDescriptor) metadata(entityID string) (*IdPMetadata, error) {
	m := &IdPMetadata{EntityID: entityID, SSO: map[string]string{}, SLO: map[string]string{}, NameIDFormats: d.Formats, WantRequestSigned: d.WantSigned}
	for _, e := range d.SSO {
		m.SSO[e.Binding] = e.Location
	}
	for _, e := range d.SLO {
		m.SLO[e.Binding] = e.Location
	}
	for _, key := range d.Keys {
		if key.Use == "encryption" {
			continue
		}
		for _, text := range key.Certificates {
			c, err := ParseCertificate(text)
			if err != nil {
				return nil, fmt.Errorf("%w: a certificate: %w", ErrMalformed, err)
			}
			m.Certificates = append(m.Certificates, c)
		}
	}
	switch {
	case m.EntityID == "":
		return nil, errors.Join(ErrMalformed, errors.New("it has no entityID"))
	case len(m.Certificates) == 0:
		return nil, errors.Join(ErrMalformed, errors.New("it has no certificate for signatures"))
	case m.SSO[BindingRedirect] == "" && m.SSO[BindingPost] == "":
		return nil, errors.Join(ErrMalformed, errors.New("it has no single sign-on service by redirect or POST"))
	}
	return m, nil
}
