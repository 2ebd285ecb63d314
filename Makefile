# make app        environment, requirements, and the app
# make test       environment, test requirements, and the whole test suite: two workers more than processors, since tests wait a fifth of their
#                time; at most five, and one for each 2 GB of memory (WORKERS=3: three)
# make test-fast  the quick tests, which need no process of their own, no TensorFlow and no browser
# make test-cluster  runs on a real Slurm of one node and a real Ray (a head and one node), mirrored to a real MLflow server;
#                Slurm needs root and Debian's slurm-wlm, slurm-wlm-basic-plugins and munge; Ray and MLflow are installed into
#                .venv/ray and .venv/mlflow
# make test-gpu   an epoch on each GPU: its loss curve compared with the processor's, its speed with other tools'
# make soak       the same tests as usual, but many more cases (SOAK=17: 17 times as many): damaged inputs, power cuts, disks that
#                refuse to write, large networks in int8, draws of rankings, thirty visitors; about an hour
# make check      lint, format, types, import contracts
# make lock       writes requirements.txt, requirements-gpu.txt and requirements-dev.txt from pyproject.toml
# make clean      removes the environment (.venv) and what the tests and checks keep

PYTHON ?= python3
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
MEMORY_GB := $(shell echo $$(( $$(getconf _PHYS_PAGES 2>/dev/null || echo 2097152) / 262144 )))
WORKERS ?= $(shell printf '%s\n' $$(( $(PROCESSORS) + 2 )) 5 $$(( $(MEMORY_GB) / 2 )) | sort -n | head -n 1)
SOAK ?= 17
# compiled files are kept, since dozens of processes start; a thread a worker: linear algebra and OpenCV that take all cores would take them from the others
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OPENCV_FOR_THREADS_NUM=1 $(BIN)/python -m pytest -n $(WORKERS)
BIN := .venv/bin
RAY ?= .venv/ray
CLUSTER ?= tests/cluster
MLFLOW := mlflow==3.17.2
# uv installs several packages at once, in half the time; where only pip knows the way to the packages (pip.conf), pip does
define install
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r $(1) || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1)
endef

# the tests find Ray by its command; where it is not there they say so
CLUSTER_PYTEST = PATH="$(abspath $(RAY))/bin:$$PATH" $(BIN)/python -m pytest -rs --cluster $(CLUSTER)

.PHONY: app test test-fast test-cluster ray test-gpu soak check lock clean

app: .venv/app
	$(BIN)/streamlit run streamlit_app.py

test: .venv/dev
	$(PYTEST)

test-fast: WORKERS = $(shell expr $(PROCESSORS) + 1) # they wait for little, and a worker takes eight seconds to begin
test-fast: .venv/dev
	$(PYTEST) --fast

test-cluster: .venv/dev ray .venv/mlflow
	$(CLUSTER_PYTEST)

test-gpu: .venv/app
	$(BIN)/python -m benchmarks.gpus

# an environment of its own, since ALLscope speaks to Ray without Ray; not there where no index is reached
ray: requirements-cluster.txt | .venv/bin/python
	-@test -x $(RAY)/bin/ray || { $(BIN)/python -m venv $(RAY) && { \
		$(BIN)/uv pip install --quiet --python $(RAY)/bin/python -r $< || \
		$(RAY)/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 -r $<; }; }

soak: .venv/dev ray
	ALLCORE_SOAK=$(SOAK) $(PYTEST) tests/test_damaged_inputs.py tests/runs/test_damage.py tests/training/test_checkpoint.py tests/model/test_networks.py tests/power_cuts tests/full_disks tests/evaluation/comparing/test_ranking_differences.py tests/e2e/test_load.py
	ALLCORE_SOAK=$(SOAK) $(CLUSTER_PYTEST)

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock" pyproject.toml

lock: .venv/app
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --extra train --extra sign-in -o requirements.txt
	$(COMPILE) --extra gpu --extra sign-in -c requirements.txt -o requirements-gpu.txt
	$(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt

# a server for the tests alone, in an environment of its own: what it needs is not what ALLscope needs
.venv/mlflow: | .venv/bin/python
	$(BIN)/python -m venv $@
	$(BIN)/uv pip install --quiet --python $@/bin/python $(MLFLOW) || \
		$@/bin/python -m pip install --quiet --disable-pip-version-check $(MLFLOW) || \
		{ rm -rf $@; echo "SKIPPED: MLflow, which cannot be installed" >&2; }

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "ALLscope needs Python 3.11 to 3.13 (TensorFlow has no packages for others); $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv .venv
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/app: requirements.txt | .venv/bin/python
	$(call install,requirements.txt)
	@touch $@

.venv/dev: requirements-dev.txt .venv/app
	$(call install,requirements-dev.txt)
	@touch $@
