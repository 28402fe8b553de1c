# SPDX-License-Identifier: Apache-2.0
"""fc_pool : feature bits that the FC stack is trained on (extra `train`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.moved import moved_images
from cosim.model.network import Network

__all__ = ["Pool", "pool_of"]

log = logging.getLogger(__name__)
CHUNK = 1000  # images moved together


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Feature bits of the training images: as they are (n, n_in), and moved copies packed by row.

    `moved` (copies, n, ceil(n_in/8)) are rotated, scaled, sheared and shifted images.
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
    moved = []
    for copy in range(copies):
        parts = [dataset.images[at : at + CHUNK] for at in range(0, len(dataset.images), CHUNK)]
        bits = [feature_bits(features(network, moved_images(part))) for part in parts]
        moved.append(np.packbits(np.concatenate(bits), axis=1))
        log.info("moved copy %d of %d", copy + 1, copies)
    return Pool(
        bits=feature_bits(features(network, dataset.images)),
        moved=np.array(moved),
        labels=dataset.labels.astype(np.int64),
    )
