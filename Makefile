# The house's commands. `make help` lists them.
SHELL := /bin/bash
# Loops take a quarter less in the distribution's Python than in one that pyenv built, which was built without a profile.
DISTRIBUTION_PYTHON := /usr/bin/python3.11
PYTHON ?= $(shell $(DISTRIBUTION_PYTHON) -c 'import ensurepip' 2> /dev/null && echo $(DISTRIBUTION_PYTHON) || echo python3.11)
VENV := .venv
BIN := $(VENV)/bin
STATE ?= var
PORT_BASE ?= 18500
METRICS_BASE ?= 0
STAMP := $(VENV)/.installed
export PYTHONPATH := $(CURDIR):$(CURDIR)/protos/gen

.DEFAULT_GOAL := help
.PHONY: help setup run demo engines engines-down run-cluster demo-cluster image-check compose-keys test bench chaos check format lint types contracts proto-check audit lock proto clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(STAMP): requirements.lock requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed as $(PYTHON)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(STAMP) ## make the virtual environment from the lock file

run: $(STAMP) ## start everything on STATE and PORT_BASE, until Ctrl-C
	@exec $(BIN)/python -m services.launcher run --state-dir $(STATE) --port-base $(PORT_BASE) --metrics-base $(METRICS_BASE)

demo: $(STAMP) ## start on an empty folder, load, stream, report, stop
	@exec $(BIN)/python -m services.launcher demo --port-base $(PORT_BASE)

engines: $(STAMP) ## start real Kafka, Elasticsearch (ES_VERSION) and PostgreSQL on ENGINES_PORT_BASE
	@exec $(BIN)/python -m deploy.engines up --state-dir $(STATE)/engines

engines-down: $(STAMP) ## stop the real engines; their data stay
	@exec $(BIN)/python -m deploy.engines down --state-dir $(STATE)/engines

run-cluster: engines ## the same system as separate processes on the real engines, until Ctrl-C
	@eval "$$($(BIN)/python -m deploy.engines env --state-dir $(STATE)/engines)"; exec $(BIN)/python -m services.launcher run-cluster \
	  --state-dir $(STATE)/cluster --port-base $(PORT_BASE) --kafka $$KAFKA --elasticsearch $$ELASTICSEARCH --dsn $$DSN

demo-cluster: engines ## start on the real engines under new names, load, stream, report, stop
	@eval "$$($(BIN)/python -m deploy.engines env --state-dir $(STATE)/engines)"; exec $(BIN)/python -m services.launcher demo-cluster \
	  --port-base $(PORT_BASE) --kafka $$KAFKA --elasticsearch $$ELASTICSEARCH --dsn $$DSN

image-check: $(STAMP) ## take the steps of deploy/Dockerfile without Docker, in a temporary folder
	@exec $(BIN)/python -m deploy.image

compose-keys: $(STAMP) ## make the keys, passwords and addresses that deploy/compose.yaml reads, in STATE/compose
	@exec $(BIN)/python -m deploy.keys --state-dir $(STATE)/compose

test: $(STAMP) ## run all tests
	@tools/install_browser.sh
	@tools/install_engines.sh
	@$(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

bench: $(STAMP) ## run the benchmarks into var/bench.json
	@mkdir -p var && $(BIN)/python -m tests.benchmarks --out var/bench.json

chaos: $(STAMP) ## run the long fault runs
	@$(BIN)/python -m pytest -q tests/chaos --long

check: format lint types contracts proto-check ## format, lint, types, import contracts, protos

format: $(STAMP)
	@$(BIN)/ruff format --check .

lint: $(STAMP)
	@$(BIN)/ruff check .

types: $(STAMP)
	@$(BIN)/mypy

contracts: $(STAMP)
	@$(BIN)/lint-imports

proto-check: $(STAMP)
	@cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf format -d --exit-code
	@tools/buf_breaking.sh
	@tools/check_generated.sh

proto: $(STAMP) ## generate protos/gen
	@tools/gen_protos.sh

audit: $(STAMP) ## check the locked dependencies for known holes
	@$(BIN)/pip-audit --require-hashes -r requirements.lock

lock: $(STAMP) ## pin the closure of requirements*.in with hashes
	@for f in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --python-version 3.11 -o $$f.lock $$f.in; done

clean: ## remove the virtual environment and all state
	@rm -rf $(VENV) var
