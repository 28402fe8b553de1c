# SPDX-License-Identifier: Apache-2.0
"""test_access : cells behind access transistors: the measured transistor, and columns of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from cosim.analog.characterise import DATA_DIR, neuron_curve
from cosim.analog.fast_access import LINE_SHARE, series_fit
from cosim.analog.fast_forward import fast_stack
from cosim.analog.ideal_access import solve_access_columns
from cosim.analog.ideal_column import cell_of, solve_columns
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import run_deck
from cosim.analog.tables_access import FET_AXES, access_cell, access_fet, measure_access
from cosim.analog.tables_grid import read_table
from cosim.design import load_design
from cosim.errors import RangeError

ACCESS = ["wires.enabled=false", "macro.access.enabled=true", "macro.meter_cells=false"]
TOL_CURRENT = 2e-4  # of a cell's current at 0.8 V, between the grid's points
TOL_FAST_V = 2e-4  # the fit's 0.1 mV a cell, over a column


@pytest.mark.spice
@pytest.mark.parametrize("state", [0, 1])
def test_a_cell_behind_its_transistor_is_what_ngspice_solves(state: int) -> None:
    design = load_design("sot_2t1r")
    cell = access_cell(design)
    lines = [
        model_cards(design, whole_macro=False),
        "vrow row 0 0",
        "vline line 0 0",
        "vg gate 0 1.4",
        f"nf row gate mid 0 {design.device.fet.n_name} nfin=2",
        f"nc mid line cell state={state}",
        ".options reltol=1e-7 abstol=1e-15 gmin=1e-15",
        ".dc vrow -0.79 0.8 0.0531 vline -0.21 0.25 0.0371",
    ]
    plot = run_deck("\n".join(lines), models=neuron_models(design))
    row_v, volts = plot["v(row)"], plot["v(row)"] - plot["v(line)"]
    found, _ = cell.current_a(row_v, volts, bool(state))
    full_a = 0.8 / 25e3 if state else 0.8 / 8.5e3
    assert np.abs(found - plot["i(vline)"]).max() < TOL_CURRENT * full_a


@pytest.mark.spice
def test_the_shipped_table_is_what_ngspice_measures() -> None:
    shipped = read_table(DATA_DIR / "access_sot_2t1r.csv", FET_AXES)
    measured = measure_access(load_design("sot_2t1r"))
    assert shipped.key == measured.key, "run python -m cosim.analog.tables_access sot_2t1r"
    assert shipped.values["i_a"] == pytest.approx(measured.values["i_a"], rel=1e-5, abs=1e-10)


def test_other_bit_cells_share_the_shipped_table_and_another_gate_does_not() -> None:
    keys = {access_fet(load_design(name)).key for name in ("sot_2t1r", "sot_3t1r", "sot_1tg1t1r")}
    assert len(keys) == 1


def test_the_transistors_resistance_follows_its_gate_drive() -> None:
    fet = access_fet(load_design("sot_2t1r"))
    at = {row: 0.05 / float(fet.at("i_a", np.array(row), np.array(0.05))) for row in (-0.8, 0.8)}
    assert all(500 < ohm < 3000 for ohm in at.values())
    assert float(fet.at("i_a", np.array(0.3), np.array(0.0))) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(RangeError, match=r"access transistor row 1 V is outside its table"):
        fet.at("i_a", np.array(1.0), np.array(0.0))


def test_one_cell_a_line_follows_its_node_equation() -> None:
    """One row: on each line a transistor and a device in series with the amplifier's resistors."""
    design = load_design("imac_14nm", [*ACCESS, "device.mtj.bias_dependent=false"])
    fet, cell = access_fet(design), cell_of(design)
    r1, r3, ref = 1e3, 10e3, 0.4
    column = solve_access_columns(np.array([[0.7]]), np.array([[1]], np.int8), 10.0, ref, design)

    def current(line_v: float, ohm: float) -> float:
        def balance(mid_v: float) -> float:
            given = float(fet.at("i_a", np.array(0.7), np.array(0.7 - mid_v)))
            return given - (mid_v - line_v) / ohm

        return (brentq(balance, line_v, 0.7, xtol=1e-13) - line_v) / ohm

    low, high = 1 / cell.g_p_s, 1 / cell.g_ap_s
    plus = brentq(lambda u: current(u, low) - (u - ref) / (r1 + r3), 0.35, 0.69, xtol=1e-13)
    n = ref + (plus - ref) * r3 / (r1 + r3)
    minus = brentq(lambda u: current(u, high) - (u - n) / r1, 0.3, 0.69, xtol=1e-13)
    assert column.plus_v[0, 0] == pytest.approx(plus, abs=2e-6)
    assert column.minus_v[0, 0] == pytest.approx(minus, abs=2e-6)
    assert column.out_v[0, 0] == pytest.approx(n - (minus - n) * r3 / r1, abs=2e-5)
    taken = current(plus, low) + current(minus, high)
    assert column.source_a()[0, 0] == pytest.approx(taken, rel=1e-4)


