package signin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	step, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
	signedIn(t, step, err, "jane")
	require.Equal(t, "Authentication", step.Source)
	_, err = w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password+"x")
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
}

func TestAliasesSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) { p.AliasAttributes = []string{"email", "preferred_username"} })
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "email_verified", "true", "preferred_username", "jj")
	w.user("mary", userpool.Confirmed, "email", "mary@example.com")
	for _, name := range []string{"jane", "jane@example.com", "jj"} {
		step, err := w.initiate(signin.FlowPassword, "USERNAME", name, "PASSWORD", password)
		signedIn(t, step, err, "jane")
		step, err = w.srp(name, password)
		signedIn(t, step, err, "jane")
	}
	_, err := w.initiate(signin.FlowPassword, "USERNAME", "mary@example.com", "PASSWORD", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
}

func TestFlowsNeedToBeAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *client) { c.ExplicitAuthFlows = nil })
	w.user("jane", userpool.Confirmed)
	for flow, text := range map[string]string{
		signin.FlowPassword: "USER_PASSWORD_AUTH flow not enabled for this client", signin.FlowChoice: "USER_AUTH flow not enabled for this client",
		signin.FlowAdminPassword: "Initiate Auth method not supported.", signin.FlowAdminNoSRP: "Initiate Auth method not supported.",
	} {
		_, err := w.initiate(flow, "USERNAME", "jane", "PASSWORD", password)
		refused(t, err, userpool.InvalidParameter, text)
	}
	_, err := w.engine.Initiate(t.Context(), w.admin(), signin.FlowAdminPassword, pairs([]string{"USERNAME", "jane", "PASSWORD", password}), "")
	refused(t, err, userpool.InvalidParameter, "ADMIN_USER_PASSWORD_AUTH flow not enabled for this client")
	step, err := w.srp("jane", password)
	signedIn(t, step, err, "jane")
	require.NoError(t, signin.AllowFlow(w.caller(), signin.FlowRefresh))

	old := newWorld(t, func(c *client) { c.ExplicitAuthFlows = []string{"ADMIN_NO_SRP_AUTH"} })
	old.user("jane", userpool.Confirmed)
	step, err = old.engine.Initiate(t.Context(), old.admin(), signin.FlowAdminNoSRP, pairs([]string{"USERNAME", "jane", "PASSWORD", password}), "")
	signedIn(t, step, err, "jane")
	require.NoError(t, signin.AllowFlow(old.caller(), signin.FlowSRP))
	only := newWorld(t, func(c *client) { c.ExplicitAuthFlows = []string{"CUSTOM_AUTH_FLOW_ONLY"} })
	require.Error(t, signin.AllowFlow(only.caller(), signin.FlowSRP))
	require.NoError(t, signin.AllowFlow(only.caller(), signin.FlowCustom))
}

func TestParametersOfFlows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for flow, wants := range map[string]string{signin.FlowPassword: "PASSWORD", signin.FlowSRP: "SRP_A"} {
		_, err := w.initiate(flow)
		refused(t, err, userpool.InvalidParameter, "Missing required parameter USERNAME")
		_, err = w.initiate(flow, "USERNAME", "jane")
		refused(t, err, userpool.InvalidParameter, "Missing required parameter "+wants)
	}
	_, err := w.engine.Respond(t.Context(), w.caller(), signin.NewPasswordRequired, "x", nil)
	refused(t, err, userpool.InvalidParameter, "Missing required parameter USERNAME")
	_, err = w.engine.Respond(t.Context(), w.caller(), signin.NewPasswordRequired, "", pairs([]string{"USERNAME", "jane"}))
	refused(t, err, userpool.InvalidParameter, "Missing required parameter Session")
	_, err = w.engine.Respond(t.Context(), w.caller(), "DEVICE_SRP_AUTH", "x", pairs([]string{"USERNAME", "jane"}))
	require.True(t, userpool.IsCode(err, userpool.InvalidParameter), "%v", err)
}

