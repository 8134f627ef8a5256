# Two commands on a fresh machine: `make demo` and `make test`. Both can be run again and again.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo

.DEFAULT_GOAL := help
.PHONY: help demo test check format types layers unit clean constraints

help:  ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.installed  ## A simulated world, trained and served on http://127.0.0.1:8337
	$(BIN)/segue demo --home $(DEMO) $(DEMO_FLAGS)

test: check types layers unit  ## Every check and every test

check: $(VENV)/.developing
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: $(VENV)/.developing
	$(BIN)/mypy

layers: $(VENV)/.developing
	$(BIN)/lint-imports --no-logo

unit: $(VENV)/.developing
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

format: $(VENV)/.developing  ## Put the code in order
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests

clean:  ## Remove the environment, the demo and all caches
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

constraints: $(VENV)/.developing  ## Pin what is installed now
	$(BIN)/pip list --format=freeze --exclude segue --exclude pip --exclude setuptools --exclude torch | sort -f >$@.new
	{ head -n 1 constraints.txt; { cat $@.new; echo 'torch==2.13.0'; } | sort -f; } >constraints.txt.new
	rm $@.new && mv constraints.txt.new constraints.txt

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Segue needs Python 3.11 or newer: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Segue needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@$(BIN)/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || \
		apt-get install --quiet --yes libgomp1 >/dev/null 2>&1 || \
		echo "LightGBM needs libgomp: apt-get install libgomp1 (until then, lists keep the order of the blend)" >&2
	@touch $@

$(VENV)/.developing: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed
