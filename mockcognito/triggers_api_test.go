package mockcognito_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"
)

// signUp signs somebody up with validation data and metadata for the functions.
func (b *bench) signUp(name string) error {
	_, err := b.sdk().SignUp(b.t.Context(), &cip.SignUpInput{
		ClientId: aws.String(nativeID), Username: &name, Password: aws.String(ownPassword),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}},
		ValidationData: []types.AttributeType{{Name: aws.String("invited"), Value: aws.String("yes")}},
		ClientMetadata: map[string]string{"from": "test"},
	})
	return err
}

func TestTriggersOfASignUp(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, ownUsers, f.forTriggers("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration", "CustomMessage"))
	f.on("CustomMessage", answers(map[string]any{"emailSubject": "Welcome", "emailMessage": "Your code: {####}", "smsMessage": nil}))
	require.NoError(t, b.signUp("ada"))
	message := b.newestMessage()
	require.Equal(t, "Welcome", message.Subject)
	require.Equal(t, "Your code: "+message.Code, message.Body)
	_, err := b.sdk().ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: aws.String(nativeID), Username: aws.String("ada"), ConfirmationCode: &message.Code, ClientMetadata: map[string]string{"step": "confirm"}})
	require.NoError(t, err)
	goldenEvents(t, "signup", f.take())

	out, err := b.initiate(nativeID, "ada", ownPassword)
	require.NoError(t, err)
	goldenEvents(t, "password", f.take())

	_, err = b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: aws.String(nativeID), AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": *out.AuthenticationResult.RefreshToken},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"TokenGeneration_RefreshTokens"}, sourcesOf(f.take()))
}

func TestTriggersOfAUserMadeByAnAdministrator(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, ownUsers, f.forTriggers("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration", "CustomMessage"))
	_, err := b.sdk().AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
		UserPoolId: aws.String(poolID), Username: aws.String("bob"), TemporaryPassword: aws.String("Temp0rary!"), DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeEmail},
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("bob@example.com")}},
	})
	require.NoError(t, err)
	goldenEvents(t, "admin", f.take())

	out, err := b.initiate(nativeID, "bob", "Temp0rary!")
	require.NoError(t, err)
	require.Equal(t, types.ChallengeNameTypeNewPasswordRequired, out.ChallengeName)
	_, err = b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "bob", "NEW_PASSWORD", ownPassword)
	require.NoError(t, err)
	require.Equal(t, []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_NewPasswordChallenge"}, sourcesOf(f.take()))
}

func TestTriggersOfAForgottenPassword(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, ownUsers, f.forTriggers("PostConfirmation", "CustomMessage"))
	_, err := b.sdk().ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: aws.String(nativeID), Username: aws.String("jane")})
	require.NoError(t, err)
	_, err = b.sdk().ConfirmForgotPassword(t.Context(), &cip.ConfirmForgotPasswordInput{
		ClientId: aws.String(nativeID), Username: aws.String("jane"), ConfirmationCode: aws.String(b.newestMessage().Code), Password: aws.String("An0ther-one!"),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"CustomMessage_ForgotPassword", "PostConfirmation_ConfirmForgotPassword"}, sourcesOf(f.take()))
}

// A pool whose functions ask for the name of a pet.
func petAuth(f *functions) {
	code := func(decide func(event map[string]any) map[string]any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var event map[string]any
			if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			event["response"] = decide(event["request"].(map[string]any))
			writeJSON(w, http.StatusOK, event)
		}
	}
	f.on("DefineAuthChallenge", code(func(request map[string]any) map[string]any {
		session := request["session"].([]any)
		if len(session) > 0 && session[len(session)-1].(map[string]any)["challengeResult"] == true {
			return map[string]any{"issueTokens": true, "failAuthentication": false}
		}
		return map[string]any{"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": len(session) == 3}
	}))
	f.on("CreateAuthChallenge", answers(map[string]any{
		"publicChallengeParameters": map[string]string{"question": "pet?"}, "privateChallengeParameters": map[string]string{"answer": "rex"}, "challengeMetadata": "PET",
	}))
	f.on("VerifyAuthChallengeResponse", code(func(request map[string]any) map[string]any {
		return map[string]any{"answerCorrect": request["challengeAnswer"] == request["privateChallengeParameters"].(map[string]any)["answer"]}
	}))
}

