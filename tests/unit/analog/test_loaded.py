# SPDX-License-Identifier: Apache-2.0
"""test_loaded : neurons that drive lines themselves: their table, and layers solved with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from cosim.analog.characterise import DATA_DIR
from cosim.analog.fast_forward import fast_stack
from cosim.analog.netlist_parts import model_cards, neuron_models, neuron_text
from cosim.analog.ngspice_run import run_deck
from cosim.analog.tables_grid import GridTable, read_table, write_table
from cosim.analog.tables_loaded import AXES, loaded_neuron, measure_loaded
from cosim.design import load_design
from cosim.errors import RangeError

TOL_TABLE_V = 5e-4  # between the grid's points, as output voltage: 0.3 mV seen
TOL_STACK_V, TOL_RAILS_V = 1e-4, 1e-3
TOL_HAND_V = 1e-6


def neuron_deck(design_name: str, *lines: str) -> tuple[str, tuple[Path, ...]]:
    design = load_design(design_name)
    deck = [
        model_cards(design, whole_macro=False),
        neuron_text(design),
        "vdd vdd 0 0.8",
        "xn in out vdd neuron",
        ".options reltol=1e-6 abstol=1e-13 vntol=1e-9",
        *lines,
    ]
    return "\n".join(deck), neuron_models(design)


@pytest.mark.spice
@pytest.mark.parametrize("r_ohm", [76.0, 1e3, 2e4])
def test_a_resistor_at_the_output_finds_the_tables_voltage(r_ohm: float) -> None:
    neuron = loaded_neuron(load_design("imac_sim"))
    deck, models = neuron_deck(
        "imac_sim", "vin in 0 0", f"rl out 0 {r_ohm!r}", ".dc vin -0.6 1.4 0.0437"
    )
    plot = run_deck(deck, models=models)
    for in_v, out_v, i_vdd in zip(plot["v(in)"], plot["v(out)"], plot["i(vdd)"], strict=True):
        signal = np.array(in_v - 0.4)

        def balance(v: float, signal: np.ndarray = signal) -> float:
            return float(neuron.output_a(signal, np.array(v))[0]) - v / r_ohm

        found = brentq(balance, -0.19, 0.99, xtol=1e-9)
        assert found == pytest.approx(out_v, abs=TOL_TABLE_V)
        supply_a = float(neuron.supply_a(signal, np.array(out_v)))
        assert supply_a == pytest.approx(-i_vdd, abs=2e-6)


@pytest.mark.spice
def test_the_shipped_table_is_what_ngspice_measures() -> None:
    design = load_design("imac_sim")
    shipped = read_table(DATA_DIR / "loaded_imac_sim.csv", AXES)
    measured = measure_loaded(design).table
    assert shipped.key == measured.key, "run python -m cosim.analog.tables_loaded imac_sim"
    for name, value in measured.values.items():
        assert shipped.values[name] == pytest.approx(value, rel=1e-5, abs=1e-8)


def test_outside_its_grid_a_table_answers_with_an_error() -> None:
    neuron = loaded_neuron(load_design("imac_sim"))
    with pytest.raises(RangeError, match=r"loaded neuron output 1\.2 V is outside its table"):
        neuron.output_a(np.array(0.0), np.array(1.2))
    with pytest.raises(RangeError, match=r"loaded neuron input nan V"):
        neuron.output_a(np.array(np.nan), np.array(0.2))


def test_a_table_survives_its_file_and_a_torn_file_is_named(tmp_path: Path) -> None:
    x, y = np.linspace(0, 1, 5), np.linspace(-1, 1, 6)
    grid = np.outer(x, y)
    table = GridTable(key="0" * 16, axes=("x", "y", "thing"), x=x, y=y, values={"i_a": grid})
    path = tmp_path / "table.csv"
    write_table(table, path, "test")
    again = read_table(path, table.axes)
    assert again.key == table.key
    assert again.at("i_a", np.array(0.3), np.array(0.7)) == pytest.approx(0.21, abs=1e-6)
    assert again.at("i_a", np.array(0.3), np.array(0.7), dy=1) == pytest.approx(0.3, abs=1e-5)
    path.write_text("\n".join(path.read_text().splitlines()[:-2]))
    with pytest.raises(RangeError, match="cannot read table"):
        read_table(path, table.axes)


def test_two_neurons_into_one_column_follow_their_node_equations() -> None:
    """Layer 1 is two inputs to two neurons; layer 2 is a column that these drive themselves."""
    sets = ["wires.enabled=false", "macro.amplifier.gain_hidden=1.0"]
    sets += ["device.cell={kind: fixed, r_low_ohm: 2.5e3, r_high_ohm: 1e5}"]
    design = load_design("imac_sim", sets)
    first = np.array([[1, -1], [-1, 1], [1, -1]], np.int8)
    second = np.array([[1], [-1], [1]], np.int8)
    stack = fast_stack([first, second], design)
    state = stack.solve(np.array([[0.3, 0.2]]))
    neuron = loaded_neuron(design)
    y, signal = state.neuron_v[0][0], state.amplifier_v[0][0]
    # the column's lines and the exact op-amp, written out
    g_plus, g_minus = np.array([1 / 2.5e3, 1e-5, 1 / 2.5e3]), np.array([1e-5, 1 / 2.5e3, 1e-5])
    v = np.append(y, 0.8)
    r1, r3 = 1e3, 10e3
    u_plus = g_plus @ v / (g_plus.sum() + 1 / (r1 + r3))
    n = u_plus * r3 / (r1 + r3)
    u_minus = (g_minus @ v + n / r1) / (g_minus.sum() + 1 / r1)
    taken = g_plus * (v - u_plus) + g_minus * (v - u_minus)
    given, slope = neuron.output_a(signal, y)
    assert np.abs((given - taken[:2]) / slope).max() < TOL_HAND_V
    assert state.amplifier_v[1][0, 0] == pytest.approx(n - (u_minus - n) * r3 / r1, abs=TOL_HAND_V)
    unloaded = stack.neuron.output_v(signal)
    assert np.abs(unloaded - y).max() > 0.05  # the load matters, so the test can fail


@pytest.mark.spice
@pytest.mark.parametrize(
    ("name", "sets", "tol_v"),
    [
        ("imac_sim", [], TOL_STACK_V),
        # near their rails hidden amplifiers feel 0.7 mV of what a load changes at MTJ-A
        ("imac_14nm", ["macro.buffer.enabled=false", "wires.enabled=true"], TOL_RAILS_V),
    ],
    ids=["public netlist", "realisable amplifiers, MTJ cells"],
)
def test_a_stack_without_buffers_agrees_with_ngspice(
    name: str, sets: list[str], tol_v: float, random_stack: Callable, operating_point: Callable
) -> None:
    tile = ["macro.tile.rows=16", "macro.tile.cols=16"]
    design, weights = load_design(name, [*tile, *sets]), random_stack(33, 20, 5)
    bits = np.arange(33) % 5 % 2
    stack = fast_stack(weights, design)
    state = stack.solve(stack.drive_of(bits))
    volts = operating_point(weights, bits, design)
    for layer, n_out in enumerate((20, 5)):
        for letter, found in (("a", state.amplifier_v), ("y", state.neuron_v)):
            want = np.array([volts[f"{letter}{layer}_{j}"] for j in range(n_out)])
            assert np.abs(found[layer][0] - want).max() < tol_v, f"{letter}{layer}"
