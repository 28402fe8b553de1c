# SPDX-License-Identifier: Apache-2.0
"""test_train_mixed : what training takes for the mixed-signal macro is the macro; the command."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosim.mapping import map_stack
from cosim.mixed.design import load_mixed
from cosim.mixed.forward import column_codes
from cosim.mixed.reference import activations
from cosim.mixed.response import hidden_curve, mixed_responses
from cosim.mixed.rest import lines_v, make_rest
from cosim.mixed.shape import shape_of
from cosim.model.datasets import builtin_mnist
from cosim.model.network import PIXEL_MIDDLE
from cosim.model.store import load_network
from cosim.train_mixed import main
from cosim.train_mlp import probes

BITS_OF_SPREAD = 6  # what a response leaves over is less than a sixth of what it says


def test_the_response_of_some_stacks_is_the_macros_for_another() -> None:
    data, design = builtin_mnist(), load_mixed("imac_mixed")
    pick = np.random.default_rng(1).permutation(len(data.images))[:80]
    bits = (data.images[pick] >= PIXEL_MIDDLE).reshape(80, -1).astype(np.uint8)
    labels = data.labels[pick].astype(np.int64)
    found = mixed_responses(probes(bits, labels, np.random.default_rng(2)), bits, design)
    weights = load_network("mlp").fc
    stack = map_stack(weights, design)
    first_v = make_rest("fast", stack, 0, design)(bits.astype(np.int64)).column_v
    shape = shape_of(stack.sizes, design)
    hidden = activations(column_codes(first_v, design)[0], 0, shape)
    second_v = make_rest("fast", stack, 1, design)(hidden).column_v
    for response_v, true_v in (
        (found[0].signal_v(weights[0], bits), first_v.sum(axis=1)),
        (found[1].signal_v(weights[1], lines_v(hidden, 1, design)), second_v.sum(axis=1)),
    ):
        assert (response_v - true_v).std() < true_v.std() / BITS_OF_SPREAD
    own = mixed_responses([weights], bits, design, own=True)[0]
    left_v = own.signal_v(weights[0], bits) - first_v.sum(axis=1)
    assert np.abs(left_v.mean(axis=0)).max() < 1e-9  # shifted to where the columns are
    assert left_v.std() < (found[0].signal_v(weights[0], bits) - first_v.sum(axis=1)).std() / 2


def test_the_hidden_curve_is_the_neurons_between_codes() -> None:
    design = load_mixed("imac_mixed")
    shape = shape_of((31, 4, 2), design)
    sum_v, buffer_v = hidden_curve(design)
    totals = np.arange(-200, 201, 8)
    codes = activations(128 + totals[:, None, None], 0, shape)  # one part, one column
    stairs_v = lines_v(codes, 1, design)[:, 0]
    most_codes = 255 / 4 / 16 / 2 + 0.5  # x is rounded to sixteenths, then the code
    most_v = most_codes * design.macro.vdd_v / 256
    assert np.abs(np.interp(totals * design.lsb_v, sum_v, buffer_v) - stairs_v).max() < most_v


@pytest.fixture
def folder(mnist_folder: Callable[..., Path]) -> Path:
    """800 training images and 40 others called the test split, over all classes."""
    order = np.random.default_rng(3).permutation(len(builtin_mnist().images))
    return mnist_folder(train=order[:800], test=order[800:840])


def test_training_writes_a_network_and_says_how(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="optional: training needs the extra `train`")
    monkeypatch.setattr("cosim.train_mlp.PROBES", 2)
    monkeypatch.setattr("cosim.train_mixed.PROBE_IMAGES", 80)
    out = folder / "trained.npz"
    given = "--restarts 2 --epochs 4 --parts 1 --rounds 1 --tries 2 --batch 20"
    assert main(["--data", str(folder), "--out", str(out), *given.split()]) == 0
    network, cpu = load_network(out), load_network("mlp")
    assert network.name == "mlp_mixed"
    assert not np.array_equal(network.fc[0], cpu.fc[0])
    assert all(map(np.array_equal, network.fc_own, cpu.fc_own))
    assert all(set(np.unique(w)) == {-1, 1} for w in network.fc)
    meta = network.meta
    assert "--restarts 2 --epochs 4 --parts 1" in meta["command"]
    assert "first 600 images" in meta["data"]
    assert meta["held_out_percent"]["circuit"] > 50
    assert meta["accuracy_percent"]["images"] == 40


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--epochs", "0"], "must be at least 1"),
        (["--batch", "601"], "--batch must be 1..600, got 601"),
        (["--set", "mixed.lane=1"], "mixed.lane"),
        (["--design", "imac_mlp"], "kind"),
        (["--cpu", "lenet5"], "its layers are"),
    ],
)
def test_bad_requests_are_one_line(
    folder: Path, more: list[str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("torch", reason="optional: training needs the extra `train`")
    with caplog.at_level(logging.ERROR):
        assert main(["--data", str(folder), "--out", str(folder / "o.npz"), *more]) != 0
    assert words in caplog.text
    assert not (folder / "o.npz").exists()
