# `make run` and `make test` do all the set-up on a fresh machine.

PYTHON ?= python3
BIN := .venv/bin
BUNDLE := bundles/flights

.PHONY: run test check bench generate lint types clean

run: .venv/installed $(BUNDLE)/bundle.json
	$(BIN)/specc validate specs/flights/spec.json $(BUNDLE)
	$(BIN)/specc run specs/flights/spec.json $(BUNDLE)

# Each core runs test files of its own, so one thread for each is enough.
test: .venv/tested lint types
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

# The quick inner loop: what is slow is left out.
check: .venv/tested lint
	$(BIN)/python -m pytest -q -x -m "not slow"

bench: .venv/tested $(BUNDLE)/bundle.json
	$(BIN)/python benchmarks/run.py $(BUNDLE) --write

generate: .venv/tested
	$(BIN)/python -m specc.schema.constructors.generate
	$(BIN)/python -m specc.schema.assemble --write
	$(BIN)/python -m pytest -q tests/test_explain.py::test_examples_are_fresh --update
	$(BIN)/python docs/generate.py --write

lint: .venv/tested
	$(BIN)/ruff check .

# Type checkers do not follow the package-dir map, so they read the folders through links.
types: .venv/tested
	rm -rf build/types && mkdir -p build/types/specc
	ln -s $(CURDIR)/specc/* build/types/specc/
	ln -s $(CURDIR)/schema $(CURDIR)/compiler $(CURDIR)/runtime build/types/specc/
	cd build/types && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p specc

$(BUNDLE)/bundle.json: specs/flights/make_bundle.py specs/bundle_script.py | .venv/installed
	$(BIN)/python specs/flights/make_bundle.py $(BUNDLE)
	touch $@

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[examples]'
	touch $@

.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf .venv build bundles

# 1,000 drawn pairs of a spec and a bundle; writes docs/soundness.md.
.PHONY: fuzz
fuzz: .venv/tested
	$(BIN)/python tests/fuzz.py --pairs 1000 --seed 0
