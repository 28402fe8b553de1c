# SPDX-License-Identifier: Apache-2.0
"""test_fast_ahead : foreseen inputs are solved side by side and give what they give alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.factory import make_engine
from cosim.analog.fast_ahead import Ahead
from cosim.analog.fast_forward import LANES, FastStack, fast_stack
from cosim.analog.protocol import Energy, Sample
from cosim.design import Design, load_design

SIZES = (20, 9, 4)
PINS = tuple(f"code[{j}]" for j in range(SIZES[-1]))
TOL_V = 31 * 1e-6  # noise gain of an amplifier times the residual at which points stop
TOL_ENERGY = 1e-5


@pytest.fixture(params=["wires.enabled=true", "wires.enabled=false"])
def design(request: pytest.FixtureRequest) -> Design:
    return load_design("imac_14nm", [request.param, "macro.tile.rows=16", "macro.tile.cols=16"])


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 2, (LANES + 3, SIZES[0]))


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many inputs each call of the solver was given."""
    counts: list[int] = []
    solve = FastStack.solve

    def counting(self: FastStack, drive_v: np.ndarray, **more: float) -> object:
        counts.append(len(drive_v))
        return solve(self, drive_v, **more)

    monkeypatch.setattr(FastStack, "solve", counting)
    return counts


def test_each_block_is_solved_once_and_lanes_are_the_inputs(
    design: Design, inputs: np.ndarray, solved: list[int], random_stack: Callable
) -> None:
    stack = fast_stack(random_stack(*SIZES), design)
    ahead = Ahead(stack, list(inputs))
    found = [ahead.solve(bits) for bits in inputs]
    assert solved == [LANES, 3]
    for bits, state in zip(inputs, found, strict=True):
        alone = stack.solve(stack.drive_of(bits))
        for got, want in zip(state.layers, alone.layers, strict=True):
            for key in ("source_v", "source_a", "u", "out_v", "heat_w", "wire_w"):
                values = getattr(got, key)
                assert values.shape == getattr(want, key).shape
                np.testing.assert_allclose(values, getattr(want, key), atol=TOL_V)
            np.testing.assert_allclose(got.bank.a_v, want.bank.a_v, atol=TOL_V)
        np.testing.assert_allclose(state.neuron_v[-1], alone.neuron_v[-1], atol=TOL_V)
        for supply, watts in alone.power_w.items():
            np.testing.assert_allclose(state.power_w[supply], watts, rtol=TOL_ENERGY, atol=1e-12)


def test_what_was_not_foreseen_is_solved_when_it_comes(
    design: Design, inputs: np.ndarray, solved: list[int], random_stack: Callable
) -> None:
    stack = fast_stack(random_stack(*SIZES), design)
    ahead = Ahead(stack, list(inputs[:2]))
    surprise = ahead.solve(inputs[5])
    assert solved == [1]
    alone = stack.solve(stack.drive_of(inputs[5]))
    np.testing.assert_array_equal(surprise.neuron_v[-1], alone.neuron_v[-1])
    ahead.solve(inputs[1])
    ahead.solve(inputs[0])  # in another order than foreseen
    ahead.solve(inputs[0])  # and again
    assert solved == [1, 1, 2]


@pytest.mark.parametrize("noise_seed", [None, 3])
def test_an_engine_that_was_told_answers_the_same(
    noise_seed: int | None, design: Design, inputs: np.ndarray, random_stack: Callable
) -> None:
    stack = random_stack(*SIZES)

    def run(foreseen: np.ndarray) -> list[tuple[Sample, Energy]]:
        more = {} if noise_seed is None else {"noise_seed": noise_seed}
        engine = make_engine("fast", "m0", design, SIZES, **more)
        engine.expect(list(foreseen))
        engine.program(tuple(layer.astype(float) for layer in stack))
        engine.start(0, {"en": 0})
        found = []
        for k, bits in enumerate(inputs[:3]):
            engine.advance(20_000 * k)
            engine.drive(20_000 * k, {"en": 1} | {f"in[{i}]": int(b) for i, b in enumerate(bits)})
            engine.advance(20_000 * k + 10_000)
            found.append((engine.sample(PINS), engine.energy()))
            engine.drive(20_000 * k + 10_000, {"en": 0})
        return found

    for (told, told_j), (alone, alone_j) in zip(run(inputs), run(inputs[:0]), strict=True):
        assert told.codes == alone.codes
        assert told.volts == pytest.approx(alone.volts, abs=TOL_V)
        assert told_j.total_j == pytest.approx(alone_j.total_j, rel=TOL_ENERGY)
