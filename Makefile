# What one does with this repository, one word each: make help

SHELL := bash
.DEFAULT_GOAL := help

GO      ?= go
BIN     := bin
# The version that .golangci.yml is written for; .ci/run installs it into bin/.
GOLANGCI_VERSION := v2.9.0
GOLANGCI ?= $(firstword $(wildcard $(CURDIR)/$(BIN)/golangci-lint) golangci-lint)
# testdata is left out of ./... ; these tools live there and have tests.
MUTATE  := ./simulator/testdata/mutate
BENCH   := ./simulator/testdata/bench
SIMULATE := ./simulator/testdata/simulate
PACKAGES := ./... $(MUTATE) $(BENCH) $(SIMULATE)
# The race detector needs cgo and a C compiler. What only computes does without, since
# watching it costs much time: SQLite, which is translated from C by a machine, and packages
# of Go's that neither start a goroutine nor keep what two of ours could write to.
UNWATCHED := modernc.org/... regexp regexp/syntax strconv unicode/utf8 unicode/utf16 encoding/hex encoding/base64
RACE    := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null 2>&1 && \
	     echo -race $(UNWATCHED:%=-gcflags=%=-race=false))
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
TESTFLAGS ?=
# A number of inputs, not a time: when its time is up, Go fails a sound target now and then
# with "context deadline exceeded" (golang/go#75804, mended in Go 1.27).
FUZZTIME ?= 10000x
# An explanation is a search of a fifth of a second; a body is captured in five forms.
SLOW_FUZZ := FuzzExplain FuzzBody
SLOW_FUZZTIME ?= 200x
BENCHTIME ?= 1s
# Of the comparison: --rounds N --duration D --memory=false
BENCHFLAGS ?=
SEEDS ?= 20000
# SEED=42 is one seed again, as a short story; FAULTS=1 asks whether mistakes in the code are found.
SIMULATEFLAGS ?= $(if $(FAULTS),--faults --seeds 3000,$(if $(SEED),--seed $(SEED),--seeds $(SEEDS)))
GOVULNCHECK_VERSION := v1.9.0
CYCLONEDX_VERSION := v1.10.0
# Time for the whole of make mutate; it needs a few minutes on two cores.
MUTATE_BUDGET ?= 15m

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## check the reference receiver that comes with sentsim
	$(GO) run ./cmd/sentsim verify --embedded --strict

# make test leaves out the tests that take long. CI runs them as well, with SHORT= .
SHORT ?= -short
# Programs with the race detector sleep a second before they exit; tests start many.
.PHONY: test
test: ## run the tests (with the race detector where there is a C compiler); SHORT= for those that take long too
	GORACE=atexit_sleep_ms=0 $(GO) test $(RACE) $(SHORT) -timeout 20m -shuffle=on $(TESTFLAGS) $(PACKAGES)

.PHONY: zoo
zoo: ## all defective and peculiar receivers, of which make test takes some
	SENTSIM_ZOO=all $(GO) test -count=1 -p 1 -timeout 40m $(TESTFLAGS) ./scenarios/zoo ./scenarios ./scenarios/diagnosis

.PHONY: kill
kill: ## kill a durable simulator, and sentsim serve, at hundreds of points and look for what is lost
	SENTSIM_KILLS=300 $(GO) test -count=1 -p 1 $(TESTFLAGS) -run '^Test(Serve)?Killed$$' ./simulator ./cmd/sentsim

.PHONY: simulate
simulate: ## search SEEDS (20000) seeds for a story in which Sent's side breaks its word
	$(GO) run $(SIMULATE) $(SIMULATEFLAGS)

.PHONY: vuln
vuln: ## look for known vulnerabilities in what we use (asks vuln.go.dev)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: vet
vet: ## go vet
	$(GO) vet $(PACKAGES)

.PHONY: lint
lint: ## golangci-lint as .golangci.yml says; installs it into bin/ if missing
	@command -v $(GOLANGCI) >/dev/null || GOBIN=$(CURDIR)/$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(GOLANGCI) run $(PACKAGES)

# What .ci/run asks, so that the version stands in one place.
.PHONY: golangci-version
golangci-version:
	@echo $(GOLANGCI_VERSION)

.PHONY: fmt
fmt: ## format all Go files, imports sorted
	@if command -v $(GOLANGCI) >/dev/null; then $(GOLANGCI) fmt; else gofmt -w .; fi

