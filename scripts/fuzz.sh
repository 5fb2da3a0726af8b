#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, as many at once as told, and prints a line for each. The first one
# that fails ends the run, with what it found and the file that holds the input.
#
#   scripts/fuzz.sh [seconds]     default: $FUZZTIME, or 60
#   FUZZJOBS=2                    how many targets at once, with one worker each; default: the number of processors
#   FUZZPACKAGES=./...            where to look for targets
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-${FUZZTIME:-60}}
seconds=${seconds%s}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
	echo "how long each target runs is \"$seconds\"; it is a number of seconds" >&2
	exit 2
fi
jobs=${FUZZJOBS:-$(getconf _NPROCESSORS_ONLN)}
logs=$(mktemp -d)
running=()
cleanup() {
	for pid in "${running[@]}"; do kill -- "-$pid" 2>/dev/null || true; done # each is a process group of its own
	rm -rf "$logs"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
set -m

list=$(go test -list '^Fuzz' "${FUZZPACKAGES:-./...}") || {
	echo "$list" >&2
	exit 1
}
targets=() # "package name"; go test prints the names of a package before the package
names=()
while read -r first second _; do
	case $first in
	Fuzz*) names+=("$first") ;;
	ok)
		for name in "${names[@]}"; do targets+=("$second $name"); done
		names=()
		;;
	esac
done <<<"$list"
if [[ ${#targets[@]} -eq 0 ]]; then
	echo "there is no fuzz target" >&2
	exit 1
fi
echo "${#targets[@]} fuzz targets, $seconds s each, $jobs at once"

# https://go.dev/issue/75804: until Go 1.27 the end of -fuzztime itself is reported as a failure now and then. Such a log
# has that one line below the target's name, and neither an input nor a panic.
ended() { # name log
	! grep -qE 'Failing input|panic|fatal error|Error Trace|exit status [^1]|hung or terminated' "$2" &&
		[[ $(grep -A1 "^--- FAIL: $1 " "$2" | tail -n +2) == "    context deadline exceeded" ]]
}

one() { # package name log
	local begun=$SECONDS
	if go test -run '^$' -fuzz "^$2\$" -fuzztime "${seconds}s" -fuzzminimizetime 1s -parallel 1 "$1" >"$3" 2>&1 || ended "$2" "$3"; then
		printf 'ok    %-22s %s (%d s, %s executions)\n' "$2" "$1" $((SECONDS - begun)) "$(grep -o 'execs: [0-9]*' "$3" | tail -1 | cut -d' ' -f2)"
		return
	fi
	echo "FAIL  $2 $1"
	cat "$3"
	local dir file
	dir=$(go list -f '{{.Dir}}' "$1")
	file=$(sed -n 's|^ *Failing input written to \(testdata/fuzz/.*\)|\1|p' "$3" | head -1)
	if [[ -n $file && -f $dir/$file ]]; then
		echo "--- $dir/$file"
		cat "$dir/$file"
		echo "--- once it is fixed, keep that file: it becomes a case of go test"
	fi
	return 1
}

next=0
while [[ $next -lt ${#targets[@]} || ${#running[@]} -gt 0 ]]; do
	while [[ $next -lt ${#targets[@]} && ${#running[@]} -lt $jobs ]]; do
		read -r package name <<<"${targets[next]}"
		one "$package" "$name" "$logs/$next" &
		running+=($!)
		next=$((next + 1))
	done
	code=0
	wait -n -p done "${running[@]}" || code=$?
	left=()
	for pid in "${running[@]}"; do [[ $pid == "$done" ]] || left+=("$pid"); done
	running=("${left[@]}")
	[[ $code -eq 0 ]] || exit 1
done
