package mockcognito_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/store/bolt"
	"github.com/ssolab/ssolab/mockcognito"
)

// asWriter makes the test binary a service over the directory it names, which several administrators change by the API until
// it is killed.
const asWriter = "SSOLAB_TEST_AS_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWriter); dir != "" {
		fmt.Println("failed:", administerForEver(dir, os.Getenv(asWriter+"_ROUND")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// onFile is a service whose state is in a data directory.
type onFile struct {
	server *mockcognito.Server
	kit    *party.Kit
	file   *bolt.File
}

func openOnFile(dir string) (*onFile, error) {
	f, err := bolt.Open(dir, bolt.Options{})
	if err != nil {
		return nil, err
	}
	keys := lab.KeptKeys{Store: f.Space("lab", nil), Maker: lab.FreshKeys{}}
	kit := party.NewKit(lab.New(lab.Options{Keys: keys}), quirk.NewSet(mockcognito.Quirks()), nil)
	kit.Store = f.Space("state", kit.Env.Now)
	s, err := mockcognito.New(mockcognito.Config{Kit: kit, URL: "http://localhost:9401", UserPools: []mockcognito.UserPool{}})
	return &onFile{s, kit, f}, err
}

func (o *onFile) close(t *testing.T) {
	require.NoError(t, o.kit.Close())
	require.NoError(t, o.file.Close())
}

// api makes a call without a network.
func (o *onFile) api(operation string, in map[string]any) (status int, out map[string]any, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, nil, err
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost:9401/", strings.NewReader(string(body)))
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	w := httptest.NewRecorder()
	o.server.ServeHTTP(w, r)
	if w.Body.Len() > 0 {
		err = json.Unmarshal(w.Body.Bytes(), &out)
	}
	return w.Code, out, err
}

// line is what a writer says before a call and after it was answered.
type line struct {
	Writer          int
	Operation, Pool string
	Name            string // of what it is about
	Value           string // what is set
	Done            bool
}

// administrator makes calls one after the other.
type administrator struct {
	*onFile
	number int
	pool   string
}

func (a *administrator) do(operation, name, value string, in map[string]any) (map[string]any, error) {
	if a.pool != "" {
		in["UserPoolId"] = a.pool
	}
	said := line{Writer: a.number, Operation: operation, Pool: a.pool, Name: name, Value: value}
	say := func() { b, _ := json.Marshal(said); fmt.Println(string(b)) }
	say()
	status, out, err := a.api(operation, in)
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d %v: %w", operation, status, out, err)
	}
	if pool, ok := out["UserPool"].(map[string]any); ok {
		said.Pool, _ = pool["Id"].(string)
	}
	said.Done = true
	say()
	return out, nil
}

const administrators = 4

func administerForEver(dir, round string) error {
	o, err := openOnFile(dir)
	if err != nil {
		return err
	}
	errs := make(chan error, administrators)
	for w := range administrators {
		go func() {
			for n := 0; ; n++ {
				a := &administrator{onFile: o, number: w}
				if err := a.makePool(fmt.Sprintf("%s-%d-%d", round, w, n)); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// makePool makes a pool with something of each kind, changes some of it, and deletes some of it; each second pool goes
// whole.
func (a *administrator) makePool(name string) error {
	var err error
	do := func(operation, of, value string, in map[string]any) {
		if err == nil {
			_, err = a.do(operation, of, value, in)
		}
	}
	out, err := a.do("CreateUserPool", name, "", map[string]any{"PoolName": name, "AliasAttributes": []string{"email"}})
	if err != nil {
		return err
	}
	a.pool, _ = out["UserPool"].(map[string]any)["Id"].(string)
	domain := "d" + name
	do("CreateUserPoolDomain", domain, "", map[string]any{"Domain": domain})
	do("CreateIdentityProvider", "Idp", "", map[string]any{"ProviderName": "Idp", "ProviderType": "OIDC", "ProviderDetails": map[string]string{
		"client_id": "c", "client_secret": "s", "oidc_issuer": "https://idp.test", "authorize_scopes": "openid", "attributes_request_method": "GET",
		"authorize_url": "https://idp.test/a", "token_url": "https://idp.test/t", "attributes_url": "https://idp.test/u", "jwks_uri": "https://idp.test/k",
	}})
	do("CreateUserPoolClient", "app", "", map[string]any{"ClientName": "app", "SupportedIdentityProviders": []string{"Idp"}})
	do("CreateGroup", "group", "", map[string]any{"GroupName": "group"})
	for i := range 4 {
		user := fmt.Sprint("user", i)
		do("AdminCreateUser", user, "", map[string]any{"Username": user, "MessageAction": "SUPPRESS", "UserAttributes": []any{
			map[string]string{"Name": "email", "Value": user + "@" + name + ".test"}, map[string]string{"Name": "email_verified", "Value": "true"},
		}})
		do("AdminAddUserToGroup", user, "group", map[string]any{"Username": user, "GroupName": "group"})
		for version := range 2 {
			value := strings.Repeat(fmt.Sprint(version, " of ", name, " "), 40)
			do("AdminUpdateUserAttributes", user, value, map[string]any{"Username": user, "UserAttributes": []any{map[string]string{"Name": "nickname", "Value": value}}})
		}
	}
	do("AdminDeleteUser", "user0", "", map[string]any{"Username": "user0"})
	do("DeleteIdentityProvider", "Idp", "", map[string]any{"ProviderName": "Idp"})
	do("DeleteGroup", "group", "", map[string]any{"GroupName": "group"})
	do("DeleteUserPoolDomain", domain, "", map[string]any{"Domain": domain})
	if n, _ := strconv.Atoi(name[strings.LastIndex(name, "-")+1:]); n%2 == 0 {
		do("DeleteUserPool", "", "", map[string]any{})
	}
	return err
}

// account is what the writers have said: the last answered call about each thing, unless one that may have changed it since was
// not answered.
type account struct {
	t         *testing.T
	last      map[[3]string]line // by pool, kind and name
	pools     map[string]bool    // those that are there, and those that are not
	unfounded int                // pools of which that is not known
	answered  int
}

// kinds are the operations by what they make or delete.
var kinds = map[string]string{
	"CreateUserPool": "pool", "DeleteUserPool": "pool", "CreateUserPoolDomain": "domain", "DeleteUserPoolDomain": "domain", "CreateIdentityProvider": "provider",
	"DeleteIdentityProvider": "provider", "CreateUserPoolClient": "client", "CreateGroup": "group", "DeleteGroup": "group", "AdminCreateUser": "user", "AdminDeleteUser": "user",
	"AdminAddUserToGroup": "member", "AdminUpdateUserAttributes": "nickname",
}

// runAndKill starts the service, kills it after so many lines, and takes note of all that was said.
func (a *account) runAndKill(dir string, round, after int) {
	a.t.Helper()
	self, err := os.Executable()
	require.NoError(a.t, err)
	cmd := exec.CommandContext(a.t.Context(), self)
	cmd.Env = append(os.Environ(), asWriter+"="+dir, asWriter+"_ROUND="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(a.t, err)
	require.NoError(a.t, cmd.Start())
	open := map[int]line{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var l line
		require.NoError(a.t, json.Unmarshal(lines.Bytes(), &l), lines.Text())
		if l.Done {
			delete(open, l.Writer)
			a.answer(l)
		} else {
			open[l.Writer] = l
		}
		if n == after {
			require.NoError(a.t, cmd.Process.Kill())
		}
	}
	require.Error(a.t, cmd.Wait(), "it was killed")
	for _, l := range open {
		a.doubt(l)
	}
}

// doubt forgets what a call that was not answered may have changed.
func (a *account) doubt(l line) {
	switch l.Operation {
	case "CreateUserPool":
		a.unfounded++
	case "DeleteUserPool":
		delete(a.pools, l.Pool)
		a.unfounded++
	}
	maps.DeleteFunc(a.last, func(key [3]string, _ line) bool {
		switch kind, of := kinds[l.Operation], key[1]; {
		case key[0] != l.Pool:
			return false
		case kind == "group":
			return of == "group" || of == "member"
		case kind == "user":
			return key[2] == l.Name && (of == "user" || of == "nickname" || of == "member")
		default:
			return key[2] == l.Name && of == kind
		}
	})
}

func (a *account) answer(l line) {
	a.answered++
	name := l.Name
	if kinds[l.Operation] == "pool" {
		name = ""
		a.pools[l.Pool] = l.Operation == "CreateUserPool"
	}
	a.last[[3]string{l.Pool, kinds[l.Operation], name}] = l
}

// A service is killed with SIGKILL again and again while several administrators change it by the API: what was answered is
// as it was answered, and nothing is half there.
func TestKilledWhileTheAPIWrites(t *testing.T) {
	t.Parallel()
	a := &account{t: t, last: map[[3]string]line{}, pools: map[string]bool{}}
	base := t.TempDir()
	for round := range killRounds {
		dir := filepath.Join(base, strconv.Itoa(round/10)) // a fresh one after ten rounds, so that checks stay short
		if round%10 == 0 {
			a.last, a.pools, a.unfounded = map[[3]string]line{}, map[string]bool{}, 0
		}
		a.runAndKill(dir, round, 5+round*37%100)
		a.check(dir)
	}
	require.Greater(t, a.answered, 20*killRounds)
	t.Logf("%d answered calls", a.answered)
}

// check opens the state as the next service does, and compares.
func (a *account) check(dir string) {
	t := a.t
	o, err := openOnFile(dir)
	require.NoError(t, err)
	defer o.close(t)
	c := &checker{t: t, onFile: o}
	pools := c.list("ListUserPools", map[string]any{"MaxResults": 60}, "UserPools")
	there := map[string]bool{}
	for _, p := range pools {
		id := p["Id"].(string)
		there[id] = true
		c.whole(id)
	}
	known := 0
	for id, wanted := range a.pools {
		if there[id] {
			known++
		}
		require.Equal(t, wanted, there[id], "pool %s", id)
	}
	require.LessOrEqual(t, len(pools)-known, a.unfounded, "pools that nobody asked for")
	for key, l := range a.last {
		if pool := key[0]; key[1] != "pool" && there[pool] {
			a.compare(c, pool, key[1], l)
		}
	}
}

// compare holds one thing against the last answer about it.
func (a *account) compare(c *checker, pool, kind string, l line) {
	deleted := a.last[[3]string{pool, "user", l.Name}].Operation == "AdminDeleteUser"
	switch kind {
	case "member":
		if a.last[[3]string{pool, "group", "group"}].Operation == "CreateGroup" && !deleted {
			require.Contains(a.t, c.groupsOf(pool, l.Name), "group", "%s is a member", l.Name)
		}
	case "nickname":
		if !deleted {
			require.Equal(a.t, l.Value, attributesIn(c.user(pool, l.Name))["nickname"])
		}
	case "user":
		require.Equal(a.t, !deleted, c.user(pool, l.Name) != nil, "%s %s", pool, l.Name)
	default:
		require.Equal(a.t, strings.HasPrefix(l.Operation, "Create"), c.has(pool, kind, l.Name), "%s %s of %s", kind, l.Name, pool)
	}
}
