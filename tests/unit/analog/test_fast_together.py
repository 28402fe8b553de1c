# SPDX-License-Identifier: Apache-2.0
"""test_fast_together : foreseen inputs move side by side and give what each gives alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from cosim.analog import fast_ahead
from cosim.analog.fast import FastEngine
from cosim.analog.fast_ahead import one_of
from cosim.analog.fast_forward import LANES, FastStack, StackState, fast_stack
from cosim.analog.fast_motion import STEPS, Motion, slices
from cosim.analog.fast_together import LEAST, Lane, Together
from cosim.analog.protocol import Energy, Sample
from cosim.analog.variation import sample_die
from cosim.design import Design, load_design
from cosim.errors import RangeError

SIZES = (20, 9, 4)
PINS = tuple(f"code[{j}]" for j in range(SIZES[-1]))
SMALL = ["wires.enabled=true", "macro.tile.rows=16", "macro.tile.cols=16"]
TIED = [*SMALL, "macro.partition.outputs=tied"]
TOL_V = 31 * 1e-6  # noise gain of an amplifier times the residual at which points stop
TOL_LANE_V = 1.5e-5  # MOTION_TOL_V, single precision times that gain
TOL_ENERGY = 2e-7  # of an evaluation; single precision as well
EVERY_PS, ON_PS, STROBE_PS = 20_000, 6000, 4000

Told = list[tuple[Sample, Energy]]
Many = np.ndarray | tuple[()]
MakeStack = Callable[..., list[np.ndarray]]


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 2, (LANES + LEAST, SIZES[0]))


def made(sets: Sequence[str] = SMALL) -> Design:
    return load_design("imac_14nm", sets)


@dataclass(frozen=True)
class Way:
    """How an evaluation goes on: when it is looked at, and which inputs change on the way."""

    stops_ps: tuple[int, ...] = (STROBE_PS,)
    change: tuple[int, np.ndarray] | None = None


def run(
    design: Design,
    weights: Sequence[np.ndarray],
    inputs: Many,
    foreseen: Many,
    ways: dict[int, Way] | None = None,
) -> Told:
    """Evaluations as the bridge makes them: sample of each at its strobe, energy behind it."""
    engine = FastEngine("m0", design, SIZES)
    engine.expect(list(foreseen))
    engine.program(tuple(layer.astype(float) for layer in weights))
    engine.start(0, {"en": 0})
    found = []
    for k, bits in enumerate(inputs):
        way, begin_ps = (ways or {}).get(k, Way()), EVERY_PS * (k + 1)
        engine.advance(begin_ps)
        engine.drive(begin_ps, {"en": 1} | levels(bits))
        for stop_ps in way.stops_ps:
            engine.advance(begin_ps + stop_ps)
            if way.change is not None and way.change[0] == stop_ps:
                engine.drive(begin_ps + stop_ps, levels(way.change[1]))
        sample = engine.sample(PINS)
        engine.advance(begin_ps + ON_PS)
        found.append((sample, engine.energy()))
        engine.drive(begin_ps + ON_PS, {"en": 0})
    engine.close()
    return found


def levels(bits: np.ndarray) -> dict[str, int]:
    return {f"in[{i}]": int(bit) for i, bit in enumerate(bits)}


def hold(got: Told, want: Told, tol_energy: float = TOL_ENERGY) -> None:
    """Codes are equal, volts and joules of each evaluation and supply nearly."""
    before = (got[0][1], got[0][1])
    for (sample, energy), (alone, alone_j) in zip(got, want, strict=True):
        assert sample.codes == alone.codes
        assert sample.volts == pytest.approx(alone.volts, abs=TOL_V)
        for layer, volts in alone.layers.items():
            np.testing.assert_allclose(sample.layers[layer], volts, atol=TOL_V, err_msg=layer)
        whole_j = want[0][1].total_j
        for supply, joules in alone_j.by_supply.items():
            mine_j = energy.by_supply[supply] - before[0].by_supply[supply]
            theirs_j = joules - before[1].by_supply[supply]
            assert mine_j == pytest.approx(theirs_j, abs=tol_energy * whole_j), supply
        before = (energy, alone_j)


@pytest.mark.parametrize(
    ("sets", "die"),
    [
        (SMALL, None),
        ([*SMALL, "macro.amplifier.kind=ideal"], None),
        (["wires.enabled=false", "device.mtj.bias_dependent=false"], None),
        (TIED, 2),
    ],
    ids=["bends", "exact", "linear", "tied, a die"],
)
def test_every_lane_is_at_every_slice_what_it_is_alone(
    sets: list[str], die: int | None, inputs: np.ndarray, random_stack: MakeStack
) -> None:
    design = made(sets)
    given = None if die is None else sample_die(design, SIZES, seed=3, index=die)
    stack = fast_stack(random_stack(*SIZES), design, die=given)
    goal = stack.solve(stack.drive_of(inputs[:LANES]))
    together = Together(stack, goal)
    slices_s = [1e-10] * 20 + [3.7e-11, 2.3e-10]
    for lane in (0, 3, LANES - 1):
        side, alone = Lane(together, lane), Motion(stack)
        alone.off()
        alone.head_for(one_of(goal, lane), from_off=True)
        whole_j = 0.0
        for duration_s in slices_s:
            got, want = side.advance(duration_s), alone.advance(duration_s)
            assert got is not None
            whole_j += sum(want.energy_j.values())
            for supply, joules in want.energy_j.items():
                assert got.energy_j[supply] == pytest.approx(joules, abs=TOL_ENERGY * whole_j)
            assert got.heat_j == pytest.approx(want.heat_j, abs=TOL_ENERGY * whole_j)
            assert side.ramping == alone.ramping
            for layer in range(len(SIZES) - 1):
                for mine_v, v in (
                    (side.amplifier_v(layer), alone.amplifier_v(layer)),
                    (side.neuron_v(layer), alone.neuron_v(layer)),
                ):
                    np.testing.assert_allclose(mine_v, v, atol=TOL_LANE_V)
            np.testing.assert_allclose(side.held_v, alone.held_v, atol=TOL_LANE_V)
        assert side.power_w() == pytest.approx(alone.power_w(), rel=1e-4, abs=1e-9)
    lanes = [Lane(together, lane) for lane in range(LANES)]
    steps = {tuple(_steps(lane, duration_s) for duration_s in slices_s) for lane in lanes}
    assert len(steps) > 1  # some lanes wait for others inside a slice


def _steps(lane: Lane, duration_s: float) -> int:
    lane.advance(duration_s)
    return int(lane.head[STEPS])


def test_an_engine_that_moves_them_side_by_side_answers_the_same(
    inputs: np.ndarray, random_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, weights = made(), random_stack(*SIZES)
    alone = run(design, weights, inputs, ())
    heads: list[int] = []
    head_for = Motion.head_for

    def counting(self: Motion, goal: StackState, *, from_off: bool) -> None:
        heads.append(1)
        head_for(self, goal, from_off=from_off)

    monkeypatch.setattr(Motion, "head_for", counting)
    told = run(design, weights, inputs, inputs)
    assert not heads  # two blocks, both side by side
    hold(told, alone)
    few = run(design, weights, inputs[: LEAST - 1], inputs[: LEAST - 1])
    assert len(heads) == LEAST - 1  # which would take longer side by side
    hold(few, alone[: LEAST - 1])


def test_what_was_not_foreseen_gets_its_own_answer(
    inputs: np.ndarray, random_stack: MakeStack
) -> None:
    design, weights = made(), random_stack(*SIZES)
    come = inputs[[0, 1, LANES + 1, 2, 1]]  # the third was not foreseen, the last comes again
    told, alone = run(design, weights, come, inputs[:LANES]), run(design, weights, come, ())
    hold(told, alone)
    assert told[2][0].volts == alone[2][0].volts  # that one by the very same way
    wrong = run(design, weights, come, 1 - inputs[:LANES])
    assert [sample.volts for sample, _ in wrong] == [sample.volts for sample, _ in alone]


def test_what_goes_another_way_than_the_first_is_moved_alone(
    inputs: np.ndarray, random_stack: MakeStack
) -> None:
    design, weights = made(), random_stack(*SIZES)
    ways = {
        1: Way(stops_ps=(250, STROBE_PS)),  # looked at in the middle of a slice
        2: Way(stops_ps=(700, STROBE_PS), change=(700, inputs[LANES + 2])),
    }
    for chosen in ([1], [2], [1, 2]):
        mine = {k: ways[k] for k in chosen}
        told = run(design, weights, inputs[:6], inputs, mine)
        alone = run(design, weights, inputs[:6], (), mine)
        hold(told, alone)
    assert told[2][0].codes != run(design, weights, inputs[:6], inputs)[2][0].codes


def test_a_failure_is_that_of_the_input_whose_it_is(
    inputs: np.ndarray, random_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, weights = made(), random_stack(*SIZES)
    alone = run(design, weights, inputs[:4], ())
    moved: list[int] = []

    def failing(
        stack: FastStack, work: np.ndarray, durations_s: Sequence[float], lanes: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        heads, layers = slices(stack, work, durations_s, lanes)
        moved.append(1)
        left = max(min(len(durations_s), 3 - len(moved)), 0)  # as if a lane failed in the third
        return heads[:left], layers

    with monkeypatch.context() as patch:
        patch.setattr("cosim.analog.fast_together.slices", failing)
        hold(run(design, weights, inputs[:4], inputs), alone)
    assert len(moved) == 3
    solve = FastStack.solve

    def solving(self: FastStack, drive_v: np.ndarray, **more: float) -> object:
        if len(drive_v) > 1 or (drive_v == self.drive_of(inputs[2])).all():
            raise RangeError("no operating point")
        return solve(self, drive_v, **more)

    monkeypatch.setattr(FastStack, "solve", solving)
    hold(run(design, weights, inputs[:2], inputs), alone[:2])
    with pytest.raises(RangeError, match="no operating point"):
        run(design, weights, inputs[:3], inputs)


def test_what_is_worked_out_in_the_background_is_the_same(
    inputs: np.ndarray, random_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, weights = made(), random_stack(*SIZES)
    ahead = run(design, weights, inputs, inputs)
    monkeypatch.setattr(fast_ahead, "BLOCKS", 0)
    now = run(design, weights, inputs, inputs)
    for (one, one_j), (other, other_j) in zip(ahead, now, strict=True):
        assert one.volts == other.volts
        assert one_j == other_j
