package idp

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/ssolab/ssolab/internal/lab"
)

// Protocols of applications.
const (
	OIDC = "OIDC"
	SAML = "SAML"
)

// Application is what an organization's administrator has entered at an identity provider for a connection.
type Application struct {
	Provider     string // name of the identity provider: simulator, okta, entra, google or plain
	Protocol     string
	ConnectionID string
	Name         string // shown to people: the organization that uses the application
	Domains      []string

	RedirectURI   string // OIDC
	PostLogoutURI string
	BackChannel   string // where logout tokens go

	EntityID       string // SAML: of the service provider
	ACS            string
	RequestKey     *x509.Certificate // requests must be signed with it; nil: need not
	InitiateByUser bool              // people may begin at the identity provider
}

// Applications tells which applications there are.
type Applications interface {
	ByClientID(id string) (Application, bool)   // OIDC
	ByEntityID(id string) (Application, bool)   // SAML
	ByConnection(id string) (Application, bool) // either
	At(provider string) []Application           // all of an identity provider
}

// ClientID is the client id that an identity provider gives to a connection's application, in the form of its kind.
func ClientID(provider, connectionID string) string {
	switch provider {
	case Okta:
		return "0oa" + alphanumeric("client", connectionID)
	case Entra:
		return uuid("client", connectionID)
	case Google:
		return fmt.Sprintf("%s-%s.apps.googleusercontent.com", digits(12, "project", connectionID), strings.ToLower(alphanumeric("client", connectionID)))
	case Plain:
		return "scalekit-" + strings.TrimPrefix(connectionID, "conn_")
	}
	return connectionID
}

// Secret is the client secret that goes with a client id. Administrators copy it from the identity provider into Scalekit; here
// both sides derive it from one secret of the lab.
func Secret(env *lab.Env, clientID string) (string, error) {
	key, err := env.Keys().Secret("idp/clients")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(append([]byte{}, key...), clientID...))
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// sum is a digest of values.
func sum(values ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(values, "\x00")))
}

// alphanumeric returns the 17 letters and digits after the prefix of an Okta id, made from values.
func alphanumeric(values ...string) string {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digest := sum(values...)
	out := make([]byte, 17)
	for i := range out {
		out[i] = alphabet[int(digest[i])%len(alphabet)]
	}
	return string(out)
}

// digits are n decimal digits made from values, the first of them not 0.
func digits(n int, values ...string) string {
	digest := sum(values...)
	s := new(big.Int).SetBytes(digest[:]).String()
	return "1" + s[:n-1]
}

// uuid looks like a random UUID (RFC 9562 §5.4) and is made from values.
func uuid(values ...string) string {
	digest := sum(values...)
	digest[6] = digest[6]&0x0f | 0x40
	digest[8] = digest[8]&0x3f | 0x80
	return lab.FormatUUID(digest[:])
}

func hexed(n int, values ...string) string {
	digest := sum(values...)
	return hex.EncodeToString(digest[:])[:n]
}