func TestCustomAuthenticationByFunctions(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	petAuth(f)
	b := newBench(t, ownUsers, f.forTriggers("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "PreTokenGeneration"))
	begin := func() *cip.InitiateAuthOutput {
		out, err := b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: aws.String(nativeID), AuthFlow: types.AuthFlowTypeCustomAuth, AuthParameters: map[string]string{"USERNAME": "jane"}})
		require.NoError(t, err)
		require.Equal(t, types.ChallengeNameTypeCustomChallenge, out.ChallengeName)
		require.Equal(t, map[string]string{"question": "pet?", "USERNAME": "jane"}, out.ChallengeParameters)
		return out
	}
	answer := func(session *string, text string) (*cip.RespondToAuthChallengeOutput, error) {
		return b.respond(nativeID, types.ChallengeNameTypeCustomChallenge, session, "USERNAME", "jane", "ANSWER", text)
	}
	again, err := answer(begin().Session, "tom")
	require.NoError(t, err)
	require.Equal(t, types.ChallengeNameTypeCustomChallenge, again.ChallengeName)
	done, err := answer(again.Session, "rex")
	require.NoError(t, err)
	require.Equal(t, "jane", claimsOf(t, done.AuthenticationResult.IdToken)["cognito:username"])
	goldenEvents(t, "custom", f.take())

	session := begin().Session
	for range 2 {
		next, err := answer(session, "no")
		require.NoError(t, err)
		session = next.Session
	}
	_, err = answer(session, "no")
	var refused *types.NotAuthorizedException
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "Incorrect username or password.", *refused.Message)
}

func TestAMigratedUserSignsIn(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	f.on("UserMigration", answers(map[string]any{"userAttributes": map[string]string{"email": "old@example.com", "email_verified": "true"}, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"}))
	b := newBench(t, ownUsers, f.forTriggers("UserMigration"))
	for range 2 {
		require.NotNil(t, b.signedIn("old"))
	}
	events := f.take()
	require.Len(t, events, 1, "then the pool has the user")
	goldenEvents(t, "migration", events)
	_, got := b.adminGet("old")
	require.Equal(t, "true", got["email_verified"])
	for _, s := range b.kit.Trace.Loose() {
		require.NotContains(t, mustJSON(t, s.View()), ownPassword)
	}
}

// Each way in which a function fails, at each trigger of the pool's own users, in the words of the API.
func TestFailingTriggersOfTheAPI(t *testing.T) {
	t.Parallel()
	type failure struct {
		code http.HandlerFunc
		wait bool
		want func(t *testing.T, trigger string, err error)
	}
	failures := map[string]failure{
		"throws": {code: throws("no, thanks"), want: func(t *testing.T, trigger string, err error) {
			var e *types.UserLambdaValidationException
			require.ErrorAs(t, err, &e)
			require.Equal(t, trigger+" failed with error no, thanks.", *e.Message)
		}},
		"slow": {wait: true, want: func(t *testing.T, trigger string, err error) {
			var e *types.UnexpectedLambdaException
			require.ErrorAs(t, err, &e)
			require.Equal(t, trigger+" invocation failed due to error Socket timeout while invoking Lambda function.", *e.Message)
		}},
		"malformed": {code: says(200, `"fine"`), want: func(t *testing.T, _ string, err error) {
			var e *types.InvalidLambdaResponseException
			require.ErrorAs(t, err, &e)
			require.Equal(t, "Unrecognizable lambda output", *e.Message)
		}},
	}
	signIn := func(b *bench) error { _, err := b.initiate(nativeID, "jane", ownPassword); return err }
	custom := func(b *bench) error {
		out, err := b.sdk().InitiateAuth(b.t.Context(), &cip.InitiateAuthInput{ClientId: aws.String(nativeID), AuthFlow: types.AuthFlowTypeCustomAuth, AuthParameters: map[string]string{"USERNAME": "jane"}})
		if err == nil {
			_, err = b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "jane", "ANSWER", "rex")
		}
		return err
	}
	confirm := func(b *bench) error {
		require.NoError(b.t, b.signUp("ada"))
		_, err := b.sdk().ConfirmSignUp(b.t.Context(), &cip.ConfirmSignUpInput{ClientId: aws.String(nativeID), Username: aws.String("ada"), ConfirmationCode: aws.String(b.newestMessage().Code)})
		return err
	}
	for trigger, do := range map[string]func(*bench) error{
		"PreSignUp": func(b *bench) error { return b.signUp("ada") }, "PostConfirmation": confirm, "PreAuthentication": signIn, "PostAuthentication": signIn,
		"PreTokenGeneration": signIn, "CustomMessage": func(b *bench) error { return b.signUp("ada") },
		"DefineAuthChallenge": custom, "CreateAuthChallenge": custom, "VerifyAuthChallengeResponse": custom,
		"UserMigration": func(b *bench) error { _, err := b.initiate(nativeID, "nobody", ownPassword); return err },
	} {
		for name, failure := range failures {
			t.Run(trigger+" "+name, func(t *testing.T) {
				t.Parallel()
				f := newFunctions(t)
				petAuth(f)
				code := failure.code
				if failure.wait {
					release := make(chan struct{})
					t.Cleanup(func() { close(release) })
					code = func(http.ResponseWriter, *http.Request) { <-release }
				}
				f.on(trigger, code)
				triggers := []string{trigger}
				if trigger == "DefineAuthChallenge" || trigger == "CreateAuthChallenge" || trigger == "VerifyAuthChallengeResponse" {
					triggers = []string{"DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"}
				}
				edits := []func(*mockConfig){ownUsers, f.forTriggers(triggers...)}
				if failure.wait {
					edits = append(edits, impatient)
				}
				failure.want(t, trigger, do(newBench(t, edits...)))
			})
		}
	}
}
