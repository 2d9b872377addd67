# `make demo` and `make test` work on a fresh machine with Python 3.10 to 3.13 and make: each installs what it needs.
PYTHON ?= python3
BIN := .venv/bin
MINUTES ?= 10
STAMP := .venv/installed
BASE := .venv/base
KERAS := .venv/keras

unexport PYTHONDONTWRITEBYTECODE  # the processes of the tests share what one of them has compiled

.PHONY: demo test test-slow test-images docs fuzz lint clean

demo: $(BASE)
	$(BIN)/python examples/demo.py
	@test -e $(KERAS) || echo "Export needs more, which is installed now: TensorFlow, Keras and others, 3 GB, in minutes."
	@$(MAKE) --no-print-directory $(KERAS)
	$(BIN)/python examples/demo.py --export

test: $(STAMP)
	$(MAKE) lint
	$(BIN)/python -m pytest -m "not slow and not images"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

test-images: $(STAMP)
	$(BIN)/python -m pytest -n 0 -m images

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open build/site/index.html"

fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(BASE): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $(BASE)

$(KERAS): $(BASE)
	$(BIN)/python -m pip install --editable '.[keras]'
	touch $(KERAS)

$(STAMP): $(BASE)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(KERAS) $(STAMP)

clean:
	rm -rf .venv build dist
