# Everything a person does with this tree. `make` alone lists it.
#
# Each part of the set-up leaves a stamp inside what it made: a second run is instant, a changed lock or source
# runs what it touches, and what was deleted by hand is made again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
DEMO_HOME := $(CURDIR)/.demo/home
NOTEBOOKS := notebooks/01_first_job.ipynb notebooks/02_the_cell_knows_its_notebook.ipynb notebooks/03_nothing_is_lost.ipynb \
    notebooks/04_the_queue.ipynb notebooks/05_tune_a_model.ipynb notebooks/06_two_objectives.ipynb \
    notebooks/07_on_sagemaker.ipynb

FRONT := package.json $(wildcard labextension/*.json labextension/*.cjs) $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

# --- set-up ---------------------------------------------------------------------------------------------------

.PHONY: setup
setup: .venv/.made-python .venv/.made-labextension sagemaker-env ## the environment in .venv and the labextension, built

.venv/.made-uv: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; `make doctor` says how to get it.") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@touch $@

# The packages first, then our own tree as a link. The overrides of pyproject leave out what a machine without a GPU can't use.
.venv/.made-python: .venv/.made-uv pyproject.toml constraints.txt package.json
	$(BIN)/uv pip install --quiet --python $(RUN) --compile-bytecode --constraint constraints.txt --requirements pyproject.toml --group test --group lint --group build
	@mkdir -p jupyter_training/_labextension
	SKIP_JUPYTER_BUILDER=1 $(BIN)/uv pip install --quiet --python $(RUN) --no-deps --no-build-isolation --editable .
	@touch $@

node_modules/.made: package-lock.json .npmrc
	npm ci --no-progress --loglevel=error
	@touch $@

# An editable install copies the bundle; a link shows each new build.
.venv/.made-labextension: .venv/.made-python node_modules/.made $(FRONT)
	npm run --silent --loglevel=error build:prod
	@mkdir -p .venv/share/jupyter/labextensions
	@rm -rf .venv/share/jupyter/labextensions/jupyter-training
	@ln -s $(CURDIR)/jupyter_training/_labextension .venv/share/jupyter/labextensions/jupyter-training
	@touch $@

# The SageMaker of the tests has its own environment, and so have its containers: neither contradicts ours nor is seen by
# it. The toolkit of the containers is compiled here, and needs a C compiler.
.PHONY: sagemaker-env
sagemaker-env: .venvs/sagemaker/.made .venvs/container/.made

DOUBLE := tests/sagemaker_double/constraints.txt

.venvs/sagemaker/.made: $(DOUBLE) | .venv/.made-uv
	$(BIN)/uv venv --quiet --clear --python $(RUN) .venvs/sagemaker
	$(BIN)/uv pip install --quiet --python .venvs/sagemaker/bin/python --compile-bytecode --constraint $(DOUBLE) --group sagemaker-double
	@touch $@

.venvs/container/.made: $(DOUBLE) | .venv/.made-uv
	$(BIN)/uv venv --quiet --clear --python $(RUN) .venvs/container
	$(BIN)/uv pip install --quiet --python .venvs/container/bin/python --compile-bytecode --constraint $(DOUBLE) --group sagemaker-container
	@touch $@

.PHONY: browser
browser:
	@sh .ci/browser

.PHONY: doctor
doctor: ## what this machine has of what is needed, and how to get the rest
	@sh .ci/doctor $(PYTHON)

# --- see it ---------------------------------------------------------------------------------------------------

.PHONY: demo
demo: setup ## run the first notebook and show what it trained
	@$(RUN) -m tests.demo .demo $(firstword $(NOTEBOOKS))

.PHONY: lab
lab: setup ## open JupyterLab on the notebooks, with the demo's trainings
	JUPYTER_TRAINING_HOME=$(DEMO_HOME) $(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: sagemaker
sagemaker: sagemaker-env ## a SageMaker on this machine, to try the backend without an account; ARGS=--help
	@.venvs/sagemaker/bin/python -m tests.sagemaker_double $(ARGS)

# --- prove it -------------------------------------------------------------------------------------------------

.PHONY: test
# Hundreds of these tests kill real processes against deadlines. On a machine that others use one may be late; it is
# then run once more by itself, both outcomes are printed, and failing twice is failing.
test: setup browser check test-front test-notebooks ## everything, with its own set-up
	$(RUN) -m pytest || { echo "Once more, what failed:"; $(RUN) -m pytest --last-failed --last-failed-no-failures none; }

.PHONY: test-fast
test-fast: installed test-front ## without browser, installs and what starts servers or kills things; under 3 minutes
	$(RUN) -m pytest -m "not browser and not slow and not processes"

.PHONY: test-front
test-front: installed
	npm run --silent --loglevel=error test

.PHONY: test-notebooks
test-notebooks: installed
	$(RUN) -m tests.notebooks.compare $(NOTEBOOKS)

.PHONY: installed
installed:
	@test -x $(BIN)/pytest -a -d node_modules || { echo "Nothing is set up yet: make setup"; exit 2; }

.PHONY: check
check: installed check-types ## lint, formats, types, who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	npm run --silent --loglevel=error check
	npm run --silent --loglevel=error lint

.PHONY: bench
bench: setup .venvs/peers/.made ## the budgets, each beside its baseline of the same run; NAMES=... for some
	$(RUN) -m tests.benchmarks $(NAMES)

# Another scheduler's requirements stay out of our environment; one of its pins contradicts ours.
.venvs/peers/.made: .venv/.made-uv constraints.txt
	@mkdir -p .make
	@grep -v '^pytz==' constraints.txt > .make/peers.txt
	$(BIN)/uv venv --quiet --clear --python $(RUN) .venvs/peers
	$(BIN)/uv pip install --quiet --python .venvs/peers/bin/python --compile-bytecode --constraint .make/peers.txt 'jupyter-scheduler==2.12.*' ipykernel
	@touch $@

.PHONY: simulate
simulate: installed ## made-up days of a queue on the real dispatcher, in virtual time; SEEDS=10000, or ARGS='--seed N' to play one again
	$(RUN) -m tests.dispatch.simulation --seeds $(or $(SEEDS),10000) $(ARGS)

.PHONY: torture
torture: setup ## kill every process at each of its steps, then 300 times at random; within an hour; ARGS=...
	$(RUN) -m tests.torture $(ARGS)

# --- generated files ------------------------------------------------------------------------------------------

TYPES := labextension/src/api/types.gen.ts

.PHONY: types
types: installed ## the front end's types, from the server's schema
	@mkdir -p .make
	$(RUN) -m jupyter_training.server.openapi > .make/openapi.json
	npm run --silent --loglevel=error types -- --output $(TYPES)

.PHONY: check-types
check-types: installed
	@mkdir -p .make
	@$(RUN) -m jupyter_training.server.openapi > .make/openapi.json
	@npm run --silent --loglevel=error types -- --output .make/types.gen.ts > /dev/null
	@diff -u $(TYPES) .make/types.gen.ts || { echo "The schema has changed: make types"; exit 1; }

.PHONY: lock
lock: .venv/.made-uv ## the lock files, from pyproject.toml and package.json; UPGRADE=--upgrade for newer versions
	$(BIN)/uv pip compile --quiet --python $(RUN) $(UPGRADE) pyproject.toml --group test --group lint --group build --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt
	$(BIN)/uv pip compile --quiet --python $(RUN) $(UPGRADE) --group sagemaker-double --group sagemaker-container --constraint constraints.txt --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file $(DOUBLE)
	npm install --package-lock-only --loglevel=error
	node -e 'const fs = require("fs"), file = "package-lock.json", lock = JSON.parse(fs.readFileSync(file)); for (const one of Object.values(lock.packages)) delete one.funding; fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n")'

.PHONY: wheel
wheel: .venv/.made-uv ## a wheel in dist/, with the labextension in it
	$(BIN)/uv build --quiet --wheel --out-dir dist

.PHONY: clean
clean: ## back to a fresh checkout, but for the trainings of the demo
	rm -rf .venv .venvs .make node_modules dist test-artefacts labextension/lib jupyter_training/_labextension jupyter_training/_version.py
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
