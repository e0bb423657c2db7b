# make setup | demo | test | lint | bench.  All work headless and can be repeated.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APT_PACKAGES := qemu-system-misc qemu-user libegl1 libgl1-mesa-dri

.PHONY: setup demo test lint bench bits soak experts clean
.DEFAULT_GOAL := demo

setup: $(VENV)/.python-done $(VENV)/.system-done

# A stamp remembers what has been installed; it is done again only when its sources change.
$(VENV)/.python-done: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "millhand needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "the venv module is missing; on Debian or Ubuntu: apt-get install python3-venv"; exit 2; }
	@echo "Installing Python packages into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.system-done: $(VENV)/.python-done
	@if command -v qemu-system-riscv64 >/dev/null && command -v qemu-system-riscv32 >/dev/null && \
	    { [ "$$(uname)" != Linux ] || { command -v qemu-riscv64 >/dev/null && \
	      ldconfig -p 2>/dev/null | grep -q libEGL_mesa; }; }; then \
	  touch $@; \
	elif [ "$$(uname)" = Darwin ] && command -v brew >/dev/null; then \
	  brew install qemu && touch $@; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing $(APT_PACKAGES)"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $(APT_PACKAGES) >/dev/null && touch $@; \
	elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then \
	  echo "Installing $(APT_PACKAGES)"; \
	  sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $(APT_PACKAGES) >/dev/null && touch $@; \
	else \
	  echo "QEMU is missing and this user cannot install it; run: sudo apt-get install $(APT_PACKAGES)  (macOS: brew install qemu)"; \
	  exit 2; \
	fi

demo: setup
	@$(BIN)/millhand demo

# One worker a core of the smallest machine; the emulators' tests take a core and a half each.
WORKERS ?= 2
test: setup lint
	@$(BIN)/python -m pytest -q -n $(WORKERS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/millhand bench lockstep
	@$(BIN)/millhand bench codegen
	@$(BIN)/millhand bench env
	@$(BIN)/millhand bench render
	@$(BIN)/millhand bench kernels
	@$(BIN)/millhand bench tick
	@$(BIN)/millhand bench import

# Every controller and the generated kernels on every emulated board, 10,000 random ticks each,
# compared bit by bit.
bits: setup
	@MILLHAND_BITS_TICKS=10000 $(BIN)/python -m pytest -q tests/drivers/test_bits.py \
	  tests/drivers/test_generated_on_boards.py

# The drivers' tests again and again, half of the time with all cores busy; counts runs that failed.
SOAK_MINUTES ?= 30
SOAK_RUNS ?= 1000
soak: setup
	@$(BIN)/python tests/soak.py --minutes $(SOAK_MINUTES) --runs $(SOAK_RUNS)

# The experts' record behind docs/tasks.md: every task on its first robot over 200 layouts, on the
# others over 100; PegInsert also by clearance and stiffness. Some forty minutes on 2 cores.
EVAL := $(BIN)/millhand eval --policy expert --log docs/experts.jsonl
experts: setup
	@rm -f docs/experts.jsonl
	@{ $(BIN)/millhand tasks --json 2>/dev/null | $(BIN)/python -c "import json, sys; \
	    [print('--task', t['name'], '--robot', r, '--episodes', 200 if k == 0 else 100) \
	     for t in json.load(sys.stdin)['tasks'] for k, r in enumerate(t['robots'])]"; \
	  for clearance in 1.0 0.5 0.2; do for stiffness in 0.3 2; do \
	    echo --task PegInsert --option clearance=$$clearance --option stiffness=$$stiffness; \
	  done; done; } | xargs -P 2 -L 1 $(EVAL)
	@$(BIN)/millhand tasks --write docs/tasks.md

clean:
	rm -rf $(VENV) build dist *.egg-info outputs
