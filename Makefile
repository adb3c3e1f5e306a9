# The two commands: `make run` and `make test`. Both make .venv first where it is missing or out of date.
#   PYTHON  the interpreter to build .venv with
#   ARGS    passed on: make run ARGS="--data-dir /srv/acs", make test ARGS="-k session -x"

PYTHON ?= python3
ARGS ?=
# Tests wait for sockets and processes more than they compute: more of them at once than there are cores.
JOBS ?= 4

export PYTHON

.PHONY: run test setup lint format screenshots bench clean

run:
	@deploy/setup run
	@exec .venv/bin/acs up $(ARGS)

setup:
	@deploy/setup run

test:
	@deploy/setup test
	@.venv/bin/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@deploy/setup test
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

format:
	@deploy/setup test
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

screenshots:
	@deploy/setup test
	@.venv/bin/python -m pip install -q -e '.[screenshots]'
	@.venv/bin/python -m tests.browser.screenshots

bench:
	@deploy/setup test
	@exec .venv/bin/acs bench $(ARGS)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
