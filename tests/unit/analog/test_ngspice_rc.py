# SPDX-License-Identifier: Apache-2.0
"""test_ngspice_rc : an RC solved step by step against its closed form: volts, delay, joules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.pins import InputPin, MacroDescription, OutputPin

pytestmark = pytest.mark.spice

VDD_V = 0.8
TAU_PS = 10.0  # 10 kohm, 1 fF
C_F = 1e-15
RISE_PS = 2
FINE = NgspiceOptions(reltol=1e-6)
TOL_V = 1e-4 * VDD_V
TOL_CROSSING_PS = 0.05

Make = Callable[..., NgspiceEngine]


def rc(**pins: object) -> MacroDescription:
    band = {"rise_v": 0.45, "fall_v": 0.35, **pins}
    return MacroDescription(
        subckt="rc",
        netlist=".subckt rc a y\nr1 a y 10k\nc1 y 0 1f\n.ends\n",
        inputs=(InputPin(name="a", node="a", voh=VDD_V, rise_ps=RISE_PS, fall_ps=RISE_PS),),
        outputs=(OutputPin(name="y", node="y", asynchronous=True, **band),),  # type: ignore[arg-type]
    )


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[NgspiceEngine] = []

    def build(
        options: NgspiceOptions = FINE, macro: MacroDescription | None = None
    ) -> NgspiceEngine:
        made.append(NgspiceEngine("m0", macro or rc(), options))
        return made[-1]

    yield build
    for engine in made:
        engine.close()


def ramp_response_v(t_ps: float) -> float:
    """The RC's answer to a ramp from 0 to VDD_V that begins at 0 and lasts RISE_PS."""

    def integral(x: float) -> float:
        return x - TAU_PS * (1.0 - math.exp(-x / TAU_PS)) if x > 0.0 else 0.0

    return VDD_V * (integral(t_ps) - integral(t_ps - RISE_PS)) / RISE_PS


def crossing_ps(level_v: float) -> float:
    """When the rising answer reaches `level_v`: bisection on the closed form."""
    low, high = 0.0, 100.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if ramp_response_v(middle) < level_v else (low, middle)
    return high


def test_volts_follow_the_ramp_response_at_every_asked_picosecond(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 0})
    engine.advance(50)
    engine.drive(50, {"a": 1})
    errors = []
    for t_ps in [51, 52, 53, 55, 60, 61, 75, 90, 130]:
        while engine.t_ps < t_ps:
            engine.advance(t_ps)
        assert engine.t_ps == t_ps
        errors.append(engine.sample().volts["y"] - ramp_response_v(t_ps - 50))
    assert max(abs(error) for error in errors) < TOL_V


@pytest.mark.parametrize(
    ("options", "tolerance_ps"), [(FINE, TOL_CROSSING_PS), (NgspiceOptions(), TOL_CROSSING_PS)]
)
def test_a_crossing_is_found_and_stops_at_the_next_whole_picosecond(
    make: Make, options: NgspiceOptions, tolerance_ps: float
) -> None:
    engine = make(options)
    engine.start(0, {"a": 0})
    engine.advance(100)
    engine.drive(100, {"a": 1})
    stop = engine.advance(1000)
    expected_ps = 100 + crossing_ps(0.45)
    (found,) = stop.crossings
    assert found.pin == "y"
    assert found.level == 1
    assert found.t_exact_s * 1e12 == pytest.approx(expected_ps, abs=tolerance_ps)
    assert stop.t_ps == found.t_ps == math.ceil(expected_ps)
    assert engine.t_ps == stop.t_ps
    assert engine.advance(1000).crossings == ()


def test_hysteresis_hides_a_swing_that_does_not_leave_the_band(make: Make) -> None:
    engine = make(macro=rc(rise_v=0.5, fall_v=0.2))
    engine.start(0, {"a": 0})
    engine.drive(0, {"a": 1})
    assert [crossing.level for crossing in engine.advance(100).crossings] == [1]
    engine.advance(100)
    engine.drive(100, {"a": 0})
    assert engine.advance(110).crossings == ()  # falls to about 0.32 V: still above fall_v
    engine.drive(110, {"a": 1})
    assert engine.advance(300).crossings == ()
    engine.drive(300, {"a": 0})
    (found,) = engine.advance(400).crossings
    assert found.level == 0
    assert engine.levels() == {"y": 0}


