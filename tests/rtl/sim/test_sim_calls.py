# SPDX-License-Identifier: Apache-2.0
"""test_sim_calls : the lines of the function trace are those of a model over random retirements."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.utils import get_sim_time
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

RAM_WORDS = 64
ENTRIES = (0x10, 0x40, 0xFC)  # where functions begin
MRET = 0x30200073
LINKS = (1, 5)
LINES_ENV = "EXPECTED_LINES"


def jal(rd: int) -> int:
    return rd << 7 | 0x6F


def jalr(rd: int, rs1: int) -> int:
    return rs1 << 15 | rd << 7 | 0x67


def custom0(f3: int) -> int:
    return f3 << 12 | 0x0B


def line(insn: int, pc: int, to: int, t_ps: int, before_ps: int) -> str | None:
    """What one instruction that did not trap leaves."""
    op, rd, rs1 = insn & 0x7F, insn >> 7 & 31, insn >> 15 & 31
    if op in (0x6F, 0x67):
        if rd in LINKS:
            return f"C {t_ps} {to:x} {pc + 4:x}"
        if op == 0x67 and rs1 in LINKS:
            return f"R {t_ps} {to:x}"
        return f"J {t_ps} {to:x}" if to in ENTRIES else None
    if insn == MRET:
        return f"E {t_ps} {to:x}"
    return f"I {before_ps} {t_ps} {insn >> 12 & 7}" if op == 0x0B else None


@cocotb.test()
async def lines_are_those_of_the_model(dut: Any) -> None:
    tb = Bench(dut, seed=11)
    await tb.reset(i_valid=0, i_trap=0, i_intr=0, i_insn=0, i_pc=0, i_next_pc=0, i_exit_valid=0)
    rng, before_ps, seen = tb.rng, 0, {}
    with Path(os.environ[LINES_ENV]).open("w") as out:
        for _ in range(3000):
            registers = (0, 1, 5, 6, 17)
            insn = rng.choice(
                [
                    jal(rng.choice(registers)),
                    jalr(rng.choice(registers), rng.choice(registers)),
                    custom0(rng.randrange(8)),
                    MRET,
                    0x13,
                ]
            )
            valid, trap, intr = maybe(rng, 0.6), maybe(rng, 0.1), maybe(rng, 0.1)
            pc, to = 4 * rng.randrange(64), rng.choice((*ENTRIES, 0x14, 0x80, 0x1000, 0x100))
            tb.drive(i_valid=valid, i_trap=trap, i_intr=intr, i_insn=insn, i_pc=pc, i_next_pc=to)
            await FallingEdge(dut.i_clk)
            await RisingEdge(dut.i_clk)
            if not valid:
                continue
            t_ps = round(get_sim_time("ps"))
            lines = [f"T {t_ps} {pc:x}"] if intr else []
            text = f"T {t_ps} {to:x}" if trap else line(insn, pc, to, t_ps, before_ps)
            lines += [text] if text else []
            for each in lines:
                seen[each[0]] = seen.get(each[0], 0) + 1
                out.write(each + "\n")
            before_ps = t_ps
    assert min(seen.get(kind, 0) for kind in "CRJTEI") > 20
    tb.drive(i_valid=0, i_exit_valid=1)
    await RisingEdge(dut.i_clk)
    await FallingEdge(dut.i_clk)
    written = (Path(os.environ[LINES_ENV]).parent / "calls.txt").read_text()
    assert written == Path(os.environ[LINES_ENV]).read_text()  # flushed at the exit


def test_sim_calls(tmp_path: Path) -> None:
    entries = tmp_path / "functions.mem"
    entries.write_text("".join(f"@{address // 4:x} 1\n" for address in ENTRIES))
    run_icarus(
        "sim_calls",
        [RTL / "sim/sim_calls.v"],
        __file__,
        parameters={"RAM_WORDS": RAM_WORDS},
        plusargs=[f"+functions={entries}", f"+calls={tmp_path / 'calls.txt'}"],
        extra_env={LINES_ENV: str(tmp_path / "want.txt")},
        timescale=("1ps", "1ps"),
    )
