#!/usr/bin/env bash
# Tests the images that "make image" has built: with testcontainers, and both compose profiles. The first argument is the
# ssolab binary of this machine. An engine that scripts/docker-engine.sh started is stopped at the end.
set -euo pipefail

ssolab=$(realpath "$1")
cd "$(dirname "$0")/.."
trap 'scripts/docker-engine.sh stop' EXIT

# The reaper is an image that would have to be pulled; the tests clean up by themselves. The ports are published on
# 127.0.0.1, and within a container testcontainers would look for them at the gateway.
export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
(cd container && go vet ./... && go test -count=1 -v ./...)
container/compose.sh "$ssolab"
