# Two commands to know: `make demo` and `make test`. Each installs first what it needs and lacks, and is
# silent about it when nothing is missing. `make help` lists the others.

.DEFAULT_GOAL := help
.PHONY: help demo try test check test-fast testbed test-device test-vm test-browser fuzz-api screenshots messages lint bench \
	lock clean setup-demo setup-test setup-testbed setup-vm setup-browser
MAKEFLAGS += --no-print-directory
# A shell that is set up for something else must not leak into our .venv; and without compiled files every process
# that a test starts compiles the whole project anew.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
# Lessons in real time. Thirty kills take longest, so they begin first.
LESSONS := tests/crash tests/end_to_end
QUICK_AND_SLOW := tests $(LESSONS:%=--ignore=%) --ignore=tests/browser
# A worker for each core; whoever is done first takes tests over from the others.
AT_ONCE := -n auto --dist worksteal
# What waits more than it works: half as many again.
WAITING = -n $(shell expr $$(nproc) + $$(nproc) / 2) --dist worksteal

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup-demo ## record, seal, push, receive: the whole way once [INPUT=film.mp4 CAMERA=v4l2 SPEED=real|max SECONDS=n]
	@.venv/bin/leerblik demo $(if $(INPUT),--input "$$INPUT") $(if $(SPEED),--speed "$$SPEED") \
		$(if $(SECONDS),--seconds "$$SECONDS") $(if $(CAMERA),--camera "$$CAMERA")

try: setup-demo ## the same, left running to play with until Ctrl-C
	@.venv/bin/leerblik demo --keep-running

test: check ## everything: check, what takes its time, end to end and the short form of the crash tests
	@$(PYTHON) -m pytest -q $(WAITING) -m slow $(QUICK_AND_SLOW)
	@$(PYTHON) -m pytest -q $(WAITING) $(LESSONS)

check: lint ## lint, types and the fast suite, for every change: less than two minutes
	@$(PYTHON) -m pytest -q $(AT_ONCE) -m 'not slow' $(QUICK_AND_SLOW)

test-fast: check ## another word for check

testbed: setup-testbed ## build the root file system of a device (cached; needs root)
	@bash tests/testbed/root.sh

test-device: setup-testbed ## a device in a container: systemd, picamera2, the real units (needs root) [ARGS=...]
	@$(PYTHON) -m tests.testbed $(ARGS)

test-vm: setup-vm ## a device in an emulated machine: GPIO, ALSA, power cuts (needs root) [SHORT=1]
	@SHORT=$(SHORT) bash tests/testbed/vm/run.sh $(ARGS)

test-browser: setup-browser ## the pages in a real Chromium, as people use them [ARGS=...]
	@$(PYTHON) -m pytest -q $(AT_ONCE) tests/browser $(ARGS)

fuzz-api: setup-test ## schemathesis against the API of a real device, each role [EXAMPLES=60]
	@EXAMPLES=$(or $(EXAMPLES),60) $(PYTHON) -m pytest -q tests/web/api/test_schemathesis.py

screenshots: setup-browser ## a picture of every page, phone and laptop, Dutch and English, into var/screenshots
	@$(PYTHON) -m tests.browser.screenshots

messages: setup-test ## bring the translations up to date with the pages
	@$(PYTHON) -m device.web.catalogue

lint: setup-test ## ruff and mypy
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --check --quiet .
	@$(PYTHON) -m mypy --no-error-summary

bench: setup-test ## measure, some minutes [QUICK=1]
	@$(PYTHON) -m tests.bench $(if $(QUICK),--quick)

# Keeps the versions that still fit pyproject.toml; UPGRADE=1 takes the newest. The second lock is held to
# the versions of the first, so that it contains it.
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --annotation-style line --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) \
	pyproject.toml --extra setup
lock: ## make the locks again from pyproject.toml [UPGRADE=1]
	@[ -x .venv/bin/uv ] || bash deploy/setup/setup.sh test
	@$(LOCK) --extra demo --output-file requirements.lock
	@$(LOCK) --extra demo --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove the .venv, what the demo left behind, and every cache
	@rm -rf .venv var build *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-demo setup-test setup-testbed setup-vm setup-browser: setup-%:
	@bash deploy/setup/setup.sh $*
