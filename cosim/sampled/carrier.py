# SPDX-License-Identifier: Apache-2.0
"""carrier : a network that hands its pictures on as features, and features as such pictures.

So the FC stack of a network runs on the integer reference's features without its convolutions: the
firmware does what it does with any network, and its checksum says that the features are right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cosim.errors import FirmwareError, MismatchError
from cosim.model.integer import features
from cosim.model.network import PIXEL_MIDDLE, ConvStage, Network

__all__ = ["carried", "carrier"]

WORD = 4  # pixels of a row, or of a picture


def carrier(network: Network, *, external: bool) -> Network:
    """`network` with its FC stack alone.

    Without convolutions features are pixels - 128. In external memory a network has at least one:
    there it is the identity, with a bias of -128.
    """
    n = network.n_features
    if not external:
        if n % WORD:
            raise FirmwareError(
                f"{network.name}: {n} features are no whole words: its FC stack cannot run alone"
            )
        return replace(network, image_shape=(1, 1, n), pad=0, convs=())
    cols = next((k for k in range(WORD, n + 1, WORD) if n % k == 0 and k * k >= n), 0)
    if not cols or n // cols % 2:
        raise FirmwareError(
            f"{network.name}: {n} features are no picture of even rows and whole words: its FC"
            " stack cannot run alone"
        )
    weight = np.zeros((1, 1, 3, 3), np.int8)
    weight[0, 0, 1, 1] = 1
    stage = ConvStage(
        weight=weight,
        bias=np.array([-PIXEL_MIDDLE], np.int32),
        shift=0,
        relu=False,
        pool="none",
        pad=1,
    )
    return replace(network, image_shape=(1, n // cols, cols), pad=0, convs=(stage,))


def carried(net: Network, values: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Pictures (n, 1, rows, cols) whose features on the carrier are `values` (n, features)."""
    pictures = (values.astype(np.int16) + PIXEL_MIDDLE).astype(np.uint8)
    pictures = pictures.reshape(len(values), *net.image_shape)
    if not np.array_equal(features(net, pictures), values):
        raise MismatchError(f"{net.name}: the carrier's features are not those it was given")
    return pictures
