# The front door. `make` lists the commands; what needs logic is in xtask/ and scripts/.

SHELL := /bin/bash
CARGO ?= cargo
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
WIDGET := web/widget
CABINET := web/cabinet
PAGES := $(WIDGET)/dist/loader.js $(CABINET)/dist/cabinet.html
BROWSER := integration-tests/browser
TARGET := $(or $(CARGO_TARGET_DIR),target)
web_sources = $(shell find $(1) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/tests/*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help up test check bench proto web clean-data install-up install-test install-check

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: install-up $(PAGES) ## install what is missing, build, and run everything on this machine (ARGS="…")
	@$(CARGO) build --package beseda
	@$(TARGET)/debug/beseda up $(ARGS)

test: install-test $(PAGES) $(BROWSER)/node_modules/.ready ## run all tests on a PostgreSQL and Redis of their own (ARGS="-p kit")
	@cd $(WIDGET) && npm test --silent
	@cd $(CABINET) && npm test --silent
	@$(CARGO) run --quiet --package xtask -- test $(ARGS)

check: install-check $(WIDGET)/node_modules/.ready $(CABINET)/node_modules/.ready tools/node_modules/.ready ## check formatting, contracts, lints, docs (ARGS="fmt clippy")
	@$(CARGO) run --quiet --package xtask -- check $(ARGS)

bench: install-up $(PAGES) ## measure on a release build (ARGS="…")
	@$(CARGO) build --release --package beseda --package bench
	@$(TARGET)/release/bench $(ARGS)

proto: tools/node_modules/.ready $(WIDGET)/node_modules/.ready $(CABINET)/node_modules/.ready ## format the contracts and write the code made from them anew
	@tools/node_modules/.bin/buf format -w proto
	@BESEDA_REGENERATE=1 $(CARGO) test --quiet --package api
	@cd $(WIDGET) && npm run generate --silent
	@cd $(CABINET) && npm run generate --silent
	@tools/node_modules/.bin/buf lint proto

web: $(PAGES) ## build the web pages

clean-data: ## delete the data of `make up` (asks first)
	@scripts/clean-data.sh

install-up install-test install-check: install-%:
	@scripts/install.sh $*

# Web: packages again when the lock file changed, pages again when a source changed.
%/node_modules/.ready: %/package-lock.json
	@cd $* && $(NPM_CI)
	@touch $@

$(WIDGET)/dist/loader.js: $(WIDGET)/node_modules/.ready $(call web_sources,$(WIDGET))
	@cd $(WIDGET) && npm run build --silent
	@touch $@

# The cabinet is made of parts of the chat window, too.
$(CABINET)/dist/cabinet.html: $(CABINET)/node_modules/.ready $(call web_sources,$(CABINET) $(WIDGET)/src)
	@cd $(CABINET) && npm run build --silent
	@touch $@
