# SPDX-License-Identifier: Apache-2.0
"""test_mixed_engine : the analog part of the mixed-signal macro, engine against engine.

`fast` is held against ngspice at rest and on the way there, `ideal` against the closed form of
linear cells; the converters against arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from cosim.errors import CircuitError, ConvergenceError, DesignError
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.mixed.evaluation import Evaluated, start_macro, step_macro
from cosim.mixed.factory import make_mixed_engine
from cosim.mixed.reference import activations, outputs_of
from cosim.mixed.rest import make_rest
from cosim.mixed.shape import aux_pin, shape_of

SIZES = (20, 6, 3)
SMALL = ("macro.tile.rows=8", "macro.tile.cols=4")
NEAR_V = 1e-4  # a fiftieth of a code
ON_THE_WAY = (
    0.08  # of the way at 60 ps: lines follow at once, buffers and ladders are one pole each
)
ENERGY = 0.01


def weights(sizes: tuple[int, ...] = SIZES, seed: int = 3) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.choice([-1.0, 1.0], (a + 1, b)) for a, b in pairwise(sizes))


def inputs(n: int = SIZES[0], seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, n)


def evaluated(kind: str, design: MixedDesign) -> Evaluated:
    engine = make_mixed_engine(kind, kind, design, SIZES)
    try:
        start_macro(engine, weights(), shape_of(SIZES, design))
        return step_macro(engine, design, SIZES, inputs(), 0)
    finally:
        engine.close()


@pytest.mark.spice
def test_fast_is_what_ngspice_finds() -> None:
    design = load_mixed("imac_mixed", SMALL)
    fast, spice = (evaluated(kind, design) for kind in ("fast", "ngspice"))
    for layer in range(2):
        assert np.abs(fast.column_v[layer] - spice.column_v[layer]).max() < NEAR_V
        assert np.array_equal(fast.codes[layer], spice.codes[layer])
    assert np.abs(spice.column_v[0]).max() > 0.1  # there was something to find
    assert fast.energy_j == pytest.approx(spice.energy_j, rel=ENERGY)
    for group in ("dacs", "bias", "cells", "amplifiers"):
        assert fast.by_group[group] == pytest.approx(spice.by_group[group], rel=ENERGY)
    lines = ("drivers", "wires")  # ngspice has no meter on the wires
    ours, theirs = (sum(each.by_group[group] for group in lines) for each in (fast, spice))
    assert ours == pytest.approx(theirs, abs=ENERGY * spice.by_group["cells"])


@pytest.fixture
def pair() -> Iterator[list]:
    design = load_mixed("imac_mixed", SMALL)
    engines = [make_mixed_engine(kind, kind, design, SIZES) for kind in ("fast", "ngspice")]
    for engine in engines:
        start_macro(engine, weights(), shape_of(SIZES, design))
    yield engines
    for engine in engines:
        engine.close()


@pytest.mark.spice
@pytest.mark.parametrize("layer", [0, 1])
def test_columns_move_as_in_ngspice(pair: list, layer: int) -> None:
    design = load_mixed("imac_mixed", SMALL)
    shape = shape_of(SIZES, design)
    aux = {what: aux_pin(k) for k, what in enumerate(shape.aux_pins)}
    levels = {f"in[{i}]": int(bit) for i, bit in enumerate(inputs())}
    levels |= {aux[f"dac[{k}]"]: (k * 7 // 3) % 2 for k in range(8 * 6)}
    times = ((60, 120), (150, 200))[layer] + (350, 700)
    found = []
    for engine in pair:
        engine.drive(0, {"en": 1, aux[f"layer[{layer}]"]: 1, **levels})
        volts = []
        for t_ps in times:
            engine.advance(t_ps, stop_on_crossing=False)
            volts.append(engine.snapshot()[f"layer{layer}.column"])
        found.append(np.array(volts))
    fast, spice = found
    largest = np.abs(spice[-1]).max()
    assert np.abs(fast - spice).max() < ON_THE_WAY * largest
    assert np.abs(spice[0] - spice[-1]).max() > 0.03 * largest  # still moving
    assert np.abs(fast[-1] - spice[-1]).max() < NEAR_V


def test_linear_cells_give_the_closed_form() -> None:
    design = load_mixed("imac_mixed", [*SMALL, "device.cell.kind=fixed", "macro.buffer.gain=1.0"])
    stack = map_stack(weights(), design)
    bits = np.stack([inputs(seed=k) for k in range(5)])
    found = make_rest("ideal", stack, 0, design)(bits).column_v
    cell, amplifier = design.device.cell, design.macro.amplifier
    g = np.array([1 / cell.r_high_ohm, 1 / cell.r_low_ohm])
    x_v = np.hstack([np.where(bits == 1, 0.8, -0.8), np.full((5, 1), 0.8)])
    r1 = amplifier.r1_ohm
    r3 = amplifier.gain_hidden * r1
    for part, (row0, row1) in enumerate([(0, 8), (8, 16), (16, 21)]):
        w = stack.weights[0][row0:row1]
        g_plus, g_minus = g[(w >= 0).astype(int)], g[(w <= 0).astype(int)]
        s_plus, s_minus = x_v[:, row0:row1] @ g_plus, x_v[:, row0:row1] @ g_minus
        n_v = s_plus / (g_plus.sum(0) + 1 / (r1 + r3)) * r3 / (r1 + r3)
        u_v = (s_minus + n_v / r1) / (g_minus.sum(0) + 1 / r1)
        want = n_v - (u_v - n_v) * r3 / r1
        assert np.abs(found[:, part] - want).max() < 1e-9


def test_an_evaluation_is_codes_sums_and_sigmoids() -> None:
    design = load_mixed("imac_mixed", SMALL)
    shape = shape_of(SIZES, design)
    one = evaluated("ideal", design)
    lsb_v = 0.005
    for layer in range(2):
        want = np.clip(np.round(one.column_v[layer] / lsb_v) + 128, 0, 255)
        near = np.abs(one.column_v[layer] / lsb_v % 1 - 0.5) < 1e-6
        assert np.array_equal(one.codes[layer][~near], want[~near])
        assert np.array_equal(activations(one.codes[layer], layer, shape), one.outputs[layer])
    conversions = sum(shape.conversions(k) for k in range(2))
    assert conversions == 3 * 6 + 1 * 3
    assert one.by_group["converters"] == pytest.approx(conversions * 2.6e-12)
    assert one.duration_s == pytest.approx(shape.cycles(1, 2) * 1e-9)
    assert one.energy_j == pytest.approx(sum(one.by_group.values()))


def test_a_sum_follows_its_definition() -> None:
    design = load_mixed(
        "imac_mixed", ["mixed.mul_hidden=3", "mixed.shift_hidden=1", "mixed.offset_hidden=-12"]
    )
    shape = shape_of((64, 2, 1), design)
    codes = np.array([[128, 120], [131, 128], [128, 129]])  # sums 3 and -7
    x = np.array([np.floor(-3 * 1.5 + 0.5), np.floor(7 * 1.5 + 0.5)]) - 12
    want = np.floor(255 / (1 + np.exp(-x / 16)) + 0.5)
    assert activations(codes, 0, shape).tolist() == want.tolist()


def test_outputs_of_needs_every_round() -> None:
    design = load_mixed("imac_mixed", SMALL)
    with pytest.raises(CircuitError, match="9 rounds"):
        outputs_of([0] * 6, design, SIZES)


def test_what_cannot_be_is_refused() -> None:
    design = load_mixed("imac_mixed", SMALL)
    engine = make_mixed_engine("fast", "m", design, SIZES)
    with pytest.raises(CircuitError, match="not programmed"):
        engine.start(0, {})
    start_macro(engine, weights(), shape_of(SIZES, design))
    with pytest.raises(CircuitError, match="before a hold"):
        engine.sample(("code[0]",))
    aux = {what: aux_pin(k) for k, what in enumerate(shape_of(SIZES, design).aux_pins)}
    with pytest.raises(CircuitError, match="hold with 0 layers"):
        engine.drive(0, {aux["hold"]: 1})
    with pytest.raises(KeyError, match="aux"):
        engine.drive(0, {"aux[999]": 1})
    engine.drive(0, {"en": 1, aux["hold"]: 0, aux["layer[0]"]: 1})
    engine.advance(50)
    with pytest.raises(ConvergenceError):
        engine.sleep(1000)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("macro.converter.low_v=-0.5", "middle"),
        ("macro.amplifier.reference=shifted", "ground"),
        ("macro.buffer.enabled=false", "buffers"),
        ("mixed.lanes=0", "lanes"),
        ("mixed.dac.unit_ohm=0.0", "unit_ohm"),
    ],
)
def test_a_design_that_cannot_work_is_refused(setting: str, says: str) -> None:
    with pytest.raises(DesignError, match=says):
        load_mixed("imac_mixed", [setting])
