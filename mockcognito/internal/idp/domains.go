package idp

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func domainOperations() map[string]operation {
	settings := Structure{
		required("Domain", domainName), poolMember, optional("ManagedLoginVersion", Integer{1, 2}),
		optional("CustomDomainConfig", Structure{required("CertificateArn", arn)}),
	}
	return map[string]operation{
		"CreateUserPoolDomain":   {serve: (*call).createUserPoolDomain, input: settings},
		"DescribeUserPoolDomain": {serve: (*call).describeUserPoolDomain, input: Structure{required("Domain", domainName)}},
		"UpdateUserPoolDomain":   {serve: (*call).updateUserPoolDomain, input: settings},
		"DeleteUserPoolDomain":   {serve: (*call).deleteUserPoolDomain, input: Structure{required("Domain", domainName), poolMember}},
	}
}

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// maxCustomDomains is how many custom domains an account has in a region.
const maxCustomDomains = 4

func (c *call) createUserPoolDomain() (object, error) {
	dom := userpool.Domain{Name: c.in.str("Domain"), ManagedLoginVersion: 1}
	if n := c.in.integer("ManagedLoginVersion"); n != 0 {
		dom.ManagedLoginVersion = n
	}
	if custom := c.in.structure("CustomDomainConfig"); custom != nil {
		dom.Custom, dom.CertificateARN = true, custom.str("CertificateArn")
	}
	err := c.edit(func(d *userpool.Draft) error {
		if err := checkDomain(d, &dom); err != nil {
			return err
		}
		if taken, _ := d.Snapshot().Domain(d.Region(), dom.Name); taken != nil {
			return userpool.Errorf(userpool.InvalidParameter, "Domain already associated with another user pool.")
		}
		customs := 0
		for _, p := range d.Snapshot().Pools() {
			for _, have := range p.Domains() {
				if have.Custom && p.Region() == d.Region() {
					customs++
				}
			}
		}
		if dom.Custom && customs >= maxCustomDomains {
			return userpool.Errorf(userpool.LimitExceeded, "An account has at most %d custom domains in a region.", maxCustomDomains) // Unverified: the text
		}
		for _, have := range d.Domains() {
			if have.Custom == dom.Custom {
				return userpool.Errorf(userpool.InvalidParameter, "User pool already has a domain configured.")
			}
		}
		d.PutDomain(dom)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return domainAnswer(&dom), nil
}

// checkDomain holds a domain against the rules that do not depend on others.
func checkDomain(d *userpool.Draft, dom *userpool.Domain) error {
	if dom.Custom {
		if !hostName.MatchString(dom.Name) {
			return userpool.Errorf(userpool.InvalidParameter, "%s is not a valid custom domain: it is a host name below a domain of your own.", dom.Name) // Unverified: the text
		}
		if !strings.Contains(dom.CertificateARN, ":acm:us-east-1:") {
			return userpool.Errorf(userpool.InvalidParameter, "The certificate of a custom domain is one of AWS Certificate Manager in us-east-1.") // Unverified: the text
		}
	} else {
		if strings.Contains(dom.Name, ".") {
			return userpool.Errorf(userpool.InvalidParameter, "A domain with dots is a custom one and needs CustomDomainConfig.") // Unverified: the text
		}
		for _, word := range []string{"aws", "amazon", "cognito"} {
			if strings.Contains(dom.Name, word) {
				return userpool.Errorf(userpool.InvalidParameter, "Domain cannot contain reserved word: %s", word)
			}
		}
	}
	if dom.ManagedLoginVersion == 2 && d.Tier == "LITE" {
		return userpool.Errorf(featureUnavailable, "Managed login is not available in the LITE tier.") // Unverified: the text
	}
	return nil
}

// domainAnswer is what making and changing a domain answers.
func domainAnswer(d *userpool.Domain) object {
	out := object{"ManagedLoginVersion": d.ManagedLoginVersion}
	if d.Custom {
		out["CloudFrontDomain"] = distribution(d)
	}
	return out
}

// distribution is the name of the CDN in front of a domain, which leads nowhere: a lab serves the domain itself.
func distribution(d *userpool.Domain) string {
	sum := sha256.Sum256([]byte(d.Name))
	return "d" + strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:13]) + ".cloudfront.net"
}

// describeUserPoolDomain answers an unknown domain with an empty description, which is no error.
func (c *call) describeUserPoolDomain() (object, error) {
	p, d := c.now.Domain(c.home(), c.in.str("Domain"))
	if d == nil {
		return object{"DomainDescription": object{}}, nil
	}
	custom := object{}
	setText(custom, "CertificateArn", d.CertificateARN)
	return object{"DomainDescription": object{
		"UserPoolId": p.ID, "AWSAccountId": Account, "Domain": d.Name, "Status": "ACTIVE", "ManagedLoginVersion": d.ManagedLoginVersion,
		"S3Bucket": "aws-cognito-prod-" + p.Region() + "-assets", "CloudFrontDistribution": distribution(d),
		"Version": d.Modified.Format("20060102150405"), "CustomDomainConfig": custom,
	}}, nil
}

func (c *call) updateUserPoolDomain() (object, error) {
	var changed userpool.Domain
	err := c.edit(func(d *userpool.Draft) error {
		have := d.Domain(c.in.str("Domain"))
		if have == nil {
			return noDomain()
		}
		changed = *have
		if n := c.in.integer("ManagedLoginVersion"); n != 0 {
			changed.ManagedLoginVersion = n
		}
		if custom := c.in.structure("CustomDomainConfig"); custom != nil {
			if !have.Custom {
				return userpool.Errorf(userpool.InvalidParameter, "%s is not a custom domain.", have.Name) // Unverified: the text
			}
			changed.CertificateARN = custom.str("CertificateArn")
		}
		if err := checkDomain(d, &changed); err != nil {
			return err
		}
		d.PutDomain(changed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return domainAnswer(&changed), nil
}

func noDomain() error {
	return userpool.Errorf(userpool.InvalidParameter, "No such domain or user pool exists.")
}

func (c *call) deleteUserPoolDomain() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		if d.Domain(c.in.str("Domain")) == nil {
			return noDomain()
		}
		d.DeleteDomain(c.in.str("Domain"))
		return nil
	})
}
