package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

func targetWithSteps(t *testing.T, steps string, files map[string]string) (*conformance.Target, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return conformance.ParseTarget(filepath.Join(dir, "target.yaml"), fmt.Appendf(nil,
		"issuer: https://issuer.example/pool\nclient: {id: web, redirect_uri: https://app.example/cb}\nemail: jo@example.com\nidp:\n  steps:\n%s", steps))
}

// The vectors of RFC 6238, appendix B.
func TestOneTimeCodes(t *testing.T) {
	t.Parallel()
	const (
		sha1   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
		sha256 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
	)
	for name, c := range map[string]struct {
		seed string
		at   int64
		want string
	}{
		"six digits":        {sha1, 59, "287082"},
		"spaces and case":   {" gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n", 59, "287082"},
		"eight digits":      {"otpauth://totp/Acme:jo?secret=" + sha1 + "&digits=8", 59, "94287082"},
		"later":             {"otpauth://totp/x?digits=8&secret=" + sha1, 1111111109, "07081804"},
		"SHA256":            {"otpauth://totp/x?digits=8&algorithm=SHA256&secret=" + sha256, 59, "46119246"},
		"another period":    {"otpauth://totp/x?period=60&secret=" + sha1, 119, "287082"},
		"far in the future": {"otpauth://totp/x?digits=8&secret=" + sha1, 20000000000, "65353130"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := targetWithSteps(t, "    - {fill: '#code', value: {totp_file: seed}}\n", map[string]string{"seed": c.seed})
			require.NoError(t, err)
			value := target.IdP.Steps[0].Value
			require.Equal(t, c.want, value.Expand(target.Email, time.Unix(c.at, 0)))
			require.Equal(t, "(one-time code by seed)", value.String())
			require.Len(t, target.Secrets(), 1)
		})
	}
}

func TestStepProblems(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{
		"{fill: '#c', value: {totp_file: seed}}":                   "no base32",
		"{fill: '#c', value: {totp_file: uri}}":                    "algorithm \"MD5\"",
		"{fill: '#c', value: {totp_file: digits}}":                 "digits must be from 6 to 8",
		"{fill: '#c', value: {totp_file: hotp}}":                   "otpauth://totp/",
		"{click: '#c', value: {totp_file: seed}}":                  "click takes no value",
		"{select: '#c', value: {totp_file: seed}}":                 "a one-time code is for fill",
		"{fill: '#c', value: {totp_file: seed, env: X}}":           "give one of env, file, totp_env and totp_file",
		"{fill: '#c', value: {totp_env: SSOLAB_NO_SUCH_VARIABLE}}": "SSOLAB_NO_SUCH_VARIABLE is not set",
		"{click: '#c', text: [x]}":                                 "text",
	} {
		_, err := targetWithSteps(t, "    - "+step+"\n", map[string]string{
			"seed": "not base32!", "uri": "otpauth://totp/x?secret=GEZDGNBV&algorithm=MD5", "digits": "otpauth://totp/x?secret=GEZDGNBV&digits=20",
			"hotp": "otpauth://hotp/x?secret=GEZDGNBV",
		})
		require.ErrorContains(t, err, want, step)
		require.NotContains(t, err.Error(), "GEZDGNBV")
		require.NotContains(t, err.Error(), "not base32!")
	}
	target, err := targetWithSteps(t, "    - {click: button, text: Sign in}\n", nil)
	require.NoError(t, err)
	require.Equal(t, `click button with the text "Sign in"`, target.IdP.Steps[0].String())
}
