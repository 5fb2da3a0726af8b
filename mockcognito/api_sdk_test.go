package mockcognito_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockcognito"
)

// sdk is the vendor's client for the service of b, in us-east-1 or another region.
func (b *bench) sdk(region ...string) *cip.Client {
	o := cip.Options{
		Region: "us-east-1", BaseEndpoint: &b.url, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1,
	}
	if len(region) > 0 {
		o.Region = region[0]
	}
	return cip.New(o)
}

// refused wants an error of that class, whose message contains a text.
func refused(t *testing.T, err error, class, text string) {
	t.Helper()
	var e smithy.APIError
	require.ErrorAs(t, err, &e)
	require.Equal(t, class, e.ErrorCode(), "%v", err)
	require.Contains(t, e.ErrorMessage(), text)
}

// newPool makes a pool by the API and returns its id.
func (b *bench) newPool(edit ...func(*cip.CreateUserPoolInput)) string {
	b.t.Helper()
	in := &cip.CreateUserPoolInput{PoolName: aws.String("made")}
	for _, f := range edit {
		f(in)
	}
	out, err := b.sdk().CreateUserPool(b.t.Context(), in)
	require.NoError(b.t, err)
	return *out.UserPool.Id
}

// attributesOf are a user's attributes as a map.
func attributesOf(list []types.AttributeType) map[string]string {
	out := map[string]string{}
	for _, a := range list {
		out[*a.Name] = *a.Value
	}
	return out
}

func attribute(pairs ...string) []types.AttributeType {
	var out []types.AttributeType
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, types.AttributeType{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

type (
	mockConfig    = mockcognito.Config
	mockAttribute = mockcognito.Attribute
)

// replaceToken is an answer as JSON with x for its NextToken.
func replaceToken(answer map[string]any) string {
	answer["NextToken"] = "x"
	b, _ := json.Marshal(answer)
	return string(b)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// serveIt answers at an address with the API of s, which has another name of its own.
func serveIt(t *testing.T, s *mockcognito.Server) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "cognito-idp.us-east-1.test"
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// restarted is a kit as after a restart: another one over the same store.
func restarted(t *testing.T, kit *party.Kit) *party.Kit {
	t.Helper()
	next := party.NewKit(lab.New(lab.Options{Keys: fixedKeys{}}), quirk.NewSet(mockcognito.Quirks()), nil)
	next.Store = kit.Store
	return next
}

// crowded is the API of a service with n users in its pool, asked without a network.
func crowded(b *testing.B, n int) func(operation, body string) int {
	b.Helper()
	kit := party.NewKit(lab.New(lab.Options{Keys: fixedKeys{}}), quirk.NewSet(mockcognito.Quirks()), nil)
	p := testPool("https://idp.test")
	for i := range n {
		p.Users = append(p.Users, mockcognito.User{Username: fmt.Sprint("user-", i), Attributes: map[string]string{
			"email": fmt.Sprintf("user%d@example.com", i), "given_name": fmt.Sprint("Given", i), "family_name": "Family", "name": "Name", "email_verified": "true",
		}})
	}
	s, err := mockcognito.New(mockcognito.Config{Kit: kit, URL: "http://localhost:9401", UserPools: []mockcognito.UserPool{p}})
	require.NoError(b, err)
	return func(operation, body string) int {
		r := httptest.NewRequest(http.MethodPost, "http://localhost:9401/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
}