def test_many_levels_and_few_levels_give_the_same_columns(random_stack: Callable) -> None:
    design = load_design("imac_14nm", ACCESS)
    weights = random_stack(30, 7)[0]
    x_v = np.where(np.arange(31) % 3 == 0, -0.8, 0.8)[None, :]
    few = solve_access_columns(x_v, weights, 30.0, 0.4, design)
    many = solve_access_columns(x_v + 1e-12 * np.arange(31), weights, 30.0, 0.4, design)
    assert many.out_v == pytest.approx(few.out_v, abs=1e-6)
    plain = solve_columns(x_v, weights, 30.0, 0.4, design)
    assert np.abs(plain.out_v - few.out_v).max() > 1e-3  # the transistors matter


@pytest.mark.spice
def test_a_stack_with_access_transistors_agrees_with_ngspice(
    random_stack: Callable, operating_point: Callable
) -> None:
    """Drivers, buffers and op-amps as ideal has them: what is left is the transistor's table."""
    exact = ["macro.driver.r_ohm=1e-6", "macro.amplifier.kind=ideal"]
    exact += ["macro.buffer={gain: 1.0, rout_ohm: 1e-6, r_row_ohm: 1e-6}"]
    design = load_design("imac_14nm", [*ACCESS, *exact])
    weights, bits = random_stack(33, 20, 5), np.arange(33) % 5 % 2
    layers = ideal_forward(weights, bits, design, neuron_curve(design))
    volts = operating_point(weights, bits, design)
    for layer, n_out in enumerate((20, 5)):
        # buffers bend by a few millivolts near their rails, and nowhere else: second layer 5 mV
        for letter, found, tol_v in (
            ("a", layers[layer].amplifier_v, (5e-4, 1e-2)[layer]),
            ("y", layers[layer].neuron_v, (1e-3, 1e-2)[layer]),
        ):
            want = np.array([volts[f"{letter}{layer}_{j}"] for j in range(n_out)])
            assert np.abs(found[0] - want).max() < tol_v, f"{letter}{layer}"


@pytest.mark.parametrize("state", [False, True])
def test_the_fit_of_engine_fast_drops_what_the_transistor_drops(state: bool) -> None:
    design = load_design("sot_2t1r")
    fit, fet, cells = series_fit(design), access_fet(design), access_cell(design)
    span = np.linspace(-0.8, 0.8, 23)
    row, line = (part.ravel() for part in np.meshgrid(span, LINE_SHARE * span))
    amps, _ = cells.current_a(row, row - line, state)
    drop = fit.mean_ohm * amps + fit.drop_v(row, amps)
    given = fet.at("i_a", row, drop)
    ohm = 1e3  # of a transistor: what a wrong drop is in amperes
    assert np.abs(given - amps).max() * ohm < 3 * fit.worst_v
    assert fit.worst_v < 2e-4
    with pytest.raises(RangeError, match=r"fitted to lines of \+-0.637 V, one is 0.7 V"):
        fit.check(np.array([0.7]))


def test_a_transistor_that_hardly_opens_is_refused() -> None:
    design = load_design("sot_2t1r", ["macro.access.gate_v=0.9"])
    with pytest.raises(RangeError, match="access transistor"):
        series_fit(design)


@pytest.mark.spice
@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("sot_2t1r", []),
        ("sot_1tg1t1r", ["wires.enabled=false"]),
        ("sot_3t1r", ["device.cell.kind=fixed"]),
    ],
)
def test_fast_agrees_with_ngspice(
    name: str, sets: list[str], random_stack: Callable, operating_point: Callable
) -> None:
    design = load_design(name, ["macro.tile.rows=16", "macro.tile.cols=16", *sets])
    weights, bits = random_stack(33, 20, 5), np.arange(33) % 5 % 2
    stack = fast_stack(weights, design)
    state = stack.solve(stack.drive_of(bits))
    volts = operating_point(weights, bits, design)
    for layer, n_out in enumerate((20, 5)):
        for letter, found in (("a", state.amplifier_v), ("y", state.neuron_v)):
            want = np.array([volts[f"{letter}{layer}_{j}"] for j in range(n_out)])
            assert np.abs(found[layer][0] - want).max() < TOL_FAST_V, f"{letter}{layer}"


def test_power_of_a_1t1r_layer_is_that_of_its_sources(random_stack: Callable) -> None:
    """Exact op-amps: what drivers and bias give is heat of cells, wires, feeds and resistors."""
    exact = ["macro.amplifier.kind=ideal", "macro.amplifier.reference=ground"]
    design = load_design("sot_2t1r", [*exact, "macro.amplifier.gain_output=1.0"])
    stack = fast_stack(random_stack(9, 4), design)
    state = stack.solve(stack.drive_of(np.arange(9) % 2), tol_v=1e-8)
    layer = state.layers[0]
    given = float((layer.source_v * layer.source_a).sum())
    feeds = 10.0 * float((layer.source_a**2).sum())  # one tile: one driver a row
    u_p, u_m = layer.u[0, 0, 0, :4], layer.u[0, 0, 1, :4]
    r1 = r3 = 1e3
    n = u_p * r3 / (r1 + r3)
    into_lines = float((u_p * u_p / (r1 + r3) + u_m * (u_m - n) / r1).sum())
    heat = float(layer.heat_w[0] + layer.wire_w[0])
    assert given - feeds == pytest.approx(heat + into_lines, rel=1e-5)
