# Every target makes .venv and installs what it needs; nothing is done twice.
# Stamps in .venv remember what is installed, until pyproject.toml changes.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

# Tests start hundreds of processes: none of them is to compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check coverage bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.package ## play real recorded runs in the viewer; in a pipe, print them
	@$(BIN)/streamkit demo

test: .venv/.test ## run all tests, in parallel
	@$(BIN)/python -m pytest -q -n auto $(ARGS)

check: .venv/.dev ## lint, formatting, types, import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

coverage: ARGS += --cov
coverage: test ## run all tests, and see that they reach the code

bench: .venv-bench/.peers .venv-bench/.compiled ## compare with peers, in an environment of its own
	@.venv-bench/bin/python -m benchmarks.compare

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "streamkit needs Python 3.11 or newer, and $(PYTHON) is not: name one, as in make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.package: pyproject.toml | .venv/.made
	@echo "installing streamkit and its viewer into .venv: up to a minute, once" >&2
	@$(PIP) --editable '.[viewer]'
	@touch $@

# pip 25.1 is the first that knows dependency groups.
.venv/.test: pyproject.toml .venv/.package
	@echo "installing what the tests need into .venv: up to a minute, once" >&2
	@$(PIP) --upgrade 'pip>=25.1'
	@$(PIP) --editable '.[web,zstd]' --group test
	@touch $@

.venv/.dev: pyproject.toml .venv/.test
	@echo "installing linters and type checker into .venv" >&2
	@$(PIP) --group dev
	@touch $@

# The peers stand apart, so that none of them can be imported by mistake; one of them is for node.
.venv-bench/.peers: pyproject.toml | .venv/.made
	@echo "installing the peers into .venv-bench: up to a minute, once" >&2
	@.venv/bin/python -m venv --clear .venv-bench
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
	@.venv-bench/bin/python -m pip install -qq --disable-pip-version-check --editable . --group bench
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix .venv-bench/node eventsource-parser@4.1.3 || \
	echo "eventsource-parser is left out: npm is not there, or could not install it." >&2
	@touch $@

# Built from a copy: what is compiled must not lie beside its source, where Python would take it.
.venv-bench/.compiled: .venv-bench/.peers $(shell find streamkit -name '*.py')
	@echo "compiling streamkit into .venv-bench: a minute, whenever it changed" >&2
	@rm -rf .venv-bench/source .venv-bench/compiled
	@mkdir .venv-bench/source
	@cp -r pyproject.toml README.md LICENSE streamkit viewer .venv-bench/source
	@HATCH_BUILD_HOOK_ENABLE_MYPYC=1 .venv-bench/bin/python -m pip install -qq --disable-pip-version-check --no-deps \
	--target .venv-bench/compiled .venv-bench/source || \
	echo "what is compiled is left out: there is no C compiler, or it could not build it." >&2
	@touch $@
