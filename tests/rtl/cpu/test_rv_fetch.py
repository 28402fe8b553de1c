# SPDX-License-Identifier: Apache-2.0
"""test_rv_fetch : the decoder sees every instruction of the path once, in order, under stalls."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 4000
RESET_PC = 0x80
FAULT_FROM = 0x8000_0000


def content(address: int) -> int:
    """What the memory model holds at an address."""
    return (address * 0x9E37_79B1 + 0x1234_5677) & 0xFFFF_FFFF


class Memory:
    """Instruction memory with random ready and latency; checks the request rules."""

    def __init__(self, tb: Bench, stall: float) -> None:
        self.tb, self.stall = tb, stall
        self.pending: int | None = None
        self.wait = 0
        self.waiting_address: int | None = None

    def drive(self) -> None:
        self.ready = not maybe(self.tb.rng, self.stall)
        self.answer = self.pending is not None and self.wait == 0
        data = content(self.pending or 0) if self.answer else self.tb.rng.getrandbits(32)
        self.tb.drive(i_imem_ready=int(self.ready), i_imem_rvalid=int(self.answer))
        self.tb.drive(i_imem_rdata=data)

    def tick(self, valid: bool, address: int) -> None:
        """End of a cycle whose settled request is given."""
        if self.waiting_address is not None:
            assert valid, "a request was withdrawn"
            assert address == self.waiting_address, "a waiting request changed"
        self.waiting_address = address if valid and not self.ready else None
        if self.answer:
            self.pending = None
        elif self.pending is not None:
            self.wait -= 1
        if valid and self.ready:
            assert self.pending is None, "a second request in flight"
            self.pending = address
            self.wait = self.tb.rng.randrange(1, 5) if maybe(self.tb.rng, self.stall) else 0


@cocotb.test()
async def the_path_arrives_in_order_under_stalls_and_redirects(dut: Any) -> None:
    stall = cocotb.plusargs["stall"]
    stall = int(stall) / 16
    tb = Bench(dut, seed=8)
    memory = Memory(tb, stall)
    await tb.reset(
        i_imem_ready=1, i_imem_fault=0, i_imem_rvalid=0, i_imem_rdata=0, i_redirect=0,
        i_redirect_pc=0, i_instr_ready=0,
    )  # fmt: skip
    pc, taken, redirects, faults = RESET_PC, 0, 0, 0
    for _ in range(CYCLES):
        memory.drive()
        ready, redirect = not maybe(tb.rng, stall), maybe(tb.rng, 0.08)
        target = tb.rng.getrandbits(32) & ~3
        tb.drive(i_instr_ready=int(ready), i_redirect=int(redirect), i_redirect_pc=target)
        await tb.settled()
        address = int(dut.o_imem_addr.value)
        tb.drive(i_imem_fault=int(address >= FAULT_FROM))
        valid = bool(dut.o_imem_valid.value)
        offered = bool(dut.o_instr_valid.value)
        if offered and not redirect:
            tb.check(o_instr_pc=pc, o_instr_fault=int(pc >= FAULT_FROM))
            if pc < FAULT_FROM:
                tb.check(o_instr=content(pc))
            if ready:
                pc, taken, faults = (pc + 4) & 0xFFFF_FFFF, taken + 1, faults + (pc >= FAULT_FROM)
        if redirect:
            pc, redirects = target, redirects + 1
        await tb.edge()
        memory.tick(valid, address)
    assert redirects > 200
    assert faults > 20
    assert taken > CYCLES * (0.75 if stall == 0 else 0.1), taken


@cocotb.test()
async def a_free_memory_gives_one_instruction_a_cycle(dut: Any) -> None:
    tb = Bench(dut, seed=9)
    memory = Memory(tb, 0.0)
    await tb.reset(i_imem_fault=0, i_redirect=0, i_redirect_pc=0, i_instr_ready=1)
    taken = 0
    for cycle in range(200):
        memory.drive()
        redirect = cycle % 20 == 10
        tb.drive(i_redirect=int(redirect), i_redirect_pc=0x1000)
        await tb.settled()
        valid, address = bool(dut.o_imem_valid.value), int(dut.o_imem_addr.value)
        if redirect:
            assert address == 0x1000, "the target is not asked for at once"
        taken += bool(dut.o_instr_valid.value) and not redirect
        await tb.edge()
        memory.tick(valid, address)
    assert taken == 200 - 1 - 10  # the first cycle, and one slot a redirect


@pytest.mark.parametrize("stall", [0, 4, 9])
def test_rv_fetch(stall: int) -> None:
    run_icarus(
        "rv_fetch", [RTL / "cpu/rv_fetch.v"], __file__,
        parameters={"RESET_PC": RESET_PC}, plusargs=[f"+stall={stall}"],
    )  # fmt: skip
