# Every target works on a bare clone: the environment is made once and remade when its pins change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup edit test lint bench
setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

edit: setup
	@mkdir -p out
	@$(BIN)/vireo edit examples/studio.mp4 "make the red ball blue" -o out/edit.mp4 --compare out/edit.png -y

# One thread a worker: two small models that share both cores slow each other down.
test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: setup
	@mkdir -p out
	$(BIN)/vireo bench all --out out/bench.json
