# SPDX-License-Identifier: Apache-2.0
"""test_fc_train : training in torch computes what the maps say, learns, and repeats itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_networks import random_network
from sample_vgg import random_vgg

from cosim.model.circuit_map import CellSpread, Corner, IdealMapper
from cosim.model.datasets import Dataset, builtin_mnist
from cosim.model.fc import Circuit, fc_volts
from cosim.model.integer import feature_bits, features

pytest.importorskip("torch", reason="optional: training needs the extra `train`")

from cosim.model.fc_pool import Pool, pool_of
from cosim.model.fc_train import FcSettings, forward, train_fc

NETWORK = random_network(np.random.default_rng(1), hidden=(48, 32))
FLOAT32_V = 1e-4  # single precision through a sum of 401 and three steep neurons
SPREAD = CellSpread(cell_sigma=0.05, amplifier_offset_v=1e-3, neuron_offset_v=5e-3)


def ideal(column: str = "exact") -> IdealMapper:
    return IdealMapper(NETWORK, Circuit(), column)  # type: ignore[arg-type]


@pytest.mark.parametrize("column", ["exact", "balanced"])
def test_the_forward_pass_is_the_circuit_it_was_given(column: str) -> None:
    bits = np.random.default_rng(2).integers(0, 2, (30, 400)).astype(np.uint8)
    got = forward(ideal(column)(NETWORK.fc, None), NETWORK.fc, bits)
    expected = fc_volts(NETWORK, bits, column=column)  # type: ignore[arg-type]
    assert np.abs(got - expected).max() < FLOAT32_V
    assert np.ptp(expected) > 0.1


def patterns(n: int, rng: np.random.Generator) -> Pool:
    """Ten patterns of 400 bits, each bit turned over with probability 0.25."""
    centres = np.random.default_rng(9).integers(0, 2, (10, 400))
    labels = np.arange(n) % 10
    flips = rng.random((n, 400)) < 0.25
    bits = (centres[labels] ^ flips).astype(np.uint8)
    return Pool(bits=bits, moved=np.empty((0, n, 50), np.uint8), labels=labels.astype(np.int64))


def test_training_learns_and_the_same_seed_gives_the_same_weights() -> None:
    rng = np.random.default_rng(3)
    pool, fresh = patterns(1000, rng), patterns(500, rng)
    corners = [Corner(name="ideal", share=1.0, mapper=ideal(), spread=SPREAD)]
    settings = FcSettings(epochs=6, seed=4, batch=50, warmup=10, rate=3e-2, map_every=30)

    def right(weights: tuple[np.ndarray, ...]) -> float:
        volts = forward(ideal()(weights, None), weights, fresh.bits)
        return float((volts.argmax(axis=1) == fresh.labels).mean())

    first = train_fc(NETWORK.fc, pool, corners, settings)
    assert right(NETWORK.fc) < 0.3
    assert right(first) > 0.9
    again = train_fc(NETWORK.fc, pool, corners, settings)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_pool_keeps_its_images_and_moves_copies_of_them() -> None:
    data = builtin_mnist().first(20)
    pool = pool_of(NETWORK, data, copies=2, seed=5)
    assert np.array_equal(pool.bits, feature_bits(features(NETWORK, data.images)))
    assert pool.moved.shape == (2, 20, 50)
    pick, rng = np.arange(20), np.random.default_rng(6)
    assert np.array_equal(pool.batch(pick, 0.0, rng), pool.bits)
    moved = pool.batch(pick, 1.0, rng)
    own = np.unpackbits(pool.moved, axis=2, count=400)
    assert all(any(np.array_equal(moved[i], own[c, i]) for c in range(2)) for i in range(20))
    assert 0.02 < (moved != pool.bits).mean() < 0.45  # moved, and still the same picture


def test_colour_images_are_mirrored_and_shifted(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    network = random_vgg(rng, widths=((4, "sum"), (6, "none")))
    images = rng.integers(0, 256, (12, 3, 8, 8)).astype(np.uint8)
    data = Dataset(images=images, labels=np.arange(12).astype(np.uint8) % 10, source="random")
    shifted = pool_of(network, data, copies=1, seed=1).moved
    monkeypatch.setattr("cosim.model.fc_pool.REACH", 0)
    monkeypatch.setattr("cosim.model.fc_pool.COVER", 0)
    pool = pool_of(network, data, copies=1, seed=1)
    mirrored = feature_bits(features(network, images[..., ::-1].copy()))
    own = np.unpackbits(pool.moved[0], axis=1, count=pool.bits.shape[1])
    assert np.array_equal(pool.bits, feature_bits(features(network, images)))
    as_is, turned = ((own == bits).mean(axis=1) > 0.95 for bits in (pool.bits, mirrored))
    assert (as_is ^ turned).all()
    assert as_is.any()
    assert turned.any()
    assert not np.array_equal(shifted, pool.moved)


def test_sums_beyond_float32_are_exact() -> None:
    # sums of the second stage are -1, 0 and 1; its bias is no number of float32
    white = 128 * 9 * 127 * 127
    whole = (np.full(128, 127, np.int8)[:, None, None, None], np.zeros(128, np.int32))
    network = random_vgg(np.random.default_rng(8), widths=((128, "none"), (3, "none")))
    first, second = network.convs
    first = replace(first, weight=whole[0] * np.ones_like(first.weight), bias=whole[1], shift=0)
    bias = np.array([white - 1, white, white + 1], np.int32)
    second = replace(second, weight=np.full_like(second.weight, -127), bias=bias, shift=0)
    network = replace(network, convs=(first, second))
    images = np.full((2, 3, 8, 8), 255, np.uint8)
    data = Dataset(images=images, labels=np.zeros(2, np.uint8), source="white")
    wanted = feature_bits(features(network, images))
    assert 0 < wanted.mean() < 1
    assert np.array_equal(pool_of(network, data, copies=0, seed=1).bits, wanted)
