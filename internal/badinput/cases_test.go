package badinput_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

const (
	// canary is a piece of HTML; nothing may bring it into a page as it is.
	canary = `"'><canary onclick=x>&lt;`
	// hunter is a secret that a client sends; nothing may hand it on.
	hunter = "hunter2-hunter2-hunter2-hunter2"

	large = 30 << 10 // still within the limit on headers
	huge  = 1 << 20
)

// badCase is one way to spoil a request.
type badCase struct {
	name string
	edge bool // net/http itself may answer, in plain text
	do   func(*request)
}

func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// badValues are values of a parameter, as written on the wire.
func badValues() []param {
	return []param{
		{"empty", ""}, {"blank", "%20%09+"}, {"not UTF-8", "%ff%fe%c0%af"}, {"raw bytes", "\xff\xfe\xc3"}, {"malformed escape", "%zz"}, {"half an escape", "%"},
		{"NUL", "a%00b"}, {"CRLF", "a%0d%0aX-Injected:%20yes%0d%0a%0d%0a%3Ccanary%3E"}, {"control characters", "%01%1b%5b31m%7f%c2%85"},
		{"HTML", escaped(canary)}, {"semicolon", "a;b=c"}, {"traversal", "..%2f..%2f..%2fetc%2fpasswd"}, {"huge number", strings.Repeat("9", 400)},
		{"float", "1e309"}, {"negative", "-9223372036854775808"}, {"URL", "https%3A%2F%2Fevil.example%2F%3Fa%3Db%23c"}, {"script URL", "javascript%3Aalert(1)"},
		{"protocol-relative", "%2F%2Fevil.example%2F"}, {"direction", "%e2%80%ae%ef%bb%bf%f3%a0%80%81"}, {"template", "%7B%7B.Secret%7D%7D%25s%25n"},
		{"JSON", "%7B%22a%22%3A%5B%5D%7D"}, {"long", strings.Repeat("a", large)}, {"long, grows when escaped", strings.Repeat("<", large)}, {"long and escaped", strings.Repeat("%3C", large/3)},
	}
}

// badJSON are values of a member of a JSON object.
func badJSON() []param {
	return []param{
		{"null", "null"}, {"true", "true"}, {"number", "-1"}, {"float", "1.5"}, {"huge number", "1e400"}, {"long number", strings.Repeat("9", 5000)},
		{"array", `["a"]`}, {"object", `{"a":{"b":[]}}`}, {"object of strings", `{"a":"b"}`}, {"empty string", `""`}, {"NUL", `"a\u0000b"`}, {"CRLF", `"a\r\nX-Injected: yes\r\n\r\n<canary>"`},
		{"lone surrogate", `"\ud800"`}, {"not UTF-8", "\"\xff\xfe\""}, {"HTML", fmt.Sprintf("%q", canary)}, {"long", `"` + strings.Repeat("a", 100<<10) + `"`},
		{"traversal", `"../../etc/passwd"`}, {"deep", strings.Repeat("[", 100_000)}, {"deep and closed", strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000)}, {"nothing", ""},
	}
}

// spoil makes the cases of one list of parameters, which at returns for a request.
func spoil(where string, names []param, values []param, at func(*request) *[]param) []badCase {
	var out []badCase
	for i, p := range names {
		change := func(what string, f func(list *[]param)) {
			out = append(out, badCase{name: where + " " + p.name + ": " + what, do: func(r *request) { f(at(r)) }})
		}
		change("missing", func(l *[]param) { *l = append((*l)[:i:i], (*l)[i+1:]...) })
		change("doubled", func(l *[]param) { *l = append(*l, (*l)[i]) })
		change("doubled, another value", func(l *[]param) { *l = append(*l, param{p.name, values[len(values)-2].value}) })
		for _, v := range values {
			change(v.name, func(l *[]param) { (*l)[i].value = v.value })
		}
	}
	return out
}

// casesOf are all cases of an endpoint.
func casesOf(party string, r *request) []badCase {
	var out []badCase
	out = append(out, spoil("query", r.query, badValues(), func(r *request) *[]param { return &r.query })...)
	out = append(out, spoil("form", r.form, badValues(), func(r *request) *[]param { return &r.form })...)
	out = append(out, spoil("member", r.members, badJSON(), func(r *request) *[]param { return &r.members })...)
	out = append(out, edgeCases()...)
	out = append(out, headerCases(party)...)
	if at := strings.ToLower(r.path); strings.Contains(at, "token") || strings.Contains(at, "userinfo") || strings.Contains(at, "revoke") || strings.Contains(at, "health") {
		out = append(out, credentialCases()...)
	}
	if r.method == http.MethodPost || r.method == http.MethodPut {
		out = append(out, bodyCases()...)
	}
	if r.members != nil || strings.Contains(r.path, "/api/") {
		out = append(out, documentCases()...)
	}
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "A"} {
		if m != r.method {
			out = append(out, badCase{"method " + m, true, func(r *request) { r.method = m }})
		}
	}
	return out
}

