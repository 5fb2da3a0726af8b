package conformance

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

// FuzzTarget parses target files. A refusal says where; a target that is taken is valid and does not tell its secret.
func FuzzTarget(f *testing.F) {
	good := "issuer: https://a.example/b\nclient:\n  id: c\n  secret: a-secret-of-many-characters\n  redirect_uri: https://app.example/cb\nemail: a@b.example\n"
	for _, seed := range []string{
		good, good + "idp:\n  steps:\n    - fill: '#a'\n      value: '{{email}}'\n", good + "resolve: {a: 127.0.0.1}\n", good + "client: {}\n", "", "- a\n", "issuer: 1\n", "issuer: [\n", good + "provider: {identity_provider: a, idp_identifier: b}\n",
		good + "idp: {steps: [{fill: a, click: b}, {wait: c, value: {env: D}}]}\n", "a: &a [*a]\n", strings.Repeat("[", 5000), good + "email: \"\\xff\"\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") {
			return // files that it names would be read
		}
		target, err := ParseTarget("target.yaml", []byte(text))
		if err != nil {
			var problems yamlfile.Problems
			require.True(t, errors.As(err, &problems), "%T %v", err, err)
			for _, p := range problems {
				require.Equal(t, "target.yaml", p.File)
				require.NotEmpty(t, p.Message)
			}
			return
		}
		require.NoError(t, target.Validate())
		if secret := target.Client.Secret.Reveal(); len(secret) > 8 && !strings.Contains(target.Issuer+target.Client.ID+target.Email, secret) {
			require.NotContains(t, target.String()+target.LogValue().String(), secret)
		}
	})
}

// FuzzForm parses pages and submits their forms.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		`<form action="/a" method=post><input name=a value=b><button name=c value=d>`, `<form><select name=a><option>b<option selected>c</select>`, `<table><form action=x><tr><input name=a form=b>`,
		`<template><form></template><form><textarea name=a>` + "\r\n" + `x</textarea>`, `<base href="//x/"><form action="?b=c#d">`, `<form method=dialog><form><input type=image name=a>`, `<noscript><form action=javascript:x><fieldset disabled><legend><input name=a>`,
		`<form enctype=multipart/form-data method=post><input name="a` + "\r\n" + `b" value="c">`, `<form action="http://%zz">`, `<plaintext><form>`, `<form><input name=a value="&#0;&amp`,
	} {
		f.Add([]byte(seed))
	}
	at, err := url.Parse("https://idp.example/login?x=y#z")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, document []byte) {
		p := parsePage(document)
		for _, fm := range p.forms {
			require.True(t, strings.HasPrefix(fm.signature(at), "idp.example/login "))
			for _, fd := range fm.fields {
				require.NotEmpty(t, fd.name, "a control without a name is not sent")
			}
		}
		if first := p.first(); first != nil {
			s, err := p.submit(first, at)
			if err != nil {
				return // its action is no URL
			}
			_, err = url.Parse(s.url)
			require.NoError(t, err, "what is sent goes to an address")
			require.Contains(t, []string{"GET", "POST"}, s.method)
			require.Len(t, s.fields, len(first.fields))
			if s.contentType == "application/x-www-form-urlencoded" {
				sent, err := url.ParseQuery(string(s.body))
				require.NoError(t, err)
				for _, fd := range first.fields {
					require.Contains(t, sent[fd.name], newlines(fd.value), "every field arrives")
				}
			}
		}
		_, text := complaint(document)
		require.LessOrEqual(t, utf8.RuneCountInString(text), 301)
	})
}
