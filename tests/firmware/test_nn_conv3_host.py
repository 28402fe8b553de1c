# SPDX-License-Identifier: Apache-2.0
"""test_nn_conv3_host : 3x3 convolution and pooling in C, compiled for this machine.

nn_conv3_block.c stands in for nn_conv3_block.S, which tests/firmware/test_vgg.py runs on the RTL.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cosim.errors import ToolError
from cosim.model.integer import feature_bits, pack_bits, stage_output
from cosim.model.network import ConvStage, Pool

LIB = Path(__file__).resolve().parents[2] / "firmware" / "lib"
POOL = {"none": 0, "max": 1, "sum": 2}
U32 = ctypes.c_uint32
GUARD = 0xAA


class CPlanes(ctypes.Structure):
    _fields_ = [("channels", U32), ("rows", U32), ("cols", U32), ("pitch", U32)]


@pytest.fixture(scope="module")
def lib(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("cc")
    if compiler is None:
        raise ToolError("no C compiler on PATH: `apt-get install gcc`")
    out = tmp_path_factory.mktemp("nn") / "libnn3.so"
    sources = [str(LIB / "nn_conv3.c"), str(LIB / "nn_conv3_block.c")]
    flags = ["-std=c11", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    flags += ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"]
    subprocess.run([compiler, *flags, *sources, "-o", str(out)], check=True)
    loaded = ctypes.CDLL(str(out))
    loaded.nn_planes_bytes.restype = U32
    return loaded


def ptr(array: np.ndarray) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def places(planes: CPlanes) -> np.ndarray:
    """Byte of each (channel, row, column), border not counted."""
    c, r, k = np.ogrid[: planes.channels, : planes.rows, : planes.cols]
    return np.asarray((c * (planes.rows + 1) + r + 1) * planes.pitch + k + 1)


def cleared(lib: ctypes.CDLL, planes: CPlanes) -> np.ndarray:
    """A buffer of zeros with a guard byte behind it."""
    size = lib.nn_planes_bytes(ctypes.byref(planes))
    assert size % 4 == 0
    buffer = np.full(size + 4, GUARD, np.uint8)
    lib.nn_planes_clear(ctypes.byref(planes), ptr(buffer))
    assert not buffer[:size].any()
    assert (buffer[size:] == GUARD).all()
    return buffer


def c_sums(lib: ctypes.CDLL, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Sums of two output channels."""
    channels, rows, cols = x.shape
    planes = CPlanes(channels, rows, cols, cols + 1 + channels % 3)
    buffer = cleared(lib, planes)
    buffer[places(planes)] = x
    group = bias.tobytes() + np.ascontiguousarray(weight.transpose(1, 2, 0, 3)).tobytes()
    acc = np.zeros((2, rows, cols), np.int32)
    lib.nn_conv3(ctypes.byref(planes), ptr(buffer), ptr(np.frombuffer(group, np.uint8)), ptr(acc))
    return acc


@pytest.mark.parametrize(
    ("rows", "cols"), [(2, 2), (4, 4), (6, 6), (2, 10), (4, 12), (3, 8), (8, 8), (5, 32)]
)
@pytest.mark.parametrize("channels", [1, 3, 8])
def test_convolution_is_exact_for_every_way_to_cut_a_plane(
    lib: ctypes.CDLL, rows: int, cols: int, channels: int
) -> None:
    rng = np.random.default_rng(rows * cols + channels)
    x = rng.integers(0, 256, (channels, rows, cols)).astype(np.uint8)
    weight = rng.integers(-127, 128, (2, channels, 3, 3)).astype(np.int8)
    bias = rng.integers(-(2**20), 2**20, 2).astype(np.int32)
    acc = c_sums(lib, x, weight, bias)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1))).astype(np.int64)
    for m in range(2):
        for r in range(rows):
            for c in range(cols):
                window = padded[:, r : r + 3, c : c + 3]
                assert acc[m, r, c] == (window * weight[m]).sum() + bias[m]


@pytest.mark.parametrize("pool", ["none", "max", "sum"])
@pytest.mark.parametrize("relu", [True, False])
def test_pooling_and_requantisation_are_exact(lib: ctypes.CDLL, pool: Pool, relu: bool) -> None:
    rng = np.random.default_rng(7)
    x = rng.integers(0, 128, (1, 3, 8, 12)).astype(np.uint8)
    stage = ConvStage(
        weight=rng.integers(-127, 128, (3, 3, 3, 3)).astype(np.int8),
        bias=rng.integers(-20_000, 20_000, 3).astype(np.int32),
        shift=9,
        relu=relu,
        pool=pool,
        pad=1,
    )
    expected = stage_output(stage, x)[0]
    _, rows, cols = expected.shape
    weight = np.pad(stage.weight, ((0, 1), (0, 0), (0, 0), (0, 0)))
    bias = np.pad(stage.bias, (0, 1))
    planes = CPlanes(3, rows, cols, cols + 1)
    out, features = cleared(lib, planes), np.zeros(expected.size + 4, np.int8)
    for first in (0, 2):  # the second group has one channel left
        acc = c_sums(lib, x[0], weight[first : first + 2], bias[first : first + 2])
        args = (8, 12, POOL[pool], stage.shift)
        if relu:
            lib.nn_pool_planes(ptr(acc), *args, ctypes.byref(planes), first, ptr(out))
        at = features[first * rows * cols :]
        lib.nn_pool_features(ptr(acc), min(2, 3 - first), *args, 0 if relu else -128, ptr(at))
    assert np.array_equal(features[: expected.size], expected.ravel())
    assert not features[expected.size :].any()
    if relu:
        inside = places(planes)
        assert np.array_equal(out[inside], expected.astype(np.uint8))
        out[inside] = 0
        assert not out[:-4].any(), "something was written into the border"


@pytest.mark.parametrize("n", [1, 31, 32, 33, 96])
def test_signs_are_packed_and_the_next_bit_is_free(lib: ctypes.CDLL, n: int) -> None:
    values = np.random.default_rng(n).integers(-128, 128, n).astype(np.int8)
    bits = np.full(n // 32 + 2, 0xDEADBEEF, np.uint32)
    lib.nn_sign_bits(ptr(values), n, ptr(bits))
    expected = pack_bits(feature_bits(values[None]))[0]
    assert np.array_equal(bits[: len(expected)], expected)
    assert n % 32 or bits[n // 32] == 0
    assert bits[n // 32 + 1] == 0xDEADBEEF
