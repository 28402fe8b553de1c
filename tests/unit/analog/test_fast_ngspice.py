# SPDX-License-Identifier: Apache-2.0
"""test_fast_ngspice : engine fast against ngspice on the same macro, at rest and in time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cosim.analog.factory import make_engine
from cosim.analog.fast import FastEngine
from cosim.analog.fast_forward import fast_stack
from cosim.analog.protocol import Energy, MacroEngine
from cosim.design import Design, load_design
from cosim.errors import ConvergenceError

pytestmark = pytest.mark.spice
SIZES = (33, 20, 5)
SMALL = ["macro.tile.rows=16", "macro.tile.cols=16", "wires.enabled=true"]
LINEAR = ["device.mtj.bias_dependent=false"]
TOL_LINEAR_V, TOL_AMPLIFIER_V, TOL_NEURON_V = 1e-4, 1e-3, 2e-3  # what the ladder promises
BAND_V = 1.6e-3  # half a converter step
TOL_ENERGY, TOL_SETTLE = 0.01, 0.05
STEP_PS, END_PS = 25, 2500


@pytest.mark.parametrize(
    ("name", "sets", "tolerances"),
    [
        ("imac_14nm", SMALL, (TOL_AMPLIFIER_V, TOL_NEURON_V)),
        ("imac_14nm", SMALL + LINEAR, (TOL_LINEAR_V, TOL_LINEAR_V)),
        ("imac_14nm", SMALL[:2], (TOL_AMPLIFIER_V, TOL_NEURON_V)),
        ("imac_sim", SMALL, (TOL_LINEAR_V, TOL_LINEAR_V)),
    ],
    ids=["default with wires", "linear cells", "no wires", "published circuit"],
)
def test_operating_points_agree(
    name: str,
    sets: list[str],
    tolerances: tuple[float, float],
    random_stack: Callable,
    operating_point: Callable,
) -> None:
    design, weights = load_design(name, sets), random_stack(*SIZES)
    bits = np.arange(33) % 5 % 2
    stack = fast_stack(weights, design)
    state = stack.solve(stack.drive_of(bits))
    volts = operating_point(weights, bits, design)
    for layer, n_out in enumerate(SIZES[1:]):
        for letter, found, tolerance in (
            ("a", state.amplifier_v[layer], tolerances[0]),
            ("y", state.neuron_v[layer], tolerances[1]),
        ):
            want = np.array([volts[f"{letter}{layer}_{j}"] for j in range(n_out)])
            assert np.abs(found[0] - want).max() < tolerance, f"{letter}{layer}"


def evaluate(
    engine: MacroEngine, weights: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, Energy, Energy]:
    """Times in ps, outputs (t, n_out), energy of the evaluation and after it."""
    bits = {f"in[{i}]": i % 5 % 2 for i in range(SIZES[0])}
    times = np.arange(STEP_PS, END_PS + 1, STEP_PS)
    outputs = []
    try:
        engine.program(tuple(layer.astype(float) for layer in weights))
        engine.start(0, {"en": 0})
        engine.drive(0, {"en": 1, **bits})
        for t_ps in times:
            engine.advance(int(t_ps))
            outputs.append(engine.snapshot()["layer1.neuron"].copy())
        assert engine.advance(END_PS + 200).settled
        engine.sample(tuple(f"code[{j}]" for j in range(SIZES[-1])))
        on = engine.energy()
        engine.drive(END_PS + 200, {"en": 0})
        engine.advance(END_PS + 2000)
        return times, np.array(outputs), on, engine.energy()
    finally:
        engine.close()


def settling_ps(times: np.ndarray, outputs: np.ndarray, final: np.ndarray) -> int:
    """When the last output enters its band for good."""
    outside = (np.abs(outputs - final) > BAND_V).any(axis=1)
    return int(times[np.nonzero(outside)[0][-1]]) if outside.any() else 0


@pytest.mark.parametrize("sets", [SMALL, SMALL + LINEAR], ids=["default", "linear cells"])
def test_settling_energy_and_class_agree(sets: list[str], random_stack: Callable) -> None:
    design: Design = load_design("imac_14nm", sets)
    weights = random_stack(*SIZES)
    times, fast, fast_on, fast_off = evaluate(FastEngine("m0", design, SIZES), weights)
    _, spice, spice_on, spice_off = evaluate(make_engine("ngspice", "m0", design, SIZES), weights)
    final = spice[-1]
    assert np.abs(fast[-1] - final).max() < TOL_NEURON_V
    assert np.argmax(fast[-1]) == np.argmax(final)
    want = settling_ps(times, spice, final)
    assert settling_ps(times, fast, final) == pytest.approx(want, rel=TOL_SETTLE, abs=STEP_PS)
    for on, spice_one in ((fast_on, spice_on), (fast_off, spice_off)):
        found = dict(on.by_group)
        assert 0 < found["wires"] < found["drivers"]
        found["drivers"] += found.pop("wires")  # ngspice has no meter in wires
        assert found.keys() == spice_one.by_group.keys()
        for group, joules in spice_one.by_group.items():
            assert found[group] == pytest.approx(joules, rel=TOL_ENERGY, abs=0.0), group


def test_inputs_that_change_while_enabled_lead_to_the_new_operating_point(
    random_stack: Callable,
) -> None:
    design, weights = load_design("imac_14nm", SMALL), random_stack(*SIZES)
    stack = fast_stack(weights, design)
    engine = FastEngine("m0", design, SIZES)
    engine.program(tuple(layer.astype(float) for layer in weights))
    first = np.arange(33) % 2
    engine.start(0, {"en": 1, **{f"in[{i}]": int(bit) for i, bit in enumerate(first)}})
    for flip, bits in enumerate((first, 1 - first)):
        engine.drive(engine.energy().t_ps, {f"in[{i}]": int(b) for i, b in enumerate(bits)})
        assert engine.advance((flip + 1) * 5000).settled
        want = stack.solve(stack.drive_of(bits)).neuron_v[1][0]
        assert np.abs(engine.snapshot()["layer1.neuron"] - want).max() < TOL_LINEAR_V


def test_the_engine_refuses_sleep_before_it_has_settled(random_stack: Callable) -> None:
    engine = FastEngine("m0", load_design("imac_14nm", SMALL), SIZES)
    engine.program(tuple(layer.astype(float) for layer in random_stack(*SIZES)))
    engine.start(0, {"en": 0})
    engine.drive(0, {"en": 1, "in[0]": 1})
    engine.advance(300)
    with pytest.raises(ConvergenceError, match="settled"):
        engine.sleep(10_000)
