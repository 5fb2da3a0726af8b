package directory

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

func clientSchema() schema[Client] {
	return schema[Client]{
		kind: KindClient, plural: "clients",
		id: func(c *Client) *string { return &c.ID }, meta: func(c *Client) *Meta { return &c.Meta },
		prefix: func(d *Directory, c *Client) string {
			switch {
			case c.OrganizationID != "":
				return "m2morg"
			case d.production:
				return "prd_skc"
			}
			return "skc"
		},
		check: checkClient,
		keep: func(old, declared *Client) {
			for _, s := range old.Secrets {
				if s.Origin == API {
					declared.Secrets = append(declared.Secrets, s)
				}
			}
		},
	}
}

func checkClient(d *Directory, c *Client) error {
	if c.OrganizationID != "" {
		if _, ok := d.Organizations.objects.see(c.OrganizationID); !ok {
			return refuse(ErrInvalid, "the client %s belongs to organization %q, which there is not", c.ID, c.OrganizationID)
		}
	}
	for i := range c.Secrets {
		s := &c.Secrets[i]
		if s.ID == "" {
			s.ID = d.env.Sonyflake("sks")
		}
		if s.Origin == "" {
			s.Origin = API
		}
		if s.Created.IsZero() {
			s.Created = d.now()
		}
		if len(s.Digest) != sha256.Size {
			return refuse(ErrInvalid, "the secret %s of %s has no digest", s.ID, c.ID)
		}
	}
	return nil
}

// NewSecret is a client secret of the given value, without id.
func NewSecret(value string) Secret {
	digest := sha256.Sum256([]byte(value))
	return Secret{Digest: digest[:], Suffix: value[max(0, len(value)-4):]}
}

// Authenticates tells whether value is a secret of the client that is good at a time, and which.
func (c Client) Authenticates(value string, now time.Time) (id string, ok bool) {
	digest := sha256.Sum256([]byte(value))
	for _, s := range c.Secrets {
		if subtle.ConstantTimeCompare(digest[:], s.Digest) == 1 && !s.Inactive && (s.Expires.IsZero() || now.Before(s.Expires)) {
			id, ok = s.ID, true
		}
	}
	return id, ok
}

func organizationSchema() schema[Organization] {
	return schema[Organization]{
		kind: KindOrganization, plural: "organizations",
		id: func(o *Organization) *string { return &o.ID }, meta: func(o *Organization) *Meta { return &o.Meta },
		prefix: func(*Directory, *Organization) string { return "org" },
		check: func(_ *Directory, o *Organization) error {
			if o.DisplayName == "" {
				return refuse(ErrInvalid, "an organization needs a display name")
			}
			if o.Region == "" {
				o.Region = US
			}
			return oneOf("region", o.Region, US, EU)
		},
		enter: func(d *Directory, o *Organization) error {
			if err := take(d.byExternal, o.ExternalID, o.ID, "the external id %q is taken by organization %s"); err != nil {
				return err
			}
			return take(d.bySlug, o.Slug, o.ID, "the slug %q is taken by organization %s")
		},
		exit: func(d *Directory, o *Organization) {
			release(d.byExternal, o.ExternalID)
			release(d.bySlug, o.Slug)
		},
		cut: cutOrganization,
	}
}

// take enters a name that only one object may have.
func take(index *table[string], name, id, taken string) error {
	if name == "" {
		return nil
	}
	if other, ok := index.see(name); ok && other != id {
		return refuse(ErrConflict, taken, name, other)
	}
	index.put(name, id)
	return nil
}

func release(index *table[string], name string) {
	if name != "" {
		index.drop(name)
	}
}

func oneOf(what, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return refuse(ErrInvalid, "the %s %q is not one of %s", what, value, strings.Join(allowed, ", "))
}

// cutOrganization deletes what an organization consists of: connections, domains, machine clients, memberships.
func cutOrganization(d *Directory, id string, by Origin) error {
	members, _ := d.members.see(id)
	for _, m := range slices.Clone(members) {
		var err error
		if _, ok := d.Connections.objects.see(m); ok {
			err = d.Connections.drop(m, by)
		} else {
			err = d.Domains.drop(m, by)
		}
		if err != nil {
			return err
		}
	}
	for key := range d.Clients.objects.live {
		if c, ok := d.Clients.objects.see(key); ok && c.OrganizationID == id {
			if err := d.Clients.drop(key, by); err != nil {
				return err
			}
		}
	}
	for key := range d.Users.objects.live {
		u, ok := d.Users.objects.see(key)
		if !ok {
			continue
		}
		if _, member := u.Membership(id); !member {
			continue
		}
		without, err := d.Users.copy(u)
		if err != nil {
			return err
		}
		without.Memberships = slices.DeleteFunc(without.Memberships, func(m Membership) bool { return m.OrganizationID == id })
		if _, err := d.Users.replace(u, without, by); err != nil {
			return err
		}
	}
	return nil
}