// What a state answers, by either flow: the same, once the password is right.
func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		status   userpool.Status
		disabled bool
		code     userpool.Code
		text     string
	}{
		"unconfirmed": {userpool.Unconfirmed, false, signin.UserNotConfirmed, "User is not confirmed."},
		"disabled":    {userpool.Confirmed, true, signin.NotAuthorized, "User is disabled."},
		"reset":       {userpool.ResetRequired, false, signin.PasswordResetRequired, "Password reset required for the user"},
	} {
		w.user(name, c.status)
		w.change(name, func(u *userpool.User) { u.Disabled = c.disabled })
		_, err := w.initiate(signin.FlowPassword, "USERNAME", name, "PASSWORD", password)
		refused(t, err, c.code, c.text)
		_, err = w.srp(name, password)
		refused(t, err, c.code, c.text)
		if name != "reset" { // whose old password is no password
			_, err = w.initiate(signin.FlowPassword, "USERNAME", name, "PASSWORD", "another")
			refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
		}
	}
	w.user("federated", userpool.ExternalProvider)
	w.change("federated", func(u *userpool.User) { u.Password = nil })
	_, err := w.initiate(signin.FlowPassword, "USERNAME", "federated", "PASSWORD", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	_, err = w.srp("federated", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
}

func TestUnknownUserIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	_, err := w.initiate(signin.FlowPassword, "USERNAME", "nobody", "PASSWORD", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	_, err = w.srp("nobody", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")

	first, err := w.initiate(signin.FlowSRP, "USERNAME", "nobody", "SRP_A", "5")
	challenged(t, first, err, signin.PasswordVerifier)
	second, err := w.initiate(signin.FlowSRP, "USERNAME", "nobody", "SRP_A", "5")
	challenged(t, second, err, signin.PasswordVerifier)
	known, err := w.initiate(signin.FlowSRP, "USERNAME", "jane", "SRP_A", "5")
	challenged(t, known, err, signin.PasswordVerifier)
	require.Equal(t, first.Parameters["SALT"], second.Parameters["SALT"], "RFC 5054 §2.5.1.3")
	require.NotEqual(t, first.Parameters["SRP_B"], second.Parameters["SRP_B"])
	for name := range known.Parameters {
		require.NotEmpty(t, first.Parameters[name], name)
	}
	require.Len(t, first.Parameters, len(known.Parameters))
	other, err := w.initiate(signin.FlowSRP, "USERNAME", "nobody2", "SRP_A", "5")
	challenged(t, other, err, signin.PasswordVerifier)
	require.NotEqual(t, first.Parameters["SALT"], other.Parameters["SALT"])
}

func TestUnknownUserOfALegacyClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, legacy)
	for _, flow := range []string{signin.FlowPassword, signin.FlowSRP, signin.FlowCustom, signin.FlowChoice} {
		_, err := w.initiate(flow, "USERNAME", "nobody", "PASSWORD", password, "SRP_A", "5")
		refused(t, err, userpool.UserNotFound, "User does not exist.")
	}
}

// The first four failures cost nothing; from the fifth on there is a lockout, of twice the length each time, and what is
// tried during one does not count.
func TestLockout(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"jane", "nobody"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.user("jane", userpool.Confirmed)
			wrong := func() error {
				_, err := w.initiate(signin.FlowPassword, "USERNAME", name, "PASSWORD", "wrong")
				return err
			}
			for range 5 {
				refused(t, wrong(), signin.NotAuthorized, "Incorrect username or password.")
			}
			for _, lock := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
				refused(t, wrong(), signin.NotAuthorized, "Password attempts exceeded")
				_, err := w.srp(name, password)
				refused(t, err, signin.NotAuthorized, "Password attempts exceeded")
				w.env.Advance(lock)
				refused(t, wrong(), signin.NotAuthorized, "Incorrect username or password.")
			}
			for range 10 {
				w.env.Advance(15 * time.Minute)
				refused(t, wrong(), signin.NotAuthorized, "Incorrect username or password.")
			}
			w.env.Advance(14*time.Minute + 59*time.Second)
			refused(t, wrong(), signin.NotAuthorized, "Password attempts exceeded") // 15 minutes are the longest
			w.env.Advance(time.Second)
			refused(t, wrong(), signin.NotAuthorized, "Incorrect username or password.")
			w.env.Advance(30 * time.Minute)
			for range 5 { // begun anew
				refused(t, wrong(), signin.NotAuthorized, "Incorrect username or password.")
			}
		})
	}
}

func TestSuccessForgetsFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	for range 3 {
		for range 4 {
			_, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", "wrong")
			refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
		}
		step, err := w.srp("jane", password)
		signedIn(t, step, err, "jane")
	}
}

func TestSRP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 8 { // salts and keys whose first bit is set, and not
		name := "jane-" + w.env.Token(3)
		w.user(strings.ToLower(name), userpool.Confirmed)
		step, err := w.srp(strings.ToLower(name), password)
		signedIn(t, step, err, strings.ToLower(name))
		_, err = w.srp(strings.ToLower(name), password+"x")
		refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	}
}

func TestSRPWhatIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	n, _ := userpool.SRPGroup()
	for _, a := range []string{"0", "000", "x", n.Text(16), "-5", "0x5", strings.Repeat("f", 1025)} {
		_, err := w.initiate(signin.FlowSRP, "USERNAME", "jane", "SRP_A", a)
		require.True(t, userpool.IsCode(err, userpool.InvalidParameter), "%s: %v", a, err)
	}
	s := newSRPClient(w)
	begin := func() *signin.Step {
		step, err := w.initiate(signin.FlowSRP, "USERNAME", "jane", "SRP_A", s.srpA())
		return challenged(t, step, err, signin.PasswordVerifier)
	}
	at := time.Date(2026, 1, 5, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		edit func(map[string]string)
		code userpool.Code
	}{
		"no signature":       {func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SIGNATURE") }, userpool.InvalidParameter},
		"no block":           {func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SECRET_BLOCK") }, userpool.InvalidParameter},
		"no time":            {func(r map[string]string) { delete(r, "TIMESTAMP") }, userpool.InvalidParameter},
		"leading zero":       {func(r map[string]string) { r["TIMESTAMP"] = "Mon Jan 05 03:04:05 UTC 2026" }, userpool.InvalidParameter},
		"ISO":                {func(r map[string]string) { r["TIMESTAMP"] = "2026-01-05T03:04:05Z" }, userpool.InvalidParameter},
		"another time":       {func(r map[string]string) { r["TIMESTAMP"] = "Mon Jan 5 03:04:06 UTC 2026" }, signin.NotAuthorized},
		"another block":      {func(r map[string]string) { r["PASSWORD_CLAIM_SECRET_BLOCK"] = "QUJD" }, signin.NotAuthorized},
		"another user":       {func(r map[string]string) { r["USERNAME"] = "mary" }, signin.NotAuthorized},
		"no base64":          {func(r map[string]string) { r["PASSWORD_CLAIM_SIGNATURE"] = "§" }, signin.NotAuthorized},
		"another's":          {func(r map[string]string) { r["PASSWORD_CLAIM_SIGNATURE"] = "QUJD" }, signin.NotAuthorized},
		"all as it ought to": {func(map[string]string) {}, ""},
	} {
		step := begin()
		responses := pairs(s.claim(w, step, password, at))
		c.edit(responses)
		out, err := w.engine.Respond(t.Context(), w.caller(), signin.PasswordVerifier, step.Session, responses)
		if c.code == "" {
			signedIn(t, out, err, "jane")
			_, err = w.engine.Respond(t.Context(), w.caller(), signin.PasswordVerifier, step.Session, responses)
			refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
			continue
		}
		require.True(t, userpool.IsCode(err, c.code), "%s: %v", name, err)
	}
	step := begin()
	responses := s.claim(w, step, password, at)
	w.env.Advance(3 * time.Minute)
	_, err := w.respond(step, signin.PasswordVerifier, responses...)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user, session is expired.")
}

func TestPoolsWhoseNamesAreAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) { p.UsernameAttributes, p.UsernameCase = []string{"email"}, userpool.CaseInsensitive })
	u := w.user("jane@example.com", userpool.Confirmed)
	require.Len(t, u.Username, 36)
	step, err := w.srp("Jane@Example.com", password)
	signedIn(t, step, err, u.Username)
	known, err := w.initiate(signin.FlowSRP, "USERNAME", "jane@example.com", "SRP_A", "5")
	challenged(t, known, err, signin.PasswordVerifier)
	unknown, err := w.initiate(signin.FlowSRP, "USERNAME", "nobody@example.com", "SRP_A", "5")
	challenged(t, unknown, err, signin.PasswordVerifier)
	require.Equal(t, u.Username, known.Parameters["USER_ID_FOR_SRP"])
	require.Len(t, unknown.Parameters["USER_ID_FOR_SRP"], 36)
	require.NotContains(t, unknown.Parameters["USER_ID_FOR_SRP"], "@")
	_, err = w.srp("nobody@example.com", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) {
		p.Attributes = []userpool.SchemaAttribute{{Name: "name", Required: true}, {Name: "custom:plan"}}
	})
	for _, by := range []string{"password", "srp"} {
		u := userpool.User{Username: by, Status: userpool.ForceChangePassword, Attributes: userpool.AttributesOf(map[string]string{"email": "j@example.com", "email_verified": "true", "custom:plan": "x"})}
		p := w.caller().Pool
		_, err := p.CreateUser(t.Context(), u, func(u *userpool.User) (err error) { u.Password, err = w.dir.NewPassword(p, u, password); return err })
		require.NoError(t, err)
		begin := func() *signin.Step {
			var step *signin.Step
			if by == "srp" {
				step, err = w.srp(by, password)
			} else {
				step, err = w.initiate(signin.FlowPassword, "USERNAME", by, "PASSWORD", password)
			}
			return challenged(t, step, err, signin.NewPasswordRequired)
		}
		step := begin()
		require.Equal(t, map[string]string{
			"USER_ID_FOR_SRP": by, "requiredAttributes": `["userAttributes.name"]`, "userAttributes": `{"email":"j@example.com","email_verified":"true"}`,
		}, step.Parameters)

		// What is amiss is told, and the session goes on.
		for _, c := range []struct {
			responses []string
			code      userpool.Code
			text      string
		}{
			{[]string{}, userpool.InvalidParameter, "Missing required parameter NEW_PASSWORD"},
			{[]string{"NEW_PASSWORD", "short"}, userpool.InvalidParameter, "Invalid attributes given, name is missing"},
			{[]string{"NEW_PASSWORD", "short", "userAttributes.name", "J"}, userpool.InvalidPassword, "Password did not conform with policy: Password not long enough"},
			{[]string{"NEW_PASSWORD", "Another0!", "userAttributes.name", "J", "userAttributes.custom:plan", "y"}, signin.NotAuthorized, "A client attempted to write unauthorized attribute"},
			{[]string{"NEW_PASSWORD", "Another0!", "userAttributes.name", "J", "userAttributes.nothing", "y"}, userpool.InvalidParameter, "user.nothing: Attribute does not exist in the schema.\n"},
		} {
			_, err := w.respond(step, signin.NewPasswordRequired, append(c.responses, "USERNAME", by)...)
			refused(t, err, c.code, c.text)
		}
		require.Equal(t, userpool.ForceChangePassword, w.now(by).Status)
		out, err := w.respond(step, signin.NewPasswordRequired, "USERNAME", by, "NEW_PASSWORD", "Another0!", "userAttributes.name", "J", "userAttributes.email", "j@example.com")
		signedIn(t, out, err, by)
		require.Equal(t, "NewPasswordChallenge", out.Source)
		require.Equal(t, userpool.Confirmed, w.now(by).Status)
		require.Equal(t, "J", w.now(by).Attributes.Get("name"))
		_, err = w.respond(step, signin.NewPasswordRequired, "USERNAME", by, "NEW_PASSWORD", "Another0!")
		refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
		signed, err := w.srp(by, "Another0!")
		signedIn(t, signed, err, by)
	}
}

func TestTemporaryPasswordExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) { p.PasswordPolicy = &userpool.PasswordPolicy{MinimumLength: 6, TemporaryValidityDays: 2} })
	w.user("jane", userpool.ForceChangePassword)
	w.env.Advance(2*24*time.Hour - time.Minute)
	step, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
	challenged(t, step, err, signin.NewPasswordRequired)
	w.env.Advance(time.Minute)
	_, err = w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
	refused(t, err, signin.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
}

// A session is its client's and its user's, serves once, and lives as long as the client says.
func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *client) { c.AuthSessionMinutes = 5 })
	w.user("jane", userpool.ForceChangePassword)
	w.user("mary", userpool.Confirmed)
	begin := func() *signin.Step {
		step, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
		return challenged(t, step, err, signin.NewPasswordRequired)
	}
	good := pairs([]string{"USERNAME", "jane", "NEW_PASSWORD", "Another0!"})
	require.NoError(t, w.dir.Edit(t.Context(), poolID, func(d *userpool.Draft) error { d.PutClient(client{ID: "other"}); return nil }))
	other := w.caller()
	other.Client = other.Pool.Client("other")
	_, err := w.engine.Respond(t.Context(), other, signin.NewPasswordRequired, begin().Session, good)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	_, err = w.respond(begin(), signin.NewPasswordRequired, "USERNAME", "mary", "NEW_PASSWORD", "Another0!")
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	_, err = w.respond(begin(), signin.SMSMFA, "USERNAME", "jane", "SMS_MFA_CODE", "123456")
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	_, err = w.engine.Respond(t.Context(), w.caller(), signin.NewPasswordRequired, strings.Repeat("x", 64), good)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")

	late := begin()
	w.env.Advance(5 * time.Minute)
	_, err = w.engine.Respond(t.Context(), w.caller(), signin.NewPasswordRequired, late.Session, good)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user, session is expired.")

	step := begin()
	w.env.Advance(5*time.Minute - time.Second)
	w.change("jane", func(u *userpool.User) { u.Disabled = true })
	_, err = w.engine.Respond(t.Context(), w.caller(), signin.NewPasswordRequired, step.Session, good)
	refused(t, err, signin.NotAuthorized, "User is disabled.")
	w.change("jane", func(u *userpool.User) { u.Disabled = false })

	step = begin()
	_, err = w.caller().Pool.Users.Delete(t.Context(), "jane")
	require.NoError(t, err)
	w.user("jane", userpool.ForceChangePassword)
	_, err = w.engine.Respond(t.Context(), w.caller(), signin.NewPasswordRequired, step.Session, good)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
}
