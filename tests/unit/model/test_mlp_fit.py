# SPDX-License-Identifier: Apache-2.0
"""test_mlp_fit : training's forward pass is the responses' in NumPy, and it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cosim.model.response import TERMS, InputResponse, LayerResponse, plain_inputs, plain_layer
from cosim.model.store import load_network

torch = pytest.importorskip("torch", reason="optional: training needs the extra `train`")

from cosim.model.mlp_fit import (  # noqa: E402  # after the check for torch
    FitSettings,
    Stacks,
    Task,
    accuracies,
    fresh,
    task_of,
    train_stacks,
)
from cosim.model.polish import SHARPER, polish  # noqa: E402

N_IN, HIDDEN, CLASSES, BIAS_V = 40, 6, 4, 0.8


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits whose class is told by a block of ten, with noise."""
    labels = rng.integers(0, CLASSES, n)
    bits = rng.random((n, N_IN)) < 0.15
    for block in range(CLASSES):
        bits[labels == block, 10 * block : 10 * block + 6] = True
    return bits.astype(np.uint8), labels.astype(np.int64)


def made(layers: tuple[InputResponse, LayerResponse], n: int, seed: int) -> Task:
    network = load_network("lenet5")
    bits, labels = drawn(np.random.default_rng(seed), n)
    return task_of(bits, labels, layers, (network.neuron_vin_v, network.neuron_vout_v), BIAS_V)


def test_accuracies_are_those_of_the_responses_and_the_curve() -> None:
    rng, network = np.random.default_rng(1), load_network("lenet5")
    layers = (
        InputResponse(
            transfer=rng.uniform(0.5, 1, (N_IN + 1, HIDDEN)),
            tile_rows=16,
            factors=0.03 * rng.normal(size=2 * TERMS + 2),
            shift_v=0.2 * rng.normal(size=HIDDEN),
        ),
        LayerResponse(
            transfer=rng.uniform(0.5, 1, (HIDDEN + 1, CLASSES)),
            factors=np.array([0.2, -0.1, 0.1, 0.1, 0.02]),
            shift_v=0.05 * rng.normal(size=CLASSES),
        ),
    )
    task, (bits, labels) = made(layers, 800, 2), drawn(np.random.default_rng(2), 800)
    stacks = fresh(task, 3, FitSettings(epochs=1, latent=0.5))
    for index, found in enumerate(accuracies(task, stacks)):
        first, second = stacks.weights(index)
        hidden_v = np.interp(
            layers[0].signal_v(first, bits), network.neuron_vin_v, network.neuron_vout_v
        )
        source_v = np.hstack([hidden_v, np.full((800, 1), BIAS_V)])
        right = layers[1].signal_v(second, source_v).argmin(axis=1) == labels
        assert found == pytest.approx(100 * right.mean(), abs=1.5)  # bfloat16: 8 bits of a signal
        alone = accuracies(task, stacks.pick(index))
        assert alone[0] == pytest.approx(found, abs=1e-9)


def test_stacks_learn_and_go_on_from_where_they_were() -> None:
    layers = (plain_inputs((N_IN + 1, HIDDEN), 0.05), plain_layer((HIDDEN + 1, CLASSES), 0.2))
    task, other = made(layers, 1000, 3), made(layers, 500, 4)
    settings = FitSettings(epochs=4, batch=50, rate=0.02, warmup=10)
    epochs: list[int] = []
    many = train_stacks(task, fresh(task, 3, settings), settings, lambda at, _: epochs.append(at))
    assert epochs == list(range(4))
    scores = accuracies(other, many)
    assert scores.max() > 80
    one = many.pick(int(scores.argmax()))
    still = FitSettings(epochs=1, batch=500, rate=0.0)
    assert accuracies(other, train_stacks(task, one, still)) == pytest.approx(scores.max())
    short = replace(settings, epochs=1)
    twice = [train_stacks(task, fresh(task, 3, short), short) for _ in range(2)]
    assert all(
        np.array_equal(a, b)
        for k in range(3)
        for a, b in zip(twice[0].weights(k), twice[1].weights(k), strict=True)
    )


def loss(stacks: Stacks, layers: tuple[InputResponse, LayerResponse], n: int, seed: int) -> float:
    """Cross entropy in NumPy, with the best of the sharpnesses that polishing tries."""
    network, (bits, labels) = load_network("lenet5"), drawn(np.random.default_rng(seed), n)
    first, second = stacks.weights(0)
    hidden_v = np.interp(
        layers[0].signal_v(first, bits), network.neuron_vin_v, network.neuron_vout_v
    )
    signal = layers[1].signal_v(second, np.hstack([hidden_v, np.full((n, 1), BIAS_V)]))
    found = []
    for factor in SHARPER:
        logits = -float(factor * stacks.sharpness[0]) * signal
        own = logits[np.arange(n), labels]
        found.append(float((np.log(np.exp(logits).sum(axis=1)) - own).mean()))
    return min(found)


def test_polishing_lowers_the_loss() -> None:
    layers = (plain_inputs((N_IN + 1, HIDDEN), 0.05), plain_layer((HIDDEN + 1, CLASSES), 0.2))
    task, n = made(layers, 1000, 5), 1000
    settings = FitSettings(epochs=1, batch=100, rate=0.02, warmup=10)
    stack = train_stacks(task, fresh(task, 1, settings), settings)
    better = polish(task, stack, rounds=3, tries=8)
    before, after = loss(stack, layers, n, 5), loss(better, layers, n, 5)
    assert after < before - 0.1
    assert accuracies(task, better)[0] > accuracies(task, stack)[0]
    assert {-1.0, 1.0} == set(np.unique(better.first.numpy()))
