# SPDX-License-Identifier: Apache-2.0
"""test_colour : CIFAR-10's binary records are read as planes; the drawings are ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosim.errors import DatasetError
from cosim.model.colour import load_colour, read_cifar10

RECORD = 3073


def write(folder: Path, name: str, labels: list[int], seed: int) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3, 32, 32)).astype(np.uint8)
    records = [
        bytes([label]) + image.tobytes() for label, image in zip(labels, pixels, strict=True)
    ]
    (folder / name).write_bytes(b"".join(records))
    return pixels


def test_records_become_planes_and_labels(tmp_path: Path) -> None:
    pixels = write(tmp_path, "test_batch.bin", [3, 9, 0], seed=1)
    data = load_colour(tmp_path)
    assert np.array_equal(data.images, pixels)
    assert data.labels.tolist() == [3, 9, 0]
    parts = [write(tmp_path, f"data_batch_{k}.bin", [k], seed=k) for k in range(1, 6)]
    train = read_cifar10(tmp_path, "train")
    assert np.array_equal(train.images, np.concatenate(parts))
    assert train.labels.tolist() == [1, 2, 3, 4, 5]


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        load_colour(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"holds no test_batch\.bin"):
        load_colour(tmp_path)
    (tmp_path / "test_batch.bin").write_bytes(bytes(RECORD + 1))
    with pytest.raises(DatasetError, match="3074 bytes are no whole records of 3073"):
        load_colour(tmp_path)
    (tmp_path / "test_batch.bin").write_bytes(bytes([10]) * RECORD)
    with pytest.raises(DatasetError, match="label 10 is none"):
        load_colour(tmp_path)


def test_drawings_are_eight_different_pictures_of_eight_classes() -> None:
    data = load_colour(None)
    assert data.images.shape == (8, 3, 32, 32)
    assert data.labels.tolist() == list(range(8))
    assert len({image.tobytes() for image in data.images}) == 8
    assert all(np.unique(image).size > 20 for image in data.images)
