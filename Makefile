# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= $(shell sh scripts/find_python.sh)
BIN := .venv/bin
# On a terminal pip shows its progress bars; in a log it would only fill pages.
PIP_INSTALL = $(BIN)/pip install $$(test -t 1 || echo --quiet)
export TF_CPP_MIN_LOG_LEVEL := 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-all bench lint format browser clean

demo: .venv/installed
	$(BIN)/python samples/digits/demo.py

test: .venv/installed-dev
	$(BIN)/pytest -m "not slow"

# The slow tests too, and other random examples every time.
test-all: .venv/installed-dev
	$(BIN)/pytest --hypothesis-profile=searching

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

# LiteRT.js, which runs models in browsers; needs npm.
browser: .venv/installed
	$(BIN)/edgecomp phone --install

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/installed: setup.cfg runtime/setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10 to 3.13 found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "make: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@echo "installing edgecomp and what it needs into .venv (about a minute)"
	$(PIP_INSTALL) -e ./runtime -e '.[samples]'
	@touch $@

.venv/installed-dev: .venv/installed
	$(PIP_INSTALL) -e ./runtime -e '.[samples,test,lint]'
	@touch $@

clean:
	rm -rf .venv build demo_out bench_out
