# SPDX-License-Identifier: Apache-2.0
"""test_integer : the integer reference against scipy's correlation and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from sample_networks import conv_stage, random_network
from scipy.signal import correlate2d

from cosim.errors import ModelError
from cosim.model.integer import feature_bits, features, fnv1a, pack_bits, stage_output
from cosim.model.network import ConvStage, Pool


def scipy_stage(stage: ConvStage, x: np.ndarray) -> np.ndarray:
    """One image through one stage: scipy's integer correlation, pooling and floor by loops."""
    planes = []
    x = np.pad(x, ((0, 0), (stage.pad, stage.pad), (stage.pad, stage.pad)))
    for kernel, bias in zip(stage.weight, stage.bias, strict=True):
        acc = sum(
            correlate2d(x[c].astype(np.int64), kernel[c].astype(np.int64), mode="valid")
            for c in range(len(x))
        ) + int(bias)
        step = 1 if stage.pool == "none" else 2
        rows = []
        for r in range(0, acc.shape[0], step):
            row = []
            for c in range(0, acc.shape[1], step):
                block = [int(v) for v in acc[r : r + step, c : c + step].ravel()]
                value = sum(block) if stage.pool == "sum" else max(block)
                value = int(np.floor(value / 2**stage.shift))
                row.append(min(127, max(0 if stage.relu else -128, value)))
            rows.append(row)
        planes.append(rows)
    return np.array(planes)


@pytest.mark.parametrize("pool", ["none", "max", "sum"])
@pytest.mark.parametrize("relu", [True, False])
def test_a_stage_equals_scipy_and_loops(pool: Pool, relu: bool) -> None:
    rng = np.random.default_rng(7)
    stage = conv_stage(rng, 3, 4, pool=pool, relu=relu)
    x = rng.integers(0, 256, (2, 3, 12, 10)).astype(np.uint8)
    y = stage_output(stage, x)
    assert y.dtype == np.int8
    for image, out in zip(x, y, strict=True):
        assert np.array_equal(out, scipy_stage(stage, image))
    assert {int(y.min()), int(y.max())} & {0 if relu else -128, 127}, "saturation is reached"


@pytest.mark.parametrize(("k", "pad"), [(3, 1), (3, 0), (5, 2), (1, 0), (3, 2)])
def test_zeros_around_the_input_equal_scipy(k: int, pad: int) -> None:
    rng = np.random.default_rng(8)
    assert (8 + 2 * pad - k + 1) % 2 == 0
    stage = conv_stage(rng, 3, 4, pool="max", relu=True, k=k, pad=pad)
    x = rng.integers(0, 256, (2, 3, 8, 6)).astype(np.uint8)
    y = stage_output(stage, x)
    assert y.shape[1:] == stage.output_shape((3, 8, 6))
    for image, out in zip(x, y, strict=True):
        assert np.array_equal(out, scipy_stage(stage, image))


def test_a_network_without_convolutions_takes_pixels_from_128_on_as_positive() -> None:
    network = random_network(
        np.random.default_rng(9), image=(1, 4, 64), pad=0, channels=(), pools=(), hidden=(5,)
    )
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 4, 64)
    values = features(network, pixels)
    assert network.fc_sizes == (256, 5, 10)
    assert values.dtype == np.int8
    assert values.ravel().tolist() == list(range(-128, 128))
    assert feature_bits(values).ravel().tolist() == [0] * 128 + [1] * 128


def test_an_accumulator_beyond_single_precision_stays_exact() -> None:
    # 100*2**20 - 1 needs 27 bits: as a float32 it would round up to 100*2**20
    weight = np.full((1, 130, 5, 5), 127, np.int8)
    x = np.full((1, 130, 5, 5), 255, np.uint8)
    products = 127 * 255 * weight.size
    bias = 100 * 2**20 - 1 - products
    stage = ConvStage(
        weight=weight, bias=np.array([bias], np.int32), shift=20, relu=False, pool="none"
    )
    assert stage.largest_accumulator(255) > 2**24
    assert stage_output(stage, x).item() == 99


def test_features_of_a_whole_network_equal_scipy_in_channel_major_order() -> None:
    rng = np.random.default_rng(3)
    network = random_network(rng)
    images = rng.integers(0, 256, (3, 28, 28)).astype(np.uint8)
    got = features(network, images)
    for image, row in zip(images, got, strict=True):
        x = np.pad(image, 2)[None]
        for stage in network.convs:
            x = scipy_stage(stage, x)
        assert x.shape == (16, 5, 5)
        assert np.array_equal(row, x.ravel())


def test_more_images_than_a_chunk_give_the_same_features() -> None:
    rng = np.random.default_rng(4)
    network = random_network(rng, image=(1, 8, 8), pad=0, channels=(2,), pools=("max",))
    images = rng.integers(0, 256, (501, 8, 8)).astype(np.uint8)
    together = features(network, images)
    assert np.array_equal(together[500], features(network, images[500:])[0])


def test_zero_counts_as_positive() -> None:
    bits = feature_bits(np.array([[-128, -1, 0, 1, 127]], np.int8))
    assert bits.tolist() == [[0, 0, 1, 1, 1]]


def test_bits_are_packed_lowest_input_first() -> None:
    bits = np.random.default_rng(5).integers(0, 2, (4, 401)).astype(np.uint8)
    words = pack_bits(bits)
    assert words.shape == (4, 13)
    for row, packed in zip(bits, words, strict=True):
        for i in range(13 * 32):
            expected = int(row[i]) if i < 401 else 0
            assert (int(packed[i // 32]) >> (i % 32)) & 1 == expected


def test_fnv1a_of_published_vectors() -> None:
    # draft-eastlake-fnv: FNV-1a 32 of "", "a", "foobar"
    for text, digest in ((b"", 0x811C9DC5), (b"a", 0xE40C292C), (b"foobar", 0xBF9CF968)):
        assert fnv1a(np.frombuffer(text, np.int8)) == digest


def test_wrong_images_are_refused() -> None:
    network = random_network(np.random.default_rng(1))
    with pytest.raises(ModelError, match="reads uint8 images"):
        features(network, np.zeros((1, 27, 28), np.uint8))
    with pytest.raises(ModelError, match="float64"):
        features(network, np.zeros((1, 28, 28)))
