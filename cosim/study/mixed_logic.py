# SPDX-License-Identifier: Apache-2.0
"""mixed_logic : energy, delay and area of the mixed-signal macro's logic, from its gates.

Yosys maps rtl/mixed/mixed_digital.v for the macro's shape; the gates run cycle by cycle through
whole evaluations with the codes of a circuit, without delays, so glitches are not counted. No clock
is gated within an evaluation, and none runs outside. Joules, delays and leakage of each gate are
ngspice's on the design's FETs (cosim/analog/gate_energy.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.gate_energy import CLOCK, FET_PAIRS, GateTiming
from cosim.analog.layout_area import area_m2
from cosim.errors import RtlError
from cosim.mixed.reference import activations
from cosim.mixed.shape import DRAIN_CYCLES, Shape
from cosim.study.digital import FINS, FLOP, Block, gate_value, map_block

__all__ = ["LogicFigures", "logic_block", "logic_figures"]

Ints = NDArray[np.int64]
Bits = NDArray[np.bool_]
LANE_FLOPS = 16  # x and the neuron's code, 8 bits each


@dataclass(frozen=True, kw_only=True)
class LogicFigures:
    """Of one evaluation: joules, their share that moves with data; per macro the rest."""

    gates: int
    flops: int
    evaluation_j: float
    clock_j: float
    round_j: float
    leakage_w: float
    delay_s: float
    area_m2: float


@lru_cache(maxsize=4)
def logic_block(shape: Shape) -> Block:
    """The gates of the macro's logic."""
    rtl = tools.repo_root() / "rtl"
    more = [rtl / "mixed" / "mixed_lane.v"]
    more += [rtl / "neuron" / f"neuron_{name}.v" for name in ("lut", "pwl")]
    wanted = ("LAYERS", "LAYER_W", "LANES", "PARTS", "COL_W", "PART_W", "ACC_W", "NEURON", "ACT_N")
    vectors = ("OUTS", "HEIGHTS", "MULS", "SHIFTS", "OFFSETS")
    parameters = {name: shape.parameters[name] for name in (*wanted, *vectors)}
    return map_block(
        rtl / "mixed" / "mixed_digital.v", more, {**parameters, "ADC_BITS": shape.adc_bits}
    )


def logic_figures(
    shape: Shape,
    codes: Sequence[Ints],
    *,
    conv_cycles: int,
    joules: Mapping[str, float],
    timing: Mapping[str, GateTiming],
) -> LogicFigures:
    """Means over evaluations with `codes` of each layer, (n, height, n_out).

    One lane is mapped and run: as many sums move in any number of them, only the clock, leakage and
    area are of all. The activations that its gates hold at the end must be the reference's.
    """
    one = replace(shape, lanes=1, keep_on=False)  # rows on or off are not logic
    block, lanes = logic_block(one), shape.lanes
    found = _of_one(block, one, codes, conv_cycles=conv_cycles, joules=joules, timing=timing)
    flops = found.flops + (lanes - 1) * (shape.parts * shape.adc_bits + shape.acc_w + LANE_FLOPS)
    rounds = sum(len(shape.rounds(k)) for k in range(shape.layers))
    cycles = rounds * max(conv_cycles, 2) + shape.layers * DRAIN_CYCLES
    clock_j = joules[CLOCK] * flops * cycles
    evaluation_j = found.evaluation_j - found.clock_j + clock_j
    return replace(
        found,
        gates=round(found.gates * flops / found.flops),
        flops=flops,
        evaluation_j=evaluation_j,
        clock_j=clock_j,
        round_j=evaluation_j / rounds,
        leakage_w=found.leakage_w * flops / found.flops,
        area_m2=found.area_m2 * flops / found.flops,
    )


