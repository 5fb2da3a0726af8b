package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/internal/store/bolt"
)

// upped is a lab in a process of its own.
type upped struct {
	cmd       *exec.Cmd
	errs      io.Reader
	urls      map[string]string
	variables map[string]string
}

// spool keeps what is written until it is read; a reader waits for it.
type spool struct {
	mu      sync.Mutex // guards held
	held    []byte
	written *sync.Cond
}

func newSpool() *spool {
	s := &spool{}
	s.written = sync.NewCond(&s.mu)
	return s
}

func (s *spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, b...)
	s.written.Broadcast()
	return len(b), nil
}

func (s *spool) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.held) == 0 {
		s.written.Wait()
	}
	n := copy(b, s.held)
	s.held = s.held[n:]
	return n, nil
}

func startUp(t *testing.T, args ...string) *upped {
	t.Helper()
	errs := newSpool()
	cmd, out := processWith(t, errs, append([]string{"up", "--port-base", "0", "--json"}, args...)...)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait() // so that what it says is whole
		require.NoError(t, err, string(errs.held))
	}
	var up struct{ URLs, Variables map[string]string }
	require.NoError(t, json.Unmarshal([]byte(line), &up))
	return &upped{cmd, errs, up.URLs, up.Variables}
}

// flow is one sign-in of a person as the main app client.
func (u *upped) flow(email string) *conformance.Flow {
	return &conformance.Flow{Target: &conformance.Target{
		Issuer: u.urls["issuer"], Domain: u.urls["domain"], Email: email,
		Client: conformance.Client{
			ID: u.variables["COGNITO_CLIENT_ID"], Secret: conformance.Secret(u.variables["COGNITO_CLIENT_SECRET"]),
			RedirectURI: u.variables["COGNITO_REDIRECT_URI"], Scopes: []string{"openid", "email"},
		},
		Provider: conformance.Provider{IdentityProvider: u.variables["COGNITO_IDENTITY_PROVIDER"]},
	}}
}

func (u *upped) refresh(t *testing.T, token string) (int, string) {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {u.variables["COGNITO_CLIENT_ID"]}, "client_secret": {u.variables["COGNITO_CLIENT_SECRET"]}}
	resp, err := http.PostForm(u.urls["domain"]+"/oauth2/token", form)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func (u *upped) keys(t *testing.T) string {
	t.Helper()
	resp, err := http.Get(u.urls["issuer"] + "/.well-known/jwks.json")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// api makes a call of the user pools API for the main pool; members follow its id.
func (u *upped) api(operation, members string) (string, error) {
	req, err := http.NewRequest(http.MethodPost, u.urls["cognito"]+"/", strings.NewReader(`{"UserPoolId":"`+u.variables["COGNITO_USER_POOL_ID"]+`"`+members+`}`))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(string(body))
	}
	return string(body), err
}

// administer makes groups by the API until the lab is killed, and returns the names of those that it was told of.
func (u *upped) administer(round int) (made []string) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("group-%d-%d", round, n)
		if _, err := u.api("CreateGroup", `,"GroupName":"`+name+`"`); err != nil {
			return made
		}
		made = append(made, name)
	}
}

// person is what a completed sign-in has promised.
type person struct{ email, refreshToken, userInfo string }

// signInsUntilKilled has several people sign in at once, kills the lab after so many have tokens, and returns all who
// have them.
func (u *upped) signInsUntilKilled(t *testing.T, round, after int) []person {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan person)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				email := "p" + strconv.Itoa(round) + "-" + strconv.Itoa(w) + "-" + strconv.Itoa(n) + "@example.com"
				j, err := u.flow(email).Run(ctx)
				if err != nil && (j.Tokens == nil || j.Tokens.RefreshToken == "") {
					return // killed meanwhile
				}
				done <- person{email, string(j.Tokens.RefreshToken), string(j.UserInfo)}
			}
		})
	}
	go func() { all.Wait(); close(done) }()
	var out []person
	for p := range done {
		if out = append(out, p); len(out) == after {
			require.NoError(t, u.cmd.Process.Kill())
			stop()
		}
	}
	require.Error(t, u.cmd.Wait(), "it was killed")
	return out
}

// A lab that is killed while people sign in and an administrator makes things loses nobody who has tokens, and nothing that was
// made, round after round: tokens are good, people have the sub they had, and keys are the same.
func TestALabKilledDuringSignIns(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var people []person
	var groups []string
	keys, made := "", 0
	for round := range 25 {
		u := startUp(t, "--data", dir)
		if keys == "" {
			keys = u.keys(t)
		}
		require.Equal(t, keys, u.keys(t))
		for _, p := range people {
			status, answer := u.refresh(t, p.refreshToken)
			require.Equal(t, http.StatusOK, status, "%s in round %d: %s", p.email, round, answer)
		}
		for _, p := range people[:min(2, len(people))] {
			if p.userInfo == "" {
				continue // killed between the tokens and userInfo
			}
			j, err := u.flow(p.email).Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, p.userInfo, string(j.UserInfo))
		}
		for _, name := range groups { // of the round before
			_, err := u.api("GetGroup", `,"GroupName":"`+name+`"`)
			require.NoError(t, err)
		}
		administered := make(chan []string)
		go func() { administered <- u.administer(round) }()
		people = append(people, u.signInsUntilKilled(t, round, 1+round%5)...)
		groups = <-administered
		made += len(groups)
	}
	require.Greater(t, made, 25)
	require.GreaterOrEqual(t, len(people), 75)
	t.Logf("%d people, %d groups", len(people), made)
}

func TestADataDirectoryOfTwoLabs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	u := startUp(t, "--data", dir)
	r := cli(t, nil, "up", "--port-base", "0", "--data", dir)
	require.Equal(t, exitMisuse, r.code)
	require.Equal(t, "ssolab: the data directory "+dir+" is in use by process "+strconv.Itoa(u.cmd.Process.Pid)+", the lab at "+u.urls["console"]+
		"\nhint: stop that lab, or give this one a directory of its own with --data\n", r.err)
}

func TestADamagedDataFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, bolt.FileName)
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("x", 20_000)), 0o600))
	r := cli(t, nil, "up", "--port-base", "0", "--data", dir)
	require.Equal(t, result{code: exitMisuse, err: "ssolab: the data file " + path + " is damaged: invalid database\n" +
		"hint: it was left as it is; put a copy of yours in its place, or start afresh by moving it aside:\n  mv " + path + " " + path + ".damaged\n"}, r)
}

func TestADataFileOfANewerVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, bolt.FileName)
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("ssolab"))
		if err != nil {
			return err
		}
		return b.Put([]byte("format"), []byte(`{"format":2,"program":"ssolab 9.9.0"}`))
	}))
	require.NoError(t, db.Close())
	r := cli(t, nil, "up", "--port-base", "0", "--data", dir)
	require.Equal(t, result{code: exitMisuse, err: "ssolab: the data file " + path + " was written by ssolab 9.9.0 in format 2; this program reads formats up to 1\n" +
		"hint: use that version or a newer one, put the copy made before the upgrade (" + path + ".format-1) in its place, or give another directory with --data\n"}, r)
}

func TestUpSaysWhatIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.Data = dir })
	lab.Advance(-90 * time.Minute)
	table := upTable(lab, palette{}, noVariables)
	require.Contains(t, table, "Kept for the next start\n  users, tokens and keys in "+dir+"\n")
	require.Contains(t, table, "is 1h30m0s behind this machine's")
	lab.Advance(3 * time.Hour)
	require.Contains(t, upTable(lab, palette{}, noVariables), "is 1h30m0s ahead of this machine's")
}
