# Everything sets itself up in .venv: make demo and make test are all there is to do.
.PHONY: demo test test-real test-airflow check bench format clean help
PYTHON_SOURCES := src tests bench
# compiled once: hundreds of processes begin in the tests, and each would compile all it imports
unexport PYTHONDONTWRITEBYTECODE
# one more than processors: a quarter of the time tests wait for processes and sockets
WORKERS = $(shell .venv/bin/python -c "import os; print(os.cpu_count() + 1)")

help:
	@echo "make demo       the health of simulated meetings, live, on a page     (ARGS=web, --bounded, ... are passed on)"
	@echo "make test       all tests that need Python alone"
	@echo "make test-real  tests with a real Flink, Prometheus and others, installed where they are missing"
	@echo "make test-airflow  the jobs of the project warehouse as DAGs of a real Airflow, in an environment of its own"
	@echo "make check      style, types, layers, dead code, generated files"
	@echo "make bench      the benchmarks, with ratios                            (ARGS=--quick for a short run)"

.venv/.run: requirements/run.txt pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh run

.venv/.dev: requirements/dev.txt pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh dev

demo: .venv/.run
	@.venv/bin/penstock demo $(ARGS)

# threads of Polars would only take turns with the other workers: without them the tests take a tenth less
test: export POLARS_MAX_THREADS := 1
test: export PENSTOCK_EXAMPLES := few
# in memory where there is plenty of it: thousands of small logs would wait for a disk at each of their commits
test: export TMPDIR = $(shell .venv/bin/python scripts/scratch.py)
test: .venv/.dev
	@.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal -m "not real" $(ARGS)

test-real: .venv/.dev
	@.venv/bin/python -m tests.flink.parts
	@.venv/bin/python -m pytest -n auto --dist worksteal -m "real or hypothesis" $(ARGS)

test-airflow: .venv/.dev
	@.venv/bin/python -m tests.airflow

check: .venv/.dev
	@.venv/bin/python scripts/check.py

format: .venv/.dev
	@.venv/bin/ruff check --fix $(PYTHON_SOURCES)
	@.venv/bin/ruff format $(PYTHON_SOURCES)

bench: .venv/.dev
	@.venv/bin/python -m bench $(ARGS)

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
