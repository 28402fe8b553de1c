# SPDX-License-Identifier: Apache-2.0
"""ideal_forward : a stack of layers in exact arithmetic, for one evaluation or ten thousand.

Exact are the cells (bias-dependent or linear), the columns and the op-amps; amplifier outputs clip
at their rails less headroom; neurons follow their measured curve; buffers and drivers are unity
with no resistance. Wires, time and noise are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.analog.characterise import NeuronCurve
from cosim.analog.ideal_column import Column, solve_columns
from cosim.design import Design
from cosim.errors import DesignError, ModelError
from cosim.mapping import check_stack

__all__ = ["LayerVolts", "ideal_forward"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LayerVolts:
    """One layer: line voltages (n, n_in + 1), amplifier and neuron outputs (n, n_out).

    `columns` holds one solution per row partition with tied outputs, else one.
    """

    line_v: Floats
    amplifier_v: Floats
    signal_v: Floats
    neuron_v: Floats
    columns: tuple[Column, ...]


def ideal_forward(
    weights: Sequence[ArrayLike], bits: ArrayLike, design: Design, curve: NeuronCurve
) -> tuple[LayerVolts, ...]:
    """Volts of every layer for input bits (n, n_in) or (n_in,), 0 or 1."""
    layers = check_stack(weights)
    _supported(design, len(layers))
    inputs = np.atleast_2d(np.asarray(bits))
    if inputs.shape[1] != layers[0].shape[0] - 1:
        raise ModelError(f"stack takes {layers[0].shape[0] - 1} input bits, got {inputs.shape[1]}")
    if not np.isin(inputs, (0, 1)).all():
        raise ModelError("input bits must be 0 or 1")
    vdd_v = design.macro.vdd_v
    values = np.where(inputs == 1, vdd_v, -vdd_v)
    out = []
    for index, layer in enumerate(layers):
        line_v = np.hstack([values, np.full((len(values), 1), vdd_v)])
        found = _layer(line_v, layer, index == len(layers) - 1, design, curve)
        out.append(found)
        values = found.neuron_v
    return tuple(out)


def _supported(design: Design, n_layers: int) -> None:
    """Refuse what exact arithmetic would get wrong without a word."""
    if n_layers > 1 and not design.macro.buffer.enabled:
        raise DesignError("engine ideal needs macro.buffer.enabled: it has no loaded neurons")
    if design.macro.access.enabled:
        raise DesignError(
            "engine ideal has no access transistors: macro.access.enabled must be false"
        )


def _layer(
    line_v: Floats, weights: NDArray[np.int8], last: bool, design: Design, curve: NeuronCurve
) -> LayerVolts:
    macro = design.macro
    amplifier = macro.amplifier
    gain = amplifier.gain_output if last else amplifier.gain_hidden
    shifted = amplifier.reference == "shifted"
    ref_v = macro.neuron.shift_v if shifted else 0.0
    limit_v = amplifier.rail_v - (amplifier.head_v if amplifier.kind == "realisable" else 0.0)
    rows = len(weights) if macro.partition.outputs == "summed" else macro.tile.rows
    columns = tuple(
        solve_columns(line_v[:, r : r + rows], weights[r : r + rows], gain, ref_v, design)
        for r in range(0, len(weights), rows)
    )
    clipped = [np.clip(column.out_v, -limit_v, limit_v) for column in columns]
    amplifier_v = np.mean(clipped, axis=0)  # one, or equal ties
    signal_v = amplifier_v - ref_v
    return LayerVolts(
        line_v=line_v,
        amplifier_v=amplifier_v,
        signal_v=signal_v,
        neuron_v=curve.output_v(signal_v),
        columns=columns,
    )
