package main

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/report"
	"github.com/ssolab/ssolab/conformance/tenant"
)

const doctorTarget = "testdata/doctor/target.yaml"

// noCanary fails when a secret of the fixtures was printed.
func noCanary(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		require.NotContains(t, text, "canary0of0the0app0client")
		require.NotContains(t, text, "canaryOfTheProvider")
	}
}

func TestDoctorOfFiles(t *testing.T) {
	t.Parallel()
	clean := cli(t, nil, "doctor", "--from", "testdata/doctor/clean", "--target", doctorTarget)
	require.Equal(t, result{out: clean.out}, clean)
	golden(t, "doctor/clean.txt", clean.out)
	broken := cli(t, nil, "doctor", "--from", "testdata/doctor/broken", "--target", doctorTarget)
	require.Equal(t, exitFailed, broken.code)
	require.Equal(t, "ssolab: 3 checks of the configuration break sign-ins\n", broken.err)
	golden(t, "doctor/broken.txt", broken.out)
	noCanary(t, clean.out, broken.out)

	single := cli(t, nil, "doctor", "--user-pool-client", "testdata/doctor/broken/app-client.json", "--identity-provider", "testdata/doctor/broken/provider.json", "--json")
	require.Equal(t, exitFailed, single.code, single.err)
	var r tenant.Report
	require.NoError(t, json.Unmarshal([]byte(single.out), &r))
	require.Equal(t, conformance.APIVersion, r.APIVersion)
	require.Len(t, r.Results, r.Summary.Total)
	require.Equal(t, []string{"k6tana1l8b0bvhk9gfijkurr6"}, r.Clients)
	noCanary(t, single.out)
}

// Every format has the finding with its fix, and prints no secret; files get the format that their names end with.
func TestDoctorInEveryFormat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"doctor", "--from", "testdata/doctor/broken", "--target", doctorTarget}
	for f, name := range map[report.Format]string{report.FormatText: "r.txt", report.FormatJSON: "r.json", report.FormatJUnit: "r.xml", report.FormatMarkdown: "r.md", report.FormatHTML: "r.html"} {
		r := cli(t, nil, append(slices.Clone(args), "--format", string(f), "--out", filepath.Join(dir, name))...)
		require.Equal(t, exitFailed, r.code, r.err)
		file, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, string(file), r.out, f)
		plain := html.UnescapeString(r.out)
		for _, want := range []string{"TENANT-005", "aws cognito-idp update-identity-provider", "provider_details = {"} {
			require.Contains(t, plain, want, f)
		}
		noCanary(t, r.out)
	}
	r := cli(t, nil, append(slices.Clone(args), "--format", "pdf")...)
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "must be text, json, junit, markdown or html")
}

func TestDoctorCannotDecide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "client.json"), []byte(`{"UserPoolClient":{"ClientId":1,"ClientSecret":["canary0of0the0app0client"]}}`), 0o600))
	r := cli(t, nil, "doctor", "--from", dir)
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "client.json: UserPoolClient.ClientId: is a number, and must be a string\n")
	require.Contains(t, r.err, "client.json: UserPoolClient.ClientSecret: is an array, and must be a string\n")
	noCanary(t, r.out, r.err)
	target := filepath.Join(dir, "target.yaml")
	require.NoError(t, os.WriteFile(target, []byte("issuer: x\nscalekit:\n  domains: [\"@x\"]\n  connections: [{status: UP}]\n"), 0o600))
	r = cli(t, nil, "doctor", "--from", "testdata/doctor/clean", "--target", target)
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, `target.yaml:3:13: scalekit.domains[0]: "@x" must be a domain`)
	require.Contains(t, r.err, `scalekit.connections[0].status: "UP" must be DRAFT, IN_PROGRESS or COMPLETED`)
}

// The command reads a lab through the AWS SDK as a person's shell is set up: by the environment alone.
func TestDoctorLive(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	dir := t.TempDir()
	target := filepath.Join(dir, "target.yaml")
	write := func(redirect string) {
		require.NoError(t, os.WriteFile(target, []byte("issuer: "+lab.URLs().Issuer+"\ndomain: "+lab.URLs().Domain+"\nclient: {id: "+lab.Variable("COGNITO_CLIENT_ID")+
			", secret_env: COGNITO_CLIENT_SECRET, redirect_uri: "+redirect+", scopes: [openid, email]}\nprovider: {identity_provider: ScalekitIdPRouter}\nscalekit: {environment_url: "+
			lab.URLs().Scalekit+"}\nemail: john@example.com\n"), 0o600))
	}
	doctor := func(args ...string) result {
		cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"doctor", "--pool", lab.Variable("COGNITO_USER_POOL_ID"), "--target", target}, args...)...)
		cmd.Env = []string{asCommand + "=1", "HOME=" + dir, "AWS_EC2_METADATA_DISABLED=true"}
		for _, v := range lab.Variables() {
			cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
		}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if _, exited := err.(*exec.ExitError); !exited {
			require.NoError(t, err)
		}
		for _, v := range lab.Variables() {
			if v.Secret && len(v.Value) > 10 {
				require.NotContains(t, out.String()+errs.String(), v.Value)
			}
		}
		return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
	}
	write(lab.Variable("COGNITO_REDIRECT_URI"))
	r := doctor("--probe")
	require.Zero(t, r.code, r.out+r.err)
	require.Contains(t, r.out, "4: DescribeUserPool us-east-1_SsoLab001: 200, DescribeUserPoolClient")
	require.Contains(t, r.out, " 0 failed, 0 warned")

	write(lab.Variable("COGNITO_REDIRECT_URI") + "/")
	r = doctor()
	require.Equal(t, exitFailed, r.code, r.err)
	require.Contains(t, r.out, "FAIL  TENANT-020")
	require.Contains(t, r.out, "/error?error=redirect_mismatch&client_id=ssolabclient00000000000001")

	r = doctor("--endpoint-url", nowhere(t))
	require.Equal(t, exitMisuse, r.code, r.out)
	require.Contains(t, r.err, "the user pool could not be read: DescribeUserPool us-east-1_SsoLab001")
	require.Contains(t, r.err, "--iam-policy prints the permissions")
}

func TestDoctorPolicy(t *testing.T) {
	t.Parallel()
	r := cli(t, nil, "doctor", "--pool", "eu-north-1_Ab12Cd34E", "--iam-policy")
	require.Equal(t, result{out: r.out}, r)
	require.Contains(t, r.out, `"Resource": "arn:aws:cognito-idp:eu-north-1:*:userpool/eu-north-1_Ab12Cd34E"`)
}
