# SPDX-License-Identifier: Apache-2.0
"""conftest : a small data set in MNIST's files, for commands that train."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.model.datasets import IDX_FILES, builtin_mnist


def write_idx(path: Path, array: np.ndarray) -> None:
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(head + array.astype(np.uint8).tobytes())


@pytest.fixture
def mnist_folder(tmp_path: Path) -> Callable[..., Path]:
    """`mnist_folder(train=slice(0, 600), test=slice(600, 640))`: of the built-in set."""

    def write(**splits: Any) -> Path:
        data = builtin_mnist()
        for split, part in splits.items():
            images, labels = IDX_FILES[split]  # type: ignore[index]
            write_idx(tmp_path / images, data.images[part])
            write_idx(tmp_path / labels, data.labels[part])
        return tmp_path

    return write
