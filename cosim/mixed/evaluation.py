# SPDX-License-Identifier: Apache-2.0
"""evaluation : one evaluation of a macro without RTL: the pins that the sequencer would move.

The logic between the layers is reference.py; edges, rounds and cycles are those of
rtl/mixed/mixed_sequencer.v.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist import ENABLE, input_pin
from cosim.analog.protocol import MacroEngine
from cosim.errors import ConvergenceError
from cosim.mixed.design import DAC_BITS, MixedDesign
from cosim.mixed.reference import activations, layer_codes
from cosim.mixed.shape import DRAIN_CYCLES, Shape, aux_pin, shape_of

__all__ = ["Evaluated", "start_macro", "step_macro"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SLEEP_LIMIT_CYCLES = 100


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """`column_v` and `codes` (height, n_out) and neurons' `outputs` (n_out,) of each layer."""

    column_v: tuple[Floats, ...]
    codes: tuple[Ints, ...]
    outputs: tuple[Ints, ...]
    duration_s: float
    energy_j: float
    by_group: Mapping[str, float]


def start_macro(engine: MacroEngine, weights: tuple[Floats, ...], shape: Shape) -> None:
    """Program and start at time 0, everything off."""
    engine.program(weights)
    pins = (ENABLE, *(input_pin(i) for i in range(shape.sizes[0])))
    engine.start(0, dict.fromkeys((*pins, *(aux_pin(k) for k in range(shape.aux_w))), 0))


def step_macro(
    engine: MacroEngine, design: MixedDesign, sizes: tuple[int, ...], bits: Ints, t_ps: int
) -> Evaluated:
    """One evaluation of input bits (n_in,) from `t_ps`, the present time of the engine."""
    shape, timing = shape_of(sizes, design), design.macro.timing
    period = design.clock.period_ps
    aux = {what: aux_pin(k) for k, what in enumerate(shape.aux_pins)}
    before, begin_ps = engine.energy(), t_ps

    def wait(cycles: int) -> int:
        until = t_ps + cycles * period
        engine.advance(until, grid_ps=period, stop_on_crossing=False)
        return until

    def word(name: str, width: int, value: int) -> dict[str, int]:
        return {aux[f"{name}[{b}]"]: value >> b & 1 for b in range(width)}

    engine.drive(t_ps, {ENABLE: 1, **{input_pin(i): int(bit) for i, bit in enumerate(bits)}})
    column_v: list[Floats] = []
    codes: list[Ints] = []
    outputs: list[Ints] = []
    for layer in range(shape.layers):
        dac = {} if layer == 0 else _dac(outputs[-1], aux)
        engine.drive(t_ps, {aux[f"layer[{layer}]"]: 1, **dac})
        t_ps = wait(timing.settle_cycles)
        engine.drive(t_ps, {aux["hold"]: 1})
        held = engine.snapshot()[f"layer{layer}.column"]
        t_ps = wait(1)
        engine.drive(t_ps, {aux["hold"]: 0, aux[f"layer[{layer}]"]: int(shape.keep_on)})
        sampled = []
        for column, part in shape.rounds(layer):
            engine.drive(
                t_ps,
                {**word("column", shape.column_w, column), **word("part", shape.part_w, part)},
            )
            found = engine.sample(shape.converter_pins).codes
            sampled.append([found[pin] for pin in shape.converter_pins])
            t_ps = wait(max(timing.conv_cycles, 2))
        engine.drive(t_ps, {aux[f"layer[{layer}]"]: 0})
        codes.append(_of_layer(sampled, layer, shape))
        outputs.append(activations(codes[-1], layer, shape))
        column_v.append(held.reshape(shape.heights[layer], shape.outs[layer]))
        t_ps = wait(DRAIN_CYCLES)
    engine.drive(t_ps, {ENABLE: 0})
    after, end_ps = engine.energy(), t_ps
    for _ in range(SLEEP_LIMIT_CYCLES):  # what is still moving runs out here
        t_ps += period
        if engine.advance(t_ps, stop_on_crossing=False).settled:
            break
    else:
        raise ConvergenceError("the macro does not come to rest", t_ps=t_ps)
    return Evaluated(
        column_v=tuple(column_v),
        codes=tuple(codes),
        outputs=tuple(outputs),
        duration_s=(end_ps - begin_ps) * 1e-12,
        energy_j=after.total_j - before.total_j,
        by_group={
            group: j - before.by_group.get(group, 0.0) for group, j in after.by_group.items()
        },
    )


def _dac(outputs: Ints, aux: Mapping[str, str]) -> dict[str, int]:
    return {
        aux[f"dac[{DAC_BITS * j + b}]"]: int(code) >> b & 1
        for j, code in enumerate(outputs)
        for b in range(DAC_BITS)
    }


def _of_layer(sampled: list[list[int]], layer: int, shape: Shape) -> Ints:
    """Codes (height, n_out) of one layer from its rounds."""
    empty = [[[0] * shape.converters] * len(shape.rounds(k)) for k in range(shape.layers)]
    empty[layer] = sampled
    return layer_codes([one for rounds in empty for one in rounds], shape)[layer]
