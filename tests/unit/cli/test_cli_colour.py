# SPDX-License-Identifier: Apache-2.0
"""test_cli_colour : commands on networks of colour images read colour images."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cosim.model.drawings import builtin_drawings
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network, save_network

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "model"))

DRAWINGS = len(builtin_drawings().labels)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """A small network of random numbers that reads the built-in drawings."""
    from sample_vgg import random_vgg

    widths = ((4, "max"), (4, "max"), (8, "max"))
    made = random_vgg(np.random.default_rng(1), image=(3, 32, 32), widths=widths, hidden=(12,))
    save_network(made, tmp_path / "small.npz")
    return load_network(str(tmp_path / "small.npz"))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--engine", "fast"),
        ("--engine", "ideal", "--dies", "2"),
        ("--engine", "ideal", "--noise"),
    ],
    ids=["reference", "circuit", "dies", "noise"],
)
def test_accuracy_is_that_of_the_drawings(
    cosim, network: Network, options: tuple[str, ...]
) -> None:
    code, out, err = cosim("accuracy", "small.npz", *options, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["images"] == DRAWINGS
    assert "drawing" in found["source"]


def test_files_hold_the_features_of_the_drawings(cosim, network: Network) -> None:
    code, out, err = cosim("macro", "files", "small.npz")
    assert code == 0, err
    assert f"{DRAWINGS} inputs" in out
    with np.load("X.npz") as data:
        want = feature_bits(features(network, builtin_drawings().images))
        assert np.array_equal(data["inputs"] > 0, want > 0)
        assert np.array_equal(data["labels"], builtin_drawings().labels)


def test_a_study_reads_them_too(network: Network) -> None:
    from cosim.study.subject import load_subject

    found = load_subject(model="small.npz", data=None, images=4, design="imac_14nm", sets=())
    assert found.labels.tolist() == builtin_drawings().labels[:4].tolist()


def test_grey_images_for_a_colour_network_are_one_line(
    cosim, network: Network, tmp_path: Path
) -> None:
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
    cosim("accuracy", "small.npz", "--data", tmp_path).complains(2, "test_batch.bin", "CIFAR-10")
