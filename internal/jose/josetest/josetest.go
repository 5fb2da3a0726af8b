// Package josetest holds what tests compare tokens with. It shares no code with package jose.
package josetest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/stretchr/testify/require"
)

// Names returns the names of a JSON object's members in the order in which they stand.
func Names(t require.TestingT, object string) []string {
	d := json.NewDecoder(strings.NewReader(object))
	_, err := d.Token()
	require.NoError(t, err)
	var names []string
	for d.More() {
		name, err := d.Token()
		require.NoError(t, err)
		names = append(names, name.(string))
		var value json.RawMessage
		require.NoError(t, d.Decode(&value))
	}
	return names
}

// HalfHash is at_hash under SHA-256 (OIDC Core §3.1.3.6).
func HalfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
