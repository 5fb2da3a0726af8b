package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/yamlfile"
)

// FuzzLabFile parses lab files. A refusal says where; a file that is taken makes a lab.
func FuzzLabFile(f *testing.F) {
	for _, name := range []string{"testdata/vendor.yaml", "testdata/bad.yaml"} {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	for _, seed := range []string{
		"", "listen: {names: vendor, tls_port: 443}", "user_pools: []", "quirks: {idp-random-subject: on}", "people: [{email: a@b.example, totp_secret: JBSWY3DPEHPK3PXP}]", "user_pools: [{id: us-east-1_A, clients: [{id: a, access_token_validity: 99999999h}]}]",
		"scalekit: {clients: [{id: skc_1, redirect_uris: ['https://*.a.b/']}]}", "a: &a\n  b: *a\n", "user_pools: &p [*p]", strings.Repeat("- ", 500), "people:\n  - email: \"\\0@\\x7f\"\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parseLabFile("lab.yaml", []byte(text), ssolab.Config{})
		if err != nil {
			var problems yamlfile.Problems
			require.True(t, errors.As(err, &problems), "%T %v", err, err)
			for _, p := range problems {
				require.NotEmpty(t, p.Message)
			}
			return
		}
		_, err = ssolab.New(cfg)
		require.NoError(t, err, "a file that is taken makes a lab")
	})
}