def _of_one(
    block: Block,
    shape: Shape,
    codes: Sequence[Ints],
    *,
    conv_cycles: int,
    joules: Mapping[str, float],
    timing: Mapping[str, GateTiming],
) -> LogicFigures:
    n = len(codes[0])
    nets: dict[int | str, Bits] = {"0": np.zeros(n, bool), "1": np.ones(n, bool)}
    flops = [gate for gate in block.gates if gate.kind == FLOP]
    logic = [gate for gate in block.gates if gate.kind != FLOP]
    for gate in flops:
        nets[gate.net] = np.zeros(n, bool)
    moved_j, cycles = 0.0, 0
    for cycle in _cycles(shape, codes, conv_cycles):
        for name, bits in block.inputs.items():
            values = np.broadcast_to(cycle[name], (n, len(bits)))
            nets.update({bit: values[:, k] for k, bit in enumerate(bits)})
        for gate in logic:
            found = gate_value(gate, {pin: nets[net] for pin, net in gate.pins.items()})
            if cycles:
                moved_j += joules[gate.kind] * np.count_nonzero(found != nets[gate.net])
            nets[gate.net] = found
        after: dict[int | str, Bits] = {gate.net: nets[gate.pins["D"]] for gate in flops}
        for net, found in after.items():
            moved_j += joules[FLOP] * np.count_nonzero(found != nets[net])
        nets |= after
        cycles += 1
    _check(block, nets, activations(codes[-1], shape.layers - 1, shape))
    clock_j = joules[CLOCK] * len(flops) * cycles
    evaluation_j = moved_j / n + clock_j
    rounds = sum(len(shape.rounds(k)) for k in range(shape.layers))
    fins = {kind: [FINS] * FET_PAIRS[kind] for kind in block.counts}
    return LogicFigures(
        gates=len(logic),
        flops=len(flops),
        evaluation_j=float(evaluation_j),
        clock_j=clock_j,
        round_j=float(evaluation_j / rounds),
        leakage_w=sum(count * timing[kind].leakage_w for kind, count in block.counts.items()),
        delay_s=_delay_s(block, timing),
        area_m2=sum(c * area_m2(fins[kind], fins[kind]) for kind, c in block.counts.items()),
    )


def _bits(values: Ints, width: int) -> Bits:
    """(n, width) bits of values (n,)."""
    return (values[:, None] >> np.arange(width) & 1).astype(bool)


def _cycles(shape: Shape, codes: Sequence[Ints], conv: int) -> Iterator[dict[str, Bits]]:
    """Inputs of every cycle, (n or 1, width): a reset, then the rounds of every layer."""
    n = len(codes[0])

    def word(value: int, width: int) -> Bits:
        return _bits(np.array([value]), width)

    quiet = {
        "i_clk": word(0, 1),
        "i_rst": word(0, 1),
        "i_capture": word(0, 1),
        "i_first": word(0, 1),
        "i_final": word(0, 1),
        "i_layer": word(0, shape.layer_w),
        "i_column": word(0, shape.column_w),
        "i_part": word(0, shape.part_w),
        "i_macro_code": np.zeros((1, shape.code_w), bool),
    }
    yield {**quiet, "i_rst": word(1, 1)}
    for layer in range(shape.layers):
        state = {**quiet, "i_layer": word(layer, shape.layer_w)}
        height, n_out = shape.heights[layer], shape.outs[layer]
        for column, part in shape.rounds(layer):
            given = np.zeros((n, shape.lanes, shape.parts), dtype=np.int64)
            lanes, parts = min(shape.lanes, n_out - column), min(shape.parts, height - part)
            cut = codes[layer][:, part : part + parts, column : column + lanes]
            given[:, :lanes, :parts] = cut.transpose(0, 2, 1)
            state |= {
                "i_column": word(column, shape.column_w),
                "i_part": word(part, shape.part_w),
                "i_first": word(int(part == 0), 1),
                "i_final": word(int(part + shape.parts >= height), 1),
                "i_macro_code": _bits(given.reshape(-1), shape.adc_bits).reshape(n, -1),
            }
            for cycle in range(max(conv, 2)):
                yield {**state, "i_capture": word(int(cycle == max(conv, 2) - 1), 1)}
        for _ in range(DRAIN_CYCLES):
            yield state


def _check(block: Block, nets: Mapping[int | str, Bits], want: Ints) -> None:
    port = block.outputs["o_act"]
    for j in range(want.shape[1]):
        got = sum(nets[port[8 * j + b]].astype(np.int64) << b for b in range(8))
        if not np.array_equal(got, want[:, j]):
            raise RtlError(f"the gates of the mixed logic give other codes for output {j}")


def _delay_s(block: Block, timing: Mapping[str, GateTiming]) -> float:
    """Longest path of mean gate delays between registers, ports included."""
    late: dict[int | str, float] = {}
    worst = 0.0
    for gate in block.gates:
        arrival = max((late.get(net, 0.0) for net in gate.pins.values()), default=0.0)
        if gate.kind == FLOP:
            worst = max(worst, arrival)
        else:
            late[gate.net] = arrival + timing[gate.kind].delay_s
    return worst + timing[FLOP].delay_s
