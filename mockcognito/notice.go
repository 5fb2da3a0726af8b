package mockcognito

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// cookieNotice names what the login page has to say once. What the real service keeps in it is not known.
const cookieNotice = "page-data"

// noticeLifetime bounds how long a notice waits for the page.
const noticeLifetime = time.Minute

// somethingWrong is the real service's text for a sign-in that was not finished in five minutes.
const somethingWrong = "Something went wrong"

// expiredAttempt is a sign-in that took too long at the identity provider: it begins again on the login page.
type expiredAttempt struct {
	pool  *pool
	state upstreamState
	took  time.Duration
}

func (e *expiredAttempt) Error() string {
	return fmt.Sprintf("The person took %s at the identity provider; Cognito waits 5 minutes. Sign in again.", e.took.Round(time.Second))
}

// loginAgain sends the browser to the login page of the sign-in that expired, with the app's parameters.
// Unverified: which parameters go along. A nonce that Cognito made is made anew.
func (s *Server) loginAgain(w http.ResponseWriter, r *http.Request, e *expiredAttempt) {
	ctx := r.Context()
	trace.Fail(ctx, e.Error())
	id := s.kit.Env.Token(12)
	if err := s.explained.Put(ctx, "notice/"+id, e.Error(), s.kit.Env.Now().Add(noticeLifetime)); err == nil {
		e.pool.cookies.Set(w, cookieNotice, id, noticeLifetime, http.SameSiteLaxMode)
	}
	st := e.state
	params := web.Params{{"client_id", st.ClientID}, {"redirect_uri", st.RedirectURI}, {"response_type", st.ResponseType}, {"scope", strings.Join(st.Scopes, " ")}}
	if st.State != nil {
		params.Add("state", *st.State)
	}
	if len(st.Nonce) != madeNonce {
		params.AddIf("nonce", st.Nonce)
	}
	params.AddIf("code_challenge", st.Challenge)
	params.AddIf("code_challenge_method", st.Method)
	web.Redirect(w, "/login?"+params.Encode())
}

// notice is what the login page has to say because of what went before; it is said once.
func (s *Server) notice(w http.ResponseWriter, r *http.Request, p *pool) string {
	id := p.cookies.Get(r, cookieNotice)
	if id == "" {
		return ""
	}
	p.cookies.Clear(w, cookieNotice, http.SameSiteLaxMode)
	explain, err := s.explained.Take(r.Context(), "notice/"+id)
	if err != nil {
		return "" // not ours, or shown before
	}
	return explain
}
