# SPDX-License-Identifier: GPL-2.0-or-later
# The front door. meson does the work; "make help" lists what there is.

BUILD         ?= build
PREFIX        ?= /usr/local
DESTDIR       ?=
# For meson setup, e.g. MESON_OPTIONS=-Dstatic=disabled where a distribution has no static libraries.
MESON_OPTIONS ?=

.PHONY: all help demo fuzz check check-host check-user check-engines check-vm check-security check-kernels check-all bench install clean
.DEFAULT_GOAL := all

all: ## build the program: build/crun (installs nothing)
	@tools/setup --name-only build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX) $(MESON_OPTIONS)
	@ninja -C $(BUILD) programs

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

demo: ## run containers, from a root file system made here to exit status
	@tools/setup build demo
	@echo "building $(BUILD)/crun"
	@log=$$(mktemp); $(MAKE) --no-print-directory all >"$$log" 2>&1 || { cat "$$log"; rm -f "$$log"; exit 1; }; rm -f "$$log"
	@tools/demo

check: check-host ## the tests that need this machine only (10 minutes)

check-host: ## the same
	@tools/check-host

check-user: all ## the whole integration suite as an ordinary user, who is made for it
	@CRUN_TEST_USER=1 /usr/bin/python3 -m pytest -n 3 -q -rs tests/integration

check-engines: all ## podman, Buildah, containerd and Docker with our program as their runtime
	@tools/check-engines $(ARGS)

# What is not there yet says so and fails: a target that does nothing must not look like a test that passed.
check-vm: all ## limits, AppArmor and engines in a virtual machine
	@tools/run-if-there tests/vm/run "make check-vm" $(ARGS)

check-security: ## the ways in which runtimes were broken, as regression tests
	@tools/run-if-there tools/check-security "make check-security" $(ARGS)

check-kernels: all ## the integration tests on Linux 6.1, 6.12 and sid's
	@tools/run-if-there tools/check-kernels "make check-kernels" $(ARGS)

fuzz: ## the fuzz targets for long: FUZZ_SECONDS=3600 for the decoders, less for small parsers
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-3600} tools/check-host setup fuzz-build fuzz

check-all: check-host check-user check-engines check-vm check-security check-kernels ## all of these

bench: all ## speed and memory against other runtimes
	@tools/run-if-there bench/run "make bench" $(ARGS)

install: all ## install into DESTDIR and PREFIX
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD) programs >/dev/null
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --quiet --no-rebuild
	@echo "installed $(DESTDIR)$(PREFIX)/bin/crun"

clean: ## remove what was built
	rm -rf $(BUILD) build-*
