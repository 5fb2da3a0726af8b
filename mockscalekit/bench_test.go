//go:build unix

package mockscalekit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockscalekit"
)

// cpu is what this process has used of its processors.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSignIn is a sign-in from the authorization request to tokens, with the browser and the client; cpu-ns/op is what all
// parties together use. Over SAML it stays within twice that of OpenID Connect.
func BenchmarkSignIn(b *testing.B) {
	for _, name := range []string{"okta", "entra", "google", "plain"} {
		for _, protocol := range []string{"oidc", "saml"} {
			b.Run(name+"/"+protocol, func(b *testing.B) {
				s := start(b, everyIdP)
				signIn := func() {
					p := s.signInAnn(name + protocol)
					require.Equal(b, http.StatusOK, s.redeem(p.url.Query().Get("code")).status)
				}
				signIn() // keys are made, connections opened
				before := cpu(b)
				for b.Loop() {
					signIn()
				}
				b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// BenchmarkRouting is an authorization request of a person whose domain is one of many, up to the redirect to the identity
// provider. It takes the same time however many organizations and domains there are.
func BenchmarkRouting(b *testing.B) {
	for _, organizations := range []int{1, 10, 1_000} {
		b.Run(fmt.Sprintf("organizations=%d,domains=%d", organizations, 3*organizations), func(b *testing.B) {
			s := start(b, many(organizations))
			requests := make([]*http.Request, 64)
			for i := range requests {
				url := s.authorizeURL("login_hint", fmt.Sprintf("somebody@d%d.org%d.test", i%3, i*organizations/len(requests)))
				requests[i] = httptest.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
			}
			handler, i := s.server.Environment(), 0
			serve := func() *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, requests[i%len(requests)])
				i++
				return w
			}
			location := serve().Header().Get("Location")
			require.True(b, strings.HasPrefix(location, s.idp), location)
			for b.Loop() {
				serve()
			}
		})
	}
}

// many are organizations with three domains and a connection to the simulator each.
func many(organizations int) func(*mockscalekit.Config) {
	return func(c *mockscalekit.Config) {
		c.Environment.Organizations = nil
		for i := range organizations {
			o := mockscalekit.Organization{ID: fmt.Sprintf("org_%d", i), Connections: []mockscalekit.Connection{{ID: fmt.Sprintf("conn_%d", i)}}}
			for j := range 3 {
				o.Domains = append(o.Domains, mockscalekit.Domain{Name: fmt.Sprintf("d%d.org%d.test", j, i)})
			}
			c.Environment.Organizations = append(c.Environment.Organizations, o)
		}
	}
}
