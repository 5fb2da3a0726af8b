package mockscalekit

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/web"
)

// personFaults are ways to go wrong with who signs in, and ways in which an identity provider makes it happen.
func personFaults() []fault.Fault {
	route := func(id, title, point string, wrap func(http.Handler, fault.Params) http.Handler) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{point}, Route: wrap}
	}
	return []fault.Fault{
		{
			ID: "sk.sub_unstable", Title: "The environment's ID token has another sub each time", Points: []string{"scalekit.id_token"},
			Token: func(d *jose.Draft, _ fault.Params) {
				sub, _ := d.Claims.Get("sub").(string)
				hash, _ := d.Claims.Get("at_hash").(string) // another one for each access token
				d.Claims.Set("sub", sub+hash)
			},
		}, {
			ID: "sk.idp_init_unsigned", Title: "The token of a sign-in that an identity provider began has a signature that does not verify",
			Points: []string{"scalekit.idp_initiated_login"}, Token: func(d *jose.Draft, _ fault.Params) { d.After = spoilSignature },
		}, {
			ID: "sk.idp_init_long", Title: "The token of a sign-in that an identity provider began lives for a year",
			Points: []string{"scalekit.idp_initiated_login"},
			Token:  func(d *jose.Draft, _ fault.Params) { d.Claims.Set("exp", seconds(d.Claims.Get("iat"))+365*24*3600) },
		},
		route("sk.userinfo_open", "The environment's userinfo answers whatever token there is", "scalekit.userinfo", answers(func(a *answered, _ *http.Request) {
			if a.status == http.StatusUnauthorized {
				a.status = http.StatusOK
				a.replace("application/json", `{"sub":"anybody"}`)
			}
		})),
		route("sk.error_page_only", "The environment shows refusals of identity providers on a page of its own", "scalekit.callback", answers(func(a *answered, _ *http.Request) {
			if to, err := url.Parse(a.Header().Get("Location")); err == nil && to.Query().Get("error") != "" {
				a.Header().Del("Location")
				a.status = http.StatusBadRequest
				a.replace("text/html; charset=utf-8", "<!doctype html><title>Stopped</title><p>"+html.EscapeString(to.Query().Get("error_description"))+"</p>")
			}
		})),
		route("idp.refuses", "The identity provider refuses everybody", "idp.authorize", func(next http.Handler, _ fault.Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				if q.Get("redirect_uri") == "" {
					next.ServeHTTP(w, r)
					return
				}
				web.Redirect(w, web.Params{{"error", "access_denied"}, {"error_description", "Refused"}, {"state", q.Get("state")}}.WithQuery(q.Get("redirect_uri")))
			})
		}),
		route("idp.begins", "The IdP simulator answers as if it had begun the sign-in", "idp.login", fault.ChangeForm(func(form url.Values) {
			if form.Has("scenario") {
				form.Set("scenario", "idp_initiated")
			}
		})),
		route("page.xss_simulator", "The simulator's page writes values of its fields as they came", "idp.login", answers(func(a *answered, _ *http.Request) {
			a.body.Reset()
			a.body.WriteString(fieldValue.ReplaceAllStringFunc(a.was, html.UnescapeString))
		})),
		route("page.sim_unlabelled", "The fields of the simulator's page have no labels", "idp.login", answers(func(a *answered, _ *http.Request) {
			a.body.Reset()
			a.body.WriteString(strings.NewReplacer("<label for=", "<label data-for=").Replace(a.was))
		})),
	}
}

var fieldValue = regexp.MustCompile(` value="[^"]*"`)

// answered is an answer that is held back until it was changed.
type answered struct {
	http.ResponseWriter
	status int
	was    string
	body   bytes.Buffer
}

func (a *answered) WriteHeader(status int)      { a.status = status }
func (a *answered) Write(p []byte) (int, error) { return a.body.Write(p) }

func (a *answered) replace(contentType, body string) {
	a.Header().Set("Content-Type", contentType)
	a.body.Reset()
	a.body.WriteString(body)
}

// answers changes whole answers.
func answers(change func(*answered, *http.Request)) func(http.Handler, fault.Params) http.Handler {
	return func(next http.Handler, _ fault.Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := &answered{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(a, r)
			a.was = a.body.String()
			change(a, r)
			if a.Header().Get("Content-Length") != "" {
				a.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
			}
			w.WriteHeader(a.status)
			_, _ = w.Write(a.body.Bytes()) // the browser has gone: nobody is left to tell
		})
	}
}
