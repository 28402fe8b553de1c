# SPDX-License-Identifier: Apache-2.0
"""test_rv_operands : the youngest value wins, a missing one stalls only who needs it."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from rtl_runner import RTL, run_icarus


def newest(i: dict[str, int], register: int, from_file: int) -> tuple[int, bool]:
    """(value, missing) of one source register, straight from the pipeline's rule."""
    if i["i_x_we"] and i["i_x_rd"] == register:
        return i["i_x_result"], bool(i["i_x_late"])
    if i["i_w_we"] and i["i_w_rd"] == register:
        return i["i_w_result"], not i["i_w_done"]
    return from_file, False


@cocotb.test()
async def operands_follow_the_pipeline(dut: Any) -> None:
    rng = random.Random(7)
    stalls = 0
    for _ in range(3000):
        i = {n: rng.randrange(2) for n in ("i_x_we", "i_x_late", "i_w_we", "i_w_done",
                                           "i_rs1_used", "i_rs2_used", "i_base_pc")}  # fmt: skip
        i |= {n: rng.randrange(1, 4) for n in ("i_x_rd", "i_w_rd")}
        i |= {n: rng.randrange(4) for n in ("i_rs1_addr", "i_rs2_addr")}
        i |= {n: rng.getrandbits(32) for n in ("i_x_result", "i_w_result", "i_rs1_data",
                                               "i_rs2_data", "i_pc", "i_imm")}  # fmt: skip
        first = rng.choice(("i_op1_pc", "i_op1_zero", "i_op1_zimm", "rs1"))
        second = rng.choice(("i_op2_imm", "i_op2_four", "rs2"))
        for name in ("i_op1_pc", "i_op1_zero", "i_op1_zimm", "i_op2_imm", "i_op2_four"):
            i[name] = int(name in (first, second))
        for name, value in i.items():
            getattr(dut, name).value = value
        await Timer(1, "ns")
        rs1, missing1 = newest(i, i["i_rs1_addr"], i["i_rs1_data"])
        rs2, missing2 = newest(i, i["i_rs2_addr"], i["i_rs2_data"])
        stall = (missing1 and i["i_rs1_used"]) or (missing2 and i["i_rs2_used"])
        stalls += bool(stall)
        want = {
            "o_stall": int(bool(stall)), "o_rs1": rs1, "o_rs2": rs2,
            "o_op1": {"i_op1_pc": i["i_pc"], "i_op1_zero": 0,
                      "i_op1_zimm": i["i_rs1_addr"], "rs1": rs1}[first],
            "o_op2": {"i_op2_imm": i["i_imm"], "i_op2_four": 4, "rs2": rs2}[second],
            "o_base": i["i_pc"] if i["i_base_pc"] else rs1,
        }  # fmt: skip
        got = {name: int(getattr(dut, name).value) for name in want}
        assert got == want, i
    assert stalls > 300


def test_rv_operands() -> None:
    run_icarus("rv_operands", [RTL / "cpu/rv_operands.v"], __file__)
