# SPDX-License-Identifier: Apache-2.0
"""test_mixed_dies : one die of the mixed-signal macro in all engines, and as the analog macro's.

Noise of a hold against the nodes of a linear column, source by source.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cosim.analog.variation import Die, sample_die
from cosim.design import load_design
from cosim.errors import DesignError, UserInputError
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.mixed.die import mixed_dies, sample_mixed_die
from cosim.mixed.evaluation import Evaluated, start_macro, step_macro
from cosim.mixed.factory import make_mixed_engine
from cosim.mixed.forward import classify_mixed, mixed_forward
from cosim.mixed.noise import HoldNoise, column_sigma
from cosim.mixed.rest import make_rest
from cosim.mixed.shape import shape_of

SIZES = (20, 6, 3)
SMALL = ("macro.tile.rows=8", "macro.tile.cols=4")
WORN = (
    *("variation.ra_sigma=0.2", "variation.tmr_sigma=0.2", "variation.amplifier_offset_v=0.003"),
    *("variation.stuck_p_rate=0.05", "variation.stuck_ap_rate=0.05"),
    *("variation.row_open_rate=0.15", "variation.line_open_rate=0.05"),
)
NEAR_V = 1e-4  # a fiftieth of a code
IDEAL_V = 5e-4  # op-amps' gain of 70 dB, their 10 ohm and leaks: 0.25 mV of 0.3 V, more of more
BELOW_V = 0.6  # from here on op-amps bend towards their rails
BOLTZMANN, CHARGE = 1.380649e-23, 1.602176634e-19


def weights() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(3)
    return tuple(rng.choice([-1.0, 1.0], (a + 1, b)) for a, b in pairwise(SIZES))


def inputs(count: int) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 2, (count, SIZES[0]))


def worn(*sets: str) -> tuple[MixedDesign, Die]:
    design = load_mixed("imac_mixed", [*SMALL, *WORN, *sets])
    return design, sample_mixed_die(design, SIZES, 7, 2)


def test_a_die_is_the_analog_macros_with_more_amplifiers() -> None:
    mixed, analog = (
        load("imac_" + name, WORN) for load, name in ((load_mixed, "mixed"), (load_design, "mlp"))
    )
    sizes = (100, 16, 10)
    ours, theirs = sample_mixed_die(mixed, sizes, 5, 3), sample_die(analog, sizes, 5, 3)
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        for name in ("r_factor", "tmr_factor", "stuck", "row_open", "line_open"):
            assert np.array_equal(getattr(mine, name), getattr(other, name)), name
        assert np.array_equal(mine.amplifier_offset_v[:1], other.amplifier_offset_v)
    assert ours.layers[0].amplifier_offset_v.shape == (4, 16)
    assert ours.layers[0].stuck.max() == 1  # there was something to find


def evaluated(kind: str, design: MixedDesign, die: Die) -> Evaluated:
    engine = make_mixed_engine(kind, kind, design, SIZES, die=die)
    try:
        start_macro(engine, weights(), shape_of(SIZES, design))
        return step_macro(engine, design, SIZES, inputs(1)[0], 0)
    finally:
        engine.close()


@pytest.mark.spice
def test_fast_is_what_ngspice_finds_on_a_die() -> None:
    design, die = worn()
    assert all(layer.row_open.any() and (layer.stuck >= 0).any() for layer in die.layers)
    fast, spice = (evaluated(kind, design, die) for kind in ("fast", "ngspice"))
    for layer in range(2):
        assert np.abs(fast.column_v[layer] - spice.column_v[layer]).max() < NEAR_V
        assert np.array_equal(fast.codes[layer], spice.codes[layer])
    assert fast.energy_j == pytest.approx(spice.energy_j, rel=0.01)
    nominal = mixed_forward(weights(), inputs(1), design)
    assert not np.array_equal(nominal.codes[0][0], fast.outputs[0])  # a die makes a difference


@pytest.mark.parametrize("layer", [0, 1])
def test_ideal_and_fast_agree_on_a_die_without_wires(layer: int) -> None:
    design, die = worn("wires.enabled=false", "macro.driver.r_ohm=1e-6")
    stack = map_stack(weights(), design)
    codes = inputs(5) if layer == 0 else np.random.default_rng(1).integers(0, 256, (5, 6))
    fast, ideal = (make_rest(kind, stack, layer, design, die)(codes) for kind in ("fast", "ideal"))
    below = np.abs(ideal.column_v) < BELOW_V
    difference = np.abs(fast.column_v - ideal.column_v)[below].max()
    assert below.mean() > 0.9
    assert difference < (IDEAL_V if layer == 0 else 8 * IDEAL_V)  # rows behind buffers of 10 ohm
    nominal = make_rest("fast", stack, layer, design)(codes)
    assert np.abs(fast.column_v - nominal.column_v).max() > 0.05
    heat = [rest.cells_w + rest.wires_w for rest in (fast, ideal)]
    assert heat[0] == pytest.approx(heat[1], rel=0.02)


def test_dies_differ_and_noise_moves_few_classes() -> None:
    design, _ = worn()
    bits = inputs(40)
    dies = mixed_dies(design, SIZES, 1, 3)
    found = classify_mixed(weights(), bits, design, [None, *dies])
    assert found.shape == (4, 40)
    assert len({row.tobytes() for row in found}) == 4
    assert np.array_equal(found[2], classify_mixed(weights(), bits, design, dies[1:2])[0])
    noisy = classify_mixed(weights(), bits, design, dies[:1], noise_seed=1)[0]
    assert (noisy == found[1]).mean() > 0.8
    hot = load_mixed("imac_mixed", [*SMALL, "variation.temperature_k=3e5"])
    assert (classify_mixed(weights(), bits, hot, noise_seed=1) != found[0]).any()


def test_an_engine_draws_the_noise_that_a_batch_draws() -> None:
    """Sigma of a batch is the mean of its first inputs: alone, an input has the engine's."""
    design = load_mixed("imac_mixed", [*SMALL, "variation.temperature_k=1e6"])
    engine = make_mixed_engine("fast", "m", design, SIZES, noise_seed=9)
    start_macro(engine, weights(), shape_of(SIZES, design))
    one = step_macro(engine, design, SIZES, inputs(1)[0], 0)
    batch = mixed_forward(weights(), inputs(1), design, noise_seed=9)
    clean = mixed_forward(weights(), inputs(1), design)
    for ours, theirs in zip(one.outputs, batch.codes, strict=True):
        assert np.abs(ours - theirs[0]).max() <= 4  # a code more or less where volts are near one
    assert np.abs(batch.codes[0] - clean.codes[0]).max() > 8


