# SPDX-License-Identifier: Apache-2.0
"""test_rv_regfile : registers keep what was written, x0 stays 0, reads show the old value."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe


@cocotb.test()
async def reads_follow_a_list(dut: Any) -> None:
    tb = Bench(dut, seed=6)
    registers: list[int | None] = [0] + [None] * 31
    tb.drive(i_rd_we=0, i_rs1_addr=0, i_rs2_addr=0)
    cocotb.start_soon(Clock(dut.i_clk, 10, unit="ns").start())
    await tb.edge()
    for _ in range(2000):
        write, rd, value = maybe(tb.rng, 0.5), tb.rng.randrange(32), tb.rng.getrandbits(32)
        rs1, rs2 = tb.rng.randrange(32), rd if maybe(tb.rng, 0.3) else tb.rng.randrange(32)
        tb.drive(i_rd_we=int(write), i_rd_addr=rd, i_rd_data=value, i_rs1_addr=rs1, i_rs2_addr=rs2)
        await tb.settled()
        for name, register in (("o_rs1_data", rs1), ("o_rs2_data", rs2)):
            want = registers[register]
            if want is not None:
                tb.check(**{name: want})
        await tb.edge()
        if write and rd:
            registers[rd] = value
    assert None not in registers


def test_rv_regfile() -> None:
    run_icarus("rv_regfile", [RTL / "cpu/rv_regfile.v"], __file__)
