package conformance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

// The example of the documentation is a valid target, and its table names every key of the example.
func TestDocumentedTarget(t *testing.T) {
	t.Setenv("COGNITO_CLIENT_SECRET", "a-secret-of-the-environment")
	t.Setenv("JOHN_PASSWORD", "a-password-of-the-environment")
	t.Setenv("JOHN_TOTP_SEED", "JBSWY3DPEHPK3PXP")
	doc, err := os.ReadFile("../docs/target-file.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(doc), "```yaml\n")
	require.True(t, ok)
	example, table, ok := strings.Cut(rest, "```\n")
	require.True(t, ok)
	target, err := conformance.ParseTarget("target-file.md", []byte(example))
	require.NoError(t, err)
	require.NoError(t, target.Validate())
	require.Len(t, target.IdP.Steps, 7)
	for _, key := range []string{"issuer", "domain", "client.id", "client.redirect_uri", "provider.identity_provider", "email", "idp.steps[]", "app_url", "ca_file", "resolve"} {
		require.Contains(t, table, "`"+key+"`")
	}
}