func many(n int, name string) string { // names are short: all of them have to fit into a header
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&%s%x", name, i)
	}
	return b.String()
}

func edgeCases() []badCase {
	tail := func(name, s string) badCase {
		return badCase{"query " + name, true, func(r *request) { r.rawTail = s }}
	}
	all := []badCase{
		{"nothing at all", false, func(r *request) { r.query, r.form = nil, nil }},
		tail("of 10,000 parameters", many(10_000, "")), tail("of 10,000 equal parameters", strings.Repeat("&a=b", 10_000)),
		tail("of 1 MiB", "&a="+strings.Repeat("a", huge)), tail("with a bad escape", "&%zz=%"), tail("of separators", "&&&&=&=&;;"), tail("with a fragment", "&a=b#c"),
		tail("with a space", "&a=b c"), tail("with a tab", "&a=\tb"), tail("with NUL", "&a=\x00"), tail("in brackets", "&a[]=1&a[b][c]=2"), tail("raw bytes", "&\xff=\xfe"),
		tail("HTML", "&a=<canary>"+canary[:4]),
		{"path: dots", true, func(r *request) { r.path += "/../../../../etc/passwd" }},
		{"path: escaped dots", true, func(r *request) { r.path += "/%2e%2e/%2e%2e%2f%2e%2e/etc/passwd" }},
		{"path: slashes", true, func(r *request) { r.path = "//" + r.path + "//" }},
		{"path: backslashes", true, func(r *request) { r.path += `\..\..` }},
		{"path: another host", true, func(r *request) { r.path = "//evil.example/%2e%2e" + r.path }},
		{"path: unknown", true, func(r *request) { r.path += "/nothing%0d%0aX-Injected:%20yes" }},
		{"path: HTML", true, func(r *request) { r.path += "/" + escaped(canary) }},
		{"path: NUL and bytes", true, func(r *request) { r.path += "%00%ff%0a" }},
		{"path: bad escape", true, func(r *request) { r.path += "%zz" }},
		{"path: long", true, func(r *request) { r.path += "/" + strings.Repeat("a", large) }},
		{"path: other case", true, func(r *request) { r.path = strings.ToUpper(r.path) }},
		{"path: star", true, func(r *request) { r.path = "*" }},
		{"path: none", true, func(r *request) { r.path = "" }},
		{"path: relative", true, func(r *request) { r.path = strings.TrimPrefix(r.path, "/") + "x" }},
		{"path: absolute", true, func(r *request) { r.path = "http://evil.example" + r.path }},
		{"path: script", true, func(r *request) { r.path = "javascript:alert(1)" }},
	}
	return all
}

func headerCases(party string) []badCase {
	add := func(name string, edge bool, header, value string) badCase {
		return badCase{"header " + name, edge, func(r *request) { r.header = append(r.header, param{header, value}) }}
	}
	all := []badCase{
		add("raw bytes", true, "X-A", "\xff\xfe\xc3"), add("range", false, "Range", "bytes=0-1,2-3,5-"), add("forwarded", false, "X-Forwarded-Host", "evil.example"), add("override", false, "X-HTTP-Method-Override", "DELETE"),
		add("upgrade", true, "Upgrade", "h2c"), add("expect", false, "Expect", "100-continue"),
		add("negotiation", false, "Accept", strings.Repeat("a/b;q=2,", 1000)), add("preflight", false, "Access-Control-Request-Headers", canary+"\t"+strings.Repeat("x", 4000)),
		add("cookie junk", true, "Cookie", "=;;;=;\"\\;,, \xff=\xfe; a"), add("cookies, many", true, "Cookie", strings.TrimPrefix(strings.ReplaceAll(many(6000, "c"), "&", "; "), "; ")),
		{"another host", true, func(r *request) {
			r.raw = r.method + " " + r.path + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
		}},
	}
	cookies := map[string][]string{"cognito": {"cognito", "XSRF-TOKEN", "csrf-state", "csrf-state-legacy"}, "app": {"ssolab-app"}, "scalekit": {"ssolab-scalekit"}}
	for _, name := range cookies[party] {
		for what, value := range map[string]string{
			"junk": "a\xff\x01b", "quoted": `"` + canary + `"`, "open quote": `"abc`, "empty": "", "long": strings.Repeat("x", 20<<10),
			"of 36 characters": strings.Repeat("<", 36), "twice": "a; " + name + "PORT=b",
		} {
			all = append(all, badCase{"cookie " + name + " " + what, true, func(r *request) {
				suffix := "-" + r.base[strings.LastIndex(r.base, ":")+1:]
				value := strings.ReplaceAll(value, "PORT", suffix)
				r.header = append(r.header, param{"Cookie", name + suffix + "=" + value + "; " + name + "=" + strings.ReplaceAll(value, suffix, "")})
			}})
		}
	}
	return all
}

