# Everything a newcomer needs: `make run`, then `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8080
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test check fix bench calibrate settings lock rasa rasa-env rasa-data rasa-train rasa-lock

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
	$(BIN)/python -m nlu.embedded
	@touch $@

run: $(STAMP) ## Set up when needed, then serve on PORT (default 8080)
	@exec $(BIN)/khuyenhoc serve --port $(PORT)

# Compiled modules are kept whatever the environment says: else every process of a run compiles the program anew.
test check: export PYTHONDONTWRITEBYTECODE :=

test: $(STAMP) ## The default test suite: under two minutes, no network
	@$(BIN)/python -m nlu.embedded
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

check: $(STAMP) ## What CI checks: format, lint, types, import rules, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m nlu.embedded
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal

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

# --- Rasa: an environment, a model and a server of its own (docs/decisions/0004-rasa-apart.md) ---------------

RASA_VENV   := .venv-rasa
RASA_STAMP  := $(RASA_VENV)/.installed
RASA_PORT   ?= 5005
RASA_CONFIG ?= config.yml
RASA_MODELS := .rasa-models
RASA_MODEL  := $(RASA_MODELS)/$(RASA_CONFIG:.yml=).tar.gz
# Rasa finds our components from its own folder and what they stand on from here. It reports home unless told not to.
RASA_HERE   := cd nlu/rasa && exec env RASA_TELEMETRY_ENABLED=false RASA_CACHE_DIRECTORY=$(CURDIR)/$(RASA_MODELS)/cache \
	PYTHONPATH=$(CURDIR) TF_CPP_MIN_LOG_LEVEL=2 SQLALCHEMY_SILENCE_UBER_WARNING=1
RASA        := $(RASA_HERE) $(CURDIR)/$(RASA_VENV)/bin/rasa

rasa: rasa-train ## Environment, data, model as needed; then serve Rasa on 127.0.0.1:RASA_PORT (default 5005)
	@$(RASA_HERE) $(CURDIR)/$(RASA_VENV)/bin/python serve.py --model $(CURDIR)/$(RASA_MODEL) --port $(RASA_PORT) \
		--env-file $(CURDIR)/.env

rasa-env: $(RASA_STAMP) ## Make Rasa's environment (Python 3.10)

# The two tools that build the three packages nobody has built come first, by the same list.
$(RASA_STAMP): nlu/rasa/requirements.txt nlu/rasa/find-python
	@test -x $(RASA_VENV)/bin/python || { \
		python=$$(nlu/rasa/find-python $(firstword $(wildcard $(BIN)/python) $(PYTHON))) && "$$python" -m venv $(RASA_VENV); }
	@sed -n '/^setuptools==/,/[^\\]$$/p; /^wheel==/,/[^\\]$$/p' nlu/rasa/requirements.txt > $(RASA_VENV)/tools.txt
	$(RASA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		-r $(RASA_VENV)/tools.txt
	$(RASA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--no-build-isolation -r nlu/rasa/requirements.txt
	@touch $@

rasa-data: $(RASA_STAMP) ## Have Rasa check the training data and its domain
	@$(RASA) data validate --fail-on-warnings --domain domain.yml --config $(RASA_CONFIG) --data ../data rules.yml

rasa-train: $(RASA_MODEL) ## Train RASA_CONFIG (default config.yml) when data or pipeline changed

$(RASA_MODEL): $(RASA_STAMP) $(wildcard nlu/data/*.yml nlu/rasa/*.yml nlu/rasa/components/*.py) \
		nlu/pieces.py nlu/text.py nlu/folding.py nlu/spelling.py
	@$(MAKE) --no-print-directory rasa-data
	@$(RASA) train nlu --domain domain.yml --config $(RASA_CONFIG) --nlu ../data \
		--out $(CURDIR)/$(RASA_MODELS) --fixed-model-name $(RASA_CONFIG:.yml=)

rasa-lock: $(STAMP) ## Pin what Rasa's environment holds, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-annotate \
		nlu/rasa/requirements.in --override nlu/rasa/overrides.txt --output-file nlu/rasa/requirements.txt
