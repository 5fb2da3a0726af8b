package mockcognito_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito"
)

const federatedName = provider + "_" + subject

// withoutTokens are the triggers before the tokens.
var withoutTokens = federated[:len(federated)-1]

func TestTriggersOfAFirstAndOfALaterSignIn(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers(withoutTokens...))
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	first := f.take()
	goldenEvents(t, "first", first)
	require.Len(t, first, 3)

	require.NotEmpty(t, b.signIn("prompt", "login").Query().Get("code"))
	later := f.take()
	goldenEvents(t, "later", later)
	require.Len(t, later, 3)

	require.NotEmpty(t, b.signIn().Query().Get("code"), "by session cookie")
	require.Empty(t, f.take())
}

func TestAThrowingTriggerReachesTheApp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		trigger string
		later   bool
		leaves  bool // a user behind
	}{
		{"InboundFederation", false, false}, {"PreSignUp", false, false}, {"PostConfirmation", false, true},
		{"PreAuthentication", true, true}, {"PostAuthentication", true, true},
	} {
		t.Run(tc.trigger, func(t *testing.T) {
			t.Parallel()
			f := newFunctions(t)
			b := newBench(t, f.forTriggers(tc.trigger))
			if tc.later {
				require.NotEmpty(t, b.signIn().Query().Get("code"))
				require.Empty(t, f.take(), "at the first sign-in it does not run")
			}
			f.on(tc.trigger, throws("not you"))
			refusedAtApp(t, b.signIn("prompt", "login"), tc.trigger+" failed with error not you.")
			require.Len(t, f.take(), 1, "an error is not tried again")
			users := b.api("ListUsers", `{"UserPoolId":"`+poolID+`"}`).json["Users"]
			require.Len(t, users, map[bool]int{false: 0, true: 1}[tc.leaves])
		})
	}
}

func TestASlowTriggerIsTriedThreeTimesAndReachesTheApp(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	f.on("PreSignUp", func(http.ResponseWriter, *http.Request) { <-release })
	b := newBench(t, f.forTriggers("PreSignUp"), impatient)
	refusedAtApp(t, b.signIn(), "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.")
	signIns := b.kit.Trace.SignIns()
	require.Len(t, signIns, 1)
	calls := 0
	for _, hop := range signIns[0].Hops {
		if hop.To == trace.Lambda {
			calls++
			require.Contains(t, hop.Failure, "no answer: ")
		}
	}
	require.Equal(t, 3, calls)
}

func TestAnAnswerThatIsNoEventReachesTheApp(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]http.HandlerFunc{
		"null":                 says(200, `null`),
		"no JSON":              says(200, `ok`),
		"the response alone":   says(200, `{"response":{"autoConfirmUser":true}}`),
		"two values":           says(200, `{} {}`),
		"another type":         answers(map[string]any{"autoConfirmUser": "yes"}),
		"response is a string": answers("fine"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFunctions(t)
			f.on("PreSignUp", code)
			b := newBench(t, f.forTriggers("PreSignUp"))
			refusedAtApp(t, b.signIn(), "Unrecognizable lambda output")
			require.Len(t, f.take(), 1)
		})
	}
}

func TestAFunctionThatIsNotThereReachesTheApp(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	f.on("PreSignUp", says(500, "down"))
	b := newBench(t, f.forTriggers("PreSignUp"))
	refusedAtApp(t, b.signIn(), "PreSignUp invocation failed due to error ServiceException.")
	require.Len(t, f.take(), 1, "a 5xx is not tried again")

	b = newBench(t, f.forTriggers("PreSignUp"), func(c *mockcognito.Config) { c.Lambda.Endpoint = "" })
	refusedAtApp(t, b.signIn(), "PreSignUp invocation failed due to error ResourceNotFoundException.")
	require.Contains(t, notes(b), "the lab has no address for the function arn:aws:lambda:us-east-1:000000000000:function:PreSignUp: set lambda.endpoint")
}

