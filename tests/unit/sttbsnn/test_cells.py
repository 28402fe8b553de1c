# SPDX-License-Identifier: Apache-2.0
"""test_cells : half cells, curves and levels against closed forms and ngspice's devices."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from cosim.analog.ngspice_run import run_deck
from cosim.errors import ModelError
from cosim.sttbsnn.cell import CARD, FETS, FIN_UM, VERILOGA, half_cells
from cosim.sttbsnn.curves import Window, current_curves, values
from cosim.sttbsnn.design import BsnnDesign, load_bsnn
from cosim.sttbsnn.die import sample_bsnn_die
from cosim.sttbsnn.levels import match_levels, matches
from cosim.sttbsnn.rows import layer_of, rows_of
from cosim.sttbsnn.spread import cell_orders, spread_curves
from cosim.sttbsnn.tile import build_tile

# wide transistors and strong drivers: what is left is junctions alone
BARE = (
    "device.access.width_um=1e5",
    "row.driver_ohm=1e-3",
    "device.mtj.bias_dependent=false",
    "row.inputs=32",
)


@pytest.fixture(scope="module")
def design() -> BsnnDesign:
    """The shipped design."""
    return load_bsnn("stt_bsnn_65nm")


def test_a_row_of_bare_junctions_is_the_weighted_divider() -> None:
    bare = load_bsnn("stt_bsnn_65nm", BARE)
    g_p = pi / 4 * 0.04**2 / 18.0
    g_ap = g_p / 2.24
    n, match = 32, np.arange(33)
    want = 0.6 * (match * g_p + (n - match) * g_ap) / (n * (g_p + g_ap))
    # 1e5 um of transistor is 5 milliohm, before 14 kohm
    np.testing.assert_allclose(match_levels(bare).row_v, want, rtol=0, atol=1e-6)
    swing = 0.6 * 1.24 / (2 + 1.24)
    assert float(np.ptp(match_levels(bare).row_v)) == pytest.approx(swing, rel=1e-5)


@pytest.mark.spice
def test_half_cells_carry_what_ngspice_says(design: BsnnDesign) -> None:
    access = design.device.access
    points = [(0.6, 0.25), (0.6, 0.4), (0.0, 0.3), (0.0, 0.38)]
    fins = access.width_um / FIN_UM
    lines = [
        FETS.read_text(),
        f".model j stt_mtj_read ra=18 tmr0=1.24 diameter=40e-9 v_h=0.5\nvg g 0 {access.gate_v}",
    ]
    for k, (top, sl) in enumerate(points):
        for state in (0, 1):
            name = f"{k}{state}"
            lines += [
                f"vt{name} t{name} 0 {top}",
                f"vs{name} s{name} 0 {sl}",
                f"nj{name} t{name} m{name} j state={state} f_r=1.1 f_tmr=0.9",
                f"na{name} m{name} g s{name} 0 {CARD} nfin={fins} dvt={access.body_shift_v + 0.02}",
            ]
    tolerances = "reltol=1e-9 abstol=1e-16 vntol=1e-12 gmin=1e-15"
    lines.append(f".options {tolerances}\n.op")
    models = tuple(VERILOGA / f"{name}.va" for name in ("stt_mtj_read", "fet_cb"))
    plot = run_deck("\n".join(lines), models=models)
    for k, (top, sl) in enumerate(points):
        for state in (0, 1):
            cell = half_cells(design, np.array(float(state)), f_r=1.1, f_tmr=0.9, shift_v=0.02)
            want = -plot[f"i(vt{k}{state})"][0]
            got = float(cell.current_a(top, sl, access.gate_v))
            assert got == pytest.approx(want, rel=1e-6), (top, sl, state)


def test_curves_are_the_cells_currents(design: BsnnDesign) -> None:
    cells = half_cells(design, np.array([0.0, 1.0]), r_line_ohm=800.0)
    window = Window.of(design)
    for top in (0.0, 0.6):
        curves = current_curves(cells, top, 1.1, window)
        for v in np.linspace(0.2, 0.4, 9):
            at = np.full(2, window.scaled(np.array(v)))
            want = cells.current_a(top, v, 1.1)
            np.testing.assert_allclose(values(curves, at), want, rtol=2e-7)


def test_tabled_cells_of_a_die_are_those_solved_one_by_one(design: BsnnDesign) -> None:
    small = design.model_copy(update={"row": design.row.model_copy(update={"inputs": 40})})
    die = sample_bsnn_die(small, 2, 5, 0)
    state = np.random.default_rng(1).integers(0, 2, (2, 40, 2))
    lines_v, window = (0.59, 0.01), Window.of(small)
    got = spread_curves(small, die, state, lines_v, window)
    cells = half_cells(
        small, state.astype(float), f_r=die.f_r, f_tmr=die.f_tmr, shift_v=die.shift_v
    )
    want = cell_orders(cells, lines_v, 1.1, window)
    largest = np.abs(want[0, 0]).max()
    for order, part in ((0, 1e-5), (1, 1e-3)):
        assert np.abs(got[:, order] - want[:, order]).max() < part * largest * 30**order


def test_thresholds_stand_between_matches(design: BsnnDesign) -> None:
    levels = match_levels(design)
    least = np.arange(design.row.inputs + 2)
    assert np.array_equal(levels.least(levels.code(least)), least)
    middle_v = 0.5 * (levels.row_v[100] + levels.row_v[101])
    assert abs(float(levels.code_v(levels.code(101))) - middle_v) <= 0.5 * levels.lsb_v


def test_matches_are_sums_of_spikes_and_negative_weights() -> None:
    rng = np.random.default_rng(2)
    weights = rng.choice(np.array([-1, 1], dtype=np.int8), (5, 64))
    spikes = rng.integers(0, 2, (20, 64))
    want = spikes @ weights.T.astype(int) + (weights < 0).sum(axis=1)
    assert np.array_equal(matches(weights, spikes), want)


def test_many_inputs_are_solved_as_one_is(design: BsnnDesign) -> None:
    small = design.model_copy(update={"row": design.row.model_copy(update={"inputs": 48})})
    rng = np.random.default_rng(3)
    weights = rng.choice(np.array([-1, 1], dtype=np.int8), (4, 48))
    tile = build_tile(weights, small, sample_bsnn_die(small, 4, 1, 0))
    spikes = rng.integers(0, 2, (6, 48))
    volts, amps = tile.batch(spikes)
    for k, one in enumerate(spikes):
        rest = tile.rest(one)
        np.testing.assert_allclose(volts[k], rest.sl_v, atol=2e-6)
        assert amps[k] == pytest.approx(rest.read_a, rel=1e-4)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (np.zeros((4, 2)), "must be"),
        (np.vstack([np.ones((288, 2)), np.ones((1, 2))]), "bias row"),
        (np.zeros((289, 2)), "-1 or \\+1, got 0"),
    ],
)
def test_weights_that_no_cell_holds_are_refused(
    design: BsnnDesign, layer: np.ndarray, text: str
) -> None:
    with pytest.raises(ModelError, match=text):
        rows_of((layer,), design, 2)
    good = np.ones((2, 288))
    assert np.array_equal(rows_of((layer_of(good.astype(int)),), design, 2), good)
