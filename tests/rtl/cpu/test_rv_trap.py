# SPDX-License-Identifier: Apache-2.0
"""test_rv_trap : each kind of exception has its code and value; nothing else raises one."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from cpu.control_word import BITS
from rtl_runner import RTL, run_icarus

PC, INSTR, ADDRESS, TARGET = 0x100, 0xABCD_EF12, 0x2003, 0x3002
# control bit, condition input that makes it trap, early or late, code, value
RULES = (
    ("FAULT", None, "early", 1, PC),
    ("ILLEGAL", None, "early", 2, INSTR),
    ("CSR", "i_csr_illegal", "early", 2, INSTR),
    ("EBREAK", None, "early", 3, 0),
    ("ECALL", None, "early", 11, 0),
    ("BRANCH", "i_jump_misaligned", "early", 0, TARGET),
    ("JUMP", "i_jump_misaligned", "early", 0, TARGET),
    ("LOAD", "i_mem_misaligned", "early", 4, ADDRESS),
    ("STORE", "i_mem_misaligned", "early", 6, ADDRESS),
    ("LOAD", "i_mem_fault", "late", 5, ADDRESS),
    ("STORE", "i_mem_fault", "late", 7, ADDRESS),
    ("XIF", "i_xif_reject", "late", 2, INSTR),
)
CONDITIONS = (
    "i_csr_illegal", "i_jump_misaligned", "i_mem_misaligned", "i_mem_fault", "i_xif_reject",
)  # fmt: skip


@cocotb.test()
async def exceptions_are_named_by_their_instruction(dut: Any) -> None:
    rng = random.Random(19)
    dut.i_pc.value, dut.i_instr.value = PC, INSTR
    dut.i_address.value, dut.i_jump_target.value = ADDRESS, TARGET
    for _ in range(2000):
        kind = rng.choice(("alu", "MUL", "DIV", "MRET", "WFI", *{rule[0] for rule in RULES}))
        on = {name: rng.random() < 0.5 for name in CONDITIONS}
        for name, value in on.items():
            getattr(dut, name).value = int(value)
        dut.i_ctl.value = 0 if kind == "alu" else 1 << BITS[kind]
        await Timer(1, "ns")
        hit = [r for r in RULES if r[0] == kind and (r[1] is None or on[r[1]])]
        early = [r for r in hit if r[2] == "early"]
        late = [r for r in hit if r[2] == "late"]
        assert int(dut.o_early.value) == bool(early), (kind, on)
        assert int(dut.o_late.value) == bool(late), (kind, on)
        if hit:
            _, _, _, code, value = (early or late)[0]
            assert (int(dut.o_cause.value), int(dut.o_value.value)) == (code, value), (kind, on)


def test_rv_trap() -> None:
    run_icarus("rv_trap", [RTL / "cpu/rv_trap.v"], __file__)
