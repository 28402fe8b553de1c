# SPDX-License-Identifier: Apache-2.0
"""fc_pool : feature bits that the FC stack is trained on (extra `train`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from numpy.typing import NDArray

from cosim.model.crops import Crops
from cosim.model.datasets import Dataset
from cosim.model.integer import EXACT_FLOAT32, feature_bits, features
from cosim.model.moved import moved_images
from cosim.model.network import Network

__all__ = ["Pool", "pool_of"]

log = logging.getLogger(__name__)
CHUNK = 1000  # images moved together
BATCH = 250  # images through convolutions together
GREY_NDIM = 3  # images, rows, columns
WIDEST = 255  # of pixels and values between layers
REACH, COVER = 4, 8  # pixels of shift and of the covered square, for colour images


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Feature bits of the training images: as they are (n, n_in), and moved copies packed by row.

    `moved` (copies, n, ceil(n_in/8)) are rotated, scaled, sheared and shifted images; colour ones
    are shifted, mirrored and partly covered.
    """

    bits: NDArray[np.uint8]
    moved: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def batch(
        self, pick: NDArray[np.int64], share_moved: float, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Bits (len(pick), n_in), a share of them from a random moved copy."""
        found = self.bits[pick]
        if len(self.moved):
            which = rng.integers(0, len(self.moved), len(pick))
            moved = np.unpackbits(self.moved[which, pick], axis=1, count=found.shape[1])
            found = np.where(rng.random((len(pick), 1)) < share_moved, moved, found)
        return found


def pool_of(network: Network, dataset: Dataset, copies: int, seed: int) -> Pool:
    """Bits of the data set's images and of `copies` moved copies of each."""
    torch.manual_seed(seed)
    moved, count = [], len(dataset.images)
    colour = dataset.images.ndim > GREY_NDIM
    crops = Crops(dataset.images, REACH, COVER) if colour else None
    for copy in range(copies):
        bits = []
        for at in range(0, count, CHUNK):
            if crops is None:
                values = features(network, moved_images(dataset.images[at : at + CHUNK]))
            else:
                pixels = crops.moved(torch.arange(at, min(at + CHUNK, count)))
                values = _features(network, pixels.numpy().astype(np.uint8), torch.bfloat16)
            bits.append(feature_bits(values))
        moved.append(np.packbits(np.concatenate(bits), axis=1))
        log.info("moved copy %d of %d", copy + 1, copies)
    plain = _features(network, dataset.images) if colour else features(network, dataset.images)
    return Pool(
        bits=feature_bits(plain),
        moved=np.array(moved),
        labels=dataset.labels.astype(np.int64),
    )


def _features(
    network: Network, images: NDArray[np.uint8], number: Any = torch.float32
) -> NDArray[np.int8]:
    """`integer.features` by torch: twice as fast in float32, exact (in float64 where sums ask it).

    In bfloat16 four times as fast; sums are rounded, and half a per cent of the bits turn.
    """
    largest = [stage.largest_accumulator(WIDEST) for stage in network.convs]
    if number == torch.float32 and max(largest) > EXACT_FLOAT32:
        number = torch.float64
    wide = torch.promote_types(number, torch.float32)
    layout = {"memory_format": torch.channels_last}
    weights = [
        torch.tensor(stage.weight).to(number).contiguous(**layout) for stage in network.convs
    ]
    parts = []
    with torch.no_grad():
        for at in range(0, len(images), BATCH):
            x = torch.tensor(images[at : at + BATCH]).to(number).contiguous(**layout)
            x = tf.pad(x, 4 * (network.pad,))
            for stage, weight in zip(network.convs, weights, strict=True):
                acc = tf.conv2d(x, weight, torch.tensor(stage.bias).to(number), padding=stage.pad)
                if stage.pool == "max":
                    acc = tf.max_pool2d(acc, 2)
                elif stage.pool == "sum":
                    acc = 4 * tf.avg_pool2d(acc, 2)
                low = 0 if stage.relu else -128
                x = torch.floor(acc.to(wide) * 0.5**stage.shift).clamp(low, 127).to(number)
            parts.append(x.flatten(1).float().numpy().astype(np.int8))
    return np.concatenate(parts)
