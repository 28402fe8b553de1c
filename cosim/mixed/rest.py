# SPDX-License-Identifier: Apache-2.0
"""rest : one layer's columns at rest: volts of every column of every row part, watts by supply.

`ideal` is exact arithmetic without wires, `fast` the circuit with wires: both are those of the
analog macro (cosim/analog), asked for one layer whose row parts have amplifiers of their own and
no neurons behind them. Inputs are digital: bits of the first layer's lines, DAC codes of others.
A die (die.py) spreads cells, connections and op-amps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve
from cosim.analog.fast_amplifier import (
    AmplifierBank,
    buffer_state,
    pair_current,
    supply_share,
)
from cosim.analog.fast_cells import LayerSolver
from cosim.analog.fast_layer import TiledLayer, tiled_layer
from cosim.analog.ideal_column import Column, cell_of, input_currents, solve_columns
from cosim.analog.ideal_die import DieColumn, solve_die_columns
from cosim.analog.tables_neuron import NeuronTable
from cosim.analog.variation import Die, LayerDie
from cosim.design import Design
from cosim.errors import UserInputError
from cosim.mapping import Mapping as Stack
from cosim.mapping import bounds
from cosim.mixed.design import MixedDesign
from cosim.mixed.ladder_dac import dac_v, dac_w

__all__ = [
    "SUPPLIES",
    "Part",
    "Rest",
    "RestSolver",
    "ideal_parts",
    "layer_tiles",
    "lines_v",
    "make_rest",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SUPPLIES = {  # and their groups
    "drivers": "drivers",
    "dac": "dacs",
    "buffer_vdd": "dacs",
    "bias": "bias",
    "amp_vdd": "amplifiers",
    "amp_vss": "amplifiers",
}
TOL_V, BATCH_TOL_V = 1e-6, 5e-6
REACH_V = 2.0  # beyond any op-amp's output


@dataclass(frozen=True, kw_only=True)
class Rest:
    """Columns (n, height, n_out) in volts; watts (n,) by supply, and what cells and wires heat."""

    column_v: Floats
    watts: Mapping[str, Floats]
    cells_w: Floats
    wires_w: Floats


RestSolver = Callable[[Ints], Rest]  # of bits or DAC codes (n, n_in)


def make_rest(
    kind: str, stack: Stack, layer: int, design: MixedDesign, die: Die | None = None
) -> RestSolver:
    """The solver of one layer; `kind` is ideal or fast."""
    if die is not None:
        die.check(stack.sizes)
    if kind == "ideal":
        return _ideal(stack, layer, design, die)
    if kind == "fast":
        return _fast(stack, layer, design, die)
    raise UserInputError(f"columns at rest are solved by ideal or fast, got {kind}")


def lines_v(codes: Ints, layer: int, design: MixedDesign) -> Floats:
    """What stands behind line drivers or inside the rows' buffers, (n, n_in + 1) with the bias."""
    vdd_v = design.macro.vdd_v
    if layer == 0:
        line_v = np.where(codes > 0, vdd_v, -vdd_v)
    else:
        line_v = buffer_state(dac_v(codes, design), design)
    return np.hstack([line_v, np.full((len(codes), 1), vdd_v)])


def _line_watts(
    x_v: Floats, line_a: Floats, codes: Ints, layer: int, design: MixedDesign
) -> dict[str, Floats]:
    """Of drivers or ladders and buffers, and of the bias."""
    macro = design.macro
    watts = {supply: np.zeros(len(x_v)) for supply in SUPPLIES}
    watts["bias"] = macro.vdd_v * line_a[:, -1]
    if layer == 0:
        watts["drivers"] = (x_v[:, :-1] * line_a[:, :-1]).sum(axis=1)
    else:
        on = supply_share(macro.vdd_v)
        high_a = pair_current(line_a[:, :-1], macro.buffer.iab_a * on) + macro.buffer.iq_a * on
        watts["buffer_vdd"] = macro.vdd_v * high_a.sum(axis=1)
        watts["dac"] = dac_w(codes, design)
    return watts


def _amplifier_watts(out_a: Floats, design: MixedDesign) -> dict[str, Floats]:
    """Of both rails, for what op-amps (n, height, n_out) deliver."""
    amplifier = design.macro.amplifier
    on = supply_share(2 * amplifier.rail_v)
    up_a = pair_current(out_a, amplifier.iab_a * on) + amplifier.iq_a * on
    return {
        "amp_vdd": amplifier.rail_v * up_a.sum(axis=(1, 2)),
        "amp_vss": amplifier.rail_v * (up_a - out_a).sum(axis=(1, 2)),
    }


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row part in exact arithmetic: its rows' volts (n, rows), weights and columns."""

    rows_v: Floats
    weights: NDArray[np.int8]
    column: Column
    die: LayerDie | None

    def row_a(self, design: MixedDesign) -> Floats:
        """Currents (n, rows) out of the rows."""
        if isinstance(self.column, DieColumn):
            return self.column.source_a()
        return input_currents(self.rows_v, self.column, self.weights, design)


