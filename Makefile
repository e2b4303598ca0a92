# Farewell. Every target prepares what it needs; nothing has to be installed or activated before.
.PHONY: help run test campaign train chat nlu-eval nlu-report lint lock
backend := backend/.venv/bin
assistant := .venv/bin

help:
	@echo 'make run     start Farewell at http://127.0.0.1:8000 (PORT=… FAREWELL_DATA=… move it)'
	@echo 'make chat    talk to the running Farewell in the terminal'
	@echo 'make test    run every test'
	@echo 'make campaign   run the long tests whole and write their tables to docs/'
	@echo 'make nlu-eval DATA=FILE.csv   score the assistant on a table of text and intent'
	@echo 'make nlu-report   measure understanding anew and write docs/understanding-figures.md'
	@echo 'make lint    check style and types'
	@echo 'make train   train the assistant'
	@echo 'make lock    work both requirements.lock files out again'

# Each recipe line is one plain command, so that make passes signals straight to it.
run:
	@bin/setup
	@$(backend)/python -m launch.run

test:
	@bin/setup
	@$(backend)/python -m launch.suites

campaign:
	@bin/setup
	@$(backend)/python -m launch.suites campaign

train:
	@bin/setup

chat:
	@bin/setup backend
	@$(backend)/python -m launch.chat

nlu-eval:
	@bin/setup
	@PYTHONPATH=. $(assistant)/python -W ignore -m nlu.evaluate $(DATA)

nlu-report:
	@bin/setup
	@PYTHONPATH=. $(assistant)/python -W ignore -m nlu.report $(if $(DATA),--data $(DATA))

lint:
	@bin/setup environments
	@$(assistant)/ruff check --quiet .
	@$(assistant)/ruff format --quiet --check .
	@$(assistant)/mypy --no-error-summary launch actions components nlu
	@cd backend && .venv/bin/mypy --no-error-summary src

lock_options := --quiet --universal --generate-hashes --no-header --group dev
lock:
	uv pip compile $(lock_options) --python-version 3.10 pyproject.toml -o requirements.lock
	cd backend && uv pip compile $(lock_options) --python-version 3.11 pyproject.toml -o requirements.lock
