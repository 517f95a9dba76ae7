# Vitrine. `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED := 0
# nodynamic: the WebP encoder always runs as Wasm, never as a library of the system.
export GOFLAGS := -tags=nodynamic -buildvcs=auto
GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0

# Packages below testdata/ are not matched by ./...
PACKAGES := ./... ./testdata/demo/...
# What must also compile to Wasm.
PORTABLE := ./wasm/fault ./wasm/iiif ./wasm/pixel ./wasm/icc ./wasm/inflate ./wasm/jpeg ./wasm/tiff ./wasm/pyramid ./wasm/digest ./wasm/answer ./wasm/decision ./wasm/plan

.PHONY: help run build edge dev deploy deps test test-directus check conformance fuzz bench bench-edge clean
help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: ## serve demo images with a viewer at http://127.0.0.1:8182/
	$(GO) run ./origin serve

build: ## make bin/vitrine
	$(GO) build -trimpath -ldflags "-s -w" -o bin/vitrine ./origin

edge: ## build the Worker's Wasm files and print their sizes
	@.ci/edge

dev: build ## run the edge in workerd at http://127.0.0.1:8787/ before a local origin (IMAGES=folder)
	@IMAGES="$(IMAGES)" .ci/dev

deploy: ## put the edge online, with the settings of wrangler.toml
	@.ci/deploy

deps: ## install the tools that the tests compare with (Debian, needs root)
	@.ci/deps

test: deps ## run all tests, the browser and the official validator included
	$(GO) test -count=1 -timeout 20m $(PACKAGES)

test-directus: deps ## go through the whole loop with a real Directus (the first time installs it: 7 min, 0.9 GB)
	VITRINE_TEST_DIRECTUS=1 $(GO) test -count=1 -timeout 30m -v -run 'TestDirectus' ./edge

conformance: deps ## run the official IIIF validator against the server
	$(GO) test -count=1 -run 'TestValidator' -v ./origin

check: ## vet, staticcheck, import rules, Wasm builds, a dry run of the deployment, layout, clean tree
	$(GO) vet $(PACKAGES)
	$(GO) run $(STATICCHECK) $(PACKAGES)
	@.ci/layout
	$(GO) test -count=1 -run 'TestImportRules' ./origin
	GOOS=wasip1 GOARCH=wasm $(GO) build $(PORTABLE)
	GOOS=js GOARCH=wasm $(GO) vet ./edge/fallback
	@.ci/dry-run
	GOARCH=arm64 $(GO) build -o /dev/null ./origin

FUZZTIME ?= 10s
fuzz: ## run every fuzz target for FUZZTIME (10s) each
	@for p in $$($(GO) list $(PACKAGES)); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p; \
		done; done

bench: ## compare with libvips, libjpeg-turbo, IIPImage and nginx (installs them; 15 min; BENCH=-quick is short)
	$(GO) run ./origin/bench $(BENCH)

bench-edge: ## compare the Worker with a twin written by hand in JavaScript, in workerd (10 min; BENCH=-quick is short)
	$(GO) run ./edge/bench $(BENCH)

clean: ## remove what was built
	rm -rf bin .cache edge/build edge/node_modules
