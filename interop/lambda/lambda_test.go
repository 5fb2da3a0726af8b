// Package lambda shows that a Lambda function in Go, written with the vendor's library and served by the vendor's runtime
// interface emulator, works as a trigger of the lab's user pools unchanged.
//
//	ssolab login, aws-sdk-go-v2 ─► the lab ─► POST …/invocations ─► runtime interface emulator ─► handler (aws-lambda-go)
package lambda

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/mockcognito"
)

const (
	appClient = "nativeclient00000000000001"
	password  = "Passw0rd!"
)

// build builds a program of a module.
func build(t *testing.T, dir, pkg string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// emulator runs the handler in the runtime interface emulator and returns the URL that takes events, and the file of those
// that the handler got. The function has a second for each.
func emulator(t *testing.T) (url, events string) {
	t.Helper()
	program := build(t, ".", "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie")
	handler := build(t, ".", "./handler")
	address := freePort(t)
	events = filepath.Join(t.TempDir(), "events")
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--runtime-interface-emulator-address", address, "--runtime-api-address", freePort(t), "--log-level", "error", handler)
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_FUNCTION_TIMEOUT=1", "EVENTS="+events)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.WaitDelay = 5 * time.Second
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { stop(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "the emulator does not listen")
	return "http://" + address + "/2015-03-31/functions/function/invocations", events
}

// world is a lab whose pool has the function at every trigger.
type world struct {
	t      *testing.T
	lab    *ssolab.Lab
	ssolab string
	events string
	sdk    *cip.Client
}

func newWorld(t *testing.T, version string) *world {
	t.Helper()
	url, events := emulator(t)
	pool := mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})
	pool.Triggers = map[string]mockcognito.Trigger{}
	for _, name := range mockcognito.TriggerNames() {
		pool.Triggers[name] = mockcognito.Trigger{Function: "team"}
	}
	pool.Triggers["PreTokenGeneration"] = mockcognito.Trigger{Function: "team", Version: version}
	pool.Clients = append(pool.Clients, mockcognito.AppClient{
		ID: appClient, DisableOAuth: true, ShowUserExistence: true, ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	})
	pool.AutoVerified = []string{"email"}
	pool.Users = []mockcognito.User{{Username: "slow", Password: password}}
	lab := ssolab.Run(t, func(c *ssolab.Config) {
		c.UserPools = []mockcognito.UserPool{pool}
		c.Lambda.Functions = map[string]string{"team": url}
	})
	sdk := cip.New(cip.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(lab.Variable("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER")), HTTPClient: http.DefaultClient,
		Credentials: credentials.NewStaticCredentialsProvider(lab.Variable("AWS_ACCESS_KEY_ID"), lab.Variable("AWS_SECRET_ACCESS_KEY"), ""),
	})
	return &world{t: t, lab: lab, ssolab: build(t, "../..", "./cmd/ssolab"), events: events, sdk: sdk}
}

// sources are the trigger sources of the events since the last call, in order.
func (w *world) sources() []string {
	w.t.Helper()
	f, err := os.Open(w.events)
	require.NoError(w.t, err)
	defer func() { _ = f.Close() }()
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var event struct{ TriggerSource string }
		require.NoError(w.t, json.Unmarshal(lines.Bytes(), &event))
		out = append(out, event.TriggerSource)
	}
	require.NoError(w.t, os.Remove(w.events))
	return out
}

// login is what `ssolab login --json` prints.
type login struct {
	OK      bool `json:"ok"`
	IDToken struct {
		Claims map[string]any `json:"claims"`
	} `json:"id_token"`
	AccessToken struct {
		Claims map[string]any `json:"claims"`
	} `json:"access_token"`
	Error struct {
		Message string `json:"message"`
	} `json:"error"`
}

