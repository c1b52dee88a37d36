# The same commands for people and machines. Needs Python 3.11 or newer, git and make;
# the tests in a browser need chromium.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
UN ?= ../shared/data/un_votes
BIN = $(VENV)/bin

.PHONY: demo test soak fuzz lint audit format docs bench bench-quick notebook clean

demo: $(VENV)/installed ## Load the bundled example and serve it on http://127.0.0.1:$(PORT)
	$(BIN)/stancelog demo --port $(PORT)

test: $(VENV)/installed-dev ## Run every test, on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=40 --cov --cov-report=term:skip-covered

soak: $(VENV)/installed-dev ## Kill, crash and fill what the service runs on: see docs/reliability.md
	$(BIN)/python -m pytest -m soak tests/soak --durations=0

fuzz: $(VENV)/installed-dev ## Ask and send what nobody should, by the thousands: see docs/fuzzing.md
	$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile=fuzz tests/fuzz

lint: $(VENV)/installed-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(VENV)/installed-dev ## Ask the network whether a dependency has a known vulnerability
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)/audit/bin/pip-audit --strict --disable-pip --no-deps -r constraints.txt

format: $(VENV)/installed-dev ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/installed-docs ## Build the documentation as a site: docs/_build/html/index.html
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -d docs/_build/doctrees \
		docs docs/_build/html

bench: $(VENV)/installed-bench ## Measure beside others, with the UN votes in $(UN); BENCH adds options
	$(BIN)/python bench/run.py --votes $(UN) $(BENCH)

bench-quick: BENCH = --sizes 10k --seconds 0.6 --statements 3000 --only question,others,writes,imports
bench-quick: bench ## The same at 10 thousand positions, in about two minutes

notebook: $(VENV)/installed-notebook ## Run docs/notebook.ipynb anew, against the bundled example
	$(BIN)/python docs/run_notebook.py

clean: ## Remove what the other commands made, but no database
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache bench/data docs/_build

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@ $(VENV)/installed

$(VENV)/installed-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	touch $@ $(VENV)/installed

$(VENV)/installed-notebook: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[notebook]'
	touch $@ $(VENV)/installed
