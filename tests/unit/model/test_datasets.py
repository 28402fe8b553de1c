# SPDX-License-Identifier: Apache-2.0
"""test_datasets : IDX files as they are found in the wild, broken ones, and the built-in images."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cosim.errors import DatasetError
from cosim.model.accuracy import accuracy
from cosim.model.datasets import builtin_mnist, load_images, read_idx, read_mnist
from cosim.model.store import load_network

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([7, 2, 1], np.uint8)


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    return tmp_path


def test_gzipped_and_plain_files_are_read(folder: Path) -> None:
    data = read_mnist(folder, "test")
    assert np.array_equal(data.images, IMAGES)
    assert np.array_equal(data.labels, LABELS)
    assert np.array_equal(load_images(folder).first(2).images, IMAGES[:2])


def test_names_with_a_dot_are_found(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte").rename(folder / "t10k-labels.idx1-ubyte")
    assert np.array_equal(read_mnist(folder, "test").labels, LABELS)


def test_missing_folder_and_files_are_named(folder: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        read_mnist(folder / "nowhere", "test")
    with pytest.raises(DatasetError, match=r"neither train-images-idx3-ubyte nor .*\.gz"):
        read_mnist(folder, "train")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "magic number missing"),
        (b"\x89PNG", "magic number 89504e47"),
        (idx(LABELS), "expected 00000803"),
        (struct.pack(">BBBB", 0, 0, 8, 3) + b"\0\0", "truncated in its header"),
        (idx(IMAGES)[:-1], "truncated or padded: 2351 bytes of data, its header promises 2352"),
        (idx(IMAGES) + b"\0", "truncated or padded"),
        (gzip.compress(idx(IMAGES))[:-20], "truncated"),
        (b"\x1f\x8bgarbage", "cannot be read"),
        (struct.pack(">BBBBIII", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1), "promises"),
    ],
)
def test_broken_files_are_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words) as caught:
        read_idx(path, ndim=3)
    assert "\n" not in str(caught.value)


def test_images_and_labels_must_be_as_many(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS[:2]))
    with pytest.raises(DatasetError, match="3 images and 2 labels"):
        read_mnist(folder, "test")


def test_asking_for_more_images_than_there_are_is_refused(folder: Path) -> None:
    with pytest.raises(DatasetError, match="holds 3 images, asked for 4"):
        load_images(folder).first(4)


def test_builtin_images_show_the_classes_in_turn_and_the_network_knows_them() -> None:
    data = builtin_mnist()
    assert data.images.shape == (5000, 28, 28)
    assert data.labels[:20].tolist() == [*range(10), *range(10)]
    some = data.first(1000)
    percent = accuracy(load_network("lenet5"), some)
    # training images, so a guard against a wrong file or equation, not a measurement
    assert min(percent.values()) >= 97.0


def test_importing_the_model_stage_loads_nothing_heavy() -> None:
    code = (
        "import sys, cosim.model.store, cosim.model.datasets, cosim.model.accuracy\n"
        "print(sorted({'torch', 'mlxtend', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_builtin_images_are_kept_and_read_anew_if_the_kept_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSIM_CACHE", str(tmp_path))
    want = builtin_mnist()
    (kept,) = (tmp_path / "pictures").iterdir()
    table = np.load(kept)
    assert table.shape == (5000, 785)
    other = table.copy()
    other[:, :-1] = 255 - table[:, :-1]  # so one sees where the next images are from
    np.save(kept, other)
    assert np.array_equal(builtin_mnist().images, 255 - want.images)
    for damaged in (kept.read_bytes()[:1000], b""):
        kept.write_bytes(damaged)
        again = builtin_mnist()
        assert np.array_equal(again.images, want.images)
        assert np.array_equal(again.labels, want.labels)
        assert np.array_equal(np.load(kept), table)
    np.save(kept, table[:, :10])
    assert np.array_equal(builtin_mnist().images, want.images)
