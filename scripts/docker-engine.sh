#!/usr/bin/env bash
# Makes sure that a Docker engine answers, and docker-compose with it.
#   scripts/docker-engine.sh         nothing to do where one answers; otherwise, as root on Debian or Ubuntu, installs
#                                    docker.io and docker-compose and starts the engine; elsewhere says how
#   scripts/docker-engine.sh stop    stops the engine if this script started it
set -euo pipefail

state=/run/ssolab-docker

answers() { docker info >/dev/null 2>&1; }

has_compose() { docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null; }

fail() {
	echo "$*" >&2
	cat >&2 <<'TEXT'
The container tests need a Docker engine that answers "docker info", and docker compose:
  Debian, Ubuntu   sudo apt-get install docker.io docker-compose, then sudo systemctl start docker
                   (and be in the group docker)
  macOS, Windows   Docker Desktop, Colima or Rancher Desktop
  elsewhere        set DOCKER_HOST to an engine that publishes its ports on this machine
TEXT
	exit 1
}

# gone waits until a process has ended, for ten seconds.
gone() {
	local try
	for try in {1..100}; do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

stop_own() {
	[[ -f $state/pid ]] || return 0
	local pid
	pid=$(<"$state/pid")
	if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
		kill "$pid"
		gone "$pid" || kill -KILL "$pid"
	fi
	rm -rf "$state"
}

# start_with tries the engine with some options, and ends it again when it does not answer in 30 seconds.
start_with() {
	mkdir -p "$state"
	echo "dockerd $*" >>"$state/log"
	setsid dockerd "$@" >>"$state/log" 2>&1 </dev/null &
	local pid=$! try
	echo "$pid" >"$state/pid"
	for try in {1..300}; do
		answers && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
	kill "$pid" 2>/dev/null || true
	gone "$pid" || kill -KILL "$pid"
	return 1
}

case ${1:-start} in
start) ;;
stop)
	stop_own
	exit
	;;
*)
	echo "usage: scripts/docker-engine.sh [start|stop]" >&2
	exit 2
	;;
esac

if answers && has_compose; then
	exit
fi
if [[ -n ${DOCKER_HOST:-} ]]; then
	fail "No engine answers at DOCKER_HOST=$DOCKER_HOST."
fi
[[ $(id -u) -eq 0 ]] || fail "No Docker engine answers, and only root may start one."
if ! command -v dockerd >/dev/null || ! has_compose; then
	command -v apt-get >/dev/null || fail "No Docker engine is installed."
	echo "installing Debian's docker.io and docker-compose" >&2
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update -q && apt-get install -q -y --no-install-recommends docker.io docker-compose; } >&2 </dev/null
	answers && exit # the package may have started it
fi
# Its own choice of a storage driver first; vfs works on every file system.
for options in "" "--storage-driver=vfs"; do
	# shellcheck disable=SC2086 # each option is a word
	if start_with $options; then
		echo "docker engine started${options:+ with $options}; \"scripts/docker-engine.sh stop\" ends it, its log is $state/log" >&2
		exit
	fi
done
tail -n 20 "$state/log" >&2
rm -rf "$state"
fail "The Docker engine did not start; above are its last words."
