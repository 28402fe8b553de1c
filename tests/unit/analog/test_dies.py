# SPDX-License-Identifier: Apache-2.0
"""test_dies : classes over dies are those of each die alone; the statistics are by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.dies import classify_dies, die_accuracy, sample_dies
from cosim.analog.fast_eval import classify, classify_ideal
from cosim.analog.fast_forward import fast_stack
from cosim.design import Design, load_design
from cosim.errors import UserInputError

SIZES = (24, 8, 5)
# without wires: engine ideal, held against fast here, has none
WIDE = ["variation.ra_sigma=0.3", "variation.neuron_offset_v=0.02", "wires.enabled=false"]


@pytest.fixture
def bits() -> np.ndarray:
    return np.random.default_rng(8).integers(0, 2, (60, SIZES[0])).astype(np.uint8)


@pytest.fixture
def design() -> Design:
    return load_design("imac_14nm", WIDE)


@pytest.mark.parametrize("engine", ["fast", "ideal"])
def test_the_nominal_circuit_is_classed_as_ever(
    engine: str, design: Design, bits: np.ndarray, random_stack: Callable
) -> None:
    stack = random_stack(*SIZES)
    alone = (
        classify(fast_stack(stack, design), bits)
        if engine == "fast"
        else classify_ideal(stack, bits, design)
    )
    found = classify_dies(stack, bits, design, [None], engine=engine)
    assert np.array_equal(found, [alone])


@pytest.mark.parametrize("engine", ["fast", "ideal"])
def test_a_die_is_classed_alike_alone_and_among_others(
    engine: str, design: Design, bits: np.ndarray, random_stack: Callable
) -> None:
    stack, dies = random_stack(*SIZES), sample_dies(design, SIZES, 2, 3)
    together = classify_dies(stack, bits, design, dies, engine=engine)
    assert together.shape == (3, 60)
    for index in (2, 0):
        alone = classify_dies(stack, bits, design, [dies[index]], engine=engine)
        assert np.array_equal(together[index], alone[0])
    assert not np.array_equal(together[0], together[1])  # dies differ


def test_fast_and_ideal_class_a_die_nearly_alike(
    design: Design, bits: np.ndarray, random_stack: Callable
) -> None:
    stack, dies = random_stack(*SIZES), sample_dies(design, SIZES, 2, 3)
    fast, ideal = (
        classify_dies(stack, bits, design, dies, engine=engine) for engine in ("fast", "ideal")
    )
    nominal = classify_dies(stack, bits, design, [None], engine="ideal")
    assert (fast == ideal).mean() > 0.9  # clipping and output resistance flip close calls
    assert (fast == nominal).mean() < (fast == ideal).mean() - 0.05


@pytest.mark.spice
def test_noise_is_that_of_its_seed(
    design: Design, bits: np.ndarray, random_stack: Callable
) -> None:
    design = load_design("imac_14nm", ["variation.temperature_k=30000.0"])  # ten times the volts
    stack, dies = random_stack(*SIZES), sample_dies(design, SIZES, 2, 2)
    first, again, other = (
        classify_dies(stack, bits, design, dies, engine="ideal", noise_seed=seed)
        for seed in (1, 1, 2)
    )
    clean = classify_dies(stack, bits, design, dies, engine="ideal")
    assert np.array_equal(first, again)
    assert 0 < (first != clean).mean() < 0.8
    assert (first != other).any()


def test_statistics_are_those_of_the_shares() -> None:
    labels = np.array([0, 1, 2, 3])
    classes = np.array([[0, 1, 2, 3], [0, 1, 2, 0], [0, 1, 2, 0], [0, 1, 0, 0]])
    found = die_accuracy(classes, labels, seed=5, noise=False).as_dict()
    assert found["percent"] == [100.0, 75.0, 75.0, 50.0]
    assert (found["mean"], found["min"], found["max"]) == (75.0, 50.0, 100.0)
    sigma = np.sqrt((25.0**2 + 25.0**2) / 3)
    assert found["sigma"] == pytest.approx(sigma)
    half = 3.182446 * sigma / 2  # Student's t at 97.5 %, three degrees of freedom
    assert found["interval"] == pytest.approx([75 - half, 100.0], abs=1e-3)  # a share ends at 100
    one = die_accuracy(classes[:1], labels, seed=5, noise=False).as_dict()
    assert (one["sigma"], one["interval"]) == (None, None)


def test_bad_input_is_named(design: Design, bits: np.ndarray, random_stack: Callable) -> None:
    stack = random_stack(*SIZES)
    with pytest.raises(UserInputError, match="engine fast or ideal, got ngspice"):
        classify_dies(stack, bits, design, [None], engine="ngspice")
    with pytest.raises(UserInputError, match="at least one die"):
        classify_dies(stack, bits, design, [])
    with pytest.raises(UserInputError, match=r"labels must be \(60,\), got \(3,\)"):
        die_accuracy(np.zeros((2, 60), dtype=np.int64), np.zeros(3, dtype=int), seed=1, noise=False)
    other = sample_dies(design, (24, 5), 1, 1)
    with pytest.raises(UserInputError, match=r"die 0 is for sizes \(24, 5\), got \(24, 8, 5\)"):
        classify_dies(stack, bits, design, other)
