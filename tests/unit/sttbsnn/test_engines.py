# SPDX-License-Identifier: Apache-2.0
"""test_engines : ideal, fast and ngspice give the same spikes, volts, joules and times."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cosim.errors import CircuitError, ConvergenceError
from cosim.sttbsnn.ahead import Ahead
from cosim.sttbsnn.chip import load_stt_chip
from cosim.sttbsnn.design import BsnnDesign, load_bsnn
from cosim.sttbsnn.die import sample_bsnn_die
from cosim.sttbsnn.factory import make_bsnn_engine
from cosim.sttbsnn.ladder import bsnn_ladder, random_tile
from cosim.sttbsnn.latch import LatchRows
from cosim.sttbsnn.levels import match_levels, matches
from cosim.sttbsnn.netlist import ENABLE, STROBE, input_pin
from cosim.sttbsnn.rows import layer_of
from cosim.sttbsnn.step import one_step, threshold_levels
from cosim.sttbsnn.tile import build_tile

SMALL = "row.inputs=24"


@pytest.fixture(scope="module")
def small() -> BsnnDesign:
    """The shipped design with short rows."""
    return load_bsnn("stt_bsnn_65nm", [SMALL])


@pytest.mark.spice
@pytest.mark.parametrize("die", [None, 2])
def test_fast_is_ngspice_within_the_ladder_s_bounds(small: BsnnDesign, die: int | None) -> None:
    rng = np.random.default_rng(4)
    weights, spikes = random_tile(small, 3, 10, rng)
    drawn = None if die is None else sample_bsnn_die(small, 3, 9, die)
    found = bsnn_ladder(small, weights, spikes, rng=rng, die=drawn)
    assert found.ok, [bound for bound in found.bounds if not bound.ok]
    volts = next(bound for bound in found.bounds if bound.name == "source line volts")
    assert volts.value < 1e-6  # far inside: the reduction is exact
    if die is None:
        assert any(bound.name == "spike time" for bound in found.bounds)


@pytest.mark.spice
@pytest.mark.slow
def test_a_row_of_288_sums_in_ngspice() -> None:
    design = load_bsnn("stt_bsnn_65nm")
    rng = np.random.default_rng(7)
    weights, spikes = random_tile(design, 1, 1, rng)
    sums = int(spikes[0] @ weights[0].astype(int))
    negative = int((weights < 0).sum())
    for threshold in (sums, sums + 1):
        codes = match_levels(design).code(np.array([threshold + negative]))
        engine = make_bsnn_engine("ngspice", "row", design, 1)
        step = one_step(engine, design, weights, codes, spikes[0])
        assert step.spikes[0] == int(sums >= threshold)


@pytest.mark.spice
@pytest.mark.slow
def test_a_whole_tile_of_the_chip_is_ngspice_s() -> None:
    """36,864 junctions, each with its transistor: two minutes of processor time."""
    design = load_stt_chip("snn_65nm", ["timing.settle_ps=1000"])  # a cycle, as its sequencer gives
    rng = np.random.default_rng(3)
    weights, spikes = random_tile(design, design.tile.rows, 1, rng)
    found = bsnn_ladder(design, weights, spikes, rng=rng)
    assert found.ok, [bound for bound in found.bounds if not bound.ok]
    volts = next(bound for bound in found.bounds if bound.name == "source line volts")
    assert volts.value < 1e-7


@pytest.mark.parametrize("kind", ["ideal", "fast"])
def test_spikes_are_sums_against_thresholds(small: BsnnDesign, kind: str) -> None:
    rng = np.random.default_rng(5)
    weights, spikes = random_tile(small, 6, 2, rng)
    negative = (weights < 0).sum(axis=1)
    for one in spikes:
        sums = weights.astype(int) @ one
        thresholds = sums + rng.integers(-2, 3, 6)
        codes = match_levels(small).code(thresholds + negative)
        engine = make_bsnn_engine(kind, "tile", small, 6)
        step = one_step(engine, small, weights, codes, one)
        assert np.array_equal(step.spikes, (sums >= thresholds).astype(int))


def test_ideal_stands_at_the_levels_of_its_matches(small: BsnnDesign) -> None:
    rng = np.random.default_rng(6)
    weights, spikes = random_tile(small, 4, 1, rng)
    codes = match_levels(small).code(np.full(4, 12))
    ideal = one_step(make_bsnn_engine("ideal", "i", small, 4), small, weights, codes, spikes[0])
    levels = match_levels(small)
    want = levels.row_v[matches(weights, spikes[0])]
    np.testing.assert_allclose(ideal.sl_v, want, atol=1e-8)
    fast = one_step(make_bsnn_engine("fast", "f", small, 4), small, weights, codes, spikes[0])
    assert fast.energy.total_j == pytest.approx(ideal.energy.total_j, rel=0.01)


def test_the_latch_regenerates_with_its_time_constant(small: BsnnDesign) -> None:
    times = []
    for input_v in (1e-4, 1e-3):
        latch = LatchRows.at_rest(small, 1)
        latch.strobe(0.0, 1)
        level = np.array([input_v])
        t_ps, spikes = 0, []
        while not spikes:
            done_ps, spikes = latch.run(
                t_ps, 64, lambda times, level=level: level + 0 * times[:, None]
            )
            t_ps += done_ps
        times.append(spikes[0].t_ps)
    # from w = gain*v*(exp(t/tau) - 1) a tenth of the input takes tau*ln(10) longer
    assert times[0] - times[1] == pytest.approx(15.0 * np.log(10), rel=0.01)


def test_the_latch_follows_its_equations_as_another_solver_does(small: BsnnDesign) -> None:
    inputs = np.array([2e-3, -1e-3, 4e-4])
    latch, design = LatchRows.at_rest(small, 3), small.latch
    latch.strobe(0.0, 1)
    t_ps, found = 0, {}
    while t_ps < 300 and latch.moving:
        done_ps, spikes = latch.run(t_ps, 64, lambda times: inputs + 0 * times[:, None])
        t_ps += done_ps
        found |= {spike.row: spike.t_ps for spike in spikes}

    def rates(t: float, y: np.ndarray, v: float) -> list[float]:
        w, q, _ = y
        clock_v = design.vdd_v * min(t / design.edge_ps, 1.0)
        on = 0.5 * (1 + np.tanh((clock_v - design.vdd_v / 2) / design.on_v))
        high = 0.5 * (1 + np.tanh((w - design.vdd_v / 2) / design.on_v))
        up_a = high * (design.vdd_v - q) / design.drive_ohm
        down_a = (1 - high) * q / design.drive_ohm
        grown = design.gain * v + w * (1 - w * w / (design.vdd_v**2 + 1e-6))
        moved = on * grown / design.tau_ps - (1 - on) * w / design.reset_ps
        return [moved, 1e-12 * (up_a - down_a) / design.load_f, 1e-12 * design.vdd_v * up_a]

    joules, half = 0.0, design.vdd_v / 2
    for row, v in enumerate(inputs):
        known = solve_ivp(
            rates, (0.0, float(t_ps)), [0.0, 0.0, 0.0], args=(v,), rtol=1e-10, atol=1e-13,
            events=lambda _t, y, _v: y[1] - half,
        )  # fmt: skip
        np.testing.assert_allclose([latch.w_v[row], latch.q_v[row]], known.y[:2, -1], atol=1e-6)
        joules += known.y[2, -1]
        times = known.t_events[0]
        assert len(times) == (row in found)
        if row in found:
            assert found[row] == pytest.approx(times[0], abs=0.02)
    assert sorted(found) == [0, 2]
    assert latch.joules == pytest.approx(joules, rel=1e-5)


def test_what_was_foreseen_is_what_is_solved_when_it_comes(small: BsnnDesign) -> None:
    weights, spikes = random_tile(small, 3, 40, np.random.default_rng(5))
    tile = build_tile(weights, small)
    ahead = Ahead(tile, list(spikes[:38]))
    for bits in spikes:  # the last two come as they are
        sl_v, read_a = ahead.solve(bits)
        known = tile.rest(bits)
        np.testing.assert_allclose(sl_v, known.sl_v, atol=2e-6)
        assert read_a == pytest.approx(known.read_a, rel=1e-3)
    assert len(ahead._known) == 38


def test_energy_counts_what_was_on_and_sums_by_group(small: BsnnDesign) -> None:
    weights, spikes = random_tile(small, 2, 1, np.random.default_rng(8))
    engine = make_bsnn_engine("fast", "tile", small, 2)
    engine.program((layer_of(weights),))
    inputs = {input_pin(i): int(bit) for i, bit in enumerate(spikes[0])}
    codes = match_levels(small).code(np.full(2, 12))
    levels = threshold_levels(codes, small.threshold.bits)
    engine.start(0, {ENABLE: 0, STROBE: 0, **dict.fromkeys(inputs, 0), **levels})
    engine.sleep(5000)
    asleep = engine.energy()
    assert asleep.by_group["cells"] == 0.0
    assert asleep.by_group["thresholds"] > 0.0
    engine.drive(5000, {ENABLE: 1, **inputs})
    with pytest.raises(ConvergenceError, match="settled"):
        engine.sleep(5001)
    engine.advance(6000)
    first = engine.energy().by_group["cells"]
    engine.advance(7000)
    second = engine.energy()
    watts = (second.by_group["cells"] - first) / 1e-9
    assert watts == pytest.approx(2 * 24 * 13.8e-6 * 0.6, rel=0.05)
    assert sum(second.by_group.values()) == pytest.approx(second.total_j, rel=1e-12)
    assert engine.propose(8000) == 8000
    with pytest.raises(ValueError, match="go back"):
        engine.advance(6000)


def test_a_crossing_stops_the_engine_in_its_picosecond(small: BsnnDesign) -> None:
    weights, spikes = random_tile(small, 1, 1, np.random.default_rng(9))
    engine = make_bsnn_engine("fast", "tile", small, 1)
    with pytest.raises(CircuitError, match="not programmed"):
        engine.start(0, {ENABLE: 1})
    engine.program((layer_of(weights),))
    inputs = {input_pin(i): int(bit) for i, bit in enumerate(spikes[0])}
    levels = threshold_levels(match_levels(small).code(np.array([0])), small.threshold.bits)
    engine.start(0, {ENABLE: 1, STROBE: 0, **inputs, **levels})
    engine.drive(0, {STROBE: 1})
    proposed = engine.propose(1000)
    found = engine.advance(1000)
    assert found.t_ps == proposed < 200
    (crossing,) = found.crossings
    assert (crossing.pin, crossing.level) == ("spike[0]", 1)
    assert 0.0 <= crossing.t_ps - 1e12 * crossing.t_exact_s < 1.0
