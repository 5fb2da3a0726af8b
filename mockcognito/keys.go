package mockcognito

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"sync"

	jose4 "github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/lab"
)

// poolKeys are the keys of one pool: one signs ID tokens and one access tokens, both in the JWKS; a third encrypts
// refresh tokens and is never published.
type poolKeys struct {
	env *lab.Keys
	id  string // pool id

	signing func() (*signingKeys, error)
}

type signingKeys struct {
	id, access *jose.Key
	set        *jose4.JSONWebKeySet // the public halves, for verifying our own tokens
}

func newPoolKeys(env *lab.Keys, poolID string) *poolKeys {
	k := &poolKeys{env: env, id: poolID}
	k.signing = sync.OnceValues(k.makeSigning)
	return k
}

// names are the keys in the order in which they are needed first.
func (k *poolKeys) names() []string {
	return []string{k.name("id"), k.name("access"), k.name("refresh")}
}

func (k *poolKeys) name(use string) string { return "cognito/" + k.id + "/" + use }

func (k *poolKeys) makeSigning() (*signingKeys, error) {
	keys := &signingKeys{set: &jose4.JSONWebKeySet{}}
	for use, into := range map[string]**jose.Key{"id": &keys.id, "access": &keys.access} {
		private, err := k.env.RSA(k.name(use))
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("encode key: %w", err)
		}
		// The vendor's kid is standard base64, with / and +, of 32 bytes.
		sum := sha256.Sum256(der)
		if *into, err = jose.NewRSAKey(base64.StdEncoding.EncodeToString(sum[:]), private); err != nil {
			return nil, err
		}
		keys.set.Keys = append(keys.set.Keys, jose4.JSONWebKey{Key: &private.PublicKey, KeyID: (*into).ID, Algorithm: jose.RS256, Use: "sig"})
	}
	return keys, nil
}
