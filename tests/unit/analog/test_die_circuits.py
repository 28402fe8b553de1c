# SPDX-License-Identifier: Apache-2.0
"""test_die_circuits : one die in ideal, fast and ngspice; small ones against node equations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.analog.characterise import neuron_curve
from cosim.analog.factory import make_engine
from cosim.analog.fast_forward import fast_stack
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.netlist import ENABLE, input_pin
from cosim.analog.variation import Die, nominal_die, sample_die
from cosim.design import load_design

pytestmark = pytest.mark.spice

Floats = NDArray[np.float64]
LINEAR = [
    "wires.enabled=false",
    "macro.meter_cells=false",
    "device.mtj.bias_dependent=false",
    "device.mtj.r_hm_ohm=0.0",
    "macro.driver.r_ohm=1e-6",
    "macro.amplifier.kind=ideal",
    "macro.amplifier.reference=ground",
    "macro.amplifier.gain_output=2.0",  # few cells: nothing clips
]
R_P_OHM = 10e-12 / (np.pi / 4 * 50e-9 * 30e-9)
R1_OHM, R3_OHM, REF_V, VDD_V, OPEN_OHM = 1e3, 2e3, 0.0, 0.8, 1e9
WEIGHTS = np.array([[1], [-1], [1]], dtype=np.int8)  # two inputs and the bias on one output
BITS = np.array([1, 0])
TOL_V = 2e-6  # op-amp gain 1e9, drivers of a micro-ohm, fast's residual of 1 uV
TOL_IDEAL_V = 5e-5  # leaks of 1 Gohm are left out: 1.6 nA at most through some ten kilohms


def node_equations(die: Die) -> float:
    """The amplifier's output, from one dense system over every node of the 2x1 circuit."""
    layer = die.layers[0]
    ap = np.stack([WEIGHTS[:, 0] < 0, WEIGHTS[:, 0] > 0], axis=1)
    ap = np.where(layer.stuck[:, 0] >= 0, layer.stuck[:, 0] == 1, ap)
    r_p = R_P_OHM * layer.r_factor[:, 0]
    ohm = np.where(ap, r_p * (1 + 2.0 * layer.tmr_factor[:, 0]), r_p)
    names = ["x0", "x1", "x2", "p", "m", "tp", "tm", "inp", "inn", "out"]
    at = {name: k for k, name in enumerate(names)}
    a, b = np.zeros((10, 10)), np.zeros(10)

    def resistor(one: str, two: str | float, r: float) -> None:
        i, g = at[one], 1 / r
        a[i, i] += g
        if isinstance(two, str):
            j = at[two]
            a[j, j] += g
            a[i, j] -= g
            a[j, i] -= g
        else:
            b[i] += g * two

    for row, volts in enumerate((VDD_V, -VDD_V, VDD_V)):
        resistor(f"x{row}", volts, OPEN_OHM if layer.row_open[row, 0] else 1e-6)
        resistor(f"x{row}", "tp", ohm[row, 0])
        resistor(f"x{row}", "tm", ohm[row, 1])
    for side, name in enumerate("pm"):
        resistor(f"t{name}", name, OPEN_OHM if layer.line_open[0, 0, side] else 1e-6)
    resistor("m", "inn", R1_OHM)
    resistor("p", "inp", R1_OHM)
    resistor("inp", REF_V, R3_OHM)
    resistor("inn", "out", R3_OHM)
    a[at["out"]] = 0.0  # the op-amp: inn = inp + offset
    a[at["out"], at["inn"]], a[at["out"], at["inp"]] = 1.0, -1.0
    b[at["out"]] = layer.amplifier_offset_v[0, 0]
    return float(np.linalg.solve(a, b)[at["out"]])


def changed(**values: Any) -> Die:
    """The 2x1 die with some entries set: `stuck={(row, side): state}`, `row_open=[row]`, ..."""
    die = nominal_die(load_design("imac_14nm", LINEAR), (2, 1))
    layer = die.layers[0]
    arrays = {key: getattr(layer, key).copy() for key in values}
    for key, entries in values.items():
        for place, value in entries.items():
            arrays[key][place] = value
    return replace(die, layers=(replace(layer, **arrays),))


