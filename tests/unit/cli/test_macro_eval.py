# SPDX-License-Identifier: Apache-2.0
"""test_macro_eval : `cosim macro eval` on good files; one clear line and a code for bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

EVAL = ["macro", "eval", "--weights", "W.npz", "--inputs", "X.npz", "--out", "Y.npz"]
BAD_INPUT, CIRCUIT = 2, 4
W0, B0 = np.array([[1, -1], [-1, 1], [0, 1]], np.int8), np.array([1, 0], np.int8)
X = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.savez("W.npz", w0=W0, b0=B0)
    np.savez("X.npz", inputs=0.8 * X, labels=np.array([0, 1]))
    return tmp_path


def test_it_writes_volts_power_settling_and_prints_accuracy(cosim, folder: Path) -> None:
    code, out, _ = cosim(*EVAL, "--labels", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["inputs"] == 2
    assert found["accuracy"] in {0.0, 0.5, 1.0}
    assert found["window_s"] == pytest.approx(4e-9)
    parts = found["power_w"]
    assert found["power_without_amplifiers_w"] == pytest.approx(
        sum(parts.values()) - parts["amplifiers"]
    )
    with np.load("Y.npz") as data:
        names = set(data.files)
        assert data["layer0_amplifier_v"].shape == data["layer0_neuron_v"].shape == (2, 2)
        assert data["settling_s"].shape == (2,)
        assert float(data["power_cells_w"].mean()) == pytest.approx(parts["cells"])
    assert {f"power_{group}_w" for group in parts} <= names
    assert {"classes", "design_yaml"} <= names


def test_volts_and_units_of_vdd_are_the_same_inputs(cosim, folder: Path) -> None:
    cosim(*EVAL)
    with np.load("Y.npz") as data:
        volts = data["layer0_neuron_v"]
    np.savez("X.npz", inputs=X)
    assert cosim(*EVAL, "--unit", "vdd")[0] == 0
    with np.load("Y.npz") as data:
        assert data["layer0_neuron_v"] == pytest.approx(volts, abs=1e-9)


def test_the_public_netlist_is_evaluated_at_rest(cosim, folder: Path) -> None:
    gains = ["--set", "macro.amplifier.gain_output=1.0"]
    code, out, _ = cosim(*EVAL, "--design", "imac_sim", "--at-rest", *gains)
    assert code == 0
    assert "power, at rest" in out
    assert "amplifiers" in out
    assert "settled" not in out


@pytest.mark.parametrize(
    ("weights", "inputs", "text"),
    [
        ({"weight": W0, "b0": B0}, {}, "arrays must be w0, b0"),
        ({"w0": W0, "b0": B0, "w2": W0, "b2": B0}, {}, "arrays must be w0, b0"),
        ({"w0": W0}, {}, "arrays must be w0, b0"),
        ({"w0": W0[0], "b0": B0}, {}, "w0 must be (n_in, n_out)"),
        ({"w0": W0, "b0": B0[:1]}, {}, "b0 (n_out,)"),
        ({"w0": W0, "b0": B0, "w1": W0, "b1": B0}, {}, "w1 takes 3 inputs, w0 gives 2"),
        ({"w0": 0.5 * W0, "b0": B0}, {}, "is outside {-1, 0, +1}"),
        ({}, {"x": X}, "has no array `inputs`"),
        ({}, {"inputs": X[:, :2]}, "inputs must be (n, 3), got (2, 2)"),
        ({}, {"inputs": X[:0]}, "inputs must be (n, 3), got (0, 3)"),
        ({}, {"inputs": X * np.inf}, "finite"),
        ({}, {"inputs": X.astype(str)}, "finite numbers"),
        ({}, {"inputs": X}, "are they in units of VDD?"),
        ({}, {"inputs": 0.8 * X}, "has no array `labels`"),
        ({}, {"inputs": 0.8 * X, "labels": np.array([0, 2])}, "labels must be 0..1, got 0..2"),
        ({}, {"inputs": 0.8 * X, "labels": np.array([0.0, 1.0])}, "labels must be integers"),
        ({}, {"inputs": 0.8 * X, "labels": np.array([0])}, "labels must be integers (2,)"),
    ],
)
def test_a_bad_file_is_one_line_and_code_2(
    folder: Path,
    weights: dict[str, np.ndarray],
    inputs: dict[str, np.ndarray],
    text: str,
    cosim,
) -> None:
    if weights:
        np.savez("W.npz", **weights)
    if inputs:
        np.savez("X.npz", **inputs)
    code, _, err = cosim(*EVAL, "--labels")
    assert code == BAD_INPUT
    assert len(err.strip().splitlines()) == 1
    assert text in err
    assert ("W.npz" if weights else "X.npz") in err


@pytest.mark.parametrize(
    ("more", "code", "text"),
    [
        (["--weights", "none.npz"], BAD_INPUT, "cannot read none.npz"),
        (["--design", "imac_sin"], BAD_INPUT, "did you mean imac_sim?"),
        (["--set", "macro.tile.rows=0"], BAD_INPUT, "macro.tile.rows"),
        (["--set", "device.cell.r_low_ohm=0.0"], BAD_INPUT, "device.cell.r_low_ohm"),
        (["--set", "device.cell.r_low_ohm=3e4"], BAD_INPUT, "r_high_ohm must be above"),
        (["--set", "device.cell.kind=rram"], BAD_INPUT, "'mtj' or 'fixed'"),
        (["--window-ns", "0"], BAD_INPUT, "window must be"),
        (["--window-ns", "1", "--at-rest"], BAD_INPUT, "have no window"),
        (["--unit", "mV"], BAD_INPUT, "Invalid value for '--unit'"),
        (["--out", "no/such/folder/Y.npz"], BAD_INPUT, "cannot write"),
        (["--set", "macro.driver.r_ohm=1e12"], BAD_INPUT, "macro.driver.r_ohm"),
        (["--set", "wires.thickness_nm=0.0"], BAD_INPUT, "wires.thickness_nm"),
    ],
)
def test_a_bad_option_or_design_is_one_line_and_its_code(
    cosim, folder: Path, more: list[str], code: int, text: str
) -> None:
    found, _, err = cosim(*EVAL, *more)
    assert found == code
    assert text in err


@pytest.mark.parametrize(
    "sets",
    [["macro.buffer.rout_ohm=1e9"], ["wires.enabled=true", "wires.rho_ohm_m=1e300"]],
    ids=["sources cut off", "wires cut off"],
)
def test_an_open_circuit_is_one_line_and_code_4(cosim, sets: list[str], folder: Path) -> None:
    np.savez("W.npz", w0=W0, b0=B0, w1=W0[:2], b1=B0)
    options = [option for text in sets for option in ("--set", text)]
    code, _, err = cosim(*EVAL, "--at-rest", *options)
    assert code == CIRCUIT
    assert len([line for line in err.splitlines() if line.startswith("cosim: ")]) == 1
    assert "Traceback" not in err


def test_a_design_beyond_the_neurons_table_is_refused(cosim, folder: Path) -> None:
    sets = ["--set", "macro.amplifier.gain_output=1000.0"]
    code, _, err = cosim(*EVAL, "--design", "imac_sim", "--at-rest", *sets)
    assert code == CIRCUIT
    assert "neuron input" in err
    assert len(err.strip().splitlines()) == 1


def test_a_networks_layers_and_features_become_files_that_eval_reads(cosim, folder: Path) -> None:
    code, out, _ = cosim("macro", "files", "lenet5", "--images", "3")
    assert code == 0
    assert "3 inputs in units of VDD" in out
    code, out, _ = cosim(*EVAL, "--labels", "--unit", "vdd", "--at-rest", "--json")
    assert code == 0
    assert json.loads(out)["accuracy"] == 1.0