// credentialCases spoil the Authorization header.
func credentialCases() []badCase {
	var all []badCase
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for what, value := range map[string]string{
		"empty": "", "scheme alone": "Bearer", "two spaces": "Bearer  ", "junk": "\xff\xfe", "unknown scheme": "Digest a=b", "Basic junk": "Basic !!!", "Basic without colon": basic("a"),
		"Basic bytes": basic("\xff\x00:\xfe\r\n"), "Basic bad escape": basic("%zz:%"), "Basic secret": basic("ssolabclient00000000000001:" + hunter), "Basic long": basic(strings.Repeat("a", 20<<10) + ":"),
		"Bearer secret": "Bearer " + hunter, "Bearer dots": "Bearer ..", "Bearer many dots": "Bearer " + strings.Repeat(".", 10_000), "Bearer long": "Bearer " + strings.Repeat("a", large),
		"Bearer none": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "Bearer JWE": "Bearer eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d",
		"Bearer deep":  "Bearer eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("[", 12_000))) + ".AA",
		"Bearer types": "Bearer eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":1,"exp":1e400,"client_id":[],"token_use":{}}`)) + ".AA",
	} {
		all = append(all, badCase{"authorization " + what, true, func(r *request) { r.set("Authorization", value) }})
	}
	return all
}

// bodyCases spoil a body and its framing.
func bodyCases() []badCase {
	typed := func(value string) badCase {
		return badCase{"content type " + value, false, func(r *request) { r.set("Content-Type", value) }}
	}
	chunked := func(name, body string, halfClose bool) badCase {
		return badCase{"chunked: " + name, true, func(r *request) {
			r.header = append(r.header, param{"Transfer-Encoding", "chunked"})
			r.body, r.length, r.halfClose = body, "-", halfClose
		}}
	}
	length := func(value string, halfClose bool) badCase {
		return badCase{"length " + value, true, func(r *request) { r.length, r.halfClose = value, halfClose }}
	}
	return []badCase{
		{"content type missing", false, func(r *request) { r.drop("Content-Type") }},
		typed("text/plain"), typed("application/json"), typed("multipart/form-data"), typed("multipart/form-data; boundary=a"), typed(";;;"), typed("\xff/\xfe"),
		typed("application/x-www-form-urlencoded; charset=utf-16"), typed("application/x-www-form-urlencoded-not"), typed("application/xml"),
		{"content type twice", false, func(r *request) { r.header = append(r.header, param{"Content-Type", "text/html"}) }},
		{"content encoding", false, func(r *request) { r.header = append(r.header, param{"Content-Encoding", "gzip"}) }},
		{"body of 1 MiB", true, func(r *request) { r.body = "a=" + strings.Repeat("a", huge) }},
		{"body of 1 MiB in chunks", true, func(r *request) {
			r.header = append(r.header, param{"Transfer-Encoding", "chunked"})
			r.body, r.length = strings.Repeat("10000\r\n"+strings.Repeat("a", 0x10000)+"\r\n", 16)+"0\r\n\r\n", "-"
		}},
		{"body of 10,000 parameters", false, func(r *request) { r.body = many(10_000, "p") }},
		{"body of 10,000 equal parameters", false, func(r *request) { r.body = strings.Repeat("a=b&", 10_000) }},
		{"body of bytes", false, func(r *request) { r.body = strings.Repeat("\x00\xff\xfe%", 1000) }},
		{"body of XML", false, func(r *request) {
			r.body = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`
		}},
		{"body empty", false, func(r *request) { r.form, r.members, r.body = nil, nil, "" }},
		{"body missing", true, func(r *request) { r.form, r.members, r.length = nil, nil, "-" }},
		length("100000", true), length("-1", false), length("abc", false), length("99999999999999999999", false), length("9223372036854775807", true), length("0x10", false), length("1\r\nContent-Length: 2", false),
		chunked("garbage", "ZZZ\r\n", false), chunked("huge size", "FFFFFFFFFFFFFFFFF\r\n", false), chunked("cut off", "10\r\nabc", true), chunked("no end", "3\r\nabc\r\n", true),
		chunked("negative", "-1\r\n", false), chunked("long extension", "1;"+strings.Repeat("a", 100<<10)+"\r\nb\r\n0\r\n\r\n", true), chunked("trailers", "0\r\nX-Injected: yes\r\n\r\n", false),
		{"chunked and a length", true, func(r *request) {
			r.header = append(r.header, param{"Transfer-Encoding", "chunked"})
			r.body, r.length, r.halfClose = "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n", "5", true
		}},
		{"unknown transfer encoding", true, func(r *request) {
			r.header = append(r.header, param{"Transfer-Encoding", "gzip, identity"})
			r.length, r.halfClose = "-", true
		}},
	}
}

