# SPDX-License-Identifier: Apache-2.0
"""test_colour_accuracy : the shipped networks for CIFAR-10 on its 10,000 test images.

`make accuracy CIFAR10=DIR`. The VGG's FC layers in the circuit with wires; the spiking network by
exact sums, which its circuit's decisions are held to elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import fast_stack
from cosim.design import load_design
from cosim.model.colour import read_cifar10
from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.spiking import scores
from cosim.model.spiking_store import load_spiking
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes


@pytest.fixture(scope="module")
def test_split() -> Dataset:
    folder = os.environ.get("COSIM_CIFAR10")
    if not folder:
        pytest.skip("optional: COSIM_CIFAR10 names no folder of CIFAR-10's binary files")
    return read_cifar10(Path(folder), "test")


@pytest.mark.slow
def test_the_vgg_classes_88_percent_in_the_circuit_and_on_the_cpu(test_split: Dataset) -> None:
    network = load_network("vgg")
    bits = feature_bits(features(network, test_split.images))
    circuit = classify(fast_stack(network.fc, load_design("vgg_14nm")), bits)
    assert np.mean(circuit == test_split.labels) >= 0.88
    alone = argmax_class(twin_codes(network, bits))
    assert np.mean(alone == test_split.labels) >= 0.88


@pytest.mark.slow
def test_the_spiking_network_classes_what_is_published(test_split: Dataset) -> None:
    found = scores(load_spiking("snn_cifar"), test_split.images).argmax(axis=1)
    assert np.mean(found == test_split.labels) >= 0.8385
