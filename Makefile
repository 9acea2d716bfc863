# make demo   set-up and the main job: a lab of three real SSH nodes, one distributed training
# make run    open the window            make test   the whole test suite
# make lint   ruff, mypy, import-linter  make bench  benchmarks, rewrites docs/benchmarks.md
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: setup demo run test lint format bench installer clean
.DEFAULT_GOAL := help

help:
	@sed -n '1,3s/^# //p' Makefile

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@sh packaging/system_libraries.sh
	@echo "[1/3] Virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "[2/3] Dependencies: Qt, PyTorch and the rest; the first time this takes some minutes"
	@$(BIN)/python -m pip install --progress-bar on --disable-pip-version-check -q \
	  -c constraints.txt -e '.[train,dev]'
	@echo "[3/3] Ready"
	@touch $@

demo: $(READY)
	@$(BIN)/leptonctl demo --screenshots demo-output

run: $(READY)
	@$(BIN)/python -m lepton_desktop

# The window's tests have a process of their own: their leak check looks at every live object, and
# what other tests have loaded into the process is neither theirs nor cheap to look at.
test: $(READY)
	@status=0; \
	$(BIN)/python -m pytest --ignore=tests/gui $(ARGS) || status=1; \
	$(BIN)/python -m pytest tests/gui $(ARGS) || status=1; \
	exit $$status

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)
	@$(BIN)/python -m benchmarks $(ARGS)

installer: $(READY)
	@$(BIN)/python build_installer.py

clean:
	rm -rf $(VENV) build dist demo-output .pytest_cache .mypy_cache .ruff_cache
