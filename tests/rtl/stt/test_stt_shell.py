# SPDX-License-Identifier: Apache-2.0
"""test_stt_shell : a tile's shell through its instructions, against steps in whole numbers.

The tile is played here: a row spikes iff the matches on its pins reach its threshold code, a while
after the strobe. The expectation is worked out from what was pushed and written alone.
"""

from __future__ import annotations

import random
from typing import Any

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge, Timer
from rtl_runner import RTL, run_icarus

from cosim import regmap

ROWS, BITS, STEPS, CELLS = 3, 6, 2, 36
PARAMETERS = {"IN_W": STEPS * CELLS, "ROWS": ROWS, "BITS": BITS, "STEPS": STEPS}
SKIP_AT = 4 * (CELLS // 9)  # the middle of nine places
F3 = {each.name: each.funct3 for each in regmap.INSTRUCTIONS}
CFG = {each.name: each.index for each in (*regmap.CONFIG_REGS, *regmap.STT_REGS)}
STATUS = {each.name: 1 << each.bit for each in regmap.STATUS_BITS}
MOST = (1 << BITS) - 1
PERIOD_PS, LATCH_PS = 1000, 137
RUNS = 25


class Tile:
    """Random weights, and the decision of every row at each strobe."""

    def __init__(self, dut: Any, rng: random.Random) -> None:
        self.dut = dut
        self.weights = [[rng.choice((0, 1)) for _ in range(CELLS)] for _ in range(ROWS)]
        self.seen: list[tuple[int, int]] = []  # inputs and thresholds at each strobe

    def matches(self, row: int, bits: int) -> int:
        """Cells that match, each step's copy on its own."""
        return sum(
            ((bits >> (t * CELLS + i)) & 1) == self.weights[row][i]
            for t in range(STEPS)
            for i in range(CELLS)
        )

    async def play(self) -> None:
        while True:
            await RisingEdge(self.dut.o_macro_strobe)
            assert int(self.dut.o_macro_en.value)
            bits, codes = int(self.dut.o_macro_in.value), int(self.dut.o_macro_th.value)
            self.seen.append((bits, codes))
            await Timer(LATCH_PS, unit="ps")
            self.dut.i_macro_spike.value = sum(
                (self.matches(r, bits) >= ((codes >> (r * BITS)) & MOST)) << r for r in range(ROWS)
            )
            while int(self.dut.o_macro_strobe.value):
                await RisingEdge(self.dut.i_clk)
                await ReadOnly()
            await Timer(LATCH_PS, unit="ps")
            self.dut.i_macro_spike.value = 0

    def expected(self, steps: list[int], codes: list[list[int]]) -> list[list[int]]:
        """Spikes (steps, rows) of pushed `steps`; `codes` are the rows' registers."""
        fired, skipped, found = [0] * ROWS, [0] * ROWS, []
        for t in range(len(steps)):
            bits = sum(steps[u] << (u * CELLS) for u in range(t + 1))
            now = []
            for r in range(ROWS):
                skipped[r] += (steps[t] >> (SKIP_AT + r)) & 1
                code = max(codes[r][t] - codes[r][STEPS + 1] * skipped[r], 0)
                code = min(code + codes[r][STEPS] * fired[r], MOST)
                now.append(int(self.matches(r, bits) >= code))
            fired = [a + b for a, b in zip(fired, now, strict=True)]
            found.append(now)
        return found


class Port:
    """One instruction a cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut

    async def do(self, name: str, value: int = 0, index: int = 0) -> int:
        dut = self.dut
        dut.i_op_valid.value, dut.i_op_f3.value = 1, F3[name]
        dut.i_op_index.value, dut.i_op_value.value = index, value
        await ReadOnly()
        while name == "wait" and int(dut.o_op_active.value):
            await RisingEdge(dut.i_clk)
            await ReadOnly()
        answer = int(dut.o_op_data.value)
        await RisingEdge(dut.i_clk)
        dut.i_op_valid.value = 0
        return answer

    async def write(self, name: str, value: int) -> None:
        await self.do("cfg", value, CFG[name])

    async def push(self, bits: int, count: int) -> None:
        for word in range(-(-count // 32)):
            await self.do("push", (bits >> (32 * word)) & 0xFFFFFFFF)


async def begin(dut: Any) -> Port:
    for pin in ("i_op_valid", "i_op_f3", "i_op_index", "i_op_value", "i_err_macro"):
        getattr(dut, pin).value = 0
    dut.i_macro_spike.value, dut.i_rst.value = 0, 1
    cocotb.start_soon(Clock(dut.i_clk, PERIOD_PS, unit="ps").start())
    for _ in range(3):
        await RisingEdge(dut.i_clk)
    dut.i_rst.value = 0
    return Port(dut)


@cocotb.test()
async def steps_spike_as_whole_numbers_say(dut: Any) -> None:
    rng = random.Random(4)
    port, tile = await begin(dut), Tile(dut, rng)
    cocotb.start_soon(tile.play())
    both = [0, 0]
    for run in range(RUNS):
        count = 1 + run % STEPS
        codes = [
            [*(rng.randint(30, 48) for _ in range(STEPS)), rng.randint(0, 30), rng.randint(0, 30)]
            for _ in range(ROWS)
        ]
        await port.write("SETTLE_CYCLES", rng.randint(1, 4))
        await port.write("CONV_CYCLES", rng.randint(1, 3))
        await port.write("N_IN", count * CELLS)
        await port.write("TH_PTR", 0)
        for row in codes:
            for code in row:
                await port.write("TH_CODE", code)
        assert await port.do("rdcfg", index=CFG["TH_PTR"]) == ROWS * (STEPS + 2)
        steps = [rng.getrandbits(CELLS) for _ in range(count)]
        await port.push(sum(s << (t * CELLS) for t, s in enumerate(steps)), count * CELLS)
        assert await port.do("start") & STATUS["BUSY"]
        status = await port.do("wait")
        assert status == STATUS["DONE"], hex(status)
        want = tile.expected(steps, codes)
        for now in want:
            word = await port.do("pop")
            assert word == sum(bit << r for r, bit in enumerate(now)), (run, hex(word), want)
            both = [both[0] + now.count(0), both[1] + now.count(1)]
        assert not await port.do("stat") & ~STATUS["DONE"]
    assert min(both) > RUNS  # both answers were asked for
    assert await port.do("rdcfg", index=CFG["COUNT"]) == RUNS


@cocotb.test()
async def what_cannot_be_is_refused(dut: Any) -> None:
    port = await begin(dut)
    assert await port.do("rdcfg", index=CFG["ID"]) == regmap.STT_ID
    await port.do("pop")
    assert await port.do("stat") == STATUS["ERR_POP_EMPTY"]
    await port.write("CTRL", 1 << 3)
    assert await port.do("stat") == 0
    await port.write("TH_CODE", MOST + 1)
    assert await port.do("stat") == STATUS["ERR_CONFIG_INDEX"]
    await port.write("CTRL", 1 << 3)
    await port.write("TH_PTR", ROWS * (STEPS + 2))
    assert await port.do("stat") == 0
    await port.write("TH_CODE", 1)  # no row is left
    assert await port.do("stat") == STATUS["ERR_CONFIG_INDEX"]
    await port.write("CTRL", 1 << 3)
    await port.do("start")
    assert await port.do("stat") == STATUS["ERR_START_INPUTS"]
    await port.write("CTRL", 1 << 3)
    await port.push(0, STEPS * CELLS)
    await port.do("start")
    await port.write("TH_PTR", 0)
    assert await port.do("wait") == STATUS["DONE"] | STATUS["ERR_PROTOCOL"]


@cocotb.test()
async def program_words_reach_the_tile_in_order(dut: Any) -> None:
    port, seen = await begin(dut), []

    async def watch() -> None:
        while True:
            await RisingEdge(dut.o_macro_prog_we)
            await ReadOnly()
            seen.append((int(dut.o_macro_prog_addr.value), int(dut.o_macro_prog_data.value)))

    cocotb.start_soon(watch())
    for word in range(5):
        await port.do("prog", 0xA0 + word)
        await port.do("wait")
    assert seen == [(word, 0xA0 + word) for word in range(5)]


@pytest.mark.rtl
def test_stt_shell() -> None:
    sources = [path for block in ("imac", "stt") for path in sorted((RTL / block).glob("*.v"))]
    sources = [path for path in sources if path.stem not in ("imac_xif", "imac_dispatch")]
    run_icarus("stt_shell", sources, __file__, parameters=PARAMETERS)
