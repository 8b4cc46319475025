# Everything goes through here. `make` alone, or `make help`, lists what there is.

PYTHON ?= python3
PORT ?= 8000
DEMO ?= 1
ARGS ?=
ADVISORIES ?=

PYTEST := .venv/bin/python -m pytest -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup run dev-setup test quick check format lock sbom audit bench prove attack clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: ## install what the program needs into .venv and build its pages' assets
	@$(PYTHON) -m deploy.setup

run: ## start on this machine; PORT=8010 for another port, DEMO=0 for an empty county
	@$(PYTHON) -m deploy.launch --port $(PORT) --demo $(DEMO)

dev-setup: # what the targets below need: also the tools to test and check
	@$(PYTHON) -m deploy.setup --dev --quiet

test: dev-setup ## the whole suite, on SQLite and PostgreSQL, in a browser where there is one (minutes)
	@$(PYTEST) $(ARGS)

quick: dev-setup ## the inner loop: no PostgreSQL, browser or demonstration county, nothing slow (under 40 s)
	@$(PYTEST) -m "not postgres and not browser and not slow and not county" $(ARGS)

check: dev-setup ## ruff, mypy, architecture, locks, migrations
	@.venv/bin/python -m deploy.check

format: dev-setup ## let ruff put the code in shape
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

lock: dev-setup ## write requirements/ from pyproject.toml; ARGS=--upgrade for newer versions
	@.venv/bin/python -m deploy.lock $(ARGS)

sbom: dev-setup ## write sbom.json (CycloneDX) and docs/licences.md from the locks
	@.venv/bin/python -m deploy.sbom $(ARGS)

audit: dev-setup ## known vulnerabilities of what is locked; ADVISORIES=folder with OSV files, else skipped
	@.venv/bin/python -m deploy.audit $(ADVISORIES)

bench: dev-setup ## measure against bare floors, into benchmarks/results/
	@.venv/bin/python -m benchmarks $(ARGS)

prove: dev-setup ## kill workers while they send: nothing lost, nothing twice; MESSAGES=, KILLS=, DB=, SEED=
	@.venv/bin/python -m tests.prove $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(KILLS),--kills $(KILLS)) \
		$(if $(DB),--db $(DB)) $(if $(SEED),--seed $(SEED))

attack: dev-setup ## a hostile day against an instance of its own; DB=, REQUESTS=, SEED=
	@.venv/bin/python -m tests.attack $(if $(DB),--db $(DB)) $(if $(REQUESTS),--requests $(REQUESTS)) \
		$(if $(SEED),--seed $(SEED))

clean: ## remove what set-up and tests made; the data in instance/ stays
	@rm -rf .venv node_modules app/static/build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find app benchmarks deploy migrations tests -name __pycache__ -prune -exec rm -rf {} +
	@find app -name '*.mo' -delete