// notes are the notes of all hops.
func notes(b *bench) string {
	var all []string
	for _, s := range b.kit.Trace.SignIns() {
		for _, h := range s.Hops {
			all = append(all, h.Notes...)
		}
	}
	return strings.Join(all, "\n")
}

func TestInboundFederationReplacesWhatTheProviderSaid(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("InboundFederation"))
	f.on("InboundFederation", answers(map[string]any{"userAttributesToMap": map[string]string{"email": "j@example.com", "given_name": "J", "sub": "another"}}))
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	_, got := b.adminGet(federatedName)
	require.Equal(t, "j@example.com", got["email"])
	require.Equal(t, "J", got["name"])
	require.NotContains(t, got, "family_name", "what is left out is dropped")

	f.on("InboundFederation", answers(map[string]any{"userAttributesToMap": map[string]string{}}))
	require.NotEmpty(t, b.signIn("prompt", "login").Query().Get("code"))
	_, got = b.adminGet(federatedName)
	require.Equal(t, "john@example.com", got["email"])
	require.Equal(t, "Doe", got["family_name"], "an empty map keeps all")
}

func TestPreSignUpVerifiesAttributes(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("PreSignUp"))
	f.on("PreSignUp", answers(map[string]any{"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": true}))
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	u, got := b.adminGet(federatedName)
	require.Equal(t, "true", got["email_verified"])
	require.NotContains(t, got, "phone_number_verified", "there is none")
	require.Equal(t, "EXTERNAL_PROVIDER", string(u.UserStatus))
}

// A function of the real world: it links the newcomer to the profile that has the same e-mail, by the API.
func TestPreSignUpLinksToAProfile(t *testing.T) {
	t.Parallel()
	for _, refuses := range []bool{false, true} {
		f := newFunctions(t)
		b := newBench(t, withJane, f.forTriggers("PreSignUp"))
		require.NoError(t, b.kit.Quirks.Switch("just-linked-identity-refused", refuses))
		f.on("PreSignUp", func(w http.ResponseWriter, r *http.Request) {
			if err := b.linkByAPI("jane", identity(provider, "Cognito_Subject", subject)); err != nil {
				throws(err.Error())(w, r)
				return
			}
			answers(map[string]any{})(w, r)
		})
		back := b.signIn()
		if refuses {
			refusedAtApp(t, back, "Already found an entry for username "+federatedName)
			back = b.signIn()
		}
		_, jane := b.adminGet("jane")
		_, claims := part(t, b.exchange(back.Query().Get("code")).json["id_token"], 1)
		require.Equal(t, jane["sub"], claims["sub"])
		require.Len(t, f.take(), 1)
	}
}

func TestAFunctionSeesTheUserThatTheAPIChanges(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("PostConfirmation"))
	f.on("PostConfirmation", func(w http.ResponseWriter, r *http.Request) {
		a := b.api("AdminUpdateUserAttributes", `{"UserPoolId":"`+poolID+`","Username":"`+federatedName+`","UserAttributes":[{"Name":"nickname","Value":"J"}]}`)
		if a.status != 200 {
			throws(a.raw)(w, r)
			return
		}
		answers(map[string]any{})(w, r)
	})
	_, claims := part(t, b.tokens("scope", "openid profile").json["id_token"], 1)
	require.Equal(t, "J", claims["nickname"])
}

func TestTheTraceShowsInvocationsWithoutSecrets(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("InboundFederation"))
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	view := b.kit.Trace.SignIns()[0].View()
	var hops []trace.Hop
	for _, h := range view.Hops {
		if h.To == trace.Lambda {
			hops = append(hops, h)
		}
	}
	require.Len(t, hops, 1)
	h := hops[0]
	require.Equal(t, trace.Cognito, h.From)
	require.Equal(t, trace.Back, h.Channel)
	require.Equal(t, f.url+"/2015-03-31/functions/InboundFederation/invocations", h.URL)
	require.Equal(t, 200, h.Status)
	require.Contains(t, h.RequestBody, `"triggerSource":"InboundFederation_ExternalProvider"`)
	whole, err := json.Marshal(view)
	require.NoError(t, err)
	require.NotContains(t, string(whole), "upstream-access-token")
	require.NotRegexp(t, `eyJ[A-Za-z0-9_-]{8}`, h.RequestBody)
	require.NotRegexp(t, `eyJ[A-Za-z0-9_-]{8}`, h.ResponseBody)
}

