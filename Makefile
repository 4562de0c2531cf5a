# `make run` and `make test` need git, make and Python 3.11 or newer, and install everything else.

PYTHON ?= python3
PORT ?= 8000
export PORT
export UV_PYTHON_DOWNLOADS = never
# Trust the certificates of this machine: those of uv do not include a company's proxy.
export UV_SYSTEM_CERTS = true
# Keep compiled tests between runs: compiling them takes each process some seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo-scale check test deep audit lint format migration state messages screenshots lock bench release

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

# The pip of $(PYTHON), from 22.3 on, because installing another one takes 8 seconds.
INSTALL_TOOLS = pip="$(PYTHON) -m pip --python .tools/bin/python"; \
	$$pip --version >/dev/null 2>&1 || { .tools/bin/python -m ensurepip >/dev/null && pip=".tools/bin/python -m pip"; } && $$pip

.tools/ready: requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "Python packages: to be installed"
	@$(PYTHON) -m venv --without-pip .tools
	@$(INSTALL_TOOLS) install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

.venv/run: requirements/run.txt .tools/ready
	@test -x .venv/bin/python || .tools/bin/uv venv --quiet --python $(PYTHON) .venv
	@.tools/bin/uv pip sync --quiet --require-hashes requirements/run.txt
	@rm -f .venv/development && touch $@

.venv/development: requirements/development.txt .tools/ready
	@test -x .venv/bin/python || .tools/bin/uv venv --quiet --python $(PYTHON) .venv
	@.tools/bin/uv pip sync --quiet --require-hashes requirements/development.txt
	@touch .venv/run $@

## make run          run the site with demo accounts: http://127.0.0.1:8000 (PORT=8001 for another port)
run: .venv/run
	@.venv/bin/python -m courseware.run

## make demo-scale   create a demo company of N=100000 people in var/scale/, or in DATA_DIR or DATABASE_URL
demo-scale: .venv/run
	@.venv/bin/python -m benchmarks.demo_scale $(N)

## make check        quick tests, 5 minutes: no browser, shipped course or slow test (ARGS=tests/learning: a part)
# Create tables from the models: migrations take each process 3 seconds more. `make test` runs the migrations.
check: .venv/development
	@.venv/bin/python -m pytest -n auto --dist worksteal --nomigrations -m "not browser and not shipped and not slow and not faults" $(ARGS)

# Workers: one more than cores, because they wait for browsers much of the time.
ONE_MORE = $$($(PYTHON) -c 'import os; print(os.cpu_count() + 1)')

## make test         run all but the slow tests, with the main pages in a browser: about 6 minutes
test: .venv/development
	@.ci/node node --no-warnings --test --test-reporter=spec tests/scripts/*.test.js
	@.ci/browser
	@.venv/bin/python -m pytest -n $(ONE_MORE) --dist worksteal -m "(not slow or main_way) and not faults" \
		--ignore=tests/faults --ignore=tests/upgrades --ignore=tests/year $(ARGS)

## make deep         run everything, for a night (PARTS="mutants matrix" for some parts; .ci/deep --list lists them)
deep: .venv/development
	@.ci/deep $(PARTS)

## make audit        ask PyPI for known vulnerabilities of the locked packages; needs the network
audit: .venv/development
	@.ci/audit

## make lint         run linters and checks without tests
lint: .venv/development
	@.ci/lint

## make format       format Python, templates and scripts
format: .venv/development
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --fix . || true
	@.venv/bin/ruff format --quiet .
	@git ls-files -z 'templates/*.html' | xargs -0 .venv/bin/djade --target-version 5.2 || true
	@.ci/node .ci/biome check --write static/js tests/scripts

## make migration    write a migration: make migration APP=learning NAME=add_job_role
migration: .venv/development
	@SECRET_KEY=only-to-look-at-the-models-0123456789-0123456789-0123456789 PLAIN_HTTP=1 \
		.venv/bin/python manage.py makemigrations $(APP) --name $(NAME)

## make state        store a small database of this version for tests of later ones: make state NAME=v0.1
state: .venv/development
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && DATA_DIR="$$folder" DJANGO_SETTINGS_MODULE=tests.settings \
		.venv/bin/python -m tests.upgrades.state $(NAME)

## make messages     collect strings for translation
messages: .venv/development
	@.ci/messages

## make screenshots  take the pictures of README and docs from a demo site (NAMES="home tour" for some)
screenshots: .venv/development
	@.ci/browser
	@.venv/bin/python .ci/screenshots.py $(NAMES)

## make bench        measure against an empty Django page; see docs/performance.md
bench: .venv/development
	@benchmarks/run

## make lock         update the locked requirements
lock: .tools/ready
	@.ci/lock

## make release      check that this tag may be released; write sources, parts and licences into var/release/
release: .venv/development
	@.venv/bin/python .ci/release.py