// documentCases spoil a JSON document as a whole.
func documentCases() []badCase {
	body := func(name, s string) badCase { return badCase{"JSON " + name, false, func(r *request) { r.body = s }} }
	return []badCase{
		body("deep array", strings.Repeat("[", 100_000)), body("deep object", strings.Repeat(`{"a":`, 40_000)), body("null", "null"), body("string", `"a"`), body("number", "1e400"),
		body("array", "[]"), body("two documents", "{}{}"), body("comment", "{/**/}"), body("trailing comma", `{"a":1,}`), body("single quotes", "{'a':1}"), body("byte order mark", "\xef\xbb\xbf{}"),
		body("UTF-16", "\xff\xfe{\x00}\x00"), body("bare bytes", "{\"\xff\":1}"), body("half", `{"fault":"`), body("white space", " \n\t "), body("unknown members", `{"__proto__":{"a":1},"constructor":1}`),
		body("10,000 members", "{"+strings.TrimSuffix(strings.Repeat(`"a":1,`, 10_000), ",")+"}"), body("HTML", fmt.Sprintf("{%q:1}", canary)), body("NaN", `{"times":NaN}`),
	}
}

// framingCases are what net/http refuses, or takes apart, before a handler is looked for.
func framingCases() []badCase {
	add := func(name, header, value string) badCase {
		return badCase{"header " + name, true, func(r *request) { r.header = append(r.header, param{header, value}) }}
	}
	return []badCase{
		add("of 1 MiB", "X-Large", strings.Repeat("a", huge)), add("with NUL", "X-A", "a\x00b"), add("with a line feed", "X-A", "b\nX-Injected: yes"),
		add("with a carriage return", "X-A", "b\rX-Injected: yes"), add("with a space in its name", "X A", "b"), add("without a name", "", "b"),
		add("folded", "X-A", "b\r\n  c"), add("second host", "Host", "evil.example"), add("expect nonsense", "Expect", "nonsense"), add("cookie of 1 MiB", "Cookie", "a="+strings.Repeat("b", huge)),
		{"version 1.0", true, func(r *request) { r.version = "HTTP/1.0" }},
		{"version 0.9", true, func(r *request) { r.version = "HTTP/0.9" }},
		{"version 2.0", true, func(r *request) { r.version = "HTTP/2.0" }},
		{"version 9.9", true, func(r *request) { r.version = "HTTP/9.9" }},
		{"version of another protocol", true, func(r *request) { r.version = "SIP/2.0" }},
		{"headers, many", true, func(r *request) {
			for i := range 3000 {
				r.header = append(r.header, param{fmt.Sprintf("X-%d", i), "a"})
			}
		}},
		{"no host", true, func(r *request) { r.raw = r.method + " " + r.path + " HTTP/1.1\r\nConnection: close\r\n\r\n" }},
		{"strange host", true, func(r *request) {
			r.raw = r.method + " " + r.path + " HTTP/1.1\r\nHost: <canary>/\r\nConnection: close\r\n\r\n"
		}},
		{"lines end with line feeds", true, func(r *request) {
			r.raw = r.method + " " + r.path + " HTTP/1.1\nHost: HOST\nConnection: close\nContent-Length: 0\n\n"
		}},
		{"not HTTP", true, func(r *request) { r.raw, r.halfClose = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", true }},
		{"not even that", true, func(r *request) { r.raw, r.halfClose = strings.Repeat("\x00\xff", 4000), true }},
		{"half a request line", true, func(r *request) { r.raw, r.halfClose = r.method+" "+r.path, true }},
		{"half a header", true, func(r *request) {
			r.raw, r.halfClose = r.method+" "+r.path+" HTTP/1.1\r\nHost: HOST\r\nX-A: b", true
		}},
		{"hang up", true, func(r *request) { r.hangUp = true }},
		{"preface of HTTP/2", true, func(r *request) { r.raw, r.halfClose = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true }},
	}
}
