package signin_test

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

const (
	poolID   = "us-east-1_Pool00001"
	clientID = "client0000000000000000001"
	password = "Passw0rd!"
)

// world is a directory with one pool and one app client, and an engine over it.
type world struct {
	t        *testing.T
	env      *lab.Env
	dir      *userpool.Directory
	engine   *signin.Engine
	triggers *functions
}

type (
	pool   = userpool.UserPool
	client = userpool.AppClient
)

func newWorld(t *testing.T, edit ...any) *world {
	t.Helper()
	env := lab.New(lab.Options{})
	backend := memory.New(env.Now)
	dir, err := userpool.Open(t.Context(), userpool.Options{Env: env, Store: backend})
	require.NoError(t, err)
	p := pool{ID: poolID, Name: "test"}
	c := client{ID: clientID, Name: "app", TokenRevocation: true, PreventUserExistence: "ENABLED", ExplicitAuthFlows: []string{
		"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	}}
	for _, f := range edit {
		switch f := f.(type) {
		case func(*pool):
			f(&p)
		case func(*client):
			f(&c)
		default:
			t.Fatalf("%T edits nothing", f)
		}
	}
	require.NoError(t, dir.CreatePool(t.Context(), p))
	require.NoError(t, dir.Edit(t.Context(), poolID, func(d *userpool.Draft) error { d.PutClient(c); return nil }))
	functions := &functions{answers: map[signin.Trigger]func(signin.Event) error{}}
	return &world{t: t, env: env, dir: dir, triggers: functions, engine: signin.New(signin.Options{Env: env, Directory: dir, Store: backend, Triggers: functions})}
}

func legacy(c *client) { c.PreventUserExistence = "LEGACY" }

func verifiesEmail(p *pool) { p.AutoVerified = []string{"email"} }

// caller is the app client as it is now.
func (w *world) caller() signin.Caller {
	p := w.dir.Snapshot().Pool(poolID)
	return signin.Caller{Pool: p, Client: p.Client(clientID)}
}

func (w *world) admin() signin.Caller {
	c := w.caller()
	c.Admin = true
	return c
}

// user makes a user with a password, in that state.
func (w *world) user(name string, status userpool.Status, attributes ...string) *userpool.User {
	w.t.Helper()
	u := userpool.User{Username: name, Status: status}
	for i := 0; i+1 < len(attributes); i += 2 {
		u.Attributes = u.Attributes.With(attributes[i], attributes[i+1])
	}
	p := w.caller().Pool
	made, err := p.CreateUser(w.t.Context(), u, func(u *userpool.User) (err error) {
		u.Password, err = w.dir.NewPassword(p, u, password)
		return err
	})
	require.NoError(w.t, err)
	return made
}

// change changes a user.
func (w *world) change(name string, f func(*userpool.User)) {
	w.t.Helper()
	_, err := w.caller().Pool.Users.Update(w.t.Context(), name, func(u *userpool.User) error { f(u); return nil })
	require.NoError(w.t, err)
}

func (w *world) now(name string) *userpool.User { return w.caller().Pool.Users.Find(name) }

// message is the newest message of the outbox.
func (w *world) message() userpool.Message {
	w.t.Helper()
	list, err := w.dir.Outbox().List(w.t.Context())
	require.NoError(w.t, err)
	require.NotEmpty(w.t, list)
	return list[0]
}

func (w *world) messages() int {
	list, err := w.dir.Outbox().List(w.t.Context())
	require.NoError(w.t, err)
	return len(list)
}

// initiate begins a flow with parameters, name and value by turns.
func (w *world) initiate(flow string, parameters ...string) (*signin.Step, error) {
	return w.engine.Initiate(w.t.Context(), w.caller(), flow, pairs(parameters), "")
}

// respond answers a challenge.
func (w *world) respond(step *signin.Step, name string, responses ...string) (*signin.Step, error) {
	return w.engine.Respond(w.t.Context(), w.caller(), name, step.Session, pairs(responses))
}

func pairs(list []string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		out[list[i]] = list[i+1]
	}
	return out
}

// challenged wants a challenge of that name.
func challenged(t *testing.T, step *signin.Step, err error, name string) *signin.Step {
	t.Helper()
	require.NoError(t, err)
	require.Equal(t, name, step.Challenge)
	require.Nil(t, step.User)
	return step
}

// signedIn wants a user.
func signedIn(t *testing.T, step *signin.Step, err error, name string) {
	t.Helper()
	require.NoError(t, err)
	require.Empty(t, step.Challenge)
	require.NotNil(t, step.User)
	require.Equal(t, name, step.User.Username)
}

// refused wants an error as the service words it.
func refused(t *testing.T, err error, code userpool.Code, text string) {
	t.Helper()
	require.EqualError(t, err, string(code)+": "+text)
}

// functions are a pool's triggers: those that have an answer.
type functions struct {
	mu      sync.Mutex
	events  []signin.Event
	answers map[signin.Trigger]func(signin.Event) error
}

func (f *functions) Run(_ context.Context, e signin.Event) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := f.answers[e.Common().Trigger]
	if answer == nil {
		return false, nil
	}
	f.events = append(f.events, e)
	return true, answer(e)
}

