# SPDX-License-Identifier: Apache-2.0
"""test_nn_host : the firmware's integer arithmetic, compiled for this machine, against NumPy.

The same C files run on the SoC in tests/firmware/test_lenet5.py; here they see many more shapes.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_networks import conv_stage, random_network

from cosim.errors import ToolError
from cosim.model.datasets import builtin_mnist
from cosim.model.integer import feature_bits, features, fnv1a, pack_bits, stage_output
from cosim.model.network import Lut, Pool
from cosim.model.store import load_network
from cosim.model.twin import twin_codes

LIB = Path(__file__).resolve().parents[2] / "firmware" / "lib"
POOL = {"none": 0, "max": 1, "sum": 2}
U32 = ctypes.c_uint32


class CShape(ctypes.Structure):
    _fields_ = [("c_in", U32), ("c_out", U32), ("rows", U32), ("cols", U32)]


class CLut(ctypes.Structure):
    _fields_ = [
        ("table", ctypes.c_void_p),
        ("size", U32),
        ("shift", U32),
        ("offset", ctypes.c_int32),
    ]


@pytest.fixture(scope="module")
def lib(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("cc")
    if compiler is None:
        raise ToolError("no C compiler on PATH: `apt-get install gcc`")
    out = tmp_path_factory.mktemp("nn") / "libnn.so"
    sources = [str(LIB / f"nn_{part}.c") for part in ("conv", "pool", "fc")]
    flags = ["-std=c11", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    flags += ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"]
    subprocess.run([compiler, *flags, *sources, "-o", str(out)], check=True)
    return ctypes.CDLL(str(out))


def ptr(array: np.ndarray) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


def c_lut(lut: Lut) -> CLut:
    return CLut(lut.table.ctypes.data, len(lut.table), lut.shift, lut.offset)


def c_conv(lib: ctypes.CDLL, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    channels, rows, cols = x.shape
    acc = np.zeros((len(weight), rows - 4, cols - 4), np.int32)
    shape = CShape(channels, len(weight), rows, cols)
    lib.nn_conv5(ctypes.byref(shape), ptr(x), ptr(weight), ptr(bias), ptr(acc))
    return acc


@pytest.mark.parametrize("cols", [5, 6, 9, 11, 12, 14, 15, 18, 24, 32])
def test_convolution_is_exact_for_every_way_to_cut_a_row(lib: ctypes.CDLL, cols: int) -> None:
    rng = np.random.default_rng(cols)
    x = rng.integers(0, 256, (2, 7, cols)).astype(np.uint8)
    weight = rng.integers(-127, 128, (3, 2, 5, 5)).astype(np.int8)
    bias = rng.integers(-(2**20), 2**20, 3).astype(np.int32)
    acc = c_conv(lib, x, weight, bias)
    for co in range(3):
        for r in range(3):
            for c in range(cols - 4):
                window = x[:, r : r + 5, c : c + 5].astype(np.int64)
                assert acc[co, r, c] == (window * weight[co]).sum() + bias[co]


@pytest.mark.parametrize("pool", ["none", "max", "sum"])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_pooling_requantisation_and_packing_are_exact(
    lib: ctypes.CDLL, pool: Pool, channels: int
) -> None:
    rng = np.random.default_rng(channels)
    side = 14 if channels > 1 else 12  # 3 x 49 and 36 features leave a part of a word
    x = rng.integers(0, 128, (1, 2, side, side)).astype(np.uint8)
    for relu in (True, False):
        stage = conv_stage(rng, 2, channels, pool=pool, relu=relu)
        expected = stage_output(stage, x)[0]
        acc = c_conv(lib, x[0], stage.weight, stage.bias)
        args = (ptr(acc), channels, side - 4, side - 4, POOL[pool], stage.shift)
        if relu:
            out = np.zeros(expected.size, np.uint8)
            lib.nn_pool_relu(*args, ptr(out))
            assert np.array_equal(out, expected.ravel().astype(np.uint8))
        else:
            got = np.zeros(expected.size, np.int8)
            bits = np.full(-(-expected.size // 32) + 1, 0xDEADBEEF, np.uint32)
            lib.nn_pool_sign(*args, ptr(got), ptr(bits))
            assert np.array_equal(got, expected.ravel())
            words = pack_bits(feature_bits(expected.reshape(1, -1)))[0]
            assert np.array_equal(bits[:-1], words)
            assert bits[-1] == 0xDEADBEEF, "one word too many was written"


def test_padding_puts_the_picture_in_the_middle(lib: ctypes.CDLL) -> None:
    x = np.arange(12, dtype=np.uint8).reshape(3, 4)
    out = np.full((7, 8), 0xAA, np.uint8)
    lib.nn_pad(ptr(x), 3, 4, 2, ptr(out))
    assert np.array_equal(out, np.pad(x, 2))


def c_twin(lib: ctypes.CDLL, network: Any, bits: np.ndarray) -> np.ndarray:
    """The stack layer by layer, as nn_stack.c chains it."""
    first = network.fc[0]
    with_bias = np.concatenate([bits, [1]]).astype(np.uint8)[None]
    words = pack_bits(with_bias)[0]
    plus = pack_bits((first.T == 1).astype(np.uint8))
    used = pack_bits((first.T != 0).astype(np.uint8))
    n_used = (first != 0).sum(axis=0).astype(np.int16)
    codes = np.zeros(first.shape[1], np.uint8)
    lut = c_lut(network.luts[0])
    lib.nn_fc_binary(
        *(ptr(words), len(words), ptr(plus), ptr(used), ptr(n_used), len(codes)),
        *(ctypes.byref(lut), ptr(codes)),
    )
    for weight, table in zip(network.fc[1:], network.luts[1:], strict=True):
        transposed = np.ascontiguousarray(weight.T)
        after = np.zeros(weight.shape[1], np.uint8)
        lut = c_lut(table)
        lib.nn_fc_codes(
            *(ptr(codes), len(codes), ptr(transposed), len(after)),
            *(ctypes.byref(lut), ptr(after)),
        )
        codes = after
    return codes


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("hidden", [(12, 9), (1,), (33, 7, 2)])
def test_the_twin_is_exact(lib: ctypes.CDLL, zeros: bool, hidden: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(hidden))
    network = random_network(rng, zeros=zeros, hidden=hidden, classes=11)
    bits = rng.integers(0, 2, (20, 400)).astype(np.uint8)
    bits[0], bits[1] = 0, 1
    for row, expected in zip(bits, twin_codes(network, bits), strict=True):
        assert np.array_equal(c_twin(lib, network, row), expected)


def test_a_first_layer_wider_than_a_flush_counts_right(lib: ctypes.CDLL) -> None:
    n = 2100  # 66 words: three flushes of byte counters, full ones included
    network = random_network(
        np.random.default_rng(1), image=(1, 38, 54), pad=0, channels=(1,), pools=("none",)
    )
    assert network.n_features == 1700
    rng = np.random.default_rng(2)
    weight = np.ones((n + 1, 2), np.int8)
    weight[:, 1] = rng.integers(-1, 2, n + 1)
    for bits in (np.zeros(n, np.uint8), rng.integers(0, 2, n).astype(np.uint8)):
        words = pack_bits(np.concatenate([bits, [1]]).astype(np.uint8)[None])[0]
        plus, used = (pack_bits(w.astype(np.uint8)) for w in (weight.T == 1, weight.T != 0))
        n_used = (weight != 0).sum(axis=0).astype(np.int16)
        table = np.arange(256, dtype=np.uint8)
        sums = np.where(np.append(bits, 1) > 0, 1, -1) @ weight.astype(np.int64)
        lut = CLut(table.ctypes.data, 256, 5, 128)
        codes = np.zeros(2, np.uint8)
        lib.nn_fc_binary(
            *(ptr(words), len(words), ptr(plus), ptr(used), ptr(n_used), 2),
            *(ctypes.byref(lut), ptr(codes)),
        )
        assert codes.tolist() == [int(np.clip((s >> 5) + 128, 0, 255)) for s in sums]


def test_argmax_and_checksum(lib: ctypes.CDLL) -> None:
    rng = np.random.default_rng(6)
    checksum: Callable[..., int] = lib.nn_fnv1a
    lib.nn_fnv1a.restype = U32
    for _ in range(50):
        codes = rng.integers(0, 4, 10).astype(np.uint8)  # ties happen
        assert lib.nn_argmax(ptr(codes), 10) == int(np.argmax(codes))
        values = rng.integers(-128, 128, 37).astype(np.int8)
        assert checksum(ptr(values), 37) == fnv1a(values)


def test_lenet5_features_and_codes_are_exact_on_200_pictures(lib: ctypes.CDLL) -> None:
    network, data = load_network("lenet5"), builtin_mnist().first(200)
    expected = features(network, data.images)
    codes = twin_codes(network, feature_bits(expected))
    first, second = network.convs
    for image, row, code in zip(data.images, expected, codes, strict=True):
        x = np.zeros((1, 32, 32), np.uint8)
        lib.nn_pad(ptr(np.ascontiguousarray(image)), 28, 28, 2, ptr(x))
        acc = c_conv(lib, x, first.weight, first.bias)
        y = np.zeros((6, 14, 14), np.uint8)
        lib.nn_pool_relu(ptr(acc), 6, 28, 28, POOL[first.pool], first.shift, ptr(y))
        acc = c_conv(lib, y, second.weight, second.bias)
        got, bits = np.zeros(400, np.int8), np.zeros(13, np.uint32)
        pool = POOL[second.pool]
        lib.nn_pool_sign(ptr(acc), 16, 10, 10, pool, second.shift, ptr(got), ptr(bits))
        assert np.array_equal(got, row)
        assert np.array_equal(c_twin(lib, network, feature_bits(got)), code)
