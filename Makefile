# make serve: set everything up, index the shipped bank, serve at http://127.0.0.1:8000
# make test:  set everything up, run the whole suite
PYTHON ?= python3
BIN := .venv/bin
export EMPELT_DATA ?= data

.PHONY: serve test check setup evaluate bench lock clean

serve: .venv/.serves
	$(BIN)/empelt index
	$(BIN)/empelt serve

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: .venv/.develops

evaluate: .venv/.serves
	$(BIN)/empelt quality

bench: setup
	$(BIN)/python bench/search.py
	$(BIN)/python bench/edits.py

.venv/.venv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Empelt needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/.serves: .venv/.venv pyproject.toml constraints.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e .
	touch $@

.venv/.develops: .venv/.venv pyproject.toml constraints.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev,train]'
	touch $@ .venv/.serves

lock: setup
	$(BIN)/python -m pip list --format=freeze --exclude-editable | sed 's/+cpu$$//' | grep -v -E '^(pip|setuptools|nvidia|triton)' > constraints.txt

clean:
	rm -rf .venv data build dist
