# SPDX-License-Identifier: Apache-2.0
# Makefile : the commands of this project; `make help` lists them, CI calls the same ones
PYTHON ?= python3
BIN    := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Two workers, one test file each at a time, in the order of tests/conftest.py: long ones first.
JOBS   ?= 2
PARALLEL := -n $(JOBS) --dist loadfile --no-loadscope-reorder
ARGS   ?=
# Images of containers set it: each of some hundred processes would compile what it imports again.
unexport PYTHONDONTWRITEBYTECODE
# What bench compares with; without its dependency pycairo, which would need a C compiler and cairo.
YARDSTICK := badcrossbar==1.1.0 pathvalidate==3.3.1 sigfig==1.4.0 sortedcontainers==2.4.0

.DEFAULT_GOAL := help
.PHONY: help setup lint lint-python lint-rtl unit rtl spice system fw demo test slow bench accuracy report clean

help: ## list these targets
	@echo "cosim: make <target> [ARGS=...]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

setup: ## get everything ready: Debian packages, .venv, ngspice with OSDI (asks for sudo if needed)
	@$(PYTHON) -m cosim.setup

lint: setup ## ruff, mypy, and the RTL in Icarus, Verilator and Yosys
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint-python lint-rtl

lint-python:
	$(BIN)/mypy

lint-rtl:
	$(BIN)/cosim lint

unit: setup ## tests that start no simulator
	$(PYTEST) $(PARALLEL) -m "not rtl and not spice and not system and not slow" $(ARGS)

rtl: setup ## module tests of the RTL on Icarus
	$(PYTEST) $(PARALLEL) -m "rtl and not slow" $(ARGS)

spice: setup ## Verilog-A models, netlists and the ngspice engine
	$(PYTEST) $(PARALLEL) -m "spice and not slow" $(ARGS)

system: setup ## firmware on the whole SoC, with its analog macro
	$(PYTEST) $(PARALLEL) -m "system and not slow" $(ARGS)

fw: setup ## build both firmware images of LeNet-5
	$(BIN)/cosim image lenet5 $(ARGS)
	$(BIN)/cosim image lenet5 --cpu-only $(ARGS)

# Without wires: with them ngspice takes two to three minutes an image.
demo: setup ## LeNet-5 on three MNIST images, the FC layers solved by ngspice in lockstep
	$(BIN)/cosim run lenet5 --images 3 --engine ngspice --set wires.enabled=false $(ARGS)

test: lint ## lint and the whole quick suite: what CI runs
	$(PYTEST) $(PARALLEL) -m "not slow" $(ARGS)

# What costs more than it finds each time: more sizes, seeds and images of tests that test runs too.
slow: setup ## the slow suite: the full matrices (DATA=folder of MNIST IDX files, CIFAR10=of CIFAR-10, for accuracy)
	COSIM_MNIST=$(DATA) COSIM_CIFAR10=$(CIFAR10) $(PYTEST) $(PARALLEL) -m slow $(ARGS)

bench: setup ## the speed figures of the README, 15 minutes (ARGS="--data DIR" for accuracy too)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps $(YARDSTICK)
	$(BIN)/cosim bench $(ARGS)

accuracy: setup ## slow tests: 10,000 test images and 50 dies in the circuit (DATA=folder of MNIST IDX files, CIFAR10=of CIFAR-10)
	COSIM_MNIST=$(DATA) COSIM_CIFAR10=$(CIFAR10) $(PYTEST) -m slow tests/unit/analog/test_lenet5_accuracy.py tests/unit/analog/test_colour_accuracy.py $(ARGS)

report: setup ## the tables of the latest run again
	$(BIN)/cosim report $(ARGS)

clean: ## remove builds and runs; .venv and the cache folder stay
	rm -rf build runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
