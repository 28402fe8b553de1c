# SPDX-License-Identifier: Apache-2.0
"""ideal_forward : a stack of layers in exact arithmetic, for one evaluation or ten thousand.

Exact are the cells (bias-dependent or linear), the columns and the op-amps; amplifier outputs clip
at their rails less headroom; neurons follow their measured curve; buffers and drivers are unity
with no resistance. Wires and time are left out. A die spreads cells, offsets and connections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.analog.characterise import NeuronCurve
from cosim.analog.ideal_access import solve_access_columns
from cosim.analog.ideal_column import Column, solve_columns
from cosim.analog.ideal_die import solve_die_columns
from cosim.analog.variation import Die, LayerDie
from cosim.design import Design
from cosim.errors import DesignError, ModelError
from cosim.mapping import bounds, check_stack

__all__ = ["LayerVolts", "ideal_forward", "row_parts"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LayerVolts:
    """One layer: line voltages (n, n_in + 1), amplifier and neuron outputs (n, n_out).

    `signal_v` is what the neurons see, `columns` one solution per row partition with tied outputs,
    else one.
    """

    line_v: Floats
    amplifier_v: Floats
    signal_v: Floats
    neuron_v: Floats
    columns: tuple[Column, ...]


def ideal_forward(
    weights: Sequence[ArrayLike],
    bits: ArrayLike,
    design: Design,
    curve: NeuronCurve,
    *,
    die: Die | None = None,
) -> tuple[LayerVolts, ...]:
    """Volts of every layer for input bits (n, n_in) or (n_in,), 0 or 1; on a die or nominal."""
    layers = check_stack(weights)
    _supported(design, len(layers))
    inputs = np.atleast_2d(np.asarray(bits))
    if inputs.shape[1] != layers[0].shape[0] - 1:
        raise ModelError(f"stack takes {layers[0].shape[0] - 1} input bits, got {inputs.shape[1]}")
    if not np.isin(inputs, (0, 1)).all():
        raise ModelError("input bits must be 0 or 1")
    sizes = (inputs.shape[1], *(layer.shape[1] for layer in layers))
    vdd_v, amplifier = design.macro.vdd_v, design.macro.amplifier
    values = np.where(inputs == 1, vdd_v, -vdd_v)
    out = []
    for index, layer in enumerate(layers):
        line_v = np.hstack([values, np.full((len(values), 1), vdd_v)])
        gain = amplifier.gain_output if index == len(layers) - 1 else amplifier.gain_hidden
        if die and design.macro.access.enabled:
            raise DesignError("engine ideal has no dies of cells behind access transistors")
        layer_die = die.check(sizes).layers[index] if die else None
        found = _layer(line_v, layer, gain, (design, curve), layer_die)
        out.append(found)
        values = found.neuron_v
    return tuple(out)


def _supported(design: Design, n_layers: int) -> None:
    """Refuse what exact arithmetic would get wrong without a word."""
    if n_layers > 1 and not design.macro.buffer.enabled:
        raise DesignError("engine ideal needs macro.buffer.enabled: it has no loaded neurons")


def row_parts(n_rows: int, design: Design) -> list[tuple[int, int]]:
    """(first, end) rows that share an amplifier: all, or a row partition with tied outputs."""
    tile = design.macro.tile
    if design.macro.partition.outputs == "summed":
        return [(0, n_rows)]
    return bounds(n_rows, tile.rows, tile.split)


def _layer(
    line_v: Floats,
    weights: NDArray[np.int8],
    gain: float,
    circuit: tuple[Design, NeuronCurve],
    die: LayerDie | None,
) -> LayerVolts:
    design, curve = circuit
    amplifier = design.macro.amplifier
    shifted = amplifier.reference == "shifted"
    ref_v = design.macro.neuron.shift_v if shifted else 0.0
    limit_v = amplifier.rail_v - (amplifier.head_v if amplifier.kind == "realisable" else 0.0)
    parts = row_parts(len(weights), design)
    columns: list[Column] = []
    for port, (row0, row1) in enumerate(parts):
        x_v, w = line_v[:, row0:row1], weights[row0:row1]
        if design.macro.access.enabled:
            columns.append(solve_access_columns(x_v, w, gain, ref_v, design))
        elif die is None:
            columns.append(solve_columns(x_v, w, gain, ref_v, design))
        else:
            part = die if len(parts) == 1 else die.part(row0, row1, port)
            columns.append(solve_die_columns(x_v, w, gain, ref_v, die=part, design=design))
    clipped = [np.clip(column.out_v, -limit_v, limit_v) for column in columns]
    amplifier_v = np.mean(clipped, axis=0)  # one, or equal ties
    signal_v = amplifier_v - ref_v + (die.neuron_offset_v if die else 0.0)
    return LayerVolts(
        line_v=line_v,
        amplifier_v=amplifier_v,
        signal_v=signal_v,
        neuron_v=curve.output_v(signal_v),
        columns=tuple(columns),
    )
