#!/usr/bin/env bash
# An app with the issuer https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5 in its code signs in through a
# lab under the vendors' names on port 443. The first argument is the ssolab binary.
#
# It puts the lab's names into /etc/hosts and takes them out again at its end, also when it fails. It needs to be root:
# the hosts file and port 443 are root's.
set -euo pipefail

ssolab=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
command -v node >/dev/null && command -v npm >/dev/null || {
	echo "this needs Node 18 or newer with npm (Debian: apt-get install nodejs npm)" >&2
	exit 1
}
[[ $(id -u) == 0 ]] || {
	echo "this needs root, for /etc/hosts and port 443: sudo $0 $1" >&2
	exit 1
}

tmp=$(mktemp -d)
cp -p /etc/hosts "$tmp/hosts"
lab=
finish() {
	status=$?
	trap - EXIT
	"$ssolab" hosts remove >/dev/null || status=1
	cmp /etc/hosts "$tmp/hosts" || status=1
	if [[ -n $lab ]]; then
		kill "$lab" 2>/dev/null || true
		wait "$lab" || status=1
	fi
	rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

npm --prefix "$here/node" ci --no-audit --no-fund --ignore-scripts

unset SSOLAB_CONSOLE_URL SSOLAB_CA_FILE NODE_EXTRA_CA_CERTS
export SSOLAB_CA_DIR=$tmp/ca
mkfifo "$tmp/ready"
"$ssolab" up --config "$here/vendor.yaml" --json >"$tmp/ready" &
lab=$!
read -r up <"$tmp/ready" || exit 1 # it has said why
SSOLAB_CONSOLE_URL=$(node -p 'JSON.parse(process.argv[1]).urls.console' "$up")
export SSOLAB_CONSOLE_URL

"$ssolab" hosts add
NODE_EXTRA_CA_CERTS=$("$ssolab" ca path) node --test --test-reporter=spec "$here/node/vendor.mjs" "$here/node/clients.mjs"
curl --silent --show-error --fail --cacert "$("$ssolab" ca path)" \
	https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_6m0O668r5/.well-known/jwks.json >/dev/null
"$ssolab" login --email john@example.com >/dev/null
echo "curl and ssolab login: ok"
