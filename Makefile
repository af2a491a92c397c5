# What one does with this repository. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo demo-cas demo-ldap build test browser-test fmt lint doc deny bench instructions fuzz mutants simulate soak clean

# One command of cargo at a time: they share the target folder, and its lock.
.NOTPARALLEL:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Install, build, make keys and start the bridge with a stand-in for Zoom
	@scripts/install demo
	@scripts/demo

demo-cas: ## The same with a CAS server, where people sign in
	@scripts/install demo-cas
	@scripts/demo cas

demo-ldap: ## The same with an LDAP directory of 2,000 people, whom the bridge asks
	@scripts/install demo-ldap
	@scripts/demo ldap

build: ## Build the server, optimised
	@scripts/install build
	cargo build --release --locked

test: ## Install what the tests need and run all of them, in Chromium too
	@scripts/install test browser
	@scripts/test

browser-test: ## Run the tests in Chromium only; screenshots go to target/browser
	@scripts/install demo-cas demo-ldap browser
	cargo build --locked --workspace --bins --tests --examples
	@scripts/browser-test

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

lint: ## Check format, code and scripts; any warning is an error
	@scripts/install build lint
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --bench soak --test outages -- -D warnings
	shellcheck scripts/* .ci/run tests/browser/from-init tests/peers/zoom tests/peers/mellon/start

doc: ## Build the documentation of the code, private items included
	@scripts/install build
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

deny: ## Check the licences, bans and sources of all dependencies
	@scripts/install deny
	cargo deny --locked --workspace check licenses bans sources

bench: ## Run the benchmarks
	@scripts/install build
	cargo bench --locked --no-fail-fast

instructions: ## Count the instructions of our own in each part of a sign-in, and compare them with the budget
	@scripts/install instructions
	@scripts/instructions

fuzz: ## Look for inputs that break a reader: SECONDS=60 for each target, or TARGET=xml alone
	@scripts/install fuzz
	@scripts/fuzz $(or $(SECONDS),60) $(TARGET)

mutants: ## Change one thing at a time in what decides who is let in, and say what no test notices; all of it takes hours
	@scripts/install test mutants
	@scripts/mutants

simulate: ## Run a whole university by so many seeds, SEEDS=10000, or by SEED=123 alone, and print all that happened
	@SEEDS=$(or $(SEEDS),10000) SEED=$(SEED) cargo test --locked --workspace --test simulation -- --nocapture no_seed

soak: ## Measure what holds for long and while other servers misbehave, and play each outage for a minute in each topology; takes an hour and a half, wants a quiet machine
	@scripts/install test
	@measured=0; cargo bench --locked --bench soak || measured=$$?; \
	OUTAGE_SECONDS=$(or $(OUTAGE_SECONDS),60) UPDATE_DOCS=1 cargo test --locked --workspace --release --test outages; \
	exit $$measured

clean: ## Remove what was built and installed below this folder; keys and accounts of the demo stay
	cargo clean
	rm -rf lab tests/browser/node_modules
