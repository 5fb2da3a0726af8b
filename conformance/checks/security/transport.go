package security

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

func transportChecks() []conformance.Check {
	return []conformance.Check{
		check("SEC-010", "Hosts speak TLS 1.2 or later, with a certificate for their name", must, spec,
			rfc("9325", "3.1.1", "Implementations MUST NOT negotiate TLS version 1.1"),
			"Switch older versions off; get a certificate whose chain ends at a root that clients have, for the name that they use.", handshakes,
			fault("tls.old", "TLS 1.1"), fault("tls.wrong_host", "certificate")),
		needs(check("SEC-020", "Requests that are too large are refused at once", should, advice,
			conformance.Ref{Doc: "OWASP REST Security Cheat Sheet", Section: "Validate content", Quote: "Define an appropriate request size limit and reject requests exceeding the limit with HTTP response status 413 Request Entity Too Large"},
			"Bound the size of headers and bodies.", oversized, fault("http.no_limits", "served")), conformance.NeedLab),
	}
}

// hosts are those of the target with TLS.
func hosts(t *conformance.T) []string {
	var out []string
	for _, raw := range []string{t.Target().Issuer, t.Target().Domain} {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" {
			continue
		}
		address := u.Host
		if u.Port() == "" {
			address += ":443"
		}
		if !conformance.OneOf(address, out...) {
			out = append(out, address)
		}
	}
	if len(out) == 0 {
		t.Infof("neither issuer nor domain has https, as of a lab on ports (see DISC-005)")
	}
	return out
}

func handshakes(t *conformance.T) {
	for _, host := range hosts(t) {
		err := t.Handshake(host, func(*tls.Config) {})
		wrong, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
		switch {
		case isCertificate:
			t.Expect(false, "a certificate for "+host+" that is trusted", "a certificate that is not: %v", wrong.Err)
			continue
		case err != nil:
			t.Undecided(err)
		}
		err = t.Handshake(host, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
		t.Expect(err != nil, "no TLS below 1.2 at "+host, "TLS 1.1 was negotiated")
	}
}

// aMebibyte is more than any request of an app.
const aMebibyte = 1 << 20

func oversized(t *conformance.T) {
	g := t.Authorize(conformance.Variant{})
	code := g.Code(t)
	const quick = 5 * time.Second
	took := t.Timed(func() {
		resp := t.Redeem(g, code, func(form url.Values) { form.Set("padding", strings.Repeat("x", aMebibyte)) })
		t.Expect(resp.Status >= 400 && resp.Status < 500, "an error for a token request of a mebibyte", "it is served: status %d", resp.Status)
	})
	t.Expect(took < quick, "an answer within 5 s", "%s", took.Round(time.Millisecond))
	resp, err := t.Try(nil, t.Request(http.MethodGet, t.AuthorizeURL(conformance.Variant{State: strings.Repeat("s", aMebibyte)}), nil))
	t.Expect(err != nil || resp.Status >= 400 && resp.Status < 500, "an error for a state of a mebibyte", "it is served: status %d", status(resp))
}

func status(resp *conformance.Response) int {
	if resp == nil {
		return 0
	}
	return resp.Status
}
