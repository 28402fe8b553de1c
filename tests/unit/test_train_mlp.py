# SPDX-License-Identifier: Apache-2.0
"""test_train_mlp : what training takes for the circuit is the circuit; the command, end to end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cosim.analog.fast_forward import fast_stack
from cosim.design import load_design
from cosim.model.datasets import builtin_mnist
from cosim.model.fc import Circuit
from cosim.model.network import PIXEL_MIDDLE
from cosim.model.store import load_network
from cosim.train_mlp import main, measured_responses, probes

REST_V = 0.03  # a tenth of the hidden neurons' range of +-0.3 V
FAR_V = 0.3  # from here on a hidden neuron is at its end


def test_the_response_of_some_stacks_is_the_circuits_for_another() -> None:
    data, design = builtin_mnist(), load_design("imac_mlp")
    pick = np.random.default_rng(1).permutation(len(data.images))[:80]
    bits = (data.images[pick] >= PIXEL_MIDDLE).reshape(80, -1).astype(np.uint8)
    labels = data.labels[pick].astype(np.int64)
    found = measured_responses(probes(bits, labels, np.random.default_rng(2)), bits, design)
    shipped = load_network("mlp").fc
    stack = fast_stack(shipped, design)
    state = stack.solve(stack.drive_of(bits))
    for index, response_v in enumerate(
        (
            found.first.signal_v(shipped[0], bits),
            found.second.signal_v(shipped[1], state.layers[1].source_v),
        )
    ):
        true_v = stack.solvers[index].bank.signal_v(state.amplifier_v[index])
        inside = np.abs(true_v) < FAR_V
        assert inside.mean() > 0.5
        assert (response_v - true_v)[inside].std() < REST_V
        assert true_v[inside].std() > 3 * REST_V


@pytest.fixture
def folder(mnist_folder: Callable[..., Path]) -> Path:
    """800 training images and 40 others called the test split, over all classes."""
    order = np.random.default_rng(3).permutation(len(builtin_mnist().images))
    return mnist_folder(train=order[:800], test=order[800:840])


def test_training_writes_both_networks_and_says_how(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="optional: training needs the extra `train`")
    monkeypatch.setattr("cosim.train_mlp.PROBES", 2)
    monkeypatch.setattr("cosim.train_mlp.PROBE_IMAGES", 80)
    out = folder / "trained.npz"
    given = "--restarts 2 --epochs 4 --parts 1 --rounds 1 --tries 2 --batch 20 --gains-cpu 6 2"
    assert main(["--data", str(folder), "--out", str(out), *given.split()]) == 0
    network = load_network(out)
    assert network.fc_sizes == (784, 16, 10)
    assert not np.array_equal(network.fc[0], network.fc_own[0])
    assert all(set(np.unique(w)) == {-1, 1} for w in (*network.fc, *network.fc_own))
    assert Circuit.of(network).gains == (20.0, 5.0)
    meta = network.meta
    assert meta["gains_cpu"] == [6.0, 2.0]
    assert "--restarts 2 --epochs 4 --parts 1" in meta["command"]
    assert "first 600 images" in meta["data"]
    assert min(meta["held_out_percent"].values()) > 50
    assert meta["accuracy_percent"]["images"] == 40


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--epochs", "0"], "must be at least 1"),
        (["--batch", "601"], "--batch must be 1..600, got 601"),
        (["--set", "wires.enable=true"], "wires.enable"),
        (["--data", "nowhere"], "nowhere does not exist"),
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
