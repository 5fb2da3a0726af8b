package trace_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/trace"
)

// FuzzMasking hides a secret in every place where the parties send one, in whatever surroundings, and looks for it in
// what leaves the process.
func FuzzMasking(f *testing.F) {
	const secret = "hunter2hunter2hunter2hunter2"
	f.Add(uint8(0), "a=b", `"x":1,`, "application/x-www-form-urlencoded")
	f.Add(uint8(3), "a=%zz&&;", `"y":[{"z":null}],`, "application/x-www-form-urlencoded; charset=utf-8")
	f.Add(uint8(6), "=", `"a":"\ud800",`, "application/json")
	names := []string{"client_secret", "code", "code_verifier", "access_token", "refresh_token", "id_token", "id_token_hint", "password", "token", "_csrf", "client_assertion", "otp"}
	f.Fuzz(func(t *testing.T, which uint8, around, members, contentType string) {
		if strings.Contains(around+members+contentType, secret[4:]) || strings.ContainsAny(around, "#?\r\n") {
			return
		}
		name := names[int(which)%len(names)]
		pair := name + "=" + secret
		document := "{" + members + `"` + name + `":"` + secret + `"}`
		var parsed map[string]any
		if json.Unmarshal([]byte(document), &parsed) == nil && parsed[name] != secret {
			return // what stands around it made another name of it: {"\"code":…}
		}
		ex := trace.Exchange{
			URL:         "http://a/?" + around + "&" + pair + "&" + around,
			RequestBody: around + "&" + pair, ResponseBody: document,
			RequestHeader: []trace.Header{
				{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}, {Name: "Authorization", Value: "Bearer " + secret}, {Name: "Cookie", Value: "a=" + secret + "; b=" + secret},
				{Name: "Referer", Value: "http://b/?" + around + "&" + pair},
			},
			ResponseHeader: []trace.Header{
				{Name: "Location", Value: "http://c/?" + around + "&" + pair + "#" + pair + "&" + around}, {Name: "Set-Cookie", Value: "a=" + secret + "; Path=/"},
			},
		}
		check := func(ex trace.Exchange) {
			b, err := json.Marshal(ex.View())
			require.NoError(t, err)
			require.NotContains(t, string(b), secret[4:], "all but the first four characters are hidden")
		}
		check(ex)
		for _, body := range []string{document, "\n " + document, pair + "&" + around, around + "&" + pair} {
			ex.RequestHeader[0].Value, ex.RequestBody = contentType, body
			check(ex)
		}
		ex.RequestHeader[1].Value = secret
		check(ex)
	})
}
