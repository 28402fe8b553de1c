# SPDX-License-Identifier: Apache-2.0
"""test_fast_linear : what training sees of a circuit against the circuit's operating points."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.analog.fast_forward import StackState, fast_stack
from cosim.analog.fast_linear import CircuitMapper
from cosim.design import Design, load_design
from cosim.errors import DesignError
from cosim.model.circuit_map import LayerMap, column_v

SMALL = ["macro.tile={rows: 16, cols: 16}", "wires.enabled=true"]
LINEAR = [*SMALL, "device.mtj.bias_dependent=false", "macro.amplifier.kind=ideal"]
SIZES = (33, 20, 5)


def signs(*sizes: int, seed: int = 1) -> list[NDArray[np.int8]]:
    rng = np.random.default_rng(seed)
    return [rng.choice(np.array([-1, 1], np.int8), (a + 1, b)) for a, b in pairwise(sizes)]


def inputs(n: int = 40) -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 2, (n, SIZES[0])).astype(np.uint8)


def solved(design: Design, weights: list[NDArray[np.int8]], bits: NDArray[np.uint8]) -> StackState:
    stack = fast_stack(weights, design)
    return stack.solve(stack.drive_of(bits))


def test_linear_cells_and_exact_amplifiers_are_mapped_exactly() -> None:
    design, weights, bits = load_design("imac_14nm", LINEAR), signs(*SIZES), inputs()
    circuit = CircuitMapper(design)(weights, bits)
    state = solved(design, weights, bits)
    for layer, found, true_v in zip(circuit.layers, state.layers, state.amplifier_v, strict=True):
        signal_v = true_v - layer.ref_v
        inside = (signal_v > layer.low_v + 0.1) & (signal_v < layer.high_v - 0.1)
        error_v = layer.linear_v(found.source_v) - signal_v
        # the engine stops when no voltage moves by 1 uV; an amplifier multiplies that by its gain
        assert np.abs(error_v[inside]).max() < 1e-4
        assert inside.sum() > 40
        assert layer.residual_v < 1e-4
        assert np.abs(layer.gain - 1).max() < 1e-3


def test_measured_gains_take_up_what_bias_does_to_cells() -> None:
    design, weights = load_design("imac_14nm", ["wires.enabled=true"]), signs(200, 24, 5)
    bits = np.random.default_rng(2).integers(0, 2, (160, 200)).astype(np.uint8)
    layers = CircuitMapper(design)(weights, bits[:80]).layers
    state = solved(design, weights, bits[80:])
    for layer, found, true_v in zip(layers, state.layers, state.amplifier_v, strict=True):
        signal_v = true_v - layer.ref_v
        inside = (signal_v > layer.low_v + 0.15) & (signal_v < layer.high_v - 0.05)
        rest_v = (layer.signal_v(found.source_v) - signal_v)[inside]
        raw_v = (layer.linear_v(found.source_v) - signal_v)[inside]
        assert rest_v.std() < 0.1 * signal_v[inside].std()
        assert rest_v.std() < 0.8 * raw_v.std()  # measuring does help
        assert rest_v.std() < 1.5 * layer.residual_v  # and the noise that training adds is enough


def flipped(layer: LayerMap, row: int, column: int, x_v: NDArray[np.float64]) -> float:
    """Change of a column's output that training expects of one turned sign: `across` stays."""
    plus, minus = layer.conductances()
    mean, half = 0.5 * (layer.g_p_s + layer.g_ap_s), 0.5 * (layer.g_p_s - layer.g_ap_s)
    sign = -layer.weight[row, column]
    plus[row, column] = (mean + half * sign)[column] * layer.t_plus[row, column]
    minus[row, column] = (mean - half * sign)[column] * layer.t_minus[row, column]
    ends = {"r1": layer.r1_ohm, "r3": layer.r3_ohm, "ref_v": layer.ref_v}
    now = column_v(x_v, plus, minus, **ends) - column_v(x_v, *layer.conductances(), **ends)
    return float(now[0, column])


def test_a_turned_sign_moves_its_column_as_training_expects() -> None:
    design = load_design("imac_14nm", LINEAR)
    weights = signs(33, 20)
    x_v = np.append(np.where(inputs(1)[0] == 1, 0.8, -0.8), 0.8)[None]
    mapper = CircuitMapper(design)
    layer = mapper(weights, inputs()).layers[0]
    rng = np.random.default_rng(3)
    expected, true = [], []
    for row, column in zip(rng.integers(0, 34, 12), rng.integers(0, 20, 12), strict=True):
        other = weights[0].copy()
        other[row, column] *= -1
        turned = mapper([other], None).layers[0]
        true.append((turned.linear_v(x_v) - layer.linear_v(x_v))[0, column])
        expected.append(flipped(layer, int(row), int(column), x_v))
    ratio = np.array(expected) / np.array(true)
    assert np.abs(ratio - 1).max() < 0.25, ratio  # a gradient's sign and size, not its digits
    assert np.ptp(np.abs(true)) > 0.15 * np.abs(true).max()  # places in a tile do differ


def test_the_first_map_needs_inputs_and_ties_are_refused() -> None:
    with pytest.raises(DesignError, match="needs inputs to measure"):
        CircuitMapper(load_design("imac_14nm", SMALL))(signs(*SIZES), None)
    with pytest.raises(DesignError, match="outputs summed"):
        CircuitMapper(load_design("imac_14nm", ["macro.partition.outputs=tied"]))
