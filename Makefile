# Everything runs from a fresh clone with Go, git and make on the machine; "make help" lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help

# One static program whatever the machine builds with; the version is given by hand, so git's own stamp is not needed.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)

# A clone that belongs to another user (as in containers) is still ours to describe.
VERSION := $(shell git -c safe.directory='*' describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -buildid= -X main.version=$(VERSION)
ARCHITECTURES := amd64 arm64 s390x ppc64el
STATICCHECK := build/tools/staticcheck

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the program for this machine, where the links in hooks/ and actions/ lead to it
	@echo "== building kubernetes-worker $(VERSION)"
	go build -trimpath -ldflags '$(LDFLAGS)' -o kubernetes-worker ./cmd/kubernetes-worker

.PHONY: charm
charm: $(ARCHITECTURES:%=kubernetes-worker_%.charm) ## pack kubernetes-worker_ARCH.charm for amd64, arm64, s390x and ppc64el

# The charms are always made again: go build knows best what is up to date.
.PHONY: FORCE
kubernetes-worker_%.charm: FORCE
	@echo "== packing $@"
	@mkdir -p build/$*
	GOOS=linux GOARCH=$(if $(filter ppc64el,$*),ppc64le,$*) \
	  go build -trimpath -ldflags '$(LDFLAGS)' -o build/$*/kubernetes-worker ./cmd/kubernetes-worker
	@go run ./cmd/charmpack -arch $* -binary build/$*/kubernetes-worker -version '$(VERSION)' -o $@

.PHONY: links
links: ## make the links in hooks/ and actions/ agree with metadata.yaml and actions.yaml
	go run ./internal/contract/links

.PHONY: docs
docs: ## write the tables in docs/reference from config.yaml and actions.yaml
	go test ./internal/contract -run Reference -update

.PHONY: versions-table
versions-table: ## read what each Kubernetes release accepts from its sources, for internal/release (by hand; downloads 1 GB)
	go run ./test/versions/tabulate

.PHONY: versions-docs
versions-docs: ## write the tables in docs/versions.md from internal/release
	go test ./internal/release -run Document -update

.PHONY: demo
demo: ## a worker joins a real cluster on a real machine in namespaces and runs a pod (root; KEEP=1 leaves it up)
	@test/demo

.PHONY: bench
bench: ## measure hooks on a real machine over both transports and write docs/performance.md (root)
	@test/bench/run

# Releases of kubelet and kube-proxy before the one of the test bed, for the machine layer.
OLDER := v1.16.15 v1.23.17 v1.24.17
# The parts of the test bed in the order in which the layers ask for them. Most of them only cost time when they are new;
# then they are built beside the layers, which wait more than they work from the API layer on.
PARTS = kubernetes snaps snapd-layer distribution snapd-test $(OLDER:%=snaps@%) $(addprefix accepts@,$(shell cat test/versions/releases))

.PHONY: test
test: ## run everything that must be green (root)
	@test/bed/ahead $(PARTS) -- $(MAKE) --no-print-directory lint test-tools test-unit charm test-model test-api test-machine test-versions
	@echo "== all tests passed"

.PHONY: lint
lint: $(STATICCHECK) ## check the sources: gofmt, go vet, staticcheck
	@echo "== gofmt"
	@unformatted=$$(gofmt -l cmd internal test); \
	  if [ -n "$$unformatted" ]; then printf 'gofmt would change:\n%s\n' "$$unformatted"; exit 1; fi
	@echo "== go vet"
	@go vet ./...
	@echo "== staticcheck"
	@$(STATICCHECK) ./...

$(STATICCHECK): test/tools/go.mod test/tools/go.sum
	@echo "== building staticcheck"
	@mkdir -p $(@D)
	@cd test/tools && go build -o ../../$@ honnef.co/go/tools/cmd/staticcheck

# The layers beyond the unit tests have targets of their own.
LAYERS := kubernetes-worker/test/
.PHONY: test-unit
test-unit: ## run the unit tests, which need no root and nothing installed
	@echo "== unit tests"
	@go test $$(go list ./... | grep -v '^$(LAYERS)')

# A test of signed package repositories skips without these; here nothing may skip for want of a package.
.PHONY: test-tools
test-tools: ## install the programs without which unit tests skip (root)
	@source test/bed/lib.sh; need gpg:gpg gpgconf:gpgconf gpg-agent:gpg-agent

.PHONY: test-model
test-model: ## run the real program under the simulated Juju, with stand-ins for snapd, systemd and the API server
	@echo "== model layer"
	@go test -timeout 25m -parallel 12 ./test/model

# -count=1: the go command does not see when the programs change
.PHONY: test-versions
test-versions: ## feed what is rendered to the real parsers of kubelet and kube-proxy, from Kubernetes 1.12 to 1.36
	@echo "== versions layer"
	@for release in $$(cat test/versions/releases); do test/bed/artefact accepts@$$release >/dev/null; done
	@go test -count=1 -timeout 10m ./test/versions

.PHONY: test-api
test-api: ## the same with a real etcd and real API servers
	@echo "== API layer"
	@test/bed/artefact kubernetes >/dev/null
	@go test -timeout 20m ./test/api

.PHONY: test-machine
test-machine: ## the same on a real machine with a real kubelet, as Juju 3.6 by socket and as Juju 2.9 and 4.0 by processes (root)
	@echo "== machine layer: Juju 3.6, agent socket"
	@DEMO_THEN=$(CURDIR)/test/machine/checks test/demo
	@echo "== machine layer: actions, on two nodes"
	@DEMO_THEN=$(CURDIR)/test/machine/actions-checks test/demo
	@echo "== machine layer: snaps from a store, real snapd"
	@STORE=1 DEMO_THEN=$(CURDIR)/test/machine/store-checks test/demo
	@echo "== machine layer: older releases, from docker to containerd"
	@STORE=1 RELEASES="$(OLDER)" BROKEN=v1.23.17 DEMO_THEN=$(CURDIR)/test/machine/versions-checks test/demo
	@echo "== machine layer: Juju 4.0, processes"
	@JUJU=4.0 TRANSPORT=exec test/demo
	@echo "== machine layer: Juju 2.9, processes"
	@JUJU=2.9 TRANSPORT=exec test/demo

.PHONY: test-reboot
test-reboot: ## option enable-cgroups through reboots of a virtual machine with GRUB and a kernel of its own (root, amd64)
	@echo "== a virtual machine with the real boot loader"
	@test/vm/run

.PHONY: clean
clean: ## remove what was built here
	rm -rf build kubernetes-worker kubernetes-worker_*.charm
