# The commands a person types. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/canary-bed
export CANARY_BED_CACHE ?= $(CACHE)
LOCK := $(shell sha256sum requirements-dev.txt | cut -c1-12)
VENV := $(CANARY_BED_CACHE)/venv-$(LOCK)
PY := .venv/bin/python
COVERED := tests/core tests/engine
SEEDS ?= 2000
INPUTS ?= 12000
PLANTED := tests/simulation/mutants
SIMULATED := tests/simulation tests/characteristics

.PHONY: help setup check lint unit pure outside test deep fuzz audit demo bench many chaos blows bed schema docs pictures lock

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/.done ## install the Python packages, pinned and hashed, outside the checkout
	@ln -sfn $(VENV) .venv

$(VENV)/.done:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

lint: setup ## ruff, mypy, import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

check: setup ## the fast part: lint, types, import contracts, unit tests (two to three minutes)
	@$(MAKE) --no-print-directory -j3 --output-sync=target lint pure outside

unit: pure outside ## unit tests and simulation

pure: setup ## tests of core and engine, which must be covered in full, and simulation
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n auto $(COVERED)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report
	$(PY) -m pytest -n auto -m "not bed" --ignore $(PLANTED) $(SIMULATED)

outside: setup ## all other unit tests; they wait for answers more than they compute
	$(PY) -m pytest -n 4 --dist worksteal -m "not bed" $(COVERED:%=--ignore %) $(SIMULATED:%=--ignore %)

bed: setup ## start the embedded cluster
	$(PY) -m tests.bed up

deep: setup ## the swarm with SEEDS stories of whole runs in a faulty world, and with planted bugs
	$(PY) -m tests.simulation --seeds $(SEEDS)
	$(PY) -m pytest -n auto $(PLANTED)

fuzz: setup ## a hundred thousand spoilt configurations, answers, records, kubeconfigs and events
	CANARY_FUZZ=$(INPUTS) $(PY) -m pytest -n auto tests/fuzz

audit: setup ## look for known vulnerabilities of the locked packages, where their data can be reached
	test -x $(CACHE)/audit/bin/pip-audit || { $(PYTHON) -m venv $(CACHE)/audit && $(CACHE)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit; }
	$(PY) -m tests.audit $(CACHE)/audit/bin/pip-audit

test: check deep ## every test, the end-to-end ones on the embedded cluster included
	$(PY) -m tests.bed build
	$(PY) -m pytest -m bed --ignore tests/e2e --ignore tests/chaos
	@$(MAKE) --no-print-directory blows
	$(PY) -m pytest tests/e2e/test_many.py
	$(PY) -m pytest -n 2 --dist worksteal tests/e2e --ignore tests/e2e/test_many.py

demo: setup ## first, good and bad release on the embedded cluster
	$(PY) -m tests.bed up
	$(PY) -m tests.demo

bench: setup ## side by side with Flagger, and what a preview costs, on the embedded cluster; writes docs/benchmarks.md and docs/preview.md (an hour)
	$(PY) -m tests.bench
	$(PY) -m tests.bench.previews

chaos: setup ## strike every part of the machinery on the embedded cluster; writes docs/robustness.md (an hour)
	$(PY) -m tests.chaos

many: setup ## many runs at once in one process; writes docs/many.md (four minutes)
	$(PY) -m tests.many

blows: setup ## the part of chaos that `make test` runs: each part of the machinery struck once (a quarter of an hour)
	$(PY) -m tests.bed build
	$(PY) -m pytest -n 2 tests/chaos/test_drivers.py
	$(PY) -m pytest tests/chaos/test_surroundings.py tests/chaos/test_counting.py

schema: setup ## write stacks/schema.json anew from the configuration's models
	$(PY) -m canary.config.schema

docs: schema ## write docs/configuration.md and docs/flagger.md anew from the models
	$(PY) -m canary.config.reference
	$(PY) -m canary.convert.page

pictures: bed ## take the README's pictures anew, on the embedded cluster
	$(PY) -m tests.demo.picture

lock: ## write requirements*.txt anew from pyproject.toml (needs uv)
	uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-annotate --universal --python-version 3.11 pyproject.toml -o requirements.txt
	uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-annotate --universal --python-version 3.11 pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