func connectionSchema() schema[Connection] {
	return schema[Connection]{
		kind: KindConnection, plural: "connections",
		id: func(c *Connection) *string { return &c.ID }, meta: func(c *Connection) *Meta { return &c.Meta },
		org:    func(c *Connection) string { return c.OrganizationID },
		prefix: func(*Directory, *Connection) string { return "conn" },
		check:  checkConnection,
	}
}

// Limits of an attribute mapping, from the service's interface definition.
const (
	maxMapping     = 30
	maxMappingName = 100 // characters of Scalekit's name
	maxMappedName  = 256 // characters of the identity provider's name
)

func checkConnection(d *Directory, c *Connection) error {
	if c.OrganizationID != "" {
		if _, ok := d.Organizations.objects.see(c.OrganizationID); !ok {
			return refuse(ErrInvalid, "the connection belongs to organization %q, which there is not", c.OrganizationID)
		}
	}
	if c.Status == "" {
		c.Status = Draft
	}
	if c.KeyID == "" {
		c.KeyID = c.ID
	}
	if len(c.AttributeMapping) > maxMapping {
		return refuse(ErrInvalid, "the attribute mapping has %d entries; %d are allowed", len(c.AttributeMapping), maxMapping)
	}
	for name, mapped := range c.AttributeMapping {
		if name == "" || mapped == "" || len(name) > maxMappingName || len(mapped) > maxMappedName {
			return refuse(ErrInvalid, "the attribute mapping %q → %q has an empty name or one that is too long", name, mapped)
		}
	}
	if err := oneOf("provider", c.Provider, Providers()...); err != nil {
		return err
	}
	if err := oneOf("type", c.Type, OIDC, SAML, OAuth); err != nil {
		return err
	}
	return oneOf("status", c.Status, Draft, InProgress, Completed)
}

// Providers are all known providers of connections.
func Providers() []string {
	return []string{
		Okta, Google, MicrosoftAD, Auth0, OneLogin, PingIdentity, JumpCloud, Custom, GitHub, GitLab, LinkedIn, Salesforce,
		Microsoft, IDPSimulator, ADFS,
	}
}

func domainSchema() schema[Domain] {
	return schema[Domain]{
		kind: KindDomain, plural: "domains",
		id: func(m *Domain) *string { return &m.ID }, meta: func(m *Domain) *Meta { return &m.Meta },
		org:    func(m *Domain) string { return m.OrganizationID },
		prefix: func(*Directory, *Domain) string { return "dom" },
		check:  checkDomain,
		enter: func(d *Directory, m *Domain) error {
			if !m.Routes() {
				return nil
			}
			if other, ok := d.routes.see(m.Name); ok && other != m.ID {
				holder, _ := d.Domains.objects.see(other)
				return refuse(ErrConflict, "the domain %s is taken by organization %s", m.Name, holder.OrganizationID)
			}
			d.routes.put(m.Name, m.ID)
			return nil
		},
		exit: func(d *Directory, m *Domain) {
			if m.Routes() {
				d.routes.drop(m.Name)
			}
		},
		keep: func(old, declared *Domain) {
			if declared.TXTRecordSecret == "" {
				declared.TXTRecordSecret = old.TXTRecordSecret
			}
		},
	}
}

// txtRecordKey is the name of the DNS record by which a domain is verified.
const txtRecordKey = "scalekit-domain-verification"

// checkDomain fills in what the dashboard and the API do: a domain that they add counts as verified by an administrator. One
// that the portal adds comes with status PENDING and method DNS.
func checkDomain(d *Directory, m *Domain) error {
	if _, ok := d.Organizations.objects.see(m.OrganizationID); !ok {
		return refuse(ErrInvalid, "the domain %s belongs to organization %q, which there is not", m.Name, m.OrganizationID)
	}
	m.Name = strings.ToLower(strings.TrimSpace(m.Name))
	if !DomainName(m.Name) {
		return refuse(ErrInvalid, "%q is no domain name", m.Name)
	}
	if slices.Contains(publicDomains(), m.Name) {
		return refuse(ErrInvalid, "%s is a public domain, which no organization can have", m.Name)
	}
	if m.Type == "" {
		m.Type = OrganizationDomain
	}
	if m.Status == "" {
		m.Status = Verified
	}
	if m.Method == "" {
		m.Method = ByAdmin
	}
	if m.TXTRecordKey == "" {
		m.TXTRecordKey = txtRecordKey
	}
	if m.TXTRecordSecret == "" {
		m.TXTRecordSecret = d.env.Token(24)
	}
	if err := oneOf("domain type", m.Type, OrganizationDomain, AllowedEmailDomain); err != nil {
		return err
	}
	if err := oneOf("verification method", m.Method, ByAdmin, ByDNS, NotApplicable); err != nil {
		return err
	}
	return oneOf("verification status", m.Status, Pending, Verified, Failed, AutoVerified)
}

