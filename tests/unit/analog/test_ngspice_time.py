# SPDX-License-Identifier: Apache-2.0
"""test_ngspice_time : steps end where they must: grid, tentative steps, sleep, two engines."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.ngspice_run import run_deck
from cosim.analog.pins import Converter, InputPin, MacroDescription, Meter, OutputPin, Supply
from cosim.errors import ConvergenceError

pytestmark = pytest.mark.spice

VDD_V = 0.8
TWO_STAGE = """.subckt two a en y vdd
r1 a m 5k
c1 m 0 2f
r2 m y 8k
c2 y 0 1.5f
rb vdd y 400k
rl en 0 1meg
.ends
"""
Make = Callable[..., NgspiceEngine]


def two_stage() -> MacroDescription:
    return MacroDescription(
        subckt="two",
        netlist=TWO_STAGE,
        inputs=(
            InputPin(
                name="a",
                node="a",
                vol=-VDD_V,
                voh=VDD_V,
                rise_ps=3,
                fall_ps=5,
                enable="en",
                supply="lines",
            ),
            InputPin(name="en", node="en", voh=VDD_V, rise_ps=1, fall_ps=1),
        ),
        supplies=(
            Supply(name="vdd", node="vdd", volts=VDD_V, gate="en", rise_ps=4, fall_ps=4, group="b"),
        ),
        outputs=(OutputPin(name="y", node="y", rise_v=0.3, fall_v=0.2, asynchronous=True),),
        converters=(
            Converter(name="c", node="y", bits=8, vmin=0.0, vmax=0.8, energy_j=2e-15, supply="adc"),
        ),
        probes={"mid": ("m", "y")},
    )


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[NgspiceEngine] = []

    def build(name: str = "m0", **options: object) -> NgspiceEngine:
        made.append(NgspiceEngine(name, two_stage(), NgspiceOptions(**options)))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for engine in made:
        engine.close()


def reach(engine: NgspiceEngine, t_ps: int, grid_ps: int = 0) -> None:
    while engine.t_ps < t_ps:
        engine.advance(t_ps, grid_ps=grid_ps)


def test_a_line_driver_has_three_levels_and_a_gated_supply(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 1, "en": 0})
    assert engine.snapshot()["source_v"].tolist() == [0.0, 0.0, 0.0]
    engine.drive(0, {"en": 1})
    reach(engine, 20)
    assert engine.snapshot()["source_v"].tolist() == [VDD_V, VDD_V, VDD_V]
    engine.drive(20, {"a": 0})
    reach(engine, 22)  # two of five picoseconds down a ramp of 1.6 V
    assert engine.snapshot()["source_v"][0] == pytest.approx(VDD_V - 2 / 5 * 1.6)
    engine.drive(22, {"en": 0})  # a new ramp from wherever the last one had come
    reach(engine, 23)
    start_v = VDD_V - 2 / 5 * 1.6
    # from its target of -0.8 V to 0 V is a rise, so it takes three picoseconds
    assert engine.snapshot()["source_v"][0] == pytest.approx(start_v * (1 - 1 / 3), abs=1e-9)
    reach(engine, 40)
    assert engine.snapshot()["source_v"].tolist() == [0.0, 0.0, 0.0]


def test_the_waveform_is_plain_ngspice_under_random_edges(make: Make) -> None:
    """The reference is one uncut run of the ngspice program over the same ramps."""
    rng = random.Random(7)
    edges = [10]
    while len(edges) < 30:
        edges.append(edges[-1] + rng.randint(6, 60))
    end = edges[-1] + 50
    level = 0
    points = [f"0 {-VDD_V}"]
    for t_ps in edges:
        before, level = level, 1 - level
        ramp = 3 if level else 5
        points += [f"{t_ps}p {(2 * before - 1) * VDD_V}"]
        points += [f"{t_ps + ramp}p {(2 * level - 1) * VDD_V}"]
    deck = "\n".join(
        [
            TWO_STAGE,
            "x1 a en y vdd two",
            "va a 0 pwl(" + "\n+ ".join(points) + ")",
            f"ven en 0 {VDD_V}",
            f"vdd vdd 0 {VDD_V}",
            ".options reltol=1e-6 chgtol=1e-19",
            f".tran 0.05p {end}p 0 0.05p",
        ]
    )
    plain = run_deck(deck)
    engine = make(reltol=1e-6)
    engine.start(0, {"a": 0, "en": 1})
    worst_v, level = 0.0, 0
    for t_ps in edges:
        reach(engine, t_ps)
        there_v = float(np.interp(t_ps * 1e-12, plain["time"], plain["v(y)"]))
        worst_v = max(worst_v, abs(engine.sample().volts["y"] - there_v))
        level = 1 - level
        engine.drive(t_ps, {"a": level})
    assert worst_v < 2e-4


def test_every_grid_edge_is_a_solver_point(make: Make) -> None:
    engine = make()
    engine.start(1000, {"a": 0, "en": 1})
    engine.advance(1500)
    quiet = engine.steps()["accepted"]
    engine.advance(2500, grid_ps=50)
    assert engine.steps()["accepted"] - quiet >= 20
    engine.sleep(2513)  # the grid belongs to bridge time, not to circuit time
    before = engine.steps()["accepted"]
    engine.advance(2551, grid_ps=50)
    assert engine.steps()["accepted"] - before >= 2


def test_a_proposed_step_may_be_kept_or_cut_anywhere(make: Make) -> None:
    whole, pieces = make("whole", reltol=1e-6), make("pieces", reltol=1e-6)
    rng = random.Random(3)
    cuts = kept = 0
    for engine in (whole, pieces):
        engine.start(0, {"a": 0, "en": 1})
        engine.drive(0, {"a": 1})
    while pieces.t_ps < 150:
        now = pieces.t_ps
        reached = pieces.propose(150)
        assert now < reached <= 150
        assert pieces.propose(150) == reached  # asking again solves nothing
        stop = reached if rng.random() < 0.5 else rng.randint(now + 1, reached)
        cuts, kept = cuts + (stop < reached), kept + (stop == reached)
        assert pieces.advance(stop).t_ps == stop
    reach(whole, 150)
    assert cuts > 5
    assert kept > 5
    assert pieces.sample().volts["y"] == pytest.approx(whole.sample().volts["y"], abs=1e-4)
    assert pieces.energy().total_j == pytest.approx(whole.energy().total_j, rel=1e-3)


@pytest.mark.parametrize("beyond", [False, True])
def test_an_input_that_moves_while_a_step_is_held_replaces_it(make: Make, beyond: bool) -> None:
    held, plain = make("held", reltol=1e-6), make("plain", reltol=1e-6)
    for engine in (held, plain):
        engine.start(0, {"a": 0, "en": 1})
        reach(engine, 100)
    reached = held.propose(500)
    assert reached > 130
    stop = reached if beyond else 130  # without the new input the held step would stand
    for engine in (held, plain):
        engine.drive(100, {"a": 1})
        reach(engine, stop)
    assert held.sample().volts["y"] == pytest.approx(plain.sample().volts["y"], abs=1e-4)
    assert plain.sample().volts["y"] > 0.0


def test_the_first_step_of_a_ramp_is_a_small_part_of_it(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 0, "en": 0})
    engine.advance(400)
    engine.drive(400, {"en": 1})  # ramps of 3 and 4 ps begin
    before = engine.steps()["accepted"]
    engine.advance(401)
    assert engine.steps()["accepted"] - before >= 3


def test_a_proposal_ends_on_a_crossing(make: Make) -> None:
    free, stepped = make("free"), make("stepped")
    for engine in (free, stepped):
        engine.start(0, {"a": 0, "en": 1})
        engine.drive(0, {"a": 1})
    (expected,) = free.advance(300).crossings
    while True:
        stop = stepped.advance(stepped.propose(300))
        if stop.crossings:
            break
    assert stop.crossings[0].t_ps == stop.t_ps == expected.t_ps
    assert stop.crossings[0].t_exact_s == pytest.approx(expected.t_exact_s, abs=0.1e-12)


def test_sleep_bills_standby_power_and_moves_no_solver(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 1, "en": 1})
    engine.advance(20)
    with pytest.raises(ConvergenceError, match="not settled"):
        engine.sleep(1000)
    stop = engine.advance(2000)
    assert stop.settled
    before, steps = engine.energy(), engine.steps()
    engine.sleep(2000 + 10**9)
    after = engine.energy()
    assert engine.steps() == steps
    assert engine.t_ps == after.t_ps == 2000 + 10**9
    # en: 0.8 V over 1 Mohm; line and vdd stand at the same 0.8 V, so nothing flows between them
    assert after.total_j - before.total_j == pytest.approx(VDD_V**2 / 1e6 * 1e-3, rel=1e-6)
    engine.drive(engine.t_ps, {"a": 0})
    (found,) = engine.advance(engine.t_ps + 500).crossings
    assert 10**9 + 2000 < found.t_ps < 10**9 + 2100
    assert found.t_exact_s * 1e12 == pytest.approx(found.t_ps, abs=1.001)


def test_a_sample_converts_rounds_clips_and_bills(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 1, "en": 1})
    reach(engine, 500)
    sample = engine.sample(("c",))
    assert sample.codes == {"c": 255}
    assert sample.layers["mid"] == pytest.approx([0.8, 0.8], abs=1e-3)
    assert engine.energy().by_supply["adc"] == pytest.approx(2e-15)
    assert engine.sample().codes == {}
    assert engine.energy().by_group["converters"] == pytest.approx(2e-15)
    assert engine.clipped == set()
    engine.drive(500, {"a": 0})
    reach(engine, 1000)
    assert engine.sample(("c",)).codes == {"c": 0}
    assert engine.clipped == {"c"}
    energy = engine.energy()
    assert sum(energy.by_supply.values()) == pytest.approx(energy.total_j, rel=1e-12)
    assert sum(energy.by_group.values()) == pytest.approx(energy.total_j, rel=1e-12)


def test_halving_the_longest_step_changes_no_code(make: Make) -> None:
    def codes(max_step_ps: float) -> list[int]:
        engine = make(max_step_ps=max_step_ps)
        engine.start(0, {"a": 0, "en": 0})
        rng, found = random.Random(11), []
        for k in range(25):
            engine.drive(20 * k, {"a": rng.randint(0, 1), "en": 1})
            reach(engine, 20 * (k + 1), grid_ps=10)
            found.append(engine.sample(("c",)).codes["c"])
        return found

    full = codes(2.0)
    assert full == codes(1.0)
    assert len(set(full)) > 8


def test_two_engines_run_at_once_and_do_not_mix(make: Make) -> None:
    first, second = make("first"), make("second")
    first.start(0, {"a": 1, "en": 1})
    second.start(0, {"a": 0, "en": 1})
    for t_ps in range(10, 300, 10):
        reach(first, t_ps)
        reach(second, t_ps)
    assert first.pid != second.pid
    assert first.sample().volts["y"] == pytest.approx(0.8, abs=1e-3)
    assert second.sample().volts["y"] == pytest.approx(-0.8 + 1.6 * 13 / 413, abs=1e-3)


def test_a_meter_moves_dissipation_to_its_own_group() -> None:
    macro = MacroDescription(
        subckt="m",
        netlist=".subckt m a w\nr1 a 0 1k\nbw 0 w i=v(a)*v(a)/1k\n.ends\n",
        inputs=(InputPin(name="a", node="a", voh=1.0, rise_ps=10, fall_ps=10),),
        meters=(Meter(group="cells", node="w", taken_from="drivers"),),
    )
    with NgspiceEngine("m0", macro) as engine:
        engine.start(0, {"a": 0})
        engine.drive(0, {"a": 1})
        engine.advance(1010)
        energy = engine.energy()
    assert energy.total_j == pytest.approx(1e-3 * (1000e-12 + 10e-12 / 3), rel=1e-3)
    assert energy.by_group["cells"] == pytest.approx(energy.total_j, rel=1e-6)
    assert abs(energy.by_group["drivers"]) < 1e-6 * energy.total_j


def test_a_long_list_of_crossings_is_complete(make: Make) -> None:
    """More crossings in one advance than the shared list holds: an oscillator of 2 GHz."""
    macro = MacroDescription(
        subckt="osc",
        netlist=".subckt osc y vdd\nv1 y 0 sin(0.4 0.4 2g)\nr1 y vdd 1k\n.ends\n",
        outputs=(OutputPin(name="y", node="y", rise_v=0.45, fall_v=0.35, asynchronous=True),),
        supplies=(Supply(name="vdd", node="vdd", volts=0.8),),
    )
    with NgspiceEngine("osc", macro, NgspiceOptions(max_step_ps=100.0)) as engine:
        engine.start(0, {})
        stop = engine.advance(300_000, stop_on_crossing=False)
    assert stop.t_ps == 300_000
    assert len(stop.crossings) == 2 * 600
    times = [crossing.t_ps for crossing in stop.crossings]
    assert times == sorted(times)


def test_new_weights_mean_a_new_worker_and_joules_carry_over() -> None:
    def describe(weights: tuple[np.ndarray, ...]) -> MacroDescription:
        ohm = float(weights[0][0, 0])
        return MacroDescription(
            subckt="w",
            netlist=f".subckt w a\nr1 a 0 {ohm}\n.ends\n",
            inputs=(InputPin(name="a", node="a", voh=1.0, rise_ps=1, fall_ps=1),),
        )

    with NgspiceEngine("m0", describe=describe) as engine:
        engine.program((np.array([[1e3]]),))
        engine.start(0, {"a": 1})
        engine.advance(1000)
        first_j, first_pid = engine.energy().total_j, engine.pid
        engine.program((np.array([[2e3]]),))
        assert engine.pid != first_pid
        assert engine.energy().total_j == first_j
        engine.start(5000, {"a": 1})
        engine.advance(6000)
        assert first_j == pytest.approx(1e-12, rel=1e-6)
        assert engine.energy().total_j == pytest.approx(1.5e-12, rel=1e-6)


def test_wrong_use_is_refused_with_the_value(make: Make) -> None:
    engine = make()
    engine.start(0, {"a": 0, "en": 1})
    engine.advance(100)
    with pytest.raises(ValueError, match="drive at 90 ps, but the time is 100 ps"):
        engine.drive(90, {"a": 1})
    with pytest.raises(ValueError, match="cannot go back from 100 to 50 ps"):
        engine.advance(50)
    with pytest.raises(KeyError, match="no input pin b"):
        engine.drive(100, {"b": 1})
    with pytest.raises(KeyError, match="no output pin z"):
        engine.sample(("z",))
    with pytest.raises(ValueError, match="no weights"):
        engine.program(())
