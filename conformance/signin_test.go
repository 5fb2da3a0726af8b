package conformance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

// TestAwkwardForms holds what arrives against what a browser without scripts sends when the first submit button is pressed.
func TestAwkwardForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page string
		want url.Values
	}{
		"get with a query in the action": {`<form action="/done?old=1"><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"post keeps the action's query":  {`<form method=POST action="/done?old=1"><input name=a value=1></form>`, url.Values{"old": {"1"}, "a": {"1"}}},
		"relative action":                {`<form method=post action="done/x"><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"base":                           {`<base href="/done/"><form method=post action="y"><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"select": {`<form action=/done>
			<select name=one><option value=x disabled selected>X<option>  the
			second <option value=z>Z</select>
			<select name=two><option value=a>A</option><option value=b selected>B</option></select>
			<select name=many multiple><option selected>1<option>2<option selected>3</select>
			<select name=list size=3><option>1</select><select name=none></select>
			<select name=group><optgroup disabled><option>1</optgroup><optgroup><option>2</optgroup></select></form>`,
			url.Values{"one": {"the second"}, "two": {"b"}, "many": {"1", "3"}, "group": {"2"}}},
		"checkboxes and radios": {`<form action=/done><input type=checkbox name=c checked><input type=checkbox name=d value=1>
			<input type=RADIO name=r value=1><input type=radio name=r value=2 checked></form>`, url.Values{"c": {"on"}, "r": {"2"}}},
		"textarea": {"<form method=post action=/done><textarea name=t>\nline <b>one</b>\nline two</textarea></form>",
			url.Values{"t": {"line <b>one</b>\r\nline two"}}},
		"buttons": {`<form action=/done><button type=button name=x value=1>X</button><input type=reset name=y value=1>
			<input name=a value=1><button name=first value=yes>1</button><input type=submit name=second value=no></form>`,
			url.Values{"a": {"1"}, "first": {"yes"}}},
		"image button": {`<form action=/done><input type=image name=i src=x></form>`, url.Values{"i.x": {"0"}, "i.y": {"0"}}},
		"the button decides": {`<form action="/nowhere"><input name=a value=1><button formaction="/done" formmethod=post>Go</button></form>`,
			url.Values{"a": {"1"}}},
		"disabled": {`<form action=/done><input name=a value=1 disabled><fieldset disabled><legend><input name=l value=1></legend>
			<input name=b value=1></fieldset><input name=c value=1></form>`, url.Values{"l": {"1"}, "c": {"1"}}},
		"form attribute": {`<input name=a value=1 form=f><form id=f action=/done></form><input name=b value=2 form=f><input name=c value=3>`,
			url.Values{"a": {"1"}, "b": {"2"}}},
		"form in a table": {`<table><form action=/done><tr><td><input name=a value=1></td></tr></form></table>`, url.Values{"a": {"1"}}},
		"unclosed div":    {`<div><form action=/done></div><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"nested form":     {`<form action=/done><form action=/nowhere><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"only the first":  {`<form action=/done><input name=a value=1></form><form action=/nowhere><input name=b value=1></form>`, url.Values{"a": {"1"}}},
		"a dialog is passed over": {`<form method=dialog><button>Close</button></form><form action=/done><input name=a value=1></form>`,
			url.Values{"a": {"1"}}},
		"template":        {`<template><form action=/nowhere></form></template><form action=/done><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"noscript":        {`<noscript><form method=post action=/done><input type=hidden name=a value="&amp;&quot;"></form></noscript>`, url.Values{"a": {`&"`}}},
		"script":          {`<script>"<form action=/nowhere>"</script><!-- <form> --><form action=/done><input name=a value=1></form>`, url.Values{"a": {"1"}}},
		"multipart":       {`<form method=post enctype="multipart/form-data" action=/done><input name=a value="ä&b"><input type=file name=f></form>`, url.Values{"a": {"ä&b"}}},
		"no name":         {`<form action=/done><input value=1><input name="" value=1><input name=a></form>`, url.Values{"a": {""}}},
		"given twice":     {`<form action=/done><input name=a value=1><input name=a value=2></form>`, url.Values{"a": {"1", "2"}}},
		"attribute twice": {`<form action=/done action=/nowhere><input name=a name=b value=1></form>`, url.Values{"a": {"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newFakeOP(t)
			op.page = c.page
			_, err := op.run(t)
			require.NoError(t, err)
			require.Equal(t, c.want, op.posted)
		})
	}
}

func TestOrderOfFieldsIsTheDocuments(t *testing.T) {
	t.Parallel()
	var got string
	visit(t, map[string]http.HandlerFunc{
		"/start": page(`<form action=/next><input name=z value=1><input name=a value=2><select name=m><option>3</select></form>`),
		"/next": func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.RawQuery
			http.Redirect(w, r, "/cb?code=1", 302)
		},
	})
	require.Equal(t, "z=1&a=2&m=3", got)
}

func TestWhereADriverStops(t *testing.T) {
	t.Parallel()
	loop := 0
	for name, c := range map[string]struct {
		routes map[string]http.HandlerFunc
		want   string
	}{
		"hops without end": {map[string]http.HandlerFunc{"/start": func(w http.ResponseWriter, r *http.Request) {
			loop++
			http.Redirect(w, r, fmt.Sprintf("/start?n=%d&code=topsecret", loop), 302)
		}}, "gave up after 40 hops"},
		"the same page again": {map[string]http.HandlerFunc{"/start": page(`<p role="alert">Wrong <b>password</b>.</p><form method=post><input type=password name=p value=x></form>`)},
			`the page came again after its form was submitted: "Wrong password."`},
		"a password is asked": {map[string]http.HandlerFunc{"/start": page(`<form method=post><input type=password name=p></form>`)},
			"asks for a password"},
		"no form":        {map[string]http.HandlerFunc{"/start": page(`<title>T</title><h1>Choose your organisation</h1>`)}, `no form to submit: "Choose your organisation"`},
		"refused":        {map[string]http.HandlerFunc{"/start": refuse(`<div class="error">Login option is not available.</div><form></form>`)}, `the page refuses: "Login option is not available."`},
		"another scheme": {map[string]http.HandlerFunc{"/start": to("myapp://cb?code=1")}, "redirected to myapp://cb?code=…, which is not the redirect_uri"},
		"a bad location": {map[string]http.HandlerFunc{"/start": to("http://[::1")}, "redirects to what is no URL"},
		"form_post":      {map[string]http.HandlerFunc{"/start": page(`<form method=post action=/cb><input name=code value=1></form>`)}, "form_post"},
		"plain text": {map[string]http.HandlerFunc{"/start": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "redirect_mismatch", http.StatusBadRequest)
		}}, `the page refuses: "redirect_mismatch"`},
		"a longer path is not the callback": {map[string]http.HandlerFunc{"/start": to("/cb/x?code=1"), "/cb/x": page("<h1>Here</h1>")}, `"Here"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := tryVisit(t, c.routes)
			var stuck *conformance.StuckError
			require.ErrorAs(t, err, &stuck)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "topsecret")
			require.NotEmpty(t, v.Hops)
			require.Empty(t, v.Callback)
		})
	}
}

func TestRedirectsKeepOrChangeTheMethod(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			var got string
			visit(t, map[string]http.HandlerFunc{
				"/start": page(`<form method=post action=/a><input name=x value=1></form>`),
				"/a":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/b", status) },
				"/b": func(w http.ResponseWriter, r *http.Request) {
					got = r.Method + " " + r.FormValue("x")
					http.Redirect(w, r, "/cb?code=1", 302)
				},
			})
			want := "GET "
			if status >= 307 {
				want = "POST 1"
			}
			require.Equal(t, want, got)
		})
	}
}

func TestACustomSchemeIsReached(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(to("myapp://callback?code=1"))
	t.Cleanup(s.Close)
	v, err := (&conformance.HTTPDriver{}).SignIn(t.Context(), s.URL, &conformance.Target{Client: conformance.Client{RedirectURI: "myapp://callback"}})
	require.NoError(t, err)
	require.Equal(t, "myapp://callback?code=1", v.Callback)
}

func TestTheCallbackIsNotRequested(t *testing.T) {
	t.Parallel()
	var seen []conformance.Hop
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/cb") {
			t.Error("the callback was requested")
		}
		http.Redirect(w, r, "/cb?tenant=1&error=access_denied", 302)
	}))
	t.Cleanup(s.Close)
	d := &conformance.HTTPDriver{Client: s.Client(), Seen: func(h conformance.Hop) { seen = append(seen, h) }}
	v, err := d.SignIn(t.Context(), s.URL, &conformance.Target{Client: conformance.Client{RedirectURI: s.URL + "/cb?tenant=1"}})
	require.NoError(t, err)
	require.Equal(t, s.URL+"/cb?tenant=1&error=access_denied", v.Callback)
	require.Equal(t, v.Hops, seen)
}

func TestASecondSignInMeetsTheSession(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("s"); err == nil {
			http.Redirect(w, r, "/cb?code=1", 302)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "s", Value: "1", Path: "/"})
		page(`<form method=post></form>`)(w, r)
	}))
	t.Cleanup(s.Close)
	d := &conformance.HTTPDriver{Jar: conformance.NewJar()}
	target := &conformance.Target{Client: conformance.Client{RedirectURI: s.URL + "/cb"}}
	first, err := d.SignIn(t.Context(), s.URL, target)
	require.NoError(t, err)
	second, err := d.SignIn(t.Context(), s.URL, target)
	require.NoError(t, err)
	require.Len(t, first.Hops, 2)
	require.Len(t, second.Hops, 1)
}

func visit(t *testing.T, routes map[string]http.HandlerFunc) {
	t.Helper()
	_, err := tryVisit(t, routes)
	require.NoError(t, err)
}

func tryVisit(t *testing.T, routes map[string]http.HandlerFunc) (*conformance.Visit, error) {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range routes {
		mux.HandleFunc(path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return (&conformance.HTTPDriver{}).SignIn(t.Context(), s.URL+"/start", &conformance.Target{Client: conformance.Client{RedirectURI: s.URL + "/cb"}})
}

func page(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, body)
	}
}

func refuse(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, body)
	}
}

func to(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	}
}
