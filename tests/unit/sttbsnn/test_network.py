# SPDX-License-Identifier: Apache-2.0
"""test_network : without spread a network on tiles decides as its integer reference does."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.model.spiking import Encoder, Neurons, SpikingLayer, SpikingNetwork, scores
from cosim.sttbsnn.design import load_bsnn
from cosim.sttbsnn.network import CircuitNetwork

STEPS = 3


def neurons(rng: np.random.Generator, channels: int, typical: int, pool: bool) -> Neurons:
    """Thresholds around `typical` a step, so that many sums lie near them."""
    threshold = rng.integers(typical - 2, typical + 3, (STEPS, channels)).astype(np.int32)
    reset = np.full(channels, max(typical, 2), np.int32)
    return Neurons(threshold=threshold, reset=reset, pool=pool)


@pytest.fixture(scope="module")
def network() -> SpikingNetwork:
    """Two layers on tiles, one with a skip, of random weights."""
    rng = np.random.default_rng(3)
    signs = np.array([-1, 1], dtype=np.int8)
    encoder = Encoder(
        weight=rng.integers(-30, 31, (4, 1, 3, 3)).astype(np.int8),
        bias=np.zeros(4, np.int32),
        pool=False,
        neurons=neurons(rng, 4, 2000, True),
    )
    layers = (
        SpikingLayer(
            weight=rng.choice(signs, (4, 4, 3, 3)),
            neurons=neurons(rng, 4, 2, False),
            skip=np.full(4, 2, np.int32),
        ),
        SpikingLayer(weight=rng.choice(signs, (5, 4, 3, 3)), neurons=neurons(rng, 5, 2, True)),
    )
    return SpikingNetwork(
        name="small",
        image_shape=(1, 8, 8),
        steps=STEPS,
        encoder=encoder,
        layers=layers,
        readout=rng.choice(signs, (20, 3)),
        readout_bias=np.zeros(3, np.int32),
    )


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (12, 8, 8)).astype(np.uint8)


def test_without_spread_every_decision_is_the_integers(
    network: SpikingNetwork, images: np.ndarray
) -> None:
    found = CircuitNetwork(network=network, design=load_bsnn("stt_bsnn_65nm")).run(images)
    assert found.wrong == 0
    assert found.decisions == 12 * STEPS * 16 * (4 + 5)
    assert np.array_equal(found.scores, scores(network, images))
    assert len(np.unique(found.scores)) > 5  # the network does something


def test_offsets_untrimmed_and_noise_make_wrong_decisions(
    network: SpikingNetwork, images: np.ndarray
) -> None:
    design = load_bsnn("stt_bsnn_65nm", ["variation.noise_v=3e-3"])
    nominal = CircuitNetwork(network=network, design=design)
    noisy = nominal.run(images, np.random.default_rng(1)).wrong
    assert noisy > 0
    wrong = [
        CircuitNetwork(network=network, design=design, die=1, trimmed=trimmed).run(images).wrong
        for trimmed in (True, False)
    ]
    assert wrong[0] < wrong[1]
