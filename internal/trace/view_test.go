package trace_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/trace"
)

func withConnNote(req *http.Request, note func(local string)) *http.Request {
	return req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { note(info.Conn.LocalAddr().String()) },
	}))
}

func jws(header, claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(header)) + "." + enc([]byte(claims)) + "." + enc([]byte("the-signature-is-the-secret-of-a-token"))
}

// Every way a secret travels, with secrets that can be recognised; none may be in what leaves the process.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	const secret = "SECRETSECRETSECRET"
	token := jws(`{"alg":"RS256","kid":"k"}`, `{"sub":"john"}`)
	signature := token[strings.LastIndex(token, ".")+1:]
	jwe := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RSA-OAEP"}`)) + ".K" + secret + ".I.C" + secret + ".T"
	form := url.Values{
		"code": {"C" + secret}, "client_secret": {"S" + secret}, "refresh_token": {jwe}, "code_verifier": {"V" + secret},
		"password": {"P" + secret}, "token": {"T" + secret}, "otp": {"123456SECRETSECRET"}, "_csrf": {"X" + secret},
		"client_assertion": {token}, "grant_type": {"authorization_code"},
	}
	ex := trace.Exchange{
		Method: "POST", Point: "op.token", Status: 302,
		URL: "http://op/cb?code=C" + secret + "&state=visible#access_token=" + token,
		RequestHeader: []trace.Header{
			{Name: "Authorization", Value: "Basic Q" + secret}, {Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
			{Name: "Cookie", Value: "session=O" + secret + "; other=N" + secret}, {Name: "Referer", Value: "http://app/?code=R" + secret},
		},
		RequestBody: form.Encode(),
		ResponseHeader: []trace.Header{
			{Name: "Location", Value: "http://app/cb?code=L" + secret + "&state=visible#id_token=" + token + "&access_token=" + token},
			{Name: "Set-Cookie", Value: "cognito=K" + secret + "; Path=/; HttpOnly"},
		},
		ResponseBody: `{"id_token":"` + token + `","access_token":"A` + secret + `","refresh_token":"` + jwe + `","inner":[{"client_secret":"I` + secret + `"}],"expires_in":3600}`,
	}
	b, err := json.Marshal(trace.SignIn{Hops: []trace.Exchange{ex}}.View())
	require.NoError(t, err)
	out := string(b)
	require.NotContains(t, out, secret)
	require.NotContains(t, out, "123456")
	require.NotContains(t, out, signature)
	for _, visible := range []string{"state=visible", "grant_type=authorization_code", `"sub":"john"`, "Path=/; HttpOnly", "RSA-OAEP", "CSEC…", `expires_in`} {
		require.Contains(t, out, visible)
	}
	h := ex.View()
	kinds := map[string]int{}
	for _, tok := range h.Tokens {
		kinds[tok.Name+" "+tok.Kind]++
	}
	require.Equal(t, map[string]int{"refresh_token jwe": 2, "id_token jws": 2, "access_token jws": 1, "access_token opaque": 1}, kinds)
	require.True(t, strings.HasPrefix(h.Location, "http://app/cb?code=LSEC…"), h.Location)
}

func TestBearerTokensAreDecodedNotShown(t *testing.T) {
	t.Parallel()
	token := jws(`{"alg":"RS256"}`, `{"scope":"openid"}`)
	h := trace.Exchange{RequestHeader: []trace.Header{{Name: "Authorization", Value: "Bearer " + token}}}.View()
	require.Equal(t, []string{"Authorization: Bearer eyJh…"}, h.RequestHeader)
	require.JSONEq(t, `{"scope":"openid"}`, string(h.Tokens[0].Claims))
	require.JSONEq(t, `{"alg":"RS256"}`, string(h.Tokens[0].Header))
}

func TestAwkwardBodies(t *testing.T) {
	t.Parallel()
	view := func(body string) string { return trace.Exchange{ResponseBody: body}.View().ResponseBody }
	require.Equal(t, `{"keys":[]}`, view(`{"keys":[]}`))
	require.Equal(t, "plain", view("plain"))
	require.NotContains(t, view(`{"access_token":"SECRETSECRETSECRET`), "SECRET", "a body that was cut is not shown")
	require.NotContains(t, view(`[{"password":"hunter2"}]`), "hunter2")
	form := trace.Exchange{RequestHeader: []trace.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}}
	form.RequestBody = "%zz=hunter2&c%6fde=SECRETSECRETSECRET&a=1"
	require.Equal(t, "%zz=…&c%6fde=SECR…&a=1", form.View().RequestBody)
}

func TestMask(t *testing.T) {
	t.Parallel()
	require.Empty(t, trace.Mask(""))
	require.Equal(t, "…", trace.Mask("short"))
	require.Equal(t, "abcd…", trace.Mask("abcdefghijklmnop"))
}

func FuzzView(f *testing.F) {
	f.Add("http://a/?code=x#y", `{"access_token":"a.b.c"}`, "code=1&x")
	f.Add("://", "[", "%")
	f.Fuzz(func(t *testing.T, rawURL, body, form string) {
		ex := trace.Exchange{
			URL: rawURL, ResponseBody: body, RequestBody: form,
			RequestHeader:  []trace.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}, {Name: "Cookie", Value: form}},
			ResponseHeader: []trace.Header{{Name: "Location", Value: rawURL}, {Name: "Set-Cookie", Value: body}},
		}
		_, err := json.Marshal(ex.View())
		require.NoError(t, err)
	})
}

func TestSecretsAreMaskedUnderAnyContentType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ contentType, body, want string }{
		"other case":          {"Application/X-WWW-Form-Urlencoded", "client_secret=hunter2hunter2hunter2&a=1", "client_secret=hunt…&a=1"},
		"no type":             {"", "client_secret=hunter2hunter2hunter2&a=1", "client_secret=hunt…&a=1"},
		"form said, JSON":     {"application/x-www-form-urlencoded", `{"client_secret":"hunter2hunter2hunter2"}`, `{"client_secret":"hunt…"}`},
		"white space":         {"application/json", "\n" + ` {"password":"hunter2"}`, `{"password":"…"}`},
		"escaped name":        {"application/json", `{"pa\u0073sword":"hunter2","n":1}`, `{"n":1,"password":"…"}`},
		"a number":            {"application/json", `{"otp":123456}`, `{"otp":"…"}`},
		"multipart":           {"Multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\nhunter2\r\n--x--", "(75 bytes of Multipart/form-data; boundary=x, not shown)"},
		"JSON stays":          {"application/json", `{"b":1.0,"a":"\n"}`, `{"b":1.0,"a":"\n"}`},
		"address in a member": {"application/json", `{"u":"http://a/?x=1&code=hunter2hunter2hunter2&y=2"}`, `{"u":"http://a/?x=1&code=hunt…&y=2"}`},
	} {
		got := trace.Exchange{RequestHeader: []trace.Header{{Name: "Content-Type", Value: c.contentType}}, RequestBody: c.body}.View().RequestBody
		require.Equal(t, c.want, got, name)
	}
	h := trace.Exchange{RequestHeader: []trace.Header{{Name: "Authorization", Value: "hunter2hunter2hunter2"}, {Name: "X-Amz-Security-Token", Value: "hunter2hunter2hunter2"}}}.View()
	require.Equal(t, []string{"Authorization: hunt…", "X-Amz-Security-Token: hunt…"}, h.RequestHeader)
}
