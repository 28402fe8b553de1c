# SPDX-License-Identifier: Apache-2.0
"""test_ideal : exact arithmetic against closed forms; the engine's clock, energy and refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from cosim.analog.characterise import neuron_curve
from cosim.analog.ideal import IdealEngine
from cosim.analog.ideal_column import Cell, cell_of, solve_columns
from cosim.analog.ideal_forward import ideal_forward
from cosim.design import Design, load_design
from cosim.errors import CircuitError, DesignError, ModelError

R_P_OHM = 8488.26363  # RA 10 ohm.um2 over an ellipse of 50 x 30 nm
LINEAR = ["device.mtj.bias_dependent=false", "device.mtj.r_hm_ohm=0.0"]


def cell_current(cell: Cell, volts: float, ap: bool) -> float:
    """Current of one cell from its series equation, solved by bisection."""
    tmr = cell.tmr0 if ap else 0.0

    def excess(v_m: float) -> float:
        i = v_m / (cell.r_p_ohm * (1 + tmr / (1 + (v_m / cell.v_h_v) ** 2)))
        return v_m + i * cell.r_s_ohm - volts

    v_m = brentq(excess, -abs(volts) - 1e-9, abs(volts) + 1e-9, xtol=1e-15)
    return (volts - v_m) / cell.r_s_ohm


@pytest.mark.parametrize("volts", [-1.6, -0.8, -0.1, 0.0, 0.4, 0.8, 1.6])
def test_cell_currents_solve_their_series_equation(volts: float) -> None:
    cell = cell_of(load_design("imac_14nm"))
    assert cell.r_p_ohm == pytest.approx(R_P_OHM)
    current, slope = cell.current_ap(np.array([volts]))
    assert current[0] == pytest.approx(cell_current(cell, volts, ap=True), rel=1e-6, abs=1e-15)
    step = 1e-5
    rise = cell_current(cell, volts + step, ap=True) - cell_current(cell, volts - step, ap=True)
    assert slope[0] == pytest.approx(rise / (2 * step), rel=1e-4)
    assert cell.g_p_s * volts == pytest.approx(cell_current(cell, volts, ap=False), rel=1e-9)


def test_balanced_columns_of_linear_cells_have_the_published_formula() -> None:
    weights = np.array([[1, -1], [-1, 1], [1, -1], [-1, 1]], dtype=np.int8)
    x_v = np.array([[0.8, -0.8, -0.3, 0.8], [0.1, 0.2, 0.3, 0.4]])
    design = load_design("imac_14nm", LINEAR)
    out_v = solve_columns(x_v, weights, 30.0, 0.0, design).out_v
    g_p, g_ap = 1 / R_P_OHM, 1 / (3 * R_P_OHM)
    g = 2 * g_p + 2 * g_ap
    expected = 30e3 / (1 + g * 1e3) * (g_p - g_ap) * (x_v @ weights)
    assert out_v == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("levels", ["bits", "volts"])
def test_lines_of_bias_dependent_cells_obey_kirchhoff(levels: str, random_stack: Callable) -> None:
    design = load_design("imac_14nm")
    cell = cell_of(design)
    (weights,) = random_stack(7, 3)
    rng = np.random.default_rng(2)
    x_v = rng.choice([-0.8, 0.8], (2, 8)) if levels == "bits" else rng.uniform(0, 0.8, (2, 8))
    column = solve_columns(x_v, weights, 10.0, 0.4, design)
    r1, r3 = 1e3, 10e3
    for n in range(2):
        for j in range(3):
            sums = []
            for line_v, ap in ((column.plus_v, weights < 0), (column.minus_v, weights > 0)):
                drops = x_v[n] - line_v[n, j]
                currents = [
                    cell_current(cell, v, bool(s)) for v, s in zip(drops, ap[:, j], strict=True)
                ]
                sums.append(sum(currents))
            u_p, u_m, out = column.plus_v[n, j], column.minus_v[n, j], column.out_v[n, j]
            inner = 0.4 + (u_p - 0.4) * r3 / (r1 + r3)
            assert sums[0] == pytest.approx((u_p - 0.4) / (r1 + r3), abs=1e-10)
            assert sums[1] == pytest.approx((u_m - inner) / r1, abs=1e-10)
            assert (inner - out) / r3 == pytest.approx((u_m - inner) / r1, abs=1e-12)


@pytest.mark.parametrize("name", ["imac_14nm", "imac_sim"])
def test_a_batch_equals_its_rows_one_by_one(name: str, random_stack: Callable) -> None:
    design = load_design(name, ["macro.tile.rows=16", "macro.buffer.enabled=true"])
    curve = neuron_curve(design)
    stack = random_stack(40, 12, 6)
    bits = np.random.default_rng(4).integers(0, 2, (9, 40))
    batch = ideal_forward(stack, bits, design, curve)
    for row in range(9):
        for many, one in zip(batch, ideal_forward(stack, bits[row], design, curve), strict=True):
            assert many.neuron_v[row] == pytest.approx(one.neuron_v[0], abs=1e-9)
    rail_v = design.macro.amplifier.rail_v
    assert np.abs(batch[0].amplifier_v).max() <= min(rail_v, 6.0) + 1e-12


def test_what_it_cannot_do_is_refused(random_stack: Callable) -> None:
    stack, bits = random_stack(5, 4, 3), np.ones(5, dtype=int)
    curve = neuron_curve(load_design("imac_14nm"))
    with pytest.raises(DesignError, match="no loaded neurons"):
        ideal_forward(stack, bits, load_design("imac_14nm", ["macro.buffer.enabled=false"]), curve)
    design = load_design("imac_14nm")
    with pytest.raises(ModelError, match="stack takes 5 input bits, got 4"):
        ideal_forward(stack, bits[:4], design, curve)
    with pytest.raises(ModelError, match="must be 0 or 1"):
        ideal_forward(stack, 2 * bits, design, curve)


@pytest.fixture
def started(random_stack: Callable) -> tuple[IdealEngine, Design]:
    design = load_design("imac_14nm")
    engine = IdealEngine("m0", design, (5, 4, 3))
    engine.program(tuple(w.astype(float) for w in random_stack(5, 4, 3)))
    engine.start(1000, {"en": 0})
    return engine, design


CODES = ("code[0]", "code[1]", "code[2]")


def test_codes_are_the_last_neurons_rounded(
    started: tuple[IdealEngine, Design], random_stack: Callable
) -> None:
    engine, design = started
    engine.drive(1000, {"en": 1, "in[0]": 1, "in[3]": 1})
    assert engine.advance(5000, grid_ps=1000).settled
    sample = engine.sample(CODES)
    bits = np.array([1, 0, 0, 1, 0])
    volts = ideal_forward(random_stack(5, 4, 3), bits, design, engine.curve)[-1].neuron_v[0]
    assert [sample.volts[pin] for pin in CODES] == pytest.approx(volts)
    assert [sample.codes[pin] for pin in CODES] == np.rint(volts / 0.8 * 255).astype(int).tolist()
    assert sample.layers["layer1.neuron"] == pytest.approx(volts)


def joules_to(expected: float, relative: float) -> object:
    return pytest.approx(expected, rel=relative, abs=0.0)


def joules(expected: float) -> object:
    return joules_to(expected, 1e-9)


def test_energy_is_power_times_time_and_sums(started: tuple[IdealEngine, Design]) -> None:
    engine, design = started
    engine.sleep(11_000)
    off = engine.energy()
    written_j = design.macro.prog_word_j * (4 * 1 + 3 * 1)
    assert off.by_supply["standby"] == joules(design.macro.standby_w * 10e-9)
    assert off.total_j == joules(written_j + off.by_supply["standby"])
    engine.drive(11_000, {"en": 1, "in[1]": 1})
    engine.advance(13_000)
    two = engine.energy()
    engine.advance(15_000)
    four = engine.energy()
    assert four.total_j - off.total_j == joules(2 * (two.total_j - off.total_j))
    engine.sample(CODES)
    last = engine.energy()
    assert last.by_supply["standby"] == joules(design.macro.standby_w * 10e-9)
    assert last.total_j - four.total_j == joules(3 * design.macro.converter.energy_j)
    for energy in (off, two, last):
        assert sum(energy.by_supply.values()) == joules(energy.total_j)
        assert sum(energy.by_group.values()) == joules(energy.total_j)


def test_metered_heat_is_the_sum_over_all_cells(random_stack: Callable) -> None:
    (weights,) = random_stack(6, 3)
    design = load_design("imac_14nm")
    cell = cell_of(design)
    engine = IdealEngine("m0", design, (6, 3))
    engine.program((weights.astype(float),))
    engine.start(0, {"en": 1, "in[2]": 1, "in[5]": 1})
    engine.advance(1000)
    x_v = np.array([-0.8, -0.8, 0.8, -0.8, -0.8, 0.8, 0.8])
    column = solve_columns(x_v[None], weights, 10.0, 0.4, design)
    heat_w = 0.0
    for line_v, ap in ((column.plus_v[0], weights < 0), (column.minus_v[0], weights > 0)):
        for i, x in enumerate(x_v):
            for j, u in enumerate(line_v):
                heat_w += (x - u) * cell_current(cell, x - u, bool(ap[i, j]))
    energy = engine.energy()
    written_j = design.macro.prog_word_j * 3
    assert energy.by_group["cells"] == joules_to(heat_w * 1e-9 + written_j, 1e-6)
    assert sum(energy.by_group.values()) == joules(energy.total_j)


def test_new_weights_take_effect_at_once(started: tuple[IdealEngine, Design]) -> None:
    engine, _ = started
    engine.drive(1000, {"en": 1})
    before = engine.sample().layers["layer0.neuron"].copy()
    engine.advance(2000)
    engine.program((np.ones((6, 4)), np.ones((5, 3))))
    assert np.abs(engine.sample().layers["layer0.neuron"] - before).max() > 0.01


def test_misuse_is_an_error_with_the_macro_named(started: tuple[IdealEngine, Design]) -> None:
    engine, design = started
    fresh = IdealEngine("m1", design, (5, 4, 3))
    with pytest.raises(CircuitError, match=r"not programmed \[macro=m1, t_ps=0\]"):
        fresh.start(0, {"en": 0})
    with pytest.raises(CircuitError, match="has not been started"):
        fresh.energy()
    with pytest.raises(CircuitError, match=r"weights are \(2, 1\), the macro is \(5, 4, 3\)"):
        engine.program((np.ones((3, 1)),))
    with pytest.raises(ValueError, match="cannot go back from 1000 to 999 ps"):
        engine.advance(999)
    with pytest.raises(ValueError, match="drive at 1200 ps, but the time is 1000 ps"):
        engine.drive(1200, {"en": 1})
    with pytest.raises(KeyError, match="no input pin"):
        engine.drive(1000, {"in[5]": 1})
    with pytest.raises(KeyError, match="no output pin"):
        engine.sample(("code[3]",))