func TestLambdaConfigOfTheAPI(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, func(c *mockcognito.Config) { c.Lambda.Endpoint = f.url })
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	require.Empty(t, f.take(), "a pool without functions")
	a := b.api("UpdateUserPool", `{"UserPoolId":"`+poolID+`","LambdaConfig":{"PreAuthentication":"arn:aws:lambda:us-east-1:123456789012:function:check:live","InboundFederation":{"LambdaVersion":"V1_0","LambdaArn":"arn:aws:lambda:us-east-1:123456789012:function:inbound"}}}`)
	require.Equal(t, 200, a.status, a.raw)
	require.NotEmpty(t, b.signIn("prompt", "login").Query().Get("code"))
	var names []string
	for _, i := range f.take() {
		names = append(names, i.function)
	}
	require.Equal(t, []string{"inbound", "check"}, names)
}

func TestDeclaredTriggersAreInLambdaConfig(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Triggers = map[string]mockcognito.Trigger{
			"PreSignUp": {URL: "http://localhost:9000/x"}, "PreTokenGeneration": {Function: "tokens", Version: "V2_0"},
			"InboundFederation": {Function: "arn:aws:lambda:eu-west-1:999999999999:function:inbound"},
		}
	})
	require.JSONEq(t, `{
		"PreSignUp": "arn:aws:lambda:us-east-1:000000000000:function:us-east-1_SsoLab001-PreSignUp",
		"PreTokenGeneration": "arn:aws:lambda:us-east-1:000000000000:function:tokens",
		"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:tokens"},
		"InboundFederation": {"LambdaVersion": "V1_0", "LambdaArn": "arn:aws:lambda:eu-west-1:999999999999:function:inbound"}
	}`, mustJSON(t, b.api("DescribeUserPool", `{"UserPoolId":"`+poolID+`"}`).json["UserPool"].(map[string]any)["LambdaConfig"]))
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestTriggersThatAreWrong(t *testing.T) {
	t.Parallel()
	_, err := mockcognito.New(mockcognito.Config{
		URL:    "http://localhost:1",
		Lambda: mockcognito.Lambda{Endpoint: "localhost:3001", Functions: map[string]string{"f": "ftp://x"}, Timeout: -1},
		UserPools: []mockcognito.UserPool{{ID: poolID, Clients: []mockcognito.AppClient{{ID: clientID}}, Triggers: map[string]mockcognito.Trigger{
			"PreSignup": {URL: "http://x"}, "PreSignUp": {}, "PostConfirmation": {URL: "x"}, "PreTokenGeneration": {Function: "f", Version: "V4_0"},
		}}},
	})
	for _, want := range []string{
		"lambda.endpoint: ", "lambda.functions.f: ", "lambda.timeout: ", "user_pools[0].triggers.PreSignup: ", "user_pools[0].triggers.PreSignUp: ",
		"user_pools[0].triggers.PostConfirmation.url: ", "user_pools[0].triggers.PreTokenGeneration.version: ",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestReloadMovesFunctions(t *testing.T) {
	t.Parallel()
	before, after := newFunctions(t), newFunctions(t)
	var cfg mockcognito.Config
	b := newBench(t, before.forTriggers("PreAuthentication"), func(c *mockcognito.Config) { cfg = *c })
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	cfg.Lambda.Endpoint = after.url
	require.NoError(t, b.server.Reload(t.Context(), cfg))
	require.NotEmpty(t, b.signIn("prompt", "login").Query().Get("code"))
	require.Empty(t, before.take())
	require.Len(t, after.take(), 1)
	cfg.UserPools[0].Triggers = nil
	require.NoError(t, b.server.Reload(t.Context(), cfg))
	require.NotEmpty(t, b.signIn("prompt", "login").Query().Get("code"))
	require.Empty(t, after.take())
}
