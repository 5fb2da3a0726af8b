#!/usr/bin/env bash
# Brings both profiles of docker-compose.yml up, signs in through each, and takes them down. The first argument is the
# ssolab binary of this machine, which signs in from the host; the images are there already (make image).
set -euo pipefail

ssolab=$(realpath "$1")
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then
	composer=(docker compose)
else
	composer=(docker-compose)
fi
compose() { "${composer[@]}" --project-name "ssolab-test-$$" "$@"; }
down() { compose --profile lab --profile vendor down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 </dev/null; }
trap down EXIT

fail() {
	echo "compose: $*" >&2
	compose --profile lab --profile vendor logs --no-color >&2 || true
	exit 1
}

free() { ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_base() {
	local base port
	for base in {19400..19900..100}; do
		for port in $(seq "$base" $((base + 4))); do
			free "$port" || continue 2
		done
		echo "$base"
		return
	done
	fail "no five consecutive ports are free"
}

base=$(free_base)
export SSOLAB_PORT_BASE=$base SSOLAB_PORTS=$base-$((base + 4)) SSOLAB_CONSOLE_URL=http://localhost:$base
want=ScalekitIdPRouter_conn_60040666217971987

echo "profile lab, ports $SSOLAB_PORTS"
compose --profile lab up --detach --no-build >/dev/null 2>&1 || fail "the profile lab does not come up"
began=$(date +%s%N)
until "$ssolab" health >/dev/null 2>&1; do
	(($(date +%s%N) - began < 15000000000)) || fail "the lab does not answer at $SSOLAB_CONSOLE_URL"
	sleep 0.05
done
echo "  answers $((($(date +%s%N) - began) / 1000000)) ms after compose came back"
out=$("$ssolab" login --email john@example.com --json) || fail "the sign-in from the host failed: $out"
[[ $out == *"$want"* ]] || fail "userInfo is not john@example.com's: $out"
echo "  john@example.com signed in from the host"
container=$(compose --profile lab ps -q lab)
published=$(docker inspect --format '{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}} {{end}}{{end}}' "$container" | tr ' ' '\n' | sort -u | xargs)
[[ $published == 127.0.0.1 ]] || fail "the ports are published on $published, and must be on 127.0.0.1 alone"
began=$(date +%s%N)
compose --profile lab stop >/dev/null 2>&1
echo "  stopped in $((($(date +%s%N) - began) / 1000000)) ms, docker-compose itself included"
[[ $(docker inspect --format '{{.State.ExitCode}}' "$container") == 0 ]] || fail "the lab did not end with code 0"
down

echo "profile vendor"
out=$(compose --profile vendor up --no-build --no-color --abort-on-container-exit --exit-code-from app 2>&1) || {
	echo "$out" >&2
	fail "the example app did not sign in"
}
[[ $out == *"$want"* ]] || fail "the app did not print john@example.com's userInfo:
$out"
echo "  the app signed in at https://cognito-idp.us-east-1.amazonaws.com"
