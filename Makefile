# `make` without a target lists the targets.
# The first call sets up .cache/ (virtual environments, PowerShell); nothing outside the checkout is touched.

MAKEFLAGS += --no-print-directory
JOBS ?= 2
RUN = .cache/venv/bin/python tools/run.py

.PHONY: bench help setup demo test lint unit docs sanity coverage clean

help:
	@echo 'make demo    logs off idle sessions on three simulated Windows hosts'
	@echo 'make test    everything: lint, unit, engine and end-to-end tests'
	@echo 'make lint    the sources: ansible-test sanity, ansible-lint, ruff, mypy, ...'
	@echo 'make unit    the quick tests of the Python code'
	@echo 'make docs    the documentation site, in .cache/docs/html'
	@echo 'make sanity  ansible-test sanity with every supported ansible-core and the next one'
	@echo 'make coverage  which lines of the Python code and branches of the C# engine the tests reach'
	@echo 'make bench   measures the modules and writes docs/performance.rst; on an idle machine'
	@echo 'make clean   removes .cache/'

setup:
	@sh tools/setup

demo: setup
	@$(RUN) python demo/run.py

test: setup
	@$(RUN) pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: setup
	@$(RUN) pytest -n $(JOBS) --dist worksteal tests/lint $(ARGS)

unit: setup
	@$(RUN) pytest tests/unit $(ARGS)

docs: setup
	@$(RUN) python tools/docs.py

sanity: setup
	@$(RUN) python tools/sanity.py

coverage: setup
	@$(RUN) coverage erase
	@$(RUN) coverage run -m pytest -n $(JOBS) --dist worksteal --ignore tests/lint $(ARGS)
	@$(RUN) coverage combine -q
	@$(RUN) coverage report
	@$(RUN) python tools/coverage_csharp.py

bench: setup
	@$(RUN) python tests/benchmark/modules.py $(ARGS)

clean:
	rm -rf .cache
