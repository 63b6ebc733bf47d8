# Each target sets up what it needs; `make rehearse` and `make test` work on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEVICES ?= 3
PACKAGES := cloud_publisher edge_agent shared_schema greengrass_emulator
CODE := $(PACKAGES) model_components tests benchmarks examples

.PHONY: rehearse test lint format schemas bench clean

rehearse: $(READY) ## A release's whole way, on this machine: three accounts, real processes, a real broker.
	@$(BIN)/greengrass-emulator rehearse --devices $(DEVICES)

test: $(READY) ## Every test, on two workers.
	@$(BIN)/pytest -q -n 2 --dist loadfile

lint: $(READY) ## Style, types, and who may import whom.
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

schemas: $(READY) ## Writes the JSON Schemas and the config reference anew from shared_schema.
	@$(BIN)/python -m shared_schema.export

bench: $(READY) ## What is measured, against what, in one run.
	@$(BIN)/python -m benchmarks

clean: ## Takes away all that the targets above made.
	rm -rf .venv rehearsal dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The mark is touched last, so that an interrupted set-up is done again.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=…")'
	@echo "setting up .venv (once) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[publisher,agent,emulator,digits,dev]'
	@touch $@