def ideal_parts(
    stack: Stack, layer: int, codes: Ints, design: MixedDesign, die: Die | None = None
) -> list[Part]:
    """Every row part of a layer without wires, before op-amps' rails."""
    weights, tile = stack.weights[layer], design.macro.tile
    gain, x_v = design.gain(layer, len(stack.weights)), lines_v(codes, layer, design)
    found = []
    for h, (row0, row1) in enumerate(bounds(len(weights), tile.rows, tile.split)):
        rows_v, own = x_v[:, row0:row1], weights[row0:row1]
        if die is None:
            part, column = None, solve_columns(rows_v, own, gain, 0.0, design)
        else:
            part = die.layers[layer].part(row0, row1, h)
            column = solve_die_columns(rows_v, own, gain, 0.0, die=part, design=design)
        found.append(Part(rows_v=rows_v, weights=own, column=column, die=part))
    return found


def _ideal(stack: Stack, layer: int, design: MixedDesign, die: Die | None) -> RestSolver:
    amplifier = design.macro.amplifier
    limit_v = amplifier.rail_v - amplifier.head_v

    def solve(codes: Ints) -> Rest:
        columns, out_a, line_a, heat_w = [], [], [], np.zeros(len(codes))
        for part in ideal_parts(stack, layer, codes, design, die):
            column = part.column
            columns.append(np.clip(column.out_v, -limit_v, limit_v))
            out_a.append(column.feedback_a)
            line_a.append(part.row_a(design))
            heat_w += (part.rows_v * line_a[-1]).sum(axis=1)
            heat_w += (column.plus_v * column.ref_a + column.minus_v * column.feedback_a).sum(1)
        x_v = lines_v(codes, layer, design)
        watts = _line_watts(x_v, np.hstack(line_a), codes, layer, design)
        watts |= _amplifier_watts(np.stack(out_a, axis=1), design)
        return Rest(
            column_v=np.stack(columns, axis=1),
            watts=watts,
            cells_w=heat_w,
            wires_w=np.zeros(len(codes)),
        )

    cell_of(design)  # what is wrong with the design comes out now
    return solve


def layer_tiles(
    stack: Stack, layer: int, design: MixedDesign, die: Die | None = None
) -> TiledLayer:
    """The cells and wires of a layer whose row parts are on their own."""
    alone = _partitioned(design, "tied")
    if die is None:
        return tiled_layer(stack, alone, layer)
    return tiled_layer(stack, alone, layer, die.layers[layer], die.open_ohm)


def _fast(stack: Stack, layer: int, design: MixedDesign, die: Die | None) -> RestSolver:
    bank = AmplifierBank(
        design=_partitioned(design, "summed"),  # op-amps whose outputs nothing ties
        neuron=_nothing(),
        gain=design.gain(layer, len(stack.weights)),
        amplifier_offset_v=0.0 if die is None else die.layers[layer].amplifier_offset_v,
    )
    solver = LayerSolver(layer_tiles(stack, layer, design, die), bank, buffered=layer > 0)

    def solve(codes: Ints) -> Rest:
        tol_v = TOL_V if len(codes) == 1 else BATCH_TOL_V
        state = solver.solve(lines_v(codes, layer, design), tol_v=tol_v)
        out_a = state.bank.out_a
        assert out_a is not None  # the design's op-amps are realisable
        watts = _line_watts(state.source_v, state.source_a, codes, layer, design)
        watts |= _amplifier_watts(out_a, design)
        return Rest(column_v=state.out_v, watts=watts, cells_w=state.heat_w, wires_w=state.wire_w)

    return solve


def _partitioned(design: MixedDesign, outputs: str) -> Design:
    """The design with row parts joined in one or another way: only parts of it are asked."""
    partition = design.macro.partition.model_copy(update={"outputs": outputs})
    return design.model_copy(
        update={"macro": design.macro.model_copy(update={"partition": partition})}
    )


@lru_cache(maxsize=1)
def _nothing() -> NeuronTable:
    """A neuron that takes no current and repeats its input: a hold capacitor at rest."""
    vin_v = np.linspace(-REACH_V, REACH_V, 41)
    zero = np.zeros_like(vin_v)
    table = np.column_stack([vin_v, vin_v, vin_v, zero, zero])
    return NeuronTable(NeuronCurve(key="hold", table=table))
