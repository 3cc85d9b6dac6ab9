# Everything a newcomer needs: `make run`, then `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8080
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test check fix bench calibrate settings lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## Make .venv and install the pinned dependencies

# Every dependency is pinned by version and hash; only our own package is installed from here.
$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 setup"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(STAMP) ## Set up when needed, then serve on PORT (default 8080)
	@exec $(BIN)/khuyenhoc serve --port $(PORT)

test: $(STAMP) ## The default test suite: under two minutes, no network
	$(BIN)/pytest

check: $(STAMP) ## What CI checks: format, lint, types, import rules, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest

fix: $(STAMP) ## Format, and repair what the linter can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure acknowledgements, turns and latency on this machine
	$(BIN)/python -m tests.benchmarks

calibrate: $(STAMP) ## Weigh anew what makes an answer, on the development questions (some minutes)
	$(BIN)/python -m tests.knowledge.calibrate

settings: $(STAMP) ## Write docs/settings.md and .env.example from bot/settings.py
	$(BIN)/python -m bot.settings_page docs/settings.md .env.example

lock: $(STAMP) ## Pin the newest allowed versions of every dependency, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra dev pyproject.toml --output-file constraints.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --constraint constraints.txt pyproject.toml --output-file constraints-runtime.txt