.PHONY: fuzz
fuzz: ## fuzz every Fuzz function FUZZTIME (10000x) each
	@set -euo pipefail; found=0; \
	for pkg in $$($(GO) list $(PACKAGES)); do \
	  names=$$($(GO) test -list '^Fuzz' "$$pkg"); \
	  for target in $$(grep '^Fuzz' <<<"$$names" || true); do \
	    echo "--- $$pkg $$target"; found=$$((found+1)); \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$(grep -qw "$$target" <<<"$(SLOW_FUZZ)" && echo $(SLOW_FUZZTIME) || echo $(FUZZTIME)) "$$pkg"; \
	  done; \
	done; \
	echo "$$found fuzz targets"; [ "$$found" -gt 0 ]

.PHONY: mutate
mutate: ## change the code in small ways; fail where no test notices
	$(GO) run $(MUTATE) --budget $(MUTATE_BUDGET)

.PHONY: bench
bench: ## run the benchmarks, and compare with net/http, k6 and wrk
	@$(MAKE) -s k6 || echo "k6 cannot be built here: it is left out" # the first time it takes minutes
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
	$(GO) build -o $(BIN)/bench $(BENCH)
	$(BIN)/bench $(BENCHFLAGS)

.PHONY: picture
picture: ## draw the README's pictures: a run, the dashboard, the report
	$(GO) run ./scenarios/report/testdata/picture >.github/assets/verify.svg
	@set -euo pipefail; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	export SENTSIM_BROWSER_REQUIRED=1 SENTSIM_SCREENSHOTS="$$dir"; \
	$(GO) test -count=1 -run '^TestInABrowser$$/^why' ./simulator/dashboard; \
	$(GO) test -count=1 -run '^TestHTMLInABrowser$$/^its_parts' ./scenarios/report; \
	cp "$$dir/dashboard-disabled.png" .github/assets/dashboard.png; \
	cp "$$dir/report-rule.png" .github/assets/report.png

.PHONY: build
build: ## build the programs into bin/, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/ ./cmd/...

# A module of its own: what k6 needs is none of sentsim's business. It is checked as it
# is built, or k6 would be compiled twice.
K6_ENV := CGO_ENABLED=0 GOFLAGS="$(GOFLAGS) -trimpath"

.PHONY: k6
k6: ## build bin/k6, which is k6 with k6/x/sentsim in it
	cd cmd/k6 && $(K6_ENV) $(GO) build -ldflags '-s -w -X github.com/sentsim/sentsim/cmd/k6/sentsim.version=$(VERSION)' -o ../../$(BIN)/k6 .

.PHONY: check-k6
check-k6: ## vet, lint, tidy and test the module of bin/k6
	cd cmd/k6 && $(GO) mod tidy -diff
	cd cmd/k6 && $(K6_ENV) $(GO) vet ./...
	@command -v $(GOLANGCI) >/dev/null || GOBIN=$(CURDIR)/$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	cd cmd/k6 && $(K6_ENV) $(GOLANGCI) run --config ../../.golangci.yml ./...
	cd cmd/k6 && $(K6_ENV) $(GO) test -count=1 -timeout 10m $(TESTFLAGS) ./...

.PHONY: images
images: build k6 ## build the container images sentsim, sentsim-receiver and sentsim-k6
	mkdir -p $(BIN)/empty
	docker build --target receiver -t sentsim-receiver .
	docker build --target sentsim -t sentsim .
	docker build -f cmd/k6/Dockerfile -t sentsim-k6 .

.PHONY: cross
cross: ## build for Linux, macOS and Windows on both architectures, with checksums
	@set -euo pipefail; mkdir -p $(BIN)/cross; \
	for os in linux darwin windows; do for arch in amd64 arm64; do \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/cross/$$os-$$arch/ ./cmd/...; \
	done; done; \
	cd $(BIN)/cross && sha256sum */* >checksums.txt && cat checksums.txt

.PHONY: reproducible
reproducible: ## build twice, in two folders, and compare the digests
	@set -euo pipefail; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	for n in first second; do \
	  mkdir "$$dir/$$n"; git ls-files -co --exclude-standard -z | tar --null -T - -cf - | tar -xf - -C "$$dir/$$n"; \
	  (cd "$$dir/$$n" && CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o "$$dir/$$n/out/" ./cmd/...); \
	  (cd "$$dir/$$n/out" && sha256sum * >"$$dir/$$n.sums"); \
	done; \
	cat "$$dir/first.sums"; cmp "$$dir/first.sums" "$$dir/second.sums"

BINARY ?= $(BIN)/sentsim
SBOM ?= $(BINARY).cdx.json
.PHONY: sbom
sbom: ## list what is in BINARY (bin/sentsim), as CycloneDX
	@[ -f "$(BINARY)" ] || $(MAKE) -s build
	$(GO) run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION) bin -json -std -output "$(SBOM)" "$(BINARY)"

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf $(BIN)
	find . -name '*.test' -type f -not -path './.git/*' -delete
