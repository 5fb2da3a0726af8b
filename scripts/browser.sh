#!/usr/bin/env bash
# Prints the browser to test with: $SSOLAB_BROWSER, or the first known one in PATH. Without one, installs Debian's
# chromium where that is allowed, and otherwise fails saying how to get one.
set -euo pipefail

find_browser() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable chrome chrome-headless-shell headless-shell microsoft-edge brave-browser; do
		command -v "$name" && return
	done
	return 1
}

if [[ -n ${SSOLAB_BROWSER:-} ]]; then
	command -v "$SSOLAB_BROWSER" || {
		echo "SSOLAB_BROWSER is \"$SSOLAB_BROWSER\", which cannot be run" >&2
		exit 1
	}
	exit
fi
find_browser && exit
if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
	echo "no browser in PATH: installing Debian's chromium" >&2
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -q && apt-get install -q -y --no-install-recommends chromium; } >&2 </dev/null
	find_browser && exit
fi
cat >&2 <<'TEXT'
There is no browser to test with. Install one and run this again:
  Debian, Ubuntu   sudo apt-get install chromium
  macOS            brew install --cask chromium
or set SSOLAB_BROWSER to a Chrome or Chromium that you have.
TEXT
exit 1
