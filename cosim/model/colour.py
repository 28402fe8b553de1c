# SPDX-License-Identifier: Apache-2.0
"""colour : 32x32 colour images and labels, built in or from CIFAR-10's binary files.

The built-in images (drawings.py) show that a run works; accuracy needs the test file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cosim.errors import DatasetError
from cosim.model.datasets import Dataset, Split, load_images
from cosim.model.drawings import builtin_drawings
from cosim.model.network import Network

__all__ = ["CLASS_NAMES", "COLOURS", "load_colour", "load_for", "read_cifar10"]

CLASS_NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
SIDE = 32
COLOURS = 3
_RECORD = 1 + COLOURS * SIDE * SIDE  # a label and three planes, row by row
_FILES: dict[Split, tuple[str, ...]] = {
    "train": tuple(f"data_batch_{k}.bin" for k in range(1, 6)),
    "test": ("test_batch.bin",),
}


def load_colour(folder: Path | None, split: Split = "test") -> Dataset:
    """Images (n, 3, 32, 32) from `folder`, or the built-in ones when it is None."""
    return builtin_drawings() if folder is None else read_cifar10(folder, split)


def load_for(network: Network, folder: Path | None, split: Split = "test") -> Dataset:
    """The images that `network` reads: colour or grey, of `folder` or built in."""
    colour = network.image_shape[0] == COLOURS
    return load_colour(folder, split) if colour else load_images(folder, split)


def read_cifar10(folder: Path, split: Split) -> Dataset:
    """One split of CIFAR-10 in its binary version."""
    if not folder.is_dir():
        raise DatasetError(f"image folder {folder} does not exist")
    parts = []
    for name in _FILES[split]:
        path = folder / name
        try:
            raw = np.frombuffer(path.read_bytes(), np.uint8)
        except OSError:
            raise DatasetError(f"{folder} holds no {name} (CIFAR-10, binary version)") from None
        if not len(raw) or len(raw) % _RECORD:
            raise DatasetError(f"{path}: {len(raw)} bytes are no whole records of {_RECORD}")
        parts.append(raw.reshape(-1, _RECORD))
    records = np.concatenate(parts)
    labels = records[:, 0].copy()
    if labels.max() >= len(CLASS_NAMES):
        raise DatasetError(f"{folder}: label {labels.max()} is none of CIFAR-10's ten")
    return Dataset(
        images=records[:, 1:].reshape(-1, COLOURS, SIDE, SIDE).copy(),
        labels=labels,
        source=f"CIFAR-10 {split} split of {len(labels)} images in {folder}",
    )
