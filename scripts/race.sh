#!/usr/bin/env bash
# Prints "-race" if the race detector can be used here. "on" fails where it cannot, "off" prints nothing.
set -euo pipefail

case ${1:-auto} in
off) exit ;;
on | auto) ;;
*)
	echo "RACE is \"$1\"; it is on, off or auto" >&2
	exit 2
	;;
esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf 'package main\n\nfunc main() {}\n' >"$dir/main.go"
if CGO_ENABLED=1 GO111MODULE=off go build -race -o "$dir/main" "$dir/main.go" >"$dir/log" 2>&1 && "$dir/main"; then
	echo -race
elif [[ ${1:-auto} == on ]]; then
	echo "the race detector cannot be used here; it needs cgo and a C compiler:" >&2
	cat "$dir/log" >&2
	exit 1
fi
