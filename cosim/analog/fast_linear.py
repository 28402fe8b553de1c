# SPDX-License-Identifier: Apache-2.0
"""fast_linear : a programmed stack as linear maps around its operating points, for training.

Every cell becomes the secant of its current at the voltage it typically has: the layer's, less what
its place on the input line loses. The layer so linearised is reduced exactly (`fast_reduce.py`) and
closed by linear amplifiers. What secants miss is measured: operating points of the full circuit
give each column's gain and shift, and what remains as a residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve, neuron_curve
from cosim.analog.fast_amplifier import AmplifierBank
from cosim.analog.fast_forward import FastStack, StackState, fast_stack
from cosim.analog.fast_layer import TiledLayer, cell_current, tiled_layer, wire_matrices
from cosim.analog.fast_reduce import ReducedLayer, reduce_layer
from cosim.analog.tables_neuron import NeuronTable
from cosim.design import Design
from cosim.errors import DesignError
from cosim.mapping import Mapping, map_stack
from cosim.model.circuit_map import CircuitMap, LayerMap

__all__ = ["CircuitMapper", "linear_cells"]

Floats = NDArray[np.float64]
HIDDEN_V = 0.5  # typical |source - line| of a layer fed by neurons
CURVE_STEP_V = 2e-3
# signals this near to a rail bend: they measure no gain
LOW_MARGIN_V, HIGH_MARGIN_V = 0.15, 0.05
# volts^2 and points that pull a column's gain and shift towards the layer's
GAIN_PULL, SHIFT_PULL = 0.2, 2.0


@dataclass
class CircuitMapper:
    """A `cosim.model.circuit_map.Mapper`: the circuit of `design`, wires and all.

    Gains and shifts are measured when bits are given, and kept until the next time.
    """

    design: Design
    curve: NeuronCurve = field(init=False)
    _measured: list[tuple[Floats, Floats, float]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.design.macro.partition.outputs == "tied":
            raise DesignError("training needs macro.partition.outputs summed")
        self.curve = neuron_curve(self.design)

    def __call__(
        self, weights: Sequence[NDArray[np.int8]], bits: NDArray[np.uint8] | None
    ) -> CircuitMap:
        """Maps of `weights`; `bits` (n, n_in) are inputs to measure with."""
        mapping, neuron = map_stack(weights, self.design), NeuronTable(self.curve)
        layers = [_layer_map(mapping, self.design, neuron, k) for k in range(len(mapping.weights))]
        if bits is not None:
            self._measured = _measure(fast_stack(weights, self.design, self.curve), layers, bits)
        if not self._measured:
            raise DesignError("a circuit's first map needs inputs to measure with")
        low, high = self.curve.vin_v[[0, -1]]
        grid = np.linspace(low, high, round((high - low) / CURVE_STEP_V) + 1)
        return CircuitMap(
            layers=tuple(
                replace(layer, gain=gain, shift_v=shift_v, residual_v=residual_v)
                for layer, (gain, shift_v, residual_v) in zip(layers, self._measured, strict=True)
            ),
            vdd_v=self.design.macro.vdd_v,
            vin_v=grid,
            vout_v=neuron.output_v(grid),
            buffer_gain=self.design.macro.buffer.gain,
        )


def linear_cells(layer: TiledLayer) -> tuple[TiledLayer, Floats]:
    """The layer with secants for cells, and the volts (width,) they were taken at, by column."""
    _, v_p, rows, cols = layer.w.shape
    k_in, _ = wire_matrices(layer.lines, rows, cols)
    pair_s = layer.slope_s.sum(axis=2).max(axis=(0, 2))  # (v, cols), 0 where there is no column
    arrives = [np.linalg.solve(np.eye(cols) + k_in * pair, np.ones(cols)) for pair in pair_s]
    place_v = layer.typical_v * np.array(arrives)
    volts = place_v.reshape(1, v_p, 1, 1, cols)
    secant_s = cell_current(layer.g_p, layer.a, layer.cell, volts)[0] / volts
    # as P cells: all of the conductance in the junction, but for the strip in series
    junction_s = secant_s / (1 - secant_s * layer.cell.r_s_ohm)
    return replace(layer, g_p=junction_s, a=np.ones_like(layer.a)), place_v.ravel()


def _layer_map(mapping: Mapping, design: Design, neuron: NeuronTable, index: int) -> LayerMap:
    weight, amplifier = mapping.weights[index], design.macro.amplifier
    last = index == len(mapping.weights) - 1
    gain = amplifier.gain_output if last else amplifier.gain_hidden
    bank = AmplifierBank(design=design, neuron=neuron, gain=gain)
    layer = tiled_layer(mapping, design, index)
    linear, place_v = linear_cells(replace(layer, typical_v=HIDDEN_V) if index else layer)
    reduced = reduce_layer(linear)
    n_rows, n_out = weight.shape
    g_ap_s = layer.cell.current_ap(place_v)[0][:n_out] / place_v[:n_out]
    lines = reduced.t[0].reshape(2, layer.width, n_rows)[:, :n_out].transpose(0, 2, 1)
    swing_v = amplifier.rail_v - amplifier.head_v
    found = LayerMap(
        weight=weight,
        t_plus=lines[0] / np.where(weight < 0, g_ap_s, layer.cell.g_p_s),
        t_minus=lines[1] / np.where(weight > 0, g_ap_s, layer.cell.g_p_s),
        g_p_s=layer.cell.g_p_s,
        g_ap_s=g_ap_s,
        r1_ohm=bank.r1,
        r3_ohm=bank.r3,
        ref_v=bank.ref_v,
        low_v=-swing_v - bank.ref_v,
        high_v=swing_v - bank.ref_v,
        across=np.zeros(weight.shape),
        offset_v=np.zeros(n_out),
        gain=np.ones(n_out),
        shift_v=np.zeros(n_out),
        residual_v=0.0,
    )
    volt_per_v, offset_v = _closed(reduced, bank, n_out)
    own_offset_v = found.linear_v(np.zeros((1, n_rows)))[0]
    own_per_v = found.linear_v(np.eye(n_rows)) - own_offset_v
    return replace(found, across=volt_per_v - own_per_v, offset_v=offset_v - own_offset_v)


def _closed(reduced: ReducedLayer, bank: AmplifierBank, n_out: int) -> tuple[Floats, Floats]:
    """Signals per source volt (n_in + 1, n_out), and at zero volts, with exact amplifiers."""
    v_p, both = reduced.y.shape[1:3]
    cols, r1, r3 = both // 2, bank.r1, bank.r3
    line_per_a = np.linalg.inv(reduced.y[0] + np.kron(bank.admittance(), np.eye(cols)))
    t = reduced.t[0].reshape(2, v_p, cols, -1).transpose(1, 0, 2, 3).reshape(v_p, both, -1)
    t = np.concatenate([t, np.full((v_p, both, 1), bank.ref_v / (r1 + r3))], axis=2)
    line_v = line_per_a @ t
    # out - ref = (u+ - u-) R3/R1, from the two equations of an exact amplifier
    signal = ((line_v[:, :cols] - line_v[:, cols:]) * (r3 / r1)).reshape(v_p * cols, -1)[:n_out]
    return np.ascontiguousarray(signal[:, :-1].T), signal[:, -1]


def _measure(
    stack: FastStack, layers: Sequence[LayerMap], bits: NDArray[np.uint8]
) -> list[tuple[Floats, Floats, float]]:
    """Gain and shift of every column, and the rms left over, of each layer."""

    def keep(state: StackState) -> tuple[Floats, ...]:
        return (*(layer.source_v for layer in state.layers), *state.amplifier_v)

    arrays = stack.evaluate(stack.drive_of(bits), keep)
    count = len(layers)
    found = []
    for layer, source_v, amplifier_v in zip(layers, arrays[:count], arrays[count:], strict=True):
        found.append(_fit(layer, source_v, amplifier_v - layer.ref_v))
    return found


def _fit(layer: LayerMap, source_v: Floats, true_v: Floats) -> tuple[Floats, Floats, float]:
    model_v = layer.linear_v(source_v)
    inside = (true_v > layer.low_v + LOW_MARGIN_V) & (true_v < layer.high_v - HIGH_MARGIN_V)
    if inside.sum() < 2:
        raise DesignError("every amplifier is at a rail: nothing to measure a gain with")
    common = np.polyfit(model_v[inside], true_v[inside], 1)
    pull = np.diag([GAIN_PULL, SHIFT_PULL])
    fits, errors = np.empty((2, true_v.shape[1])), []
    for column in range(true_v.shape[1]):
        at = inside[:, column]
        basis = np.stack([model_v[at, column], np.ones(at.sum())], axis=1)
        rest = true_v[at, column] - basis @ common
        own = np.linalg.solve(basis.T @ basis + pull, basis.T @ rest)
        fits[:, column] = common + own
        errors.append(rest - basis @ own)
    return fits[0], fits[1], float(np.concatenate(errors).std())
