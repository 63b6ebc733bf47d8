# Each target sets up what it needs; `make rehearse` and `make test` work on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LINTERS := .venv-policies
SDK := .venv-sagemaker
LOCK := .venv-lock
SDK_TESTS := tests/integration/cloud_publisher_build
INSTALL := -m pip install --quiet --disable-pip-version-check
# Exactly what a lock names, each file with its hash, and nothing that runs at its installation.
FROM_LOCK := $(INSTALL) --require-hashes --only-binary :all: --requirement
DEVICES ?= 3
WORKERS ?= 3
PYTEST = $(BIN)/pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PACKAGES := cloud_publisher edge_agent shared_schema infra_policies rehearsal emulator
CODE := $(PACKAGES) model_components tests benchmarks examples

.PHONY: rehearse test test-models test-sdk policies policies-lint policies-proof policies-broken test-install dist lint format schemas lock bench soak fuzz clean

# Some machines set it: then each of the hundreds of processes that tests start would compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE

rehearse: $(READY) ## A whole release on this machine: three accounts, real processes, a real broker. ENFORCE_IAM=1: each process under its own role. EXTENDED=1: the agent's other features.
	@$(BIN)/mlops-rehearsal run $(if $(EXTENDED),--extended,--devices $(DEVICES) $(if $(ENFORCE_IAM),--enforce-iam))

# A process can have only one cloud. The end-to-end tests start their own, so they run in processes of their own.
# The many short tests come last, so that the workers end together.
test: $(READY) ## Every test but those of `test-models`, `test-install`, `policies` and `test-sdk`; WORKERS=2 for fewer at a time.
	@$(PYTEST) -m 'not installs and not models and not policies' tests/integration examples/hello_world tests/unit
	@$(PYTEST) -m 'not installs' tests/end_to_end

test-models: $(READY) ## Trains and converts the digits; the agent vets models of every task, and each kind of broken one; teams' own models are rehearsed.
	@$(PYTEST) -m models tests/integration/rehearsal tests/integration/model_components tests/integration/edge_agent

test-sdk: $(READY) $(SDK)/.ready ## A package that the SageMaker SDK registered (its own environment, 450 MB).
	@$(BIN)/pytest -q $(SDK_TESTS)/test_packages_of_the_sagemaker_sdk.py

test-install: $(READY) ## Builds both distributions and tries each in empty environments; the agent installs itself on devices; each stage of the pipeline installs the tool.
	@$(PYTEST) -m installs tests/integration/distributions tests/integration/edge_agent_bringing_up tests/integration/cloud_publisher_build
	@$(PYTEST) -m installs tests/end_to_end

dist: $(READY) ## Wheel and sdist of both distributions, in dist/.
	@$(BIN)/python -m build --no-isolation --outdir dist .
	@$(BIN)/python -m build --no-isolation --outdir dist emulator

policies: ## Lints the policies, proves them by a release under them, and sees one fail that lacks a statement.
	@$(MAKE) --no-print-directory -j2 --output-sync=target policies-proof policies-lint policies-broken

policies-lint: $(READY) $(LINTERS)/.ready
	@$(BIN)/python -m cloud_publisher.policies --check
	@$(BIN)/cloud-publisher policies lint --config infra_policies/example.yml --linters $(LINTERS)/bin

policies-proof: $(READY)
	@$(BIN)/mlops-rehearsal prove-policies

# The proof must be able to fail.
policies-broken: $(READY)
	@$(BIN)/pytest -q -m policies tests/integration/infra_policies

lint: $(READY) ## Style, types, who may import whom, and whether each import is declared.
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry --no-ansi $(filter-out emulator,$(PACKAGES)) model_components
	@$(BIN)/deptry --no-ansi tests benchmarks examples --ignore DEP002,DEP004
	@cd emulator && ../$(BIN)/deptry --no-ansi greengrass_emulator

format: $(READY)
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

schemas: $(READY) ## Writes the JSON Schemas and the config reference from shared_schema.
	@$(BIN)/python -m shared_schema.export

lock: ## Writes requirements/*.txt anew from pyproject.toml; UPGRADE=1 takes the newest versions.
	@test -x $(LOCK)/bin/uv || { $(PYTHON) -m venv $(LOCK) && $(LOCK)/bin/python $(FROM_LOCK) requirements/uv.txt; }
	@requirements/lock $(LOCK)/bin/uv $(if $(UPGRADE),--upgrade)

bench: $(READY) ## Runs every benchmark, each with its limit.
	@$(BIN)/python -m benchmarks

soak: $(READY) ## Load, swaps and faults for half an hour; MINUTES=2 for less. Not in CI.
	@$(BIN)/python -m benchmarks.soak $(MINUTES)

fuzz: $(READY) ## Random input for what reads bytes and recipes from outside, ten minutes each; SECONDS=60 for less.
	@$(BIN)/python -m tests.fuzz $(SECONDS)

clean: ## Removes all that the targets above made.
	rm -rf .venv $(LINTERS) $(SDK) $(LOCK) rehearsed dist build *.egg-info emulator/build emulator/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The mark is touched last, so that an interrupted set-up is repeated. Pip would compile on one core only; some packages
# hold files of other Pythons, which cannot be compiled.
$(READY): pyproject.toml emulator/pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=…")'
	@echo "setting up .venv (once) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(FROM_LOCK) requirements/dev.txt --no-compile
	@$(BIN)/python $(INSTALL) --no-deps --no-build-isolation --editable ./emulator --editable .
	@$(BIN)/python -m compileall -q -j 0 .venv/lib > /dev/null 2>&1 || true
	@touch $@

# sagemaker-core needs an older rich, and installs pandas and scipy: it has an environment of its own.
$(SDK)/.ready: requirements/sagemaker.txt
	@echo "setting up $(SDK) (once) …"
	@$(PYTHON) -m venv $(SDK)
	@$(SDK)/bin/python $(FROM_LOCK) $<
	@touch $@

# checkov pins an older boto3: the public linters have an environment of their own.
$(LINTERS)/.ready: requirements/linters.txt
	@echo "setting up $(LINTERS) (once) …"
	@$(PYTHON) -m venv $(LINTERS)
	@$(LINTERS)/bin/python $(FROM_LOCK) $<
	@touch $@