// watch records events of triggers and answers nothing.
func (w *world) watch(list ...signin.Trigger) {
	for _, t := range list {
		w.triggers.answers[t] = func(signin.Event) error { return nil }
	}
}

// answer has a function of a pool answer.
func answer[E signin.Event](w *world, t signin.Trigger, f func(E) error) {
	w.triggers.answers[t] = func(e signin.Event) error { return f(e.(E)) }
}

// sources are the trigger sources of the events so far.
func (w *world) sources() []string {
	out := []string{}
	for _, e := range w.triggers.events {
		out = append(out, e.Common().Source)
	}
	return out
}

func event[E signin.Event](t *testing.T, w *world, i int) E {
	t.Helper()
	require.Greater(t, len(w.triggers.events), i)
	e, ok := w.triggers.events[i].(E)
	require.True(t, ok, "%T", w.triggers.events[i])
	return e
}

// srpClient is the client's half of SRP (RFC 5054 §2.6), which the server does not have.
type srpClient struct{ n, g, a, public *big.Int }

func newSRPClient(w *world) *srpClient {
	n, g := userpool.SRPGroup()
	a := new(big.Int).SetBytes(w.env.Bytes(128))
	return &srpClient{n: n, g: g, a: a, public: new(big.Int).Exp(g, a, n)}
}

func (s *srpClient) srpA() string { return s.public.Text(16) }

func number(t *testing.T, digits string) *big.Int {
	t.Helper()
	v, ok := new(big.Int).SetString(digits, 16)
	require.True(t, ok, digits)
	return v
}

func digest(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

// claim answers PASSWORD_VERIFIER.
func (s *srpClient) claim(w *world, step *signin.Step, clear string, at time.Time) []string {
	w.t.Helper()
	p := step.Parameters
	_, name, _ := strings.Cut(poolID, "_")
	b, salt := number(w.t, p["SRP_B"]), number(w.t, p["SALT"])
	u := digest(userpool.PadSRP(s.public), userpool.PadSRP(b))
	inner := sha256.Sum256([]byte(name + p["USER_ID_FOR_SRP"] + ":" + clear))
	x := digest(userpool.PadSRP(salt), inner[:])
	k := digest(userpool.PadSRP(s.n), userpool.PadSRP(s.g))
	// (B - k*g^x) ^ (a + u*x)
	base := new(big.Int).Sub(b, new(big.Int).Mul(k, new(big.Int).Exp(s.g, x, s.n)))
	secret := base.Exp(base.Mod(base, s.n), new(big.Int).Add(s.a, new(big.Int).Mul(u, x)), s.n)
	key, err := hkdf.Key(sha256.New, userpool.PadSRP(secret), userpool.PadSRP(u), "Caldera Derived Key", 16)
	require.NoError(w.t, err)
	block, err := base64.StdEncoding.DecodeString(p["SECRET_BLOCK"])
	require.NoError(w.t, err)
	stamp := at.UTC().Format("Mon Jan 2 15:04:05 UTC 2006")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(name + p["USER_ID_FOR_SRP"]))
	mac.Write(block)
	mac.Write([]byte(stamp))
	return []string{
		"USERNAME", p["USER_ID_FOR_SRP"], "PASSWORD_CLAIM_SECRET_BLOCK", p["SECRET_BLOCK"], "TIMESTAMP", stamp,
		"PASSWORD_CLAIM_SIGNATURE", base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

// srp signs in by USER_SRP_AUTH as far as the password goes.
func (w *world) srp(name, clear string) (*signin.Step, error) {
	w.t.Helper()
	s := newSRPClient(w)
	step, err := w.initiate(signin.FlowSRP, "USERNAME", name, "SRP_A", s.srpA())
	if err != nil {
		return nil, err
	}
	challenged(w.t, step, nil, signin.PasswordVerifier)
	require.Empty(w.t, step.Session)
	return w.respond(step, signin.PasswordVerifier, s.claim(w, step, clear, w.env.Now())...)
}

// totp is what an authenticator shows (RFC 6238).
func totp(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	offset := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

// otherCode is a code of the same length that is not code.
func otherCode(code string) string {
	digit := byte('0')
	if code[0] == '0' {
		digit = '1'
	}
	return string(digit) + code[1:]
}