// SplitEmail cuts an address at the last @, the domain in lower case; without one both parts are empty.
func SplitEmail(s string) (local, domain string) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return "", ""
	}
	return s[:i], strings.ToLower(s[i+1:])
}

// LocalPart tells whether s can stand before the @ of an address.
func LocalPart(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '@' || r == 0x7f })
}

// DomainName tells whether s can be the name of a domain.
func DomainName(s string) bool {
	return s != "" && len(s) <= 253 && !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`@/:*<>"'\`, r) })
}

// publicDomains are providers of e-mail to everybody, of whom the service accepts none as a customer's domain.
// Unverified: which ones it knows.
func publicDomains() []string {
	return []string{
		"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "aol.com", "gmx.de", "gmx.net",
		"web.de", "proton.me", "protonmail.com", "mail.ru", "yandex.ru", "qq.com", "163.com", "mailinator.com", "guerrillamail.com", "10minutemail.com",
	}
}

func userSchema() schema[User] {
	return schema[User]{
		kind: KindUser, plural: "users",
		id: func(u *User) *string { return &u.ID }, meta: func(u *User) *Meta { return &u.Meta },
		prefix: func(*Directory, *User) string { return "usr" },
		check:  checkUser,
		enter: func(d *Directory, u *User) error {
			if err := take(d.byEmail, strings.ToLower(u.Email), u.ID, "the e-mail address %q is taken by user %s"); err != nil {
				return err
			}
			return take(d.byUserExt, u.ExternalID, u.ID, "the external id %q is taken by user %s")
		},
		exit: func(d *Directory, u *User) {
			release(d.byEmail, strings.ToLower(u.Email))
			release(d.byUserExt, u.ExternalID)
		},
		keep: func(old, declared *User) { declared.LastLogin = old.LastLogin },
	}
}

func checkUser(d *Directory, u *User) error {
	if at := strings.LastIndexByte(u.Email, '@'); at <= 0 || !DomainName(u.Email[at+1:]) || strings.ContainsAny(u.Email, " \t\r\n<>") {
		return refuse(ErrInvalid, "%q is no e-mail address", u.Email)
	}
	if u.Profile.ID == "" {
		u.Profile.ID = d.env.Sonyflake("usp")
	}
	seen := map[string]bool{}
	for i := range u.Memberships {
		m := &u.Memberships[i]
		if _, ok := d.Organizations.objects.see(m.OrganizationID); !ok {
			return refuse(ErrInvalid, "the user %s is a member of organization %q, which there is not", u.Email, m.OrganizationID)
		}
		if seen[m.OrganizationID] {
			return refuse(ErrConflict, "the user %s is a member of organization %s twice", u.Email, m.OrganizationID)
		}
		seen[m.OrganizationID] = true
		if m.Status == "" {
			m.Status = Active
		}
		if err := oneOf("membership status", m.Status, Active, Inactive, PendingInvite, InviteExpired); err != nil {
			return err
		}
		if m.Joined.IsZero() {
			m.Joined = d.now()
		}
	}
	return nil
}

func roleSchema() schema[Role] {
	return schema[Role]{
		kind: KindRole, plural: "roles",
		id: func(r *Role) *string { return &r.ID }, meta: func(r *Role) *Meta { return &r.Meta },
		prefix: func(*Directory, *Role) string { return "role" },
		check: func(_ *Directory, r *Role) error {
			if r.Name == "" {
				return refuse(ErrInvalid, "a role needs a name")
			}
			return nil
		},
		enter: func(d *Directory, r *Role) error {
			return take(d.byRole, r.Name, r.ID, "the role name %q is taken by %s")
		},
		exit: func(d *Directory, r *Role) { release(d.byRole, r.Name) },
	}
}

func attributeSchema() schema[Attribute] {
	return schema[Attribute]{
		kind: KindAttribute, plural: "attributes",
		id: func(a *Attribute) *string { return &a.Key }, meta: func(a *Attribute) *Meta { return &a.Meta },
		prefix: func(*Directory, *Attribute) string { return "" },
		check: func(_ *Directory, a *Attribute) error {
			if a.Key == "" || len(a.Key) > maxMappingName || strings.ContainsAny(a.Key, " \t\r\n\x00") {
				return refuse(ErrInvalid, "%q is no key of an attribute", a.Key)
			}
			if a.Name == "" {
				a.Name = a.Key
			}
			return nil
		},
	}
}
