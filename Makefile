PYTHON ?= python3
BIN := .venv/bin

.PHONY: test lint types bench bench-quality bench-attacks format demo clean

# one process a core tests, so that more threads would only wait for each other
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1

# the services that tests start compile nothing anew, whatever the environment says of bytecode
test: .venv/ready
	$(BIN)/python -m compileall -q monitor migrations
	$(BIN)/pytest --numprocesses auto --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python tests/benchmarks/run.py

bench-quality: .venv/ready
	$(BIN)/python tests/benchmarks/quality.py $(if $(DATA),--data $(DATA)) $(ARGS)

bench-attacks: .venv/ready
	$(BIN)/python tests/benchmarks/attacks.py $(if $(DATA),--data $(DATA)) $(ARGS)

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: .venv/ready
	$(BIN)/monitor demo

clean:
	rm -rf .venv

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable . --group dev
	touch $@