def test_a_holds_noise_is_that_of_its_sources_one_by_one() -> None:
    """Fixed cells, one part: nodes u+, u-, n+, n-, out solved for a unit current at each source."""
    design = load_mixed("imac_mixed", ["device.cell.kind=fixed"])
    w = np.array([[1], [-1], [-1]])
    stack = map_stack([w], design)
    bits = np.array([[1, 0]])
    macro, kelvin = design.macro, design.variation.temperature_k
    amplifier, converter, cell = macro.amplifier, macro.converter, design.device.cell
    r1, r3 = amplifier.r1_ohm, amplifier.r1_ohm * amplifier.gain_output
    rows_v = np.array([0.8, -0.8, 0.8])
    low, high = 1 / cell.r_low_ohm, 1 / cell.r_high_ohm
    g = np.array([np.where(w[:, 0] > 0, low, high), np.where(w[:, 0] > 0, high, low)])
    a = np.zeros((5, 5))  # u+, u-, n+, n-, out
    links = [(0, 2, r1), (2, None, r3), (1, 3, r1), (3, 4, r3)]
    for one, two, ohm in links:
        a[one, one] += 1 / ohm
        if two is not None:
            a[two, two] += 1 / ohm
            a[one, two] -= 1 / ohm
            a[two, one] -= 1 / ohm
    a[0, 0] += g[0].sum()
    a[1, 1] += g[1].sum()
    a[4] = [0, 0, amplifier.a0, -amplifier.a0, -1]
    inverse = np.linalg.inv(a)
    drive = np.array([g[0] @ rows_v, g[1] @ rows_v, 0, 0, 0])
    u_v = (inverse @ drive)[:2]
    psd = 0.0
    for side in (0, 1):
        v = rows_v - u_v[side]
        shot = 2 * CHARGE * g[side] * v / np.tanh(CHARGE * v / (2 * BOLTZMANN * kelvin))
        psd += shot.sum() * inverse[4, side] ** 2
    for one, two, ohm in links:
        through = inverse[4, one] - (0.0 if two is None else inverse[4, two] * (two != 4))
        psd += 4 * BOLTZMANN * kelvin / ohm * through**2
    psd += (design.variation.amplifier_noise_v * amplifier.a0 * inverse[4, 4]) ** 2
    gain_of_noise = 1 + r3 / (r1 + 1 / g[1].sum())
    pole_hz = amplifier.gbw_hz / gain_of_noise + amplifier.gbw_hz / amplifier.a0
    hold_hz = 1 / (2 * np.pi * converter.ron_ohm * converter.hold_f)
    f = np.geomspace(1e3, 1e15, 200_001)
    shape = 1 / ((1 + (f / pole_hz) ** 2) * (1 + (f / hold_hz) ** 2))
    band_hz = float(np.trapezoid(shape, f))
    want = np.sqrt(psd * band_hz + BOLTZMANN * kelvin / converter.hold_f)
    found = column_sigma(stack, 0, bits, design)
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(want, rel=0.01)
    drawn = HoldNoise(stack, design, seed=1).draw(0, np.repeat(bits, 4000, axis=0))
    assert drawn.std() == pytest.approx(want, rel=0.05)


def test_a_die_of_other_sizes_is_refused() -> None:
    design, die = worn()
    with pytest.raises(DesignError, match="die 2 is for sizes"):
        make_mixed_engine("fast", "m", design, (20, 6, 4), die=die)
    with pytest.raises(UserInputError, match="dies must be at least 1"):
        mixed_dies(design, SIZES, 1, 0)
