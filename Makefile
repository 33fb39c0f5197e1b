# Every command of the house. Each target sets up .venv by itself, from pinned hashes.
.NOTPARALLEL:
.PHONY: help demo test check fmt docs bench soak simulate interop lock fuzz mutants
PYTHON ?= $(or $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),$(error covey needs Python 3.11 or later))
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
WORKERS ?= 4
help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile
.venv/%.ok: requirements/%.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r $<
	$(PIP) --no-deps --no-build-isolation -e . && touch $@
demo: .venv/run.ok ## the main job: a broker, its members, what each of them reads
	$(BIN)/covey demo
test: .venv/dev.ok ## all tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal
check: .venv/dev.ok docs ## format, lint, types, layers, docs
	$(BIN)/ruff format --check && $(BIN)/ruff check && $(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" PYRIGHT_PYTHON_IGNORE_WARNINGS=1 pyright --ignoreexternal --verifytypes covey
	$(BIN)/lint-imports
fmt: .venv/dev.ok ## format, and mend what lint can mend
	$(BIN)/ruff format && $(BIN)/ruff check --fix
docs: .venv/dev.ok ## build the documentation into site/
	$(BIN)/zensical build --clean --strict
bench: .venv/bench.ok ## tables and plots of docs/performance.md
	$(BIN)/python -m benchmarks
soak: .venv/dev.ok ## races, property tests and the analyst, for much longer (SOAK=tests/…)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --hypothesis-profile=soak $(SOAK)
simulate: .venv/dev.ok ## groups at a broker that lies, on virtual time (SEED=…, SEEDS=…, BUG=…, MOVES=1)
	$(BIN)/python -m covey.lab.simulate $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(BUG),--bug $(BUG)) $(if $(MOVES),--moves) --workers $(WORKERS)
interop: .venv/dev.ok ## live groups with other stacks, all suites; writes docs/interop.md
	PYTHONPATH=tests $(BIN)/python -m interop $(INTEROP)
lock: .venv/lock.ok ## write requirements/*.txt anew; LOCK=--upgrade takes newer versions
	PATH="$(CURDIR)/$(BIN):$$PATH" sh requirements/lock.sh $(LOCK)
mutants: .venv/dev.ok ## take out each rule, turn round each comparison: do the tests notice?
	$(BIN)/python -m mutants --workers $(WORKERS)
fuzz: .venv/fuzz.ok ## a million inputs to each target (FUZZ=…, RUNS=…), and what they reach
	for t in $(or $(FUZZ),decoders receive join signed invited observed); do $(BIN)/python -m fuzz $$t --runs $(or $(RUNS),1000000) || exit; done && $(BIN)/python -m fuzz.coverage_report
