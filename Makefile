# Needs make and a Python of at least 3.11. Everything else comes into .venv, checked by its hash in requirements.lock.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin

# The first of these that runs and is new enough; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)

# What the environment is made from: when one of these changes it is brought up to date.
ENVIRONMENT := pyproject.toml requirements.lock tools/make_venv.py $(wildcard hatch_build.py package-lock.json)

# The tests come last, after the servers that they start.
.NOTPARALLEL:
.PHONY: help venv demo demo-load test lint format types imports docs servers pytest bench bench-autoscale lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

venv: .venv/for-development ## make the virtual environment with everything in it

.venv/for-development: $(ENVIRONMENT)
	@$(if $(PYTHON),,$(error outgrow needs Python 3.11 or newer; none found on the PATH. Name one: make PYTHON=/path/to/python))
	@"$(PYTHON)" tools/make_venv.py --for development

# The demo runs on less than a quarter of what development needs.
.venv/for-demo: $(ENVIRONMENT)
	@$(if $(PYTHON),,$(error outgrow needs Python 3.11 or newer; none found on the PATH. Name one: make PYTHON=/path/to/python))
	@"$(PYTHON)" tools/make_venv.py --for demo

demo: .venv/for-demo ## see a real PostgreSQL and a real Redis measured against a plan
	@$(BIN)/python examples/korean-together/demo.py

demo-load: .venv/for-demo ## see a phase of a roadmap proven by load: a service before and after
	@$(BIN)/python examples/pam-talk/demo.py

test: lint types imports docs servers pytest ## everything that a change must pass

lint: venv ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: venv ## let ruff repair what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: venv ## pyright, strict on src
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --warnings

imports: venv ## the import rule of docs/architecture.md
	@$(BIN)/lint-imports --no-cache --no-logo

docs: venv ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

servers: ## install the servers that tests start (root on Debian only)
	@sh tools/install_servers.sh

pytest: venv ## the tests alone
	@$(BIN)/pytest

bench: venv ## run every benchmark, or one: make bench BENCH=journal
	@for bench in $(if $(BENCH),bench/$(BENCH).py,bench/*.py); do \
		echo "== $$bench"; $(BIN)/python "$$bench" || exit 1; done

# Traces are gzip CSV `seconds,requests`; without TRACES the one that comes with the examples.
bench-autoscale: venv ## scaling policies and oracles on recorded traffic: make bench-autoscale TRACES=DIR
	@$(BIN)/python bench/bench_autoscale.py $(or $(TRACES),examples/rehearse-a-policy)

lock: venv ## bring requirements.lock up to date with pyproject.toml (all newest: make lock UPGRADE=1)
	@UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --no-config --quiet --universal --generate-hashes \
		--no-emit-index-url --python-version 3.11 --all-extras $(if $(UPGRADE),--upgrade) pyproject.toml \
		--output-file requirements.lock

clean: ## remove what make made
	rm -rf .venv site build dist
