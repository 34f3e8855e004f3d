# A fresh machine needs Go, git and make. `make demo` and `make test` are the
# two commands to begin with.

GO          ?= go
PREFIX      ?= /usr/local
DESTDIR     ?=
FUZZTIME    ?= 10s
BENCHTIME   ?= 1s
TESTFLAGS   ?=
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# What the tests on real filesystems call, by Debian's package names.
TEST_PACKAGES = acl bindfs btrfs-progs chromium e2fsprogs erofs-utils fuse-overlayfs mergerfs mount rsync squashfs-tools strace util-linux xfsprogs
# What the test of the package calls.
PACKAGE_TOOLS = bash man-db systemd util-linux

# Of darwin and freebsd one processor each: the types of the system are the same on the other.
PLATFORMS = linux/amd64 linux/386 linux/arm64 linux/arm linux/s390x darwin/arm64 freebsd/amd64
# What is compiled for these two is used by the tests. For the others it is but for its
# types, which cost less without optimization.
TESTED    = linux/amd64 linux/386

# Runs tests where their mounts and their temporary files are nobody else's.
APART = sh .ci/apart.sh

export CGO_ENABLED = 0

.PHONY: build test test-packages race narrow portable check demo bench bench-peers fuzz install uninstall package package-test clean help

build: ## compile ./oneinode
	$(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o oneinode ./cmd/oneinode

# A verbose log, shown without what passed: every failure, every skip with its
# reason, and go's own closing lines. Never from the cache: go does not see that the
# suites on real filesystems build and run the program. The tag is for the manual
# pages, which the package is made with; what those suites build is without it.
# The umask: tests take it that a file which they make is not private already.
test: test-packages ## run every test (as root: also those on real filesystems)
	@umask 022 && status=$$(mktemp) && \
	{ $(APART) $(GO) test -count=1 -v -timeout 25m -tags docs $(TESTFLAGS) ./...; echo $$? >"$$status"; } 2>&1 | awk -f .ci/show.awk; \
	code=$$(cat "$$status"); rm -f "$$status"; exit "$$code"

test-packages:
	@if [ "$$(id -u)" -ne 0 ]; then \
		echo "not root: tests that mount filesystems or change owners are skipped, each with its reason"; \
	elif ! command -v apt-get >/dev/null; then \
		echo "no apt-get: tests whose tools are missing are skipped, each with its reason"; \
	elif dpkg -s $(TEST_PACKAGES) >/dev/null 2>&1; then \
		:; \
	else \
		echo "installing what the tests call: $(TEST_PACKAGES)"; \
		apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(TEST_PACKAGES); \
	fi

# The race detector is the one thing here that needs a C compiler. It sees nothing of a page
# in a browser, nor of the program that is built for counting its system calls. Left to itself
# each program of the scripts, thousands of them, would sleep for a second before it ends.
race: ## the packages' own tests under the race detector
	umask 022 && CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(APART) $(GO) test -race -short -timeout 25m -skip '^(TestBrowser|TestSystemCalls)' $$($(GO) list ./... | grep -v /realfs)

# What a NAS or an old Pi runs. Kernels for amd64 mostly run these programs, too; that it
# compiles is what check looks at. A page in a browser is the same.
narrow: ## the packages' own tests as 32-bit programs
	@umask 022 && if GOARCH=386 $(GO) test -run '^$$' ./scan/radix >/dev/null 2>&1; then \
		GOARCH=386 $(APART) $(GO) test -short -timeout 25m -skip '^TestBrowser' $$($(GO) list ./... | grep -v /realfs); \
	else \
		echo "this machine runs no programs for 386: skipped"; \
	fi

# What there is for these two systems instead of the files for Linux, run on Linux.
portable: ## the packages' own tests of the code for macOS and FreeBSD
	@umask 022 && dir=$$(mktemp -d) && overlay=$$(sh .ci/portable.sh "$$dir") && \
	$(APART) $(GO) test -overlay "$$overlay" -short -timeout 25m -skip '^TestBrowser' $$($(GO) list ./... | grep -v /realfs); \
	code=$$?; rm -rf "$$dir"; exit "$$code"

check: ## formatting, vet on every platform, go fix, staticcheck, go.mod
	@bad=$$(gofmt -l .) && { [ -z "$$bad" ] || { echo "gofmt would change:"; echo "$$bad"; exit 1; }; }
	@for platform in $(PLATFORMS); do \
		echo "vet $$platform"; \
		case ' $(TESTED) ' in *" $$platform "*) flags= ;; *) flags='all=-N -l' ;; esac; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) vet -gcflags="$$flags" ./... || exit 1; \
	done
	$(GO) vet -tags docs ./cmd/oneinode
	$(GO) fix -diff ./...
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) run $(STATICCHECK) ./...

demo: build ## a small library of music and pictures, before and after
	@sh docs/demo.sh ./oneinode

bench: ## Go benchmarks of every package
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

# PEERS says what to measure: go run ./cmd/peers -h lists the flags.
PEERS_DIR   ?= bench
PEERS       ?= -scale 0.1 -rounds 5
CARGO_PEERS  = fclones@0.35.0 czkawka_cli@12.0.0

bench-peers: build ## side by side with other duplicate finders; installs them
	@if command -v apt-get >/dev/null && [ "$$(id -u)" -eq 0 ]; then \
		apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends fdupes jdupes rdfind rmlint time util-linux; \
	fi
	@if command -v cargo >/dev/null; then \
		for peer in $(CARGO_PEERS); do cargo install --quiet --locked --root '$(PEERS_DIR)/cargo' "$$peer" || echo "left out: $$peer"; done; \
	fi
	PATH="$$PATH:$(abspath $(PEERS_DIR))/cargo/bin" $(GO) run ./cmd/peers -dir '$(PEERS_DIR)' $(PEERS)

fuzz: ## each fuzz target for FUZZTIME
	@for package in $$($(GO) list ./...); do \
		targets=$$($(GO) test -list '^Fuzz' $$package) || { echo "$$targets"; exit 1; }; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

install: build ## copy the program to DESTDIR/PREFIX/bin
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 0755 oneinode '$(DESTDIR)$(PREFIX)/bin/oneinode'

uninstall: ## remove it from there
	rm -f '$(DESTDIR)$(PREFIX)/bin/oneinode'

package: ## dist/*.deb and dist/*.rpm: program, units, manual pages, completions
	GO='$(GO)' VERSION='$(VERSION)' sh packaging/build.sh

package-test: package ## as root: install the .deb in a throwaway copy of this machine and try it
	@if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && ! dpkg -s $(PACKAGE_TOOLS) >/dev/null 2>&1; then \
		apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(PACKAGE_TOOLS); \
	fi
	sh packaging/test.sh

clean: ## remove what was built
	rm -rf oneinode dist bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
