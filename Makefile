PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test stress browser fuzz lint screenshots bench simulate clean

help: ## Show this
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

run: $(VENV)/.run ## Migrate, add the demo data once, and serve on PORT (8000) until Ctrl-C
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py seed_demo
	@exec $(BIN)/python manage.py serve

# They start many a Python, which need not compile everything anew, whatever PYTHONDONTWRITEBYTECODE says.
test: $(VENV)/.test ## Run the tests on all cores; options for pytest in ARGS
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile -r s $(ARGS)

stress: $(VENV)/.test ## Run the tests with crowds, killed servers and long lists of hostile input
	@$(MAKE) --no-print-directory test ARGS='-m stress $(ARGS)'

browser: $(VENV)/.test ## Drive the pages in Chromium
	@$(MAKE) --no-print-directory test ARGS='-m browser $(ARGS)'

fuzz: $(VENV)/.test ## Send the API what fits its document and what nearly does: FUZZ_CASES (300) per route
	@MACHINE_EXAMPLES=40 $(BIN)/python -m pytest -n logical --maxprocesses 4 ghar/tests/fuzz_api.py \
		visits/tests/test_meet_machine.py $(ARGS)

lint: $(VENV)/.test ## Check style, types and migrations
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy .
	@$(BIN)/python manage.py makemigrations --check

screenshots: $(VENV)/.test ## Take the pictures of the admin again that the README shows (needs Chromium)
	@GHAR_SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -m browser visits/tests/test_browser.py -k screenshots -r s

bench: $(VENV)/.run ## Measure on a database of its own, which is gone afterwards
	@export DATABASE_URL= GHAR_DATA_DIR=$$(mktemp -d); trap 'rm -rf "$$GHAR_DATA_DIR"' EXIT; \
		$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python manage.py bench_events && \
		$(BIN)/python manage.py bench_assignment

simulate: $(VENV)/.run ## Live through 60 days of an agency and print how fairly visits were given; ARGS=--quick
	@export DATABASE_URL= GHAR_DATA_DIR=$$(mktemp -d); trap 'rm -rf "$$GHAR_DATA_DIR"' EXIT; \
		$(BIN)/python manage.py simulate_agency $(ARGS)

clean: ## Remove the virtual environment and caches; the data stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.run: requirements.txt
	$(call install,requirements.txt)

$(VENV)/.test: requirements.txt .ci/requirements.txt
	$(call install,.ci/requirements.txt)
	@touch $(VENV)/.run

# `.unfinished` tells an installation that was broken off, which pip would take for a complete one.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is not: make PYTHON=python3.12 ..." >&2; exit 1; }
	@if [ -e $(VENV)/.unfinished ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "Creating $(VENV)" && mkdir -p $(VENV) && touch $(VENV)/.unfinished && \
		$(PYTHON) -m venv --clear $(VENV); fi
	@touch $(VENV)/.unfinished
	@echo "Installing $(1)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1)
	@rm $(VENV)/.unfinished
	@touch $@
endef
