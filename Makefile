# Every target makes .venv first, from a fresh clone with nothing but python3 (3.11 or newer).
#   make PYTHON=python3.12 install     chooses another Python; `make clean` first to change it
#   make EXTRAS=test,spark install     with pyspark, without which the Spark tests are skipped

PYTHON ?= python3
EXTRAS ?= test
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: install demo test lint types check clean

install: $(INSTALLED)

# The constraints must be in force in the one command that installs everything: torch hangs on it.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "promptprint needs Python 3.11 or newer; $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
	         "Try: make PYTHON=python3.12 install" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

demo: $(INSTALLED)
	$(BIN)/promptprint demo

test: $(INSTALLED)
	@$(BIN)/python -c 'import pyspark' 2>/dev/null || \
	  echo "The Spark tests are skipped: pyspark is missing (make clean; make EXTRAS=test,spark install)."
	@command -v java >/dev/null || [ -n "$$JAVA_HOME" ] || \
	  echo "The Spark tests are skipped: Java is missing (17 or newer)."
	$(BIN)/pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

check: lint types test

# Back to a fresh clone: the environment goes too.
clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
