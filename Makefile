# Each target makes its own .venv and installs what it needs.

# The first of these that is Python 3.11 or 3.12; or say make PYTHON=...
CHECK := import sys; print("yes" if sys.version_info[:2] in ((3, 11), (3, 12)) else "")
PYTHON ?= $(firstword $(foreach python,python3.12 python3.11 python3,\
	$(if $(shell $(python) -c '$(CHECK)' 2>/dev/null),$(python))))
BIN := .venv/bin
RUN := runs/quick
SHOW := runs/show

.PHONY: demo train test test-tf test-browser lint clean

demo: .venv/.installed
	mkdir -p $(SHOW)
	$(BIN)/pgd2jax simulate --seed 23 --output $(SHOW)/scene.tif --reference $(SHOW)/reference.tif --overwrite
	$(BIN)/pgd2jax despeckle $(SHOW)/scene.tif --output $(SHOW)/despeckled.tif --overwrite
	$(BIN)/pgd2jax compare $(SHOW)/scene.tif $(SHOW)/despeckled.tif \
		--reference $(SHOW)/reference.tif --output $(SHOW)/figure.png --overwrite
	@echo "Look at $(SHOW)/figure.png."

train: .venv/.installed
	$(BIN)/python -m tfds_sar.build simulated --data_dir data
	$(BIN)/python -m pgd2jax.main --config configs/quick.py --workdir $(RUN)
	$(BIN)/pgd2jax evaluate --weights $(RUN) --data_dir data --output $(RUN)/test
	$(BIN)/pgd2jax report $(RUN)/test

test: .venv/.tested
	$(BIN)/python -m pytest

# What needs TensorFlow, Beam or ONNX. The page's block on PyTorch runs, too, where torch
# is in .venv-tf: on Linux it brings 5 GB of CUDA along, so it is not installed here.
test-tf: .venv-tf/.tested
	.venv-tf/bin/python -m pytest tfds_sar/sar_despeckle/*_tf_test.py \
		tfds_sar/sar_despeckle/stack_test.py tests/infer/beam_test.py tests/infer/export_test.py \
		tests/readme_test.py

# The report in a browser: needs Chromium, on the path or named by PGD2JAX_CHROMIUM.
test-browser: .venv/.tested
	$(BIN)/python -m pip install --quiet --editable ".[test,browser]"
	$(BIN)/python -m pytest tests/report/browser_test.py

lint: .venv/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.venv/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/.installed: .venv/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.tested: .venv/.made pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

.venv-tf/.tested: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv-tf
	.venv-tf/bin/python -m pip install --quiet --editable ".[test,tf,beam,onnx]"
	touch $@

clean:
	rm -rf .venv .venv-tf $(RUN) $(SHOW)
