# SPDX-License-Identifier: Apache-2.0
"""test_imac_sequencer : every edge of an evaluation falls on its cycle, for all edge values."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.utils import get_sim_time
from rtl_runner import RTL, run_icarus
from xif.bench import PERIOD_NS, Bench, maybe

EDGE_VALUES = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 7), (8, 1))
N_RANDOM = 150


async def evaluate(tb: Bench, settle: int, conv: int) -> None:
    """One evaluation, every pin checked in every cycle against the closed form."""
    tb.drive(i_start=1, i_settle_cycles=settle, i_conv_cycles=conv)
    await tb.settled()
    tb.check(o_busy=0, o_capture=0, o_macro_en=0, o_macro_strobe=0)
    await tb.edge()  # t0
    tb.drive(i_start=0)
    for after_t0 in range(settle + conv):
        if after_t0 == 0:  # SETTLE_CYCLES was read at the start
            tb.drive(i_settle_cycles=tb.rng.randrange(1, 9))
        if after_t0 == settle:  # CONV_CYCLES was read before the strobe
            tb.drive(i_conv_cycles=tb.rng.randrange(1, 9))
        await tb.settled()
        tb.check(
            o_busy=1,
            o_macro_en=1,
            o_macro_strobe=int(after_t0 == settle),
            o_capture=int(after_t0 == settle + conv - 1),
        )
        await tb.edge()


@cocotb.test()
async def strobe_and_capture_come_after_exactly_the_programmed_cycles(dut: Any) -> None:
    """Edge values, then random ones; back to back and with idle cycles between."""
    tb = Bench(dut, seed=5)
    await tb.reset(i_start=0, i_settle_cycles=1, i_conv_cycles=1)
    top = (1 << len(dut.i_settle_cycles)) - 1
    cases = [*EDGE_VALUES]
    if top < 256:
        cases += [(top, 1), (1, top), (top, top)]
    cases += [(tb.rng.randrange(1, 20), tb.rng.randrange(1, 6)) for _ in range(N_RANDOM)]
    for settle, conv in cases:
        while maybe(tb.rng, 0.4):
            await tb.settled()
            tb.check(o_busy=0, o_capture=0, o_macro_en=0, o_macro_strobe=0)
            await tb.edge()
        await evaluate(tb, settle, conv)


@cocotb.test()
async def the_largest_counts_of_the_default_width_are_exact(dut: Any) -> None:
    """65,535 cycles of settling, then of conversion, seen from the pins' edges only."""
    if len(dut.i_settle_cycles) < 16:
        return
    tb = Bench(dut, seed=6)
    top = (1 << 16) - 1
    await tb.reset(i_start=1, i_settle_cycles=top, i_conv_cycles=top)
    await RisingEdge(dut.o_macro_en)
    tb.drive(i_start=0)
    rose = now_cycles()
    await RisingEdge(dut.o_macro_strobe)
    strobed = now_cycles()
    await FallingEdge(dut.o_macro_en)
    assert (strobed - rose, now_cycles() - strobed) == (top, top)


def now_cycles() -> int:
    """Cycles since the start of the simulation, rounded down."""
    return int(get_sim_time("ns")) // PERIOD_NS


@pytest.mark.parametrize("cyc_w", [5, 16])
def test_imac_sequencer(cyc_w: int) -> None:
    run_icarus(
        "imac_sequencer", [RTL / "imac/imac_sequencer.v"], __file__, parameters={"CYC_W": cyc_w}
    )
