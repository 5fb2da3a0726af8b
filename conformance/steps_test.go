package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

// A provider that knows nobody is signed in to by the target's steps, without a browser: each page's fields are filled by
// the steps that find them, and what no step finds stays as it stands.
func TestStepsFillForms(t *testing.T) {
	t.Setenv("JOHN_PASSWORD", "correct horse")
	t.Setenv("JOHN_SEED", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") // of RFC 6238, appendix B
	var got []string
	mux := http.NewServeMux()
	mux.HandleFunc("/start", page(`<form action=/password><input name=user id=who value=nobody><input type=hidden name=csrf value=1></form>`))
	mux.HandleFunc("/password", func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.RawQuery)
		page(`<form method=post action=/code><input class="wide secret" type=password><input class="wide secret" type=Password name=p><select name=realm><option>staff<option>guests</select></form>`)(w, r)
	})
	mux.HandleFunc("/code", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got = append(got, r.PostForm.Encode())
		page(`<form action=/end><input autocomplete="one-time-code" name=otp></form>`)(w, r)
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.RawQuery)
		http.Redirect(w, r, "/cb?code=1", http.StatusFound)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	signIn := func(steps string) error {
		got = nil
		target, err := conformance.ParseTarget("target.yaml", []byte("issuer: "+s.URL+"\nclient: {id: x, redirect_uri: "+s.URL+"/cb}\nemail: john@example.com\nidp:\n  steps:\n"+steps))
		require.NoError(t, err)
		d := &conformance.HTTPDriver{Now: func() time.Time { return time.Unix(59, 0) }}
		_, err = d.SignIn(t.Context(), s.URL+"/start", target)
		return err
	}
	const user = "    - {fill: \"#who\", value: \"{{local}}\"}\n    - {fill: \"input[type=hidden]\", value: changed}\n"
	require.ErrorContains(t, signIn(user+"    - {fill: \"form input[name=p]\", value: {env: JOHN_PASSWORD}}\n"), "asks for a password")
	require.ErrorContains(t, signIn(user+"    - {fill: \"input[name=p]\", value: {env: JOHN_PASSWORD}}\n"), "asks for a password", "one without a name is for a script")

	mux.HandleFunc("/plain", page(`<form method=post action=/code><input class="wide secret" type=Password name=p><select name=realm><option>staff<option>guests</select></form>`))
	mux.HandleFunc("/begin", page(`<form action=/plain><input name=user id=who value=nobody><input type=hidden name=csrf value=1></form>`))
	target, err := conformance.ParseTarget("target.yaml", []byte("issuer: "+s.URL+"\nclient: {id: x, redirect_uri: "+s.URL+"/cb}\nemail: john@example.com\nidp:\n  steps:\n"+user+`
    - {click: "button[type=submit]"}
    - {fill: "input.secret[type=password]", value: {env: JOHN_PASSWORD}}
    - {select: "select[name='realm']", value: guests}
    - {fill: "[autocomplete=\"one-time-code\"]", value: {totp_env: JOHN_SEED}}
`))
	require.NoError(t, err)
	got = nil
	d := &conformance.HTTPDriver{Now: func() time.Time { return time.Unix(59, 0) }}
	v, err := d.SignIn(t.Context(), s.URL+"/begin", target)
	require.NoError(t, err)
	require.Contains(t, v.Hops[1].URL, "/plain?user=john&csrf=1")
	require.Equal(t, []string{"p=correct+horse&realm=guests", "otp=287082"}, got) // the code of RFC 6238 has eight digits: 94287082
}
