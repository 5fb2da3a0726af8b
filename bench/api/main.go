// Command api measures the processor time that a lab spends on each call of the user pools API, in a pool of many users, beside
// the budget. Calls come by HTTP and stand in the lab's trace, as an app's do.
//
//	go run ./bench/api -ssolab bin/ssolab [-users 10000] [-n 100] [-data DIR]
package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/bench/internal/measure"
)

const (
	budget = 2.0 // ms of processor time
	poolID = "us-east-1_Bench0001"
)

func main() {
	binary := flag.String("ssolab", "bin/ssolab", "the `binary` to measure, a release build")
	users := flag.Int("users", 10_000, "how many `users` the pool has")
	n := flag.Int("n", 100, "how many `calls` of each operation")
	data := flag.String("data", "", "keep the state in this `directory`; empty: in memory")
	flag.Parse()
	if err := run(*binary, *users, *n, *data); err != nil {
		fmt.Fprintln(os.Stderr, "bench/api:", err)
		os.Exit(1)
	}
}

func run(binary string, users, n int, data string) (err error) {
	dir, err := os.MkdirTemp("", "ssolab-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "ssolab.yaml")
	if err := os.WriteFile(file, labFile(users), 0o600); err != nil {
		return err
	}
	flags := []string{"--config", file}
	if data != "" {
		flags = append(flags, "--data", data)
	}
	p, err := measure.StartLab(binary, flags...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	for _, address := range []string{p.URL(1, "/"+poolID+"/.well-known/jwks.json"), p.URL(2, "/keys")} { // keys are made
		if _, err := p.Await(address, time.Minute); err != nil {
			return err
		}
	}
	return measureAll(p, users, n)
}

// labFile declares a pool of that many users with e-mail and names.
func labFile(users int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "user_pools:\n  - id: %s\n    domain: bench\n    clients:\n      - {id: benchclient, callback_urls: [\"http://localhost:3000/cb\"], identity_providers: [Router]}\n", poolID)
	b.WriteString("    providers:\n      - {name: Router, scopes: [openid], identifiers: [example.com], attribute_mapping: {email: email}}\n")
	b.WriteString("    resource_servers:\n      - {identifier: server, name: Server, scopes: {read: Read}}\n    groups:\n      - {name: group}\n    users:\n")
	for i := range users {
		fmt.Fprintf(&b, "      - {username: user-%d, attributes: {email: user%d@example.com, given_name: Given%d, family_name: Family}}\n", i, i, i%100)
	}
	return b.Bytes()
}

// call is an operation and the members that follow the pool's id. % stands for the number of the call.
type call struct {
	operation, members string
	undone             *call // by this one, each time: there may not be many at once
}

const (
	details = `"ProviderDetails":{"client_id":"c","client_secret":"s","oidc_issuer":"https://idp.test","authorize_scopes":"openid","attributes_request_method":"GET",` +
		`"authorize_url":"https://idp.test/a","token_url":"https://idp.test/t","attributes_url":"https://idp.test/u","jwks_uri":"https://idp.test/k"}`
	arn = `"ResourceArn":"arn:aws:cognito-idp:us-east-1:000000000000:userpool/` + poolID + `"`
)

// calls are the operations graded MUST and SHOULD. What one makes the next ones change and delete.
var calls = []call{
	{"CreateUserPool", `,"PoolName":"p"`, nil},
	{"CreateUserPoolDomain", `,"Domain":"d.example.com","CustomDomainConfig":{"CertificateArn":"arn:aws:acm:us-east-1:000000000000:certificate/c"}`, &call{"DeleteUserPoolDomain", `,"Domain":"d.example.com"`, nil}},
	{"CreateResourceServer", `,"Identifier":"s%","Name":"n"`, &call{"DeleteResourceServer", `,"Identifier":"s%"`, nil}},
	{"AddCustomAttributes", `,"CustomAttributes":[{"Name":"a%"}]`, nil}, // a pool has fifty at most
	{"DescribeUserPool", ``, nil}, {"UpdateUserPool", `,"UserPoolTags":{"n":"%"}`, nil}, {"ListUserPools", `,"MaxResults":60`, nil}, {"GetUserPoolMfaConfig", ``, nil},
	{"SetUserPoolMfaConfig", `,"MfaConfiguration":"OFF"`, nil}, {"TagResource", `,"Tags":{"n":"%"},` + arn, nil}, {"ListTagsForResource", `,` + arn, nil}, {"UntagResource", `,"TagKeys":["n"],` + arn, nil},
	{"DescribeUserPoolDomain", `,"Domain":"bench"`, nil}, {"UpdateUserPoolDomain", `,"Domain":"bench","ManagedLoginVersion":2`, nil},
	{"CreateUserPoolClient", `,"ClientName":"c","GenerateSecret":true`, nil}, {"DescribeUserPoolClient", `,"ClientId":"benchclient"`, nil}, {"ListUserPoolClients", ``, nil},
	{"UpdateUserPoolClient", `,"ClientId":"benchclient","CallbackURLs":["http://localhost:3000/cb"]`, nil},
	{"CreateIdentityProvider", `,"ProviderName":"Idp%","ProviderType":"OIDC",` + details, nil}, {"DescribeIdentityProvider", `,"ProviderName":"Router"`, nil},
	{"UpdateIdentityProvider", `,"ProviderName":"Idp%","IdpIdentifiers":["n%.test"]`, nil}, {"GetIdentityProviderByIdentifier", `,"IdpIdentifier":"example.com"`, nil},
	{"ListIdentityProviders", ``, nil}, {"DeleteIdentityProvider", `,"ProviderName":"Idp%"`, nil},
	{"DescribeResourceServer", `,"Identifier":"server"`, nil}, {"UpdateResourceServer", `,"Identifier":"server","Name":"N"`, nil}, {"ListResourceServers", ``, nil},
	{"CreateGroup", `,"GroupName":"g%"`, nil}, {"GetGroup", `,"GroupName":"g%"`, nil}, {"UpdateGroup", `,"GroupName":"g%","Precedence":%`, nil}, {"ListGroups", ``, nil}, {"DeleteGroup", `,"GroupName":"g%"`, nil},
	{"AdminAddUserToGroup", `,"Username":"user-%","GroupName":"group"`, nil}, {"AdminListGroupsForUser", `,"Username":"user-%"`, nil}, {"ListUsersInGroup", `,"GroupName":"group"`, nil},
	{"AdminRemoveUserFromGroup", `,"Username":"user-%","GroupName":"group"`, nil},
	{"AdminGetUser", `,"Username":"user-%"`, nil}, {"ListUsers", ``, nil}, {"ListUsers", `,"Filter":"email = \"user9%@example.com\""`, nil}, {"ListUsers", `,"Filter":"given_name = \"Given%\""`, nil},
	{"ListUsers", `,"Filter":"family_name ^= \"zz\""`, nil}, {"ListUsers", `,"Filter":"username ^= \"user-9\""`, nil}, {"ListUsers", `,"Filter":"cognito:user_status = \"unknown\""`, nil},
	{"AdminUpdateUserAttributes", `,"Username":"user-%","UserAttributes":[{"Name":"nickname","Value":"%"}]`, nil}, {"AdminDeleteUserAttributes", `,"Username":"user-%","UserAttributeNames":["nickname"]`, nil},
	{"AdminCreateUser", `,"Username":"new-%","MessageAction":"SUPPRESS"`, nil}, {"AdminSetUserPassword", `,"Username":"new-%","Password":"Correct-horse-1","Permanent":true`, nil},
	{"AdminDisableUser", `,"Username":"new-%"`, nil}, {"AdminEnableUser", `,"Username":"new-%"`, nil}, {"AdminUserGlobalSignOut", `,"Username":"new-%"`, nil},
	{"AdminLinkProviderForUser", `,"DestinationUser":{"ProviderName":"Cognito","ProviderAttributeValue":"new-%"},"SourceUser":{"ProviderName":"Router","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"s%"}`, nil},
	{"AdminDisableProviderForUser", `,"User":{"ProviderName":"Router","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"s%"}`, nil},
	{"AdminDeleteUser", `,"Username":"new-%"`, nil},
}

func measureAll(p *measure.Process, users, n int) error {
	type figure struct {
		name string
		ms   float64
	}
	var figures []figure
	for _, c := range calls {
		if err := ask(p, c, 9999); err != nil { // one that warms up, under a number of its own
			return err
		}
		before, err := p.CPU()
		if err != nil {
			return err
		}
		n := n
		if c.operation == "AddCustomAttributes" {
			n = min(n, 40)
		}
		for i := range n {
			if err := ask(p, c, i); err != nil {
				return err
			}
		}
		after, err := p.CPU()
		if err != nil {
			return err
		}
		name := c.operation
		if c.undone != nil {
			name += " and " + c.undone.operation
		}
		if _, filter, ok := strings.Cut(c.members, `"Filter":`); ok {
			name += " " + filter
		}
		figures = append(figures, figure{name, float64(after-before) / float64(n) / float64(time.Millisecond)})
	}
	slices.SortFunc(figures, func(a, b figure) int { return cmp.Compare(b.ms, a.ms) })
	t := measure.NewTable(os.Stdout, fmt.Sprintf("processor time of a call, %d users, %d calls of each, the dearest first", users, n))
	over := 0
	for _, f := range figures {
		t.Row(f.name, f.ms, budget, "ms")
		if f.ms > budget {
			over++
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	if over > 0 {
		return fmt.Errorf("%d over the budget of %g ms", over, budget)
	}
	return nil
}

func ask(p *measure.Process, c call, n int) error {
	body := `{"UserPoolId":"` + poolID + `"` + strings.ReplaceAll(c.members, "%", strconv.Itoa(n)) + `}`
	req, err := http.NewRequest(http.MethodPost, p.URL(1, "/"), strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+c.operation)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", c.operation, body, answer)
	}
	if err == nil && c.undone != nil {
		err = ask(p, *c.undone, n)
	}
	return err
}
