# SPDX-License-Identifier: Apache-2.0
"""test_train_circuit : the training command on a few images, end to end, and what it refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosim.design import load_design
from cosim.model.fc import Circuit
from cosim.model.store import load_network
from cosim.train_circuit import corners, main, without_wires


@pytest.fixture
def folder(mnist_folder: Callable[..., Path]) -> Path:
    """600 training images and 40 others called the test split."""
    return mnist_folder(train=slice(0, 600), test=slice(600, 640))


def test_corners_are_the_design_with_and_without_wires_and_the_ideal_equations() -> None:
    network, design = load_network("lenet5"), load_design("imac_14nm", ["wires.enabled=true"])
    assert [c.name for c in corners(network, design)] == ["design", "no wires", "exact", "balanced"]
    bare = without_wires(design)
    assert not bare.wires.enabled
    assert [c.name for c in corners(network, bare)] == ["design", "exact", "balanced"]
    spread = corners(network, design)[0].spread
    var = design.variation
    assert spread.cell_sigma > np.hypot(var.ra_sigma, 0.5 * var.tmr_sigma)
    assert spread.amplifier_offset_v > var.amplifier_offset_v


def test_a_stack_of_two_layers_with_gains_of_its_own_has_all_corners() -> None:
    network, bits = load_network("mlp"), np.zeros((1, 784), np.uint8)
    design = load_design("imac_mlp", ["wires.enabled=false"])
    for corner in corners(network, design)[1:]:
        layers = corner.mapper(network.fc, bits).layers
        ratios = [layer.r3_ohm / layer.r1_ohm for layer in layers]
        assert ratios == list(Circuit.of(network).gains) == [20.0, 5.0]


def test_training_writes_a_network_that_says_what_trained_it(folder: Path) -> None:
    pytest.importorskip("torch", reason="optional: training needs the extra `train`")
    out = folder / "trained.npz"
    given = ["lenet5", "--data", str(folder), "--out", str(out)]
    # two steps of a rate that turns the smallest latents over in the warm-up already
    assert main([*given, *"--epochs 1 --copies 1 --rate 13 --held-out 200".split()]) == 0
    start, trained = load_network("lenet5"), load_network(out)
    for a, b in zip(start.convs, trained.convs, strict=True):
        assert np.array_equal(a.weight, b.weight)
    assert any(not np.array_equal(a, b) for a, b in zip(start.fc, trained.fc, strict=True))
    meta = trained.meta
    assert "first 400 images of the training split alone" in meta["data"]
    assert "--epochs 1 --rate 13 --copies 1 --seed" in meta["command"]
    found = meta["accuracy_percent"]
    assert found["split"] == "last 200 training images"
    assert found["images"] == 200
    assert min(found[key] for key in ("circuit", "circuit_no_wires", "hybrid", "cpu_only")) > 80


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--held-out", "600"], "--held-out must be 0..599, got 600"),
        (["--set", "wires.enable=true"], "wires.enable"),
        (["--data", "nowhere"], "nowhere does not exist"),
    ],
)
def test_bad_requests_are_one_line(
    folder: Path, more: list[str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("torch", reason="optional: training needs the extra `train`")
    with caplog.at_level(logging.ERROR):
        assert main(["lenet5", "--data", str(folder), "--out", str(folder / "o.npz"), *more]) != 0
    assert words in caplog.text
    assert not (folder / "o.npz").exists()
