# SPDX-License-Identifier: Apache-2.0
"""test_fast_eval : stacks of one's own: a hand-solved circuit, and bad files named in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosim.analog.fast_eval import evaluate_stack, read_inputs, read_labels, read_stack
from cosim.design import load_design
from cosim.errors import ModelError

EXACT = ["wires.enabled=false"]
TOL_V = 1e-6
BAND_NS = (0.005, 4.0)


def stack_file(folder: Path, **arrays: np.ndarray) -> Path:
    path = folder / "file.npz"
    np.savez(path, **arrays)
    return path


def test_one_column_of_the_published_circuit_follows_its_node_equations() -> None:
    design = load_design("imac_sim", EXACT)
    r_p, r_ap, r1, r3 = 8.5e3, 25.5e3, 1e3, 10e3
    weights = [np.array([[1], [-1], [1]], np.int8)]  # two inputs and the bias
    drive = np.array([[0.8, -0.8], [0.8, 0.8]])
    found = evaluate_stack(weights, drive, design)
    for k, (a, b) in enumerate(drive):
        g_plus = np.array([1 / r_p, 1 / r_ap, 1 / r_p])
        g_minus = np.array([1 / r_ap, 1 / r_p, 1 / r_ap])
        v = np.array([a, b, 0.8])
        u_plus = g_plus @ v / (g_plus.sum() + 1 / (r1 + r3))
        n = u_plus * r3 / (r1 + r3)
        u_minus = (g_minus @ v + n / r1) / (g_minus.sum() + 1 / r1)
        want = n - (u_minus - n) * r3 / r1
        assert found.amplifier_v[0][k, 0] == pytest.approx(want, abs=TOL_V)


def test_power_adds_up_and_outputs_settle_within_the_window() -> None:
    design = load_design("imac_14nm")
    rng = np.random.default_rng(4)
    weights = [rng.integers(-1, 2, (21, 8), dtype=np.int8), rng.integers(-1, 2, (9, 4), np.int8)]
    drive = np.where(rng.integers(0, 2, (5, 20)) == 1, 0.8, -0.8)
    found = evaluate_stack(weights, drive, design)
    assert (found.settling_s > BAND_NS[0] * 1e-9).all()
    assert (found.settling_s < BAND_NS[1] * 1e-9).all()
    assert set(found.power_w) == {"drivers", "bias", "cells", "neurons", "amplifiers"}
    for watts in found.power_w.values():
        assert watts.shape == (5,)
        assert (watts > 0).all()
    assert found.accuracy(found.classes) == 1.0


W0, B0 = np.ones((3, 2), np.int8), np.ones(2, np.int8)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"x": W0}, "w0, b0"),
        ({"w0": W0}, "w0, b0"),
        ({"w0": W0, "b0": np.ones(3)}, "b0"),
        ({"w0": W0, "b0": B0, "w1": W0, "b1": B0}, "takes 3 inputs"),
        ({"w0": 2 * W0, "b0": B0}, "outside"),
        ({"w0": W0 * np.nan, "b0": B0}, "outside"),
    ],
)
def test_bad_weights_are_named(arrays: dict, text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=text):
        read_stack(stack_file(tmp_path, **arrays))


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"x": W0}, "inputs"),
        ({"inputs": np.zeros((4, 2))}, r"\(n, 3\)"),
        ({"inputs": np.full((4, 3), np.nan)}, "finite"),
        ({"inputs": np.ones((4, 3))}, "units of VDD"),
    ],
)
def test_bad_inputs_are_named(arrays: dict, text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=text):
        read_inputs(stack_file(tmp_path, **arrays), 3, "volts", 0.8)


def test_labels_must_fit(tmp_path: Path) -> None:
    path = stack_file(tmp_path, labels=np.array([0, 5]))
    assert read_labels(path, 2, 6).tolist() == [0, 5]
    with pytest.raises(ModelError, match=r"labels must be 0\.\.4"):
        read_labels(path, 2, 5)
    with pytest.raises(ModelError, match="cannot read"):
        read_stack(tmp_path / "none.npz")