func (w *world) login(email string) login {
	w.t.Helper()
	cmd := exec.Command(w.ssolab, "login", "--email", email, "--json", "--scope", "openid email profile")
	cmd.Env = append(os.Environ(), "SSOLAB_CONSOLE_URL="+w.lab.Variable("SSOLAB_CONSOLE_URL"))
	cmd.Stderr = w.t.Output()
	out, _ := cmd.Output() // the document tells
	var l login
	require.NoError(w.t, json.Unmarshal(out, &l), string(out))
	return l
}

func TestAFunctionInGoBehindTheEmulatorInAFederatedSignIn(t *testing.T) {
	w := newWorld(t, "V1_0")
	l := w.login("john@example.com")
	require.True(t, l.OK, l.Error.Message)
	require.Equal(t, []string{"InboundFederation_ExternalProvider", "PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp", "TokenGeneration_HostedAuth"}, w.sources())
	require.Equal(t, "acme", l.IDToken.Claims["tenant"])
	require.Equal(t, "of "+mockcognito.DefaultProviderName, l.IDToken.Claims["family_name"], "what inbound federation said is mapped")
	require.Equal(t, []any{mockcognito.DefaultPoolID + "_" + mockcognito.DefaultProviderName}, l.IDToken.Claims["cognito:groups"])

	l = w.login("john@example.com")
	require.True(t, l.OK, l.Error.Message)
	require.Equal(t, []string{"InboundFederation_ExternalProvider", "PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_HostedAuth"}, w.sources())

	l = w.login("refused@example.com")
	require.False(t, l.OK)
	require.Contains(t, l.Error.Message, "PreSignUp failed with error not invited.")
	l = w.login("panic@example.com")
	require.False(t, l.OK)
	require.Contains(t, l.Error.Message, "PreSignUp failed with error a bug.")
	l = w.login("jane@example.com")
	require.True(t, l.OK, "the emulator begins anew after a crash: %s", l.Error.Message)
}

func TestAFunctionInGoBehindTheEmulatorOnTheAPI(t *testing.T) {
	w := newWorld(t, "V2_0")
	ctx := t.Context()
	_, err := w.sdk.SignUp(ctx, &cip.SignUpInput{
		ClientId: aws.String(appClient), Username: aws.String("ada"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("ada@example.com")}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"}, w.sources(), "the function confirms")

	signIn := func(name string) (*cip.InitiateAuthOutput, error) {
		return w.sdk.InitiateAuth(ctx, &cip.InitiateAuthInput{
			ClientId: aws.String(appClient), AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
		})
	}
	_, err = signIn("ada")
	require.NoError(t, err)
	require.Equal(t, []string{"PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"}, w.sources())

	_, err = signIn("migrated")
	require.NoError(t, err)
	require.Equal(t, "UserMigration_Authentication", w.sources()[0])

	begun, err := w.sdk.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: aws.String(appClient), AuthFlow: types.AuthFlowTypeCustomAuth, AuthParameters: map[string]string{"USERNAME": "ada"}})
	require.NoError(t, err)
	require.Equal(t, "pet?", begun.ChallengeParameters["question"])
	done, err := w.sdk.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{
		ClientId: aws.String(appClient), ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: map[string]string{"USERNAME": "ada", "ANSWER": "rex"},
	})
	require.NoError(t, err)
	require.NotNil(t, done.AuthenticationResult)
	require.Equal(t, []string{
		"PreAuthentication_Authentication", "DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication",
		"VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication",
	}, w.sources())

	l := w.login("john@example.com")
	require.True(t, l.OK, l.Error.Message)
	require.Equal(t, map[string]any{"id": 7.0}, l.IDToken.Claims["tenant"])
	require.EqualValues(t, 7, l.AccessToken.Claims["tenant"])
	require.Contains(t, l.AccessToken.Claims["scope"], "acme/TokenGeneration_HostedAuth")

	_, err = signIn("slow")
	var thrown *types.UserLambdaValidationException
	require.ErrorAs(t, err, &thrown, "the emulator's own time-out is an error of the function")
	require.Contains(t, *thrown.Message, "PreAuthentication failed with error Task timed out after 1.00 seconds")
}
