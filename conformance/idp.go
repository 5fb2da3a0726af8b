package conformance

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// IdP says how a person signs in at the identity provider, for drivers that have a browser. HTTPDriver submits the
// default form instead.
type IdP struct {
	Steps []Step `yaml:"steps"`
}

// Step is one action on a page of the identity provider. Exactly one of Fill, Select, Click and Wait is a CSS selector.
type Step struct {
	Fill   string `yaml:"fill"`   // type Value into this field
	Select string `yaml:"select"` // choose the option Value of this list
	Click  string `yaml:"click"`
	Wait   string `yaml:"wait"` // until this element is visible
	// Text picks, of the elements that the selector finds, the first that says this: its whole text, without regard to case
	// and to white space.
	Text  string `yaml:"text"`
	Value Value  `yaml:"value"`
	// Optional steps are left out when their element does not appear.
	Optional bool `yaml:"optional"`
}

// Action returns what the step does ("fill", "select", "click" or "wait") and its selector.
func (s Step) Action() (name, selector string) {
	for _, a := range s.actions() {
		if a.selector != "" {
			return a.name, a.selector
		}
	}
	return "", ""
}

// String is the step without its value.
func (s Step) String() string {
	name, selector := s.Action()
	if s.Text != "" {
		return fmt.Sprintf("%s %s with the text %q", name, selector, s.Text)
	}
	return name + " " + selector
}

type action struct{ name, selector string }

func (s Step) actions() []action {
	return []action{{"fill", s.Fill}, {"select", s.Select}, {"click", s.Click}, {"wait", s.Wait}}
}

func (s Step) problem() string {
	var given []string
	for _, a := range s.actions() {
		if a.selector != "" {
			given = append(given, a.name)
		}
	}
	switch name, _ := s.Action(); {
	case len(given) != 1:
		return fmt.Sprintf("must have exactly one of fill, select, click and wait; has %d", len(given))
	case (name == "fill" || name == "select") && s.Value.isZero():
		return name + " needs a value"
	case (name == "click" || name == "wait") && !s.Value.isZero():
		return name + " takes no value"
	case s.Value.oneTime() && name != "fill":
		return "a one-time code is for fill"
	}
	sources := 0
	for _, source := range []string{s.Value.Env, s.Value.File, s.Value.TOTPEnv, s.Value.TOTPFile} {
		if source != "" {
			sources++
		}
	}
	if sources > 1 {
		return "value: give one of env, file, totp_env and totp_file"
	}
	rest := strings.NewReplacer("{{email}}", "", "{{local}}", "", "{{domain}}", "").Replace(s.Value.Text)
	if i := strings.Index(rest, "{{"); i >= 0 {
		return fmt.Sprintf("value: %q is not known; known: {{email}}, {{local}}, {{domain}}", rest[i:])
	}
	return ""
}

// Value is what a step types: a text in which {{email}}, {{local}} and {{domain}} stand for the person's address and
// its parts, or what an environment variable or a file holds, taken as it is, or the one-time code of a seed there.
type Value struct {
	Text string `yaml:"-"`
	Env  string `yaml:"env"`
	File string `yaml:"file"` // relative to the target file; one line break at the end is left out
	// TOTPEnv and TOTPFile hold the seed of one-time codes (RFC 6238): base32, or an otpauth URI as in a QR code.
	TOTPEnv  string `yaml:"totp_env"`
	TOTPFile string `yaml:"totp_file"`

	secret Secret
}

// UnmarshalText takes a plain text.
func (v *Value) UnmarshalText(text []byte) error {
	v.Text = string(text)
	return nil
}

// String shows the text, and where other values come from, but not them.
func (v Value) String() string {
	switch {
	case v.Env != "":
		return "(from " + v.Env + ")"
	case v.File != "":
		return "(from " + v.File + ")"
	case v.TOTPEnv != "":
		return "(one-time code by " + v.TOTPEnv + ")"
	case v.TOTPFile != "":
		return "(one-time code by " + v.TOTPFile + ")"
	}
	return v.Text
}

// LogValue is String.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalText is String.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

func (v Value) isZero() bool {
	return v.Text == "" && v.Env == "" && v.File == "" && !v.oneTime()
}

// oneTime tells whether it is a seed, of which codes are typed.
func (v Value) oneTime() bool { return v.TOTPEnv != "" || v.TOTPFile != "" }

// Expand returns what is typed for the person with this address at a time.
func (v Value) Expand(email string, now time.Time) string {
	if v.oneTime() {
		seed, err := readSeed(v.secret)
		if err != nil {
			return "" // ReadTarget has refused it
		}
		return seed.code(now)
	}
	if v.secret != "" {
		return v.secret.Reveal()
	}
	local, domain := splitEmail(email)
	return strings.NewReplacer("{{email}}", email, "{{local}}", local, "{{domain}}", domain).Replace(v.Text)
}

// Secrets are all values that must stand in no output: of clients, and what steps type from variables and files.
func (t *Target) Secrets() []Secret {
	list := []Secret{t.Client.Secret, t.OtherClient.Secret, t.UnfederatedClient.Secret, t.Scalekit.ClientSecret}
	for _, s := range t.IdP.Steps {
		list = append(list, s.Value.secret)
	}
	var out []Secret
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
