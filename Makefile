# make lab starts the whole sign-in chain; make help lists the rest.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

BIN := bin/ssolab
PACKAGES ?= ./...

# Code that no sign-in runs through is not inlined, which makes the binary a megabyte smaller.
COLD := github.com/aws github.com/chromedp github.com/go-json-experiment github.com/goccy github.com/spf13 google.golang.org/protobuf \
	connectrpc.com github.com/ssolab/ssolab/conformance github.com/ssolab/ssolab/cmd \
	github.com/ssolab/ssolab/mockscalekit/internal/mgmt github.com/ssolab/ssolab/mockscalekit/internal/proto
RELEASE := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' $(COLD:%=-gcflags=%/...=-l)

# The race detector needs cgo and a C compiler that works. RACE=on insists on it, RACE=off leaves it out.
RACE ?= auto

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: lab
lab: ## start the lab on ports 9400–9404 and print what an app needs
	@go build -o $(BIN) ./cmd/ssolab
	@exec $(BIN) up

.PHONY: build
build: ## build the static, stripped binary bin/ssolab
	@mkdir -p bin
	$(RELEASE) -o $(BIN) ./cmd/ssolab

.PHONY: test
test: ## all Go tests, the browser's too; with -race where a C compiler is found
	@browser="$$(scripts/browser.sh)"; race="$$(scripts/race.sh $(RACE))"; \
	echo "browser: $$browser"; \
	if [[ -n $$race ]]; then echo "race detector: on"; else echo "race detector: off (no C compiler that works with cgo)"; fi; \
	SSOLAB_BROWSER="$$browser" go run ./internal/fidelity/testrun $(if $(filter ./...,$(PACKAGES)),-whole) -count=1 $$race $(PACKAGES)

.PHONY: matrix
matrix: ## every fault against every check, compared with the reviewed matrix (minutes); UPDATE=all|missing writes it
	go test -count=1 -timeout 30m ./conformance/checks -run '^TestMatrix$$' -args -matrix $(if $(UPDATE),-update=$(UPDATE))

.PHONY: e2e
e2e: ## the browser suite alone; TARGET=file runs its journeys against that target, FORM=plain|localhost|vendor one form
	@SSOLAB_BROWSER="$$(scripts/browser.sh)" go test -count=1 -v ./e2e $(if $(TARGET)$(FORM),-args $(if $(TARGET),-target $(abspath $(TARGET))) $(if $(FORM),-form $(FORM)))

.PHONY: interop
interop: build ## clients and identity providers that we did not write: AWS CLI (by docs/guide.md too), aws-sdk-go-v2, Node; and the tester at such issuers (UPDATE=1 writes that page)
	@UPDATE=$(UPDATE) scripts/interop.sh $(BIN)

.PHONY: interop-lambda
interop-lambda: ## a Lambda function in Go, behind the vendor's runtime interface emulator, as the triggers of a pool
	cd interop/lambda && go vet ./... && go test -count=1 -v ./...

# Needs root: port 443, and entries in /etc/hosts, which it takes back.
.PHONY: interop-vendor
interop-vendor: build ## clients as they are installed, under vendor names on port 443: openid-client, Auth.js, aws-jwt-verify …; needs root
	@interop/vendor.sh $(BIN)

FUZZTIME ?= 60
.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME seconds
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: build ## measure what has a budget, and print both
	@go run ./bench/startup -ssolab $(BIN)
	@go run ./bench/check -ssolab $(BIN)
	@go run ./bench/signin -ssolab $(BIN)
	@go run ./bench/data -ssolab $(BIN)
	@go run ./bench/api -ssolab $(BIN)
	@go test ./mockscalekit -run "^$$" -bench . -benchtime 100x

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@unformatted="$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go'))"; \
	if [[ -n $$unformatted ]]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags awscli ./interop
	go tool staticcheck ./...
	go tool staticcheck -tags awscli ./interop

.PHONY: proto
proto: ## make the Go code of the management API's messages from its .proto files; needs protoc
	@scripts/proto.sh

.PHONY: proto-check
proto-check: ## fail if that code is not what the .proto files say
	@scripts/proto.sh -check

.PHONY: docs
docs: ## write the pages of docs/ that follow from the code
	@go run ./internal/gendocs

.PHONY: docs-check
docs-check: ## fail if such a page is not what the code says
	@go run ./internal/gendocs -check

# The generator has the version of the library that its code calls.
TEMPL = go run github.com/a-h/templ/cmd/templ@$$(go list -m -f '{{.Version}}' github.com/a-h/templ) generate -include-version=false -open-browser=false -log-level warn

.PHONY: pages
pages: ## make the Go code of the HTML pages from their .templ files
	@$(TEMPL)

.PHONY: pages-check
pages-check: ## fail if the code of a page is not what its .templ file says
	@$(TEMPL) -check

.PHONY: screenshots
screenshots: ## take the pictures of docs/img from a running lab
	@SSOLAB_BROWSER="$$(scripts/browser.sh)" go run ./e2e/screenshots -dir docs/img

.PHONY: ci
ci: ## what CI runs
	@.ci/run

.PHONY: image
image: ## build the container image ssolab, and the compose example's; needs Docker
	@scripts/docker-engine.sh
	@mkdir -p bin/image
	GOOS=linux $(RELEASE) -o bin/image/ssolab ./cmd/ssolab
	cd container && CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags '-s -w' -o ../bin/image/app ./app
	docker build --quiet -t ssolab .
	docker build --quiet -t ssolab-example-app -f container/app/Dockerfile .

.PHONY: container
container: build image ## test the image with testcontainers, and sign in through both compose profiles
	@container/test.sh $(BIN)