def test_two_crossings_without_stopping_are_both_reported(make: Make) -> None:
    engine = make(NgspiceOptions())
    engine.start(0, {"a": 0})
    engine.drive(0, {"a": 1})
    stop = engine.advance(60, stop_on_crossing=False)
    assert stop.t_ps == 60
    assert [crossing.level for crossing in stop.crossings] == [1]
    engine.drive(60, {"a": 0})
    stop = engine.advance(200, stop_on_crossing=False)
    assert (stop.t_ps, [crossing.level for crossing in stop.crossings]) == (200, [0])


def test_energy_is_the_closed_form_of_a_ramp_into_an_rc(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 0})
    engine.drive(0, {"a": 1})
    while engine.t_ps < 400:
        engine.advance(400)
    t_ps = np.linspace(0.0, 400.0, 2_000_001)  # independent: a sum over the closed form
    ramp_v = np.minimum(t_ps / RISE_PS, 1.0) * VDD_V
    slow = np.where(t_ps > 0, t_ps - TAU_PS * (1 - np.exp(-t_ps / TAU_PS)), 0.0)
    late = np.maximum(t_ps - RISE_PS, 0.0)
    slow -= late - TAU_PS * (1 - np.exp(-late / TAU_PS))
    current_a = (ramp_v - VDD_V * slow / RISE_PS) / 10e3
    expected_j = float(np.trapezoid(ramp_v * current_a, t_ps * 1e-12))
    energy = engine.energy()
    assert energy.total_j == pytest.approx(expected_j, rel=1e-4)
    assert expected_j == pytest.approx(C_F * VDD_V**2, rel=0.05)  # C*V^2, less the ramp's part
    assert energy.by_supply == {"inputs": energy.total_j}
    assert energy.by_group == {"drivers": energy.total_j}


def test_a_full_cycle_costs_what_the_resistor_burns(make: Make) -> None:
    """Charging and discharging: nothing is stored, so the source paid for the heat alone."""
    engine = make()
    engine.start(0, {"a": 0})
    for t_ps, level in ((0, 1), (300, 0), (600, 1), (900, 0)):
        while engine.t_ps < t_ps:
            engine.advance(t_ps)
        engine.drive(t_ps, {"a": level})
    while engine.t_ps < 1200:
        engine.advance(1200)
    ramp, tau = float(RISE_PS), TAU_PS
    # heat of one edge: V^2 * C * tau/T * (1 - tau/T * (1 - exp(-T/tau)))
    edge_j = C_F * VDD_V**2 * tau / ramp * (1 - tau / ramp * (1 - math.exp(-ramp / tau)))
    assert engine.energy().total_j == pytest.approx(4 * edge_j, rel=1e-3)


def test_a_capacitor_straight_on_a_source_does_not_ring(make: Make) -> None:
    """Its current is C*dv/dt during the ramp and nothing afterwards."""
    macro = MacroDescription(
        subckt="gate",
        netlist=".subckt gate a\nc1 a 0 1f\n.ends\n",
        inputs=(InputPin(name="a", node="a", voh=VDD_V, rise_ps=10, fall_ps=10),),
    )
    engine = make(NgspiceOptions(), macro)
    engine.start(0, {"a": 0})
    engine.drive(0, {"a": 1})
    engine.advance(5)
    assert engine.snapshot()["source_a"][0] == pytest.approx(C_F * VDD_V / 10e-12, rel=1e-6)
    engine.advance(30)
    assert abs(engine.snapshot()["source_a"][0]) < 1e-10
    assert engine.energy().total_j == pytest.approx(0.5 * C_F * VDD_V**2, rel=1e-3)
    assert engine.advance(400).settled
