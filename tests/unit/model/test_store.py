# SPDX-License-Identifier: Apache-2.0
"""test_store : models survive their file; every damaged or wrong file is one clear ModelError."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_networks import random_network

from cosim.errors import ModelError
from cosim.model.network import Network
from cosim.model.store import load_network, model_names, save_network


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "net.npz"
    save_network(random_network(np.random.default_rng(2), zeros=True, seed=5), path)
    return path


def arrays(path: Path) -> dict[str, Any]:
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


def rewritten(path: Path, **changes: Any) -> Path:
    content = {**arrays(path), **changes}
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return path


def assert_equal(a: Network, b: Network) -> None:
    assert (a.name, a.image_shape, a.pad, a.fc_sizes) == (b.name, b.image_shape, b.pad, b.fc_sizes)
    for x, y in zip(a.convs, b.convs, strict=True):
        assert (x.shift, x.relu, x.pool, x.pad) == (y.shift, y.relu, y.pool, y.pad)
        assert np.array_equal(x.weight, y.weight)
        assert np.array_equal(x.bias, y.bias)
    for v, w in zip((*a.fc, *a.fc_own), (*b.fc, *b.fc_own), strict=True):
        assert np.array_equal(v, w)
    for p, q in zip(a.luts, b.luts, strict=True):
        assert (p.shift, p.offset, p.table.tolist()) == (q.shift, q.offset, q.table.tolist())


def test_a_network_survives_its_file(saved: Path) -> None:
    network = load_network(saved)
    assert_equal(network, random_network(np.random.default_rng(2), zeros=True))
    assert network.meta["seed"] == 5


def test_padding_and_the_lack_of_convolutions_survive_too(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(3), tmp_path / "net.npz"
    padded = random_network(
        rng, image=(3, 8, 8), pad=0, channels=(4, 8), pools=("max", "max"), kernel=3, conv_pad=1
    )
    assert padded.n_features == 8 * 2 * 2
    save_network(padded, path)
    assert_equal(load_network(path), padded)
    bare = random_network(rng, pad=0, channels=(), pools=(), hidden=(16,))
    save_network(bare, path)
    assert_equal(load_network(path), bare)
    with pytest.raises(ModelError, match="pad is for convolutions, got 1"):
        replace(bare, pad=1)
    with pytest.raises(ModelError, match=r"pad must be 0\.\.7, got 8"):
        replace(padded.convs[0], pad=8)


def test_weights_that_the_cpu_has_for_its_own_survive_and_must_fit(tmp_path: Path) -> None:
    network, path = random_network(np.random.default_rng(2)), tmp_path / "net.npz"
    own = random_network(np.random.default_rng(3)).fc
    save_network(replace(network, fc_own=own), path)
    assert_equal(load_network(path), replace(network, fc_own=own))
    assert all(v is w for v, w in zip(network.fc_cpu, network.fc, strict=True))
    assert all(v is w for v, w in zip(replace(network, fc_own=own).fc_cpu, own, strict=True))
    few = {"cpu_w0": own[0][:-2], "cpu_b0": own[0][-1]}
    with pytest.raises(ModelError, match="the CPU's own weights must have the macro's shapes"):
        load_network(rewritten(path, **few))
    whole = {"cpu_w0": own[0][:-1], "cpu_b0": 2 * np.abs(own[0][-1])}
    with pytest.raises(ModelError, match="the CPU's fc1: weight 2 is outside"):
        load_network(rewritten(path, **whole))
    with pytest.raises(ModelError, match="cpu_b2 is missing"):
        load_network(rewritten(path, cpu_b2=None))


def test_the_shipped_lenet5_is_the_stated_network() -> None:
    assert "lenet5" in model_names()
    network = load_network("lenet5")
    assert network.fc_sizes == (400, 120, 84, 10)
    assert [stage.weight.shape for stage in network.convs] == [(6, 1, 5, 5), (16, 6, 5, 5)]
    assert all(set(np.unique(weight)) == {-1, 1} for weight in network.fc)
    assert "training split alone" in network.meta["data"]
    assert network.meta["accuracy_percent"]["hybrid"] >= 98.0


def test_the_shipped_vgg_is_the_stated_network() -> None:
    network = load_network("vgg")
    assert (network.image_shape, network.fc_sizes) == ((3, 32, 32), (1024, 128, 10))
    assert [len(stage.weight) for stage in network.convs] == [64, 64, 128, 128, 256, 256]
    assert {(stage.kernel, stage.pad) for stage in network.convs} == {(3, 1)}
    assert [stage.pool for stage in network.convs] == ["max", "max", "none", "max", "none", "max"]
    assert [stage.relu for stage in network.convs] == [True] * 5 + [False]
    assert all(set(np.unique(weight)) == {-1, 1} for weight in network.fc)
    assert "training split alone" in network.meta["data"]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ModelError, match=r"no model 'lenet6'.*lenet5"):
        load_network("lenet6")


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_truncated_files_are_refused(saved: Path, keep: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(ModelError, match=r"net\.npz: .*truncated"):
        load_network(saved)


def test_text_and_single_arrays_are_refused(tmp_path: Path) -> None:
    text, single = tmp_path / "a.npz", tmp_path / "b.npy"
    text.write_text("weights")
    np.save(single, np.zeros(3))
    with pytest.raises(ModelError, match="not a readable"):
        load_network(text)
    with pytest.raises(ModelError, match=r"not an \.npz"):
        load_network(single)


@pytest.mark.parametrize(
    "key", ["conv1_w", "conv2_b", "conv1_shift", "w0", "b2", "lut1", "lut_shift", "meta"]
)
def test_missing_arrays_are_named(saved: Path, key: str) -> None:
    with pytest.raises(ModelError, match=rf"{key}|conv|lut_shift"):
        load_network(rewritten(saved, **{key: None}))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("w0", np.ones((399, 12), np.int8), r"fc1: 400 rows do not fit 400 features"),
        ("w1", np.ones((13, 9), np.int8), r"fc2: 14 rows do not fit 12 outputs of fc1"),
        ("w2", np.full((9, 10), 2, np.int8), r"fc3: weight 2 is outside \{-1, 0, \+1\}"),
        ("b0", np.full(12, -3, np.int8), r"fc1: weight -3 is outside"),
        ("b1", np.ones(8, np.int8), r"w1 \(12, 9\) and b1 \(8,\)"),
        ("w0", np.ones((400, 12)), r"w0 and b0 must be int8, got float64"),
        ("conv1_w", np.zeros((6, 1, 5, 5), np.int16), r"conv1: .*must be int8, got int16"),
        ("conv1_w", np.zeros((6, 1, 5, 4), np.int8), r"conv1: .*must be square, got 5x4"),
        ("conv1_w", np.full((6, 1, 5, 5), -128, np.int8), r"conv1: .*-128"),
        ("conv2_w", np.zeros((16, 5, 5, 5), np.int8), r"conv2: .*reads 5 channels.*gives 6"),
        ("conv2_w", np.zeros((16, 6, 15, 15), np.int8), r"conv2: a 15x15 kernel does not fit"),
        ("conv2_w", np.zeros((16, 6, 4, 4), np.int8), r"conv2: 2x2 pooling needs even sides"),
        ("conv2_b", np.zeros(15, np.int32), r"conv2: .*15 values for 16"),
        ("conv2_b", np.full(16, 2**31 - 1, np.int32), r"conv2: the accumulator can exceed"),
        ("conv1_shift", np.array(32), r"conv1: .*shift must be 0\.\.31, got 32"),
        ("conv1_shift", np.array([1, 2]), r"conv1_shift must be one integer"),
        ("lut_shift", np.zeros(2, np.int32), r"one value for each of 3 layers"),
        ("lut2", np.zeros(4, np.int8), r"neuron table must be uint8"),
        ("neuron_vin_v", np.zeros(25), r"rising input voltages"),
        ("neuron_vout_v", np.zeros(24), r"25 inputs and 24 outputs"),
        ("neuron_vout_v", np.full(25, np.nan), r"finite"),
        ("meta", np.array("{"), r"meta is not JSON"),
        ("meta", np.array('{"name": "a"}'), r"meta lacks image_shape, pad, convs"),
        (
            "meta",
            np.array('{"name": "a", "image_shape": [1, "x"], "pad": 2, "convs": []}'),
            r"malformed",
        ),
    ],
)
def test_wrong_content_is_refused_in_one_line(
    saved: Path, key: str, value: np.ndarray, words: str
) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        load_network(rewritten(saved, **{key: value}))
    assert "\n" not in str(caught.value)
    assert str(saved) in str(caught.value)


def test_pickled_content_is_not_executed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"not a readable.*no plain numbers") as caught:
        load_network(rewritten(saved, w0=np.array([{"a": 1}], dtype=object)))
    assert "allow_pickle" not in str(caught.value)  # NumPy says how to run what is in the file
