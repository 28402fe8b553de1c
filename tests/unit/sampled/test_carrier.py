# SPDX-License-Identifier: Apache-2.0
"""test_carrier : features go through a network that has lost its convolutions, unchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_networks import random_network
from sample_vgg import random_vgg

from cosim.errors import FirmwareError, UserInputError
from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.twin import twin_codes
from cosim.sampled.block import block_of, blocks
from cosim.sampled.carrier import carried, carrier

RNG = np.random.default_rng(3)


def pictures(network: Network, n: int = 3) -> np.ndarray:
    return RNG.integers(0, 256, (n, *network.image_shape)).astype(np.uint8)


@pytest.mark.parametrize("external", [False, True])
def test_features_and_codes_are_those_of_the_whole_network(external: bool) -> None:
    network = random_vgg(RNG) if external else random_network(RNG)
    values = features(network, pictures(network))
    net = carrier(network, external=external)
    shown = carried(net, values)
    assert np.array_equal(features(net, shown), values)
    codes = twin_codes(net, feature_bits(features(net, shown)))
    assert np.array_equal(codes, twin_codes(network, feature_bits(values)))
    assert len(net.convs) == external


def test_every_feature_value_is_carried() -> None:
    net = carrier(
        random_network(RNG, image=(1, 20, 20), channels=(4,), pools=("max",)), external=False
    )
    values = np.resize(np.arange(-128, 128), (1, net.n_features)).astype(np.int8)
    assert np.array_equal(features(net, carried(net, values)), values)


@pytest.mark.parametrize(("external", "why"), [(False, "whole words"), (True, "even rows")])
def test_features_that_make_no_picture_are_refused(external: bool, why: str) -> None:
    odd = random_vgg(RNG, image=(3, 2, 4), widths=((3, "max"),))  # six features
    with pytest.raises(FirmwareError, match=why):
        carrier(odd, external=external)


def test_a_block_ends_where_a_pooling_does() -> None:
    widths = ((4, "max"), (6, "none"), (6, "max"), (8, "none"))
    network = random_vgg(RNG, image=(3, 16, 16), widths=widths)  # type: ignore[arg-type]
    assert blocks(network) == (range(1), range(1, 3), range(3, 4))
    data = Dataset(images=pictures(network), labels=np.zeros(3, np.uint8), source="noise")
    block, inner = block_of(network, data, 2)
    fc = (np.zeros((257, 2), np.int8),)
    front = replace(network, convs=network.convs[:1], fc=fc, luts=network.luts[:1])
    assert np.array_equal(inner.images.reshape(3, -1), features(front, data.images))
    assert block.image_shape == (4, 8, 8)
    assert [stage.pool for stage in block.convs] == ["none", "max"]
    last, _ = block_of(network, data, 3)
    assert np.array_equal(
        features(last, block_features(block, inner)), features(network, data.images)
    )
    with pytest.raises(UserInputError, match=r"blocks 1\.\.3"):
        block_of(network, data, 4)


def block_features(block: Network, data: Dataset) -> np.ndarray:
    shape = block.stage_shapes()[-1]
    return features(block, data.images).reshape(-1, *shape).astype(np.uint8)
