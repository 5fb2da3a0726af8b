#!/usr/bin/env bash
# Makes the Go code of the management API's messages from its .proto files, or with -check says whether it is what they say.
# Needs protoc and the well-known types (Debian: apt-get install protobuf-compiler libprotobuf-dev).
set -euo pipefail
cd "$(dirname "$0")/../mockscalekit/internal/proto"

command -v protoc >/dev/null && [[ -f /usr/include/google/protobuf/timestamp.proto || -n ${PROTOC_INCLUDE:-} ]] || {
	echo "protoc or its well-known types are missing (Debian: apt-get install protobuf-compiler libprotobuf-dev)" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
mapfile -t files < <(find . -name '*.proto' -printf '%P\n' | sort)
out=.
[[ ${1:-} == -check ]] && mkdir "$work/out" && out=$work/out
protoc -I . -I "${PROTOC_INCLUDE:-/usr/include}" --plugin="$work/protoc-gen-go" --go_out="$out" --go_opt=paths=source_relative "${files[@]}"
# The version of protoc is the machine's and changes nothing else.
find "$out" -name '*.pb.go' -exec sed -i -E 's|^// \tprotoc +v.*|// \tprotoc        (any)|' {} +
[[ $out == . ]] && exit
diff -r --exclude='*.proto' . "$out" >/dev/null || {
	echo "the Go code in mockscalekit/internal/proto is not what the .proto files say; run make proto" >&2
	exit 1
}
