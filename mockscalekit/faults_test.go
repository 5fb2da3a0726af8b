package mockscalekit_test

import (
	"net/http"
	"strings"
	"testing"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
)

// Every fault of the environment's tokens and documents is one that a careful client refuses.
func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"upstream.discovery_issuer_other": "did not match the issuer",
		"upstream.jwks_empty":             "failed to verify signature",
		"upstream.idt_bad_signature":      "failed to verify signature",
		"upstream.idt_wrong_iss":          "different provider",
		"upstream.idt_wrong_aud":          "expected audience",
		"upstream.idt_expired":            "token is expired",
		"upstream.idt_alg_none":           "malformed",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.spoil(fault.Rule{Fault: id})
			require.ErrorContains(t, verify(t, s), want)
		})
	}
}

func verify(t *testing.T, s *setup) error {
	t.Helper()
	provider, err := gooidc.NewProvider(t.Context(), s.env)
	if err != nil {
		return err
	}
	raw := s.redeem(s.signIn("nonce", "n").Get("code")).json(t)["id_token"].(string)
	_, err = provider.Verifier(&gooidc.Config{ClientID: clientID, Now: s.kit.Env.Now}).Verify(t.Context(), raw)
	return err
}

func TestUpstreamFaultsSeenInTheAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	redeem := func(id string) map[string]any {
		s.kit.Faults.Reset()
		s.spoil(fault.Rule{Fault: id})
		return s.redeem(s.signIn("nonce", "n").Get("code")).json(t)
	}
	require.NotContains(t, claimsOf(t, redeem("upstream.idt_no_sub")["id_token"]), "sub")
	require.Equal(t, "another-nonce", claimsOf(t, redeem("upstream.idt_wrong_nonce")["id_token"])["nonce"])
	require.NotContains(t, redeem("upstream.token_no_id_token"), "id_token")
	access := redeem("upstream.userinfo_sub_other")["access_token"].(string)
	require.Equal(t, "somebody-else", s.userinfo(access).json(t)["sub"])
	access = redeem("upstream.userinfo_no_email")["access_token"].(string)
	require.NotContains(t, s.userinfo(access).json(t), "email")

	s.kit.Faults.Reset()
	s.spoil(fault.Rule{Fault: "upstream.token_error", Times: 1, Match: map[string]string{"client_id": clientID}})
	code := s.signIn().Get("code")
	a := s.redeem(code)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.JSONEq(t, `{"error":"invalid_grant","error_description":"invalid code"}`, a.body)
	require.Equal(t, http.StatusOK, s.redeem(code).status)
}

// Scalekit refuses what is wrong with the identity provider's answer, unless the check is left out.
func TestIdPFaults(t *testing.T) {
	t.Parallel()
	for id, c := range map[string]struct{ code, why, step string }{
		"idp.jwks_empty":             {"invalid_id_token", "no key with that kid", "scalekit.idp_token.signature"},
		"idp.idt_bad_signature":      {"invalid_id_token", "signature does not verify", "scalekit.idp_token.signature"},
		"idp.idt_wrong_iss":          {"invalid_id_token", "iss is", "scalekit.idp_token.issuer"},
		"idp.idt_wrong_aud":          {"invalid_id_token", "aud is", "scalekit.idp_token.audience"},
		"idp.idt_expired":            {"invalid_id_token", "it expired at", "scalekit.idp_token.expiry"},
		"idp.idt_wrong_nonce":        {"invalid_id_token", "nonce is not the one sent", "scalekit.idp_token.nonce"},
		"idp.idt_no_sub":             {"invalid_id_token", "it has no sub", ""},
		"idp.idt_alg_none":           {"invalid_id_token", "algorithm not accepted", ""},
		"idp.userinfo_sub_other":     {"user_info_retrieve_failed", "userinfo is about somebody-else", "scalekit.idp_userinfo.subject"},
		"idp.discovery_issuer_other": {"server_error", "its issuer is", ""},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.spoil(fault.Rule{Fault: id})
			b := newBrowser(t)
			p := b.get(s.authorizeURL())
			if !p.atApp {
				p = b.submit(p)
			}
			require.True(t, p.atApp, p.body)
			require.Equal(t, c.code, p.url.Query().Get("error"))
			require.Contains(t, s.kit.Trace.SignIns()[0].Failure, c.why)
			if c.step == "" {
				return
			}
			s.spoil(fault.Rule{Fault: "scalekit.skip", At: c.step})
			require.NotEmpty(t, s.signIn().Get("code"), "the check at %s was not left out", c.step)
		})
	}
}

func TestSkippedTokenChecks(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, step := range []string{"scalekit.token.redirect_uri", "scalekit.token.pkce", "scalekit.token.single_use", "scalekit.user_domain"} {
		s.spoil(fault.Rule{Fault: "scalekit.skip", At: step})
	}
	code := s.signIn("connection_id", testConn, "login_hint", "eve@foreign.test").Get("code")
	require.Equal(t, http.StatusOK, s.redeem(code, "redirect_uri", "http://other.test", "code_verifier", "x").status)
	require.Equal(t, http.StatusOK, s.redeem(code).status)
}

// Every declared point but those of routes is one that some fault acts at, or is open to faults of any point.
func TestFaultsAreComplete(t *testing.T) {
	t.Parallel()
	s := start(t)
	points := map[string]bool{}
	for _, p := range s.kit.Faults.Points() {
		points[p.Name] = true
		require.NotEmpty(t, p.Description, p.Name)
	}
	for _, f := range s.kit.Faults.Faults() {
		require.NotEmpty(t, f.Title, f.ID)
		for _, at := range f.Points {
			require.True(t, points[at], "%s acts at %s, which is no point", f.ID, at)
		}
	}
	for _, want := range strings.Fields("scalekit.authorize scalekit.token scalekit.userinfo scalekit.keys scalekit.discovery scalekit.callback idp.authorize idp.login idp.token idp.userinfo idp.keys idp.discovery") {
		require.True(t, points[want], want)
	}
}
