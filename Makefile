VENV := .venv
BIN := $(VENV)/bin
BENCH := .bench
UV := $(shell command -v uv 2>/dev/null)

# Newest first, from what every pinned package has a wheel for to what pyproject.toml allows.
PYTHONS := 3.14 3.13 3.12 3.11
PYTHON ?= $(shell for name in $(addprefix python,$(PYTHONS)) python3 python; do \
	$$name -c 'import ensurepip, sys; sys.exit("%d.%d" % sys.version_info[:2] not in "$(PYTHONS)".split())' 2>/dev/null \
	&& command -v $$name && break; done)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format snapshots architecture test-browser test-privacy test-kills test-train-kills test-label-kills requirements review-forms bench bench-train bench-page bench-cluster bench-requirements clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.base ## Set up what scoring needs and open the page on the shipped model.
	$(BIN)/redspots serve --open

test: lint ## Set up everything and run all checks, a file of tests on each core.
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.all ## Check style, types and layers.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.all ## Mend style where that can be done by machine.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

snapshots: $(VENV)/.all ## Take what people and programs get now as what the tests expect; read it in git diff.
	REDSPOTS_UPDATE_SNAPSHOTS=1 $(BIN)/pytest tests/test_contract/test_snapshots.py

architecture: $(VENV)/.all ## Draw the rooms of the code into docs/architecture.md, from the imports.
	$(BIN)/python docs/rooms.py

test-browser: $(VENV)/.all ## Open the page in a real Chromium and fail where there is none.
	REDSPOTS_REQUIRE_BROWSER=1 $(BIN)/pytest -m browser

test-privacy: $(VENV)/.all ## Record whom every command asks and what it leaves in the home; fail without strace.
	REDSPOTS_PRIVACY_ALL=1 REDSPOTS_REQUIRE_RECORDER=1 $(BIN)/pytest tests/test_contract/test_privacy.py

test-kills: $(VENV)/.all ## Kill runs of score at 100 random moments and resume them.
	REDSPOTS_KILLS=50 $(BIN)/pytest tests/test_contract/test_faults.py -k killed

test-train-kills: $(VENV)/.all ## Kill runs of train at 50 random moments and resume them.
	REDSPOTS_TRAIN_KILLS=50 $(BIN)/pytest tests/test_contract/test_train_faults.py -k killed

test-label-kills: $(VENV)/.all ## Label 200 photos by keyboard in a browser, kill the server three times, tell the time between photos.
	REDSPOTS_LABELS=200 REDSPOTS_REQUIRE_BROWSER=1 $(BIN)/pytest -s tests/test_app/labelling/test_label_browser.py

review-forms: $(VENV)/.base ## Write the forms with which a clinician reviews the words anew; what is signed stays.
	$(BIN)/redspots words review --out app/answers/review

bench: $(VENV)/.all $(BENCH)/.done ## Measure redspots beside what people would use instead; BENCH_ARGS="--rounds 2" and so on.
	$(BIN)/python benchmarks/run.py --peers $(BENCH)/bin/python $(BENCH_ARGS)

bench-train: $(VENV)/.all ## Measure how fast training is fed and how long an epoch takes; BENCH_ARGS="--rounds 3" and so on.
	$(BIN)/python benchmarks/training.py $(BENCH_ARGS)

bench-page: $(VENV)/.all ## Measure how long many people wait who open the page at once; BENCH_ARGS="--people 20" and so on.
	$(BIN)/python benchmarks/page.py $(BENCH_ARGS)

bench-cluster: $(VENV)/.all ## Measure what scoring on Ray costs beside the plain engine; BENCH_ARGS="--rounds 1" and so on.
	$(BIN)/python benchmarks/cluster.py $(BENCH_ARGS)

bench-requirements: ## Pin the requirements of the benchmarks' peers anew (needs uv).
	uv pip compile benchmarks/requirements.in --universal --generate-hashes --no-annotate --quiet \
		--custom-compile-command "make bench-requirements" --python-version $(lastword $(PYTHONS)) \
		--constraint requirements-all.txt --output-file benchmarks/requirements.txt

# The build backend is pinned with the rest, so that installing the project fetches nothing unpinned.
BUILD_BACKEND := setuptools>=77
COMPILE = uv pip compile pyproject.toml - --universal --generate-hashes --no-annotate --quiet \
	--constraint constraints.txt \
	--custom-compile-command "make requirements"

requirements: ## Pin the requirements of pyproject.toml anew (needs uv); UPGRADE=1 takes the newest versions.
	@test -n "$(UV)" || { echo "make requirements needs uv; install it and run it again." >&2; exit 1; }
	echo "$(BUILD_BACKEND)" | $(COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements.txt
	echo "$(BUILD_BACKEND)" | $(COMPILE) $(if $(UPGRADE),--upgrade) --extra train --group dev \
		--constraint requirements.txt --output-file requirements-all.txt

clean: ## Remove what make set up: the environment and the caches, never a model or a photo.
	rm -rf $(VENV) $(BENCH) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

ifneq ($(UV),)
# uv finds a fitting Python by itself, or fetches one.
UV_PYTHONS := >=$(lastword $(PYTHONS)),<=$(firstword $(PYTHONS)).99
$(VENV)/pyvenv.cfg:
	uv venv --clear --python "$(if $(filter file,$(origin PYTHON)),$(UV_PYTHONS),$(PYTHON))" $(VENV)

define install
	uv pip install --python $(BIN)/python --require-hashes --no-build-isolation --requirement $(1)
	uv pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
endef
else
$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "redspots needs one of Python $(PYTHONS) with its venv module, and finds none: install\
	 it (on Debian and Ubuntu python3-venv as well) or uv, then run make again." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

# An environment that uv made has no pip.
define install
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-build-isolation --requirement $(1)
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef
endif

$(BENCH)/.done: benchmarks/requirements.txt | $(VENV)/.all
	$(BIN)/python -m venv --clear $(BENCH)
	$(BENCH)/bin/python -m pip install --disable-pip-version-check --require-hashes --requirement benchmarks/requirements.txt
	@touch $@

$(VENV)/.base: requirements.txt pyproject.toml $(VENV)/pyvenv.cfg
	$(call install,requirements.txt)
	@touch $@

# After .base, which brings the pinned setuptools: one package (jsonpath-rw) has to be built with it.
$(VENV)/.all: requirements-all.txt pyproject.toml $(VENV)/.base
	$(call install,requirements-all.txt)
	@touch $@
