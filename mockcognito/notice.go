package mockcognito

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

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
	_ = s.keepAttempt(ctx, w, e.pool, attempt{Said: said{Text: somethingWrong, Code: "something_went_wrong", Explain: e.Error(), Bad: true}})
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
