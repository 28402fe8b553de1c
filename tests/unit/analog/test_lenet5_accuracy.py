# SPDX-License-Identifier: Apache-2.0
"""test_lenet5_accuracy : the shipped weights in the circuit with wires, nominal and over dies.

The quick test sees images of the training split: it says that a change broke nothing. The slow ones
take the test split: `make accuracy DATA=DIR`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.dies import classify_dies, sample_dies
from cosim.design import load_design
from cosim.model.accuracy import accuracy
from cosim.model.datasets import Dataset, builtin_mnist, read_mnist
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network

NETWORK = load_network("lenet5")
WIRED = load_design("imac_14nm", ["wires.enabled=true"])
SEED = 1


def shares(data: Dataset, dies: int) -> np.ndarray:
    """Rightly classed share, nominal first, then on each die."""
    bits = feature_bits(features(NETWORK, data.images))
    drawn = sample_dies(WIRED, NETWORK.fc_sizes, SEED, dies) if dies else []
    classes = classify_dies(NETWORK.fc, bits, WIRED, [None, *drawn])
    return np.asarray((classes == data.labels).mean(axis=1))


def test_the_circuit_with_wires_classes_training_images_on_two_dies() -> None:
    found = shares(builtin_mnist().first(200), dies=2)
    assert found.min() >= 0.975  # 99.0 % nominal and on both dies: three images of slack


@pytest.fixture(scope="module")
def test_split() -> Dataset:
    folder = os.environ.get("COSIM_MNIST")
    if not folder:
        pytest.skip("optional: COSIM_MNIST names no folder of MNIST's IDX files")
    return read_mnist(Path(folder), "test")


@pytest.mark.slow
def test_ten_thousand_test_images_with_wires(test_split: Dataset) -> None:
    assert shares(test_split, dies=0)[0] >= 0.987
    assert accuracy(NETWORK, test_split)["cpu_only"] >= 98.7


@pytest.mark.slow
def test_fifty_dies_keep_the_accuracy(test_split: Dataset) -> None:
    dies = shares(test_split.first(2000), dies=50)[1:]
    assert dies.mean() >= 0.975  # of the first 2000, the harder ones
    assert dies.min() >= 0.97
