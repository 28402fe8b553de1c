# SPDX-License-Identifier: Apache-2.0
"""stt_cases : a tile in lockstep with the step sequencer; run by test_stt_steps.py.

The expectation is whole numbers: a row spikes iff its sum reaches a threshold that rises by `MORE`
matches with every spike of it.
"""

from __future__ import annotations

import os
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, Timer
from cocotb.utils import get_sim_time

from cosim.analog.pins import MacroDescription
from cosim.analog.protocol import MacroEngine
from cosim.bridge import attach
from cosim.sttbsnn.design import BsnnDesign, load_bsnn
from cosim.sttbsnn.factory import make_bsnn_engine
from cosim.sttbsnn.ladder import random_tile
from cosim.sttbsnn.levels import match_levels, matches
from cosim.sttbsnn.netlist import build_bsnn
from cosim.sttbsnn.rows import layer_of

ROWS, BITS, STEPS, MORE = 2, 10, 4, 3
RESET_PS, START_PS = 600, 500


async def steps(dut: Any, design: BsnnDesign, weights: Any, base: Any, inputs: Any) -> list[Any]:
    """Spikes (steps, rows), and the times of the spikes' edges after their strobes."""
    levels = match_levels(design)
    more = int(levels.code(base[0] + MORE) - levels.code(base[0]))
    dut.i_rst.value, dut.i_start.value, dut.i_steps.value = 1, 0, STEPS
    dut.i_code.value = sum(int(code) << (BITS * r) for r, code in enumerate(levels.code(base)))
    dut.i_more.value = sum(more << (BITS * r) for r in range(ROWS))
    dut.i_in.value, dut.spike.value = 0, 0
    await Timer(RESET_PS, unit="ps")
    dut.i_rst.value = 0
    kind = os.environ["STT_ENGINE"]

    def make(name: str, macro: MacroDescription) -> MacroEngine:
        del macro
        engine = make_bsnn_engine(kind, name, design, ROWS)
        engine.program((layer_of(weights),))
        return engine

    delays: list[int] = []

    async def watch() -> None:
        while True:
            await RisingEdge(dut.strobe)
            strobe_ps = int(get_sim_time("ps"))
            for _ in range(int(want_spikes[len(seen)].sum())):
                await dut.spike.value_change
                delays.append(int(get_sim_time("ps")) - strobe_ps)

    want_spikes = expected(weights, base, inputs)
    seen: list[Any] = []
    async with attach(dut, build_bsnn(weights, design, levels), engine=make) as macro:
        cocotb.start_soon(watch())
        dut.i_in.value = int("".join(map(str, inputs[0][::-1])), 2)
        dut.i_start.value = 1
        await Timer(START_PS, unit="ps")
        dut.i_start.value = 0
        for step in range(STEPS):
            await RisingEdge(dut.o_done)
            await Timer(1, unit="ps")
            word = int(dut.o_spikes.value)
            seen.append([(word >> r) & 1 for r in range(ROWS)])
            if step + 1 < STEPS:
                dut.i_in.value = int("".join(map(str, inputs[step + 1][::-1])), 2)
        assert not int(dut.o_busy.value)
        await Timer(2000, unit="ps")
        joules = macro.energy().total_j
    # four steps of 48 cells at 8 uW in 1 ns, and lines and latches
    assert 1e-12 < joules < 10e-12
    assert delays
    assert all(40 < delay < 400 for delay in delays)
    return seen


def expected(weights: Any, base: Any, inputs: Any) -> Any:
    """Spikes in whole numbers."""
    risen, found = np.zeros(ROWS, dtype=int), []
    for one in inputs:
        spikes = matches(weights, one) >= base + MORE * risen
        risen += spikes
        found.append(spikes.astype(int))
    return np.array(found)


@cocotb.test()
async def spikes_move_thresholds_and_come_when_they_are_decided(dut: Any) -> None:
    design = load_bsnn("stt_bsnn_65nm", ["row.inputs=24"])
    rng = np.random.default_rng(12)
    weights, inputs = random_tile(design, ROWS, STEPS, rng)
    base = np.array([11, 13])
    want = expected(weights, base, inputs)
    assert 0 < want.sum() < want.size  # both answers are asked for
    assert (np.diff(want, axis=0) != 0).any()
    seen = await steps(dut, design, weights, base, inputs)
    assert np.array_equal(np.array(seen), want), (seen, want.tolist())
