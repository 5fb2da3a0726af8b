#!/usr/bin/env bash
# Runs the Node programs of interop/ against labs of their own. The first argument is the ssolab binary.
set -euo pipefail

ssolab=$(realpath "$1")
command -v node >/dev/null && command -v npm >/dev/null || {
	echo "interop needs Node 18 or newer with npm (Debian: apt-get install nodejs npm)" >&2
	exit 1
}
cd "$(dirname "$0")/../interop/node"
npm ci --no-audit --no-fund --ignore-scripts
"$ssolab" run -- node --test --test-reporter=spec signin.test.mjs
SSOLAB=$ssolab node --test --test-reporter=spec upstream.test.mjs
