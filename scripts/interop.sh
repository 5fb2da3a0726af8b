#!/usr/bin/env bash
# Runs the programs of interop/: the AWS CLI, which follows docs/guide.md too, aws-sdk-go-v2 and Terraform's calls, and the Node
# programs against labs of their own; and the tester against OpenID providers of others. The first argument is the ssolab
# binary; with UPDATE=1 docs/other-issuers.md is written.
set -euo pipefail

ssolab=$(realpath "$1")
command -v node >/dev/null && command -v npm >/dev/null || {
	echo "interop needs Node 18 or newer with npm (Debian: apt-get install nodejs npm)" >&2
	exit 1
}
command -v aws >/dev/null && command -v jq >/dev/null || {
	echo "interop needs the AWS CLI and jq (Debian: apt-get install awscli jq)" >&2
	exit 1
}
cd "$(dirname "$0")/.."
aws --version
SSOLAB_BIN=$ssolab go test -tags awscli -count=1 -v -run 'TestTheAWSCLI|TestTheGuide|TestEveryFieldOfTheGuide|TestTheVendorsSDK|TestTerraform' ./interop |
	grep -Ev '^(=== |    --- )'
cd interop/node
npm ci --no-audit --no-fund --ignore-scripts
"$ssolab" run -- node --test --test-reporter=spec signin.test.mjs
"$ssolab" run -- node --test --test-reporter=spec userpool.test.mjs
"$ssolab" run --tls -- node --test --test-reporter=spec amplify.test.mjs
SSOLAB=$ssolab node --test --test-reporter=spec upstream.test.mjs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for form in "" --tls; do
	echo "Scalekit's SDK and REST, ${form:-plain}"
	cp ../scalekit.yaml "$work/lab.yaml"
	LAB_FILE=$work/lab.yaml "$ssolab" run --config "$work/lab.yaml" $form ${form:+--ca-dir "$work/ca"} -- \
		sh -c 'node --test --test-reporter=spec scalekit.mjs && ../scalekit-rest.sh'
done

cd ../issuers
go vet ./...
go test -count=1 ./... -args -ssolab "$ssolab" ${UPDATE:+-update}