CASES = {
    "nominal": changed(),
    "spread": changed(r_factor={(0, 0, 0): 1.2, (2, 0, 1): 0.8}, tmr_factor={(1, 0, 0): 0.7}),
    "stuck P": changed(stuck={(0, 0, 1): 0}),
    "stuck AP": changed(stuck={(0, 0, 0): 1, (1, 0, 1): 1}),
    "amplifier offset": changed(amplifier_offset_v={(0, 0): 5e-3}),
    "open row": changed(row_open={(1, 0): True}),
    "two open rows": changed(row_open={(0, 0): True, (1, 0): True}),
    "open I+": changed(line_open={(0, 0, 0): True}),
    "open I- and row": changed(line_open={(0, 0, 1): True}, row_open={(2, 0): True}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_2x1_circuit_follows_its_node_equations_in_every_engine(
    case: str, operating_point: Callable[..., dict[str, float]]
) -> None:
    die, design = CASES[case], load_design("imac_14nm", LINEAR)
    expected = node_equations(die)
    spice = operating_point([WEIGHTS], BITS, design, die)["a0_0"]
    stack = fast_stack([WEIGHTS], design, die=die)
    fast = float(stack.solve(stack.drive_of(BITS)).amplifier_v[0][0, 0])
    ideal = ideal_forward([WEIGHTS], BITS, design, neuron_curve(design), die=die)[0]
    assert spice == pytest.approx(expected, abs=TOL_V)
    assert fast == pytest.approx(expected, abs=TOL_V)
    assert float(ideal.amplifier_v[0, 0]) == pytest.approx(expected, abs=TOL_IDEAL_V)


def test_the_cases_differ_from_the_nominal_circuit() -> None:
    nominal = node_equations(CASES["nominal"])
    moved = [abs(node_equations(die) - nominal) for name, die in CASES.items() if name != "nominal"]
    assert min(moved) > 100 * TOL_IDEAL_V


def test_a_neuron_offset_shifts_the_curve_in_every_engine(
    operating_point: Callable[..., dict[str, float]],
) -> None:
    die, design = changed(neuron_offset_v={(0,): -0.1}), load_design("imac_14nm", LINEAR)
    curve = neuron_curve(design)
    spice = operating_point([WEIGHTS], BITS, design, die)
    stack = fast_stack([WEIGHTS], design, die=die)
    fast = stack.solve(stack.drive_of(BITS))
    ideal = ideal_forward([WEIGHTS], BITS, design, curve, die=die)[0]
    expected = float(curve.output_v(np.array(spice["a0_0"] - REF_V - 0.1)))
    nominal = float(curve.output_v(np.array(spice["a0_0"] - REF_V)))
    assert abs(expected - nominal) > 0.02
    for found in (spice["y0_0"], float(fast.neuron_v[0][0, 0]), float(ideal.neuron_v[0, 0])):
        assert found == pytest.approx(expected, abs=1e-4)  # interpolation of the curve


DEFECTS = [
    *("variation.row_open_rate=0.1", "variation.line_open_rate=0.1"),
    *("variation.stuck_p_rate=0.05", "variation.stuck_ap_rate=0.05"),
    "macro.tile={rows: 8, cols: 4}",
]
SIZES = (20, 6, 4)
TOL_LADDER_V = (1e-3, 2e-3)  # of the ladder: amplifiers, neurons; seen are 4 uV


@pytest.mark.parametrize("wires", ["false", "true"])
def test_fast_is_ngspice_on_a_die_full_of_defects(
    wires: str, random_stack: Callable, operating_point: Callable[..., dict[str, float]]
) -> None:
    stack, bits = random_stack(*SIZES), np.arange(20) % 3 % 2
    design = load_design("imac_14nm", [*DEFECTS, f"wires.enabled={wires}"])
    die = sample_die(design, SIZES, 1, 2)
    assert die.layers[0].opens
    fast = fast_stack(stack, design, die=die)
    solved = fast.solve(fast.drive_of(bits))
    spice = operating_point(stack, bits, design, die)
    nominal = fast_stack(stack, design).solve(fast.drive_of(bits))
    for layer, n_out in enumerate(SIZES[1:]):
        for letter, volts, tolerance, other in (
            ("a", solved.amplifier_v[layer][0], TOL_LADDER_V[0], nominal.amplifier_v[layer][0]),
            ("y", solved.neuron_v[layer][0], TOL_LADDER_V[1], nominal.neuron_v[layer][0]),
        ):
            found = [spice[f"{letter}{layer}_{j}"] for j in range(n_out)]
            assert volts == pytest.approx(found, abs=tolerance)
            assert np.abs(volts - other).max() > 10 * tolerance


def test_ideal_on_a_die_without_spread_is_the_nominal_ideal(random_stack: Callable) -> None:
    design = load_design("imac_14nm")
    stack = random_stack(40, 12, 5)
    bits = np.random.default_rng(2).integers(0, 2, (6, 40))
    curve = neuron_curve(design)
    nominal = ideal_forward(stack, bits, design, curve)
    dull = ideal_forward(stack, bits, design, curve, die=nominal_die(design, (40, 12, 5)))
    for a, b in zip(nominal, dull, strict=True):
        assert a.neuron_v == pytest.approx(b.neuron_v, abs=1e-8)


@pytest.mark.parametrize("kind", ["ideal", "fast", "ngspice"])
def test_an_engine_keeps_its_die_when_programmed_again(kind: str, random_stack: Callable) -> None:
    sizes = (6, 3)
    design = load_design("imac_14nm", ["variation.ra_sigma=0.2", "variation.neuron_offset_v=0.02"])
    first, second = random_stack(*sizes, seed=1), random_stack(*sizes, seed=2)
    die = sample_die(design, sizes, 4, 1)
    levels = {ENABLE: 1, **{input_pin(i): i % 2 for i in range(6)}}
    bits = np.arange(6) % 2
    expected = fast_stack(second, design, die=die)
    wanted = expected.solve(expected.drive_of(bits)).neuron_v[0][0]
    engine = make_engine(kind, "m0", design, sizes, die=die)
    try:
        engine.program(tuple(w.astype(np.float64) for w in first))
        engine.program(tuple(w.astype(np.float64) for w in second))
        engine.start(0, levels)
        found = engine.sample().layers["layer0.neuron"]
    finally:
        engine.close()
    assert found == pytest.approx(wanted, abs=0.03 if kind == "ideal" else 2e-3)
