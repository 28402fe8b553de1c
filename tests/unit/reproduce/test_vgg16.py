# SPDX-License-Identifier: Apache-2.0
"""test_vgg16 : the reference widths are VGG-16's."""

from __future__ import annotations

import pytest

from cosim.reproduce.systems.vgg16 import SEED, WIDTHS, random_network

# (side, input channels, output channels) of VGG-16's thirteen convolutions on 32x32 pixels
LAYERS = (
    *((32, 3, 64), (32, 64, 64), (16, 64, 128), (16, 128, 128)),
    *((8, 128, 256), (8, 256, 256), (8, 256, 256)),
    *((4, 256, 512), (4, 512, 512), (4, 512, 512)),
    *((2, 512, 512), (2, 512, 512), (2, 512, 512)),
)


def test_multiplications_are_those_of_vgg16() -> None:
    network = random_network(WIDTHS, SEED)
    shapes = [network.image_shape, *network.stage_shapes()[:-1]]
    found = [
        (shape[1], shape[0], len(stage.weight))
        for stage, shape in zip(network.convs, shapes, strict=True)
    ]
    assert found == list(LAYERS)
    macs = sum(9 * side * side * c_in * c_out for side, c_in, c_out in LAYERS)
    assert macs == pytest.approx(313.2e6, rel=1e-4)
    assert network.fc_sizes == (512, 512, 10)
