# SPDX-License-Identifier: Apache-2.0
"""test_imac_dispatch : each instruction reaches the one macro it names, once, with its operands."""

from __future__ import annotations

from typing import Any

import cocotb
import pytest
from imac.model import F3, error_bit
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 2500
NAME = {funct3: name for name, funct3 in F3.items()}


def operands(name: str, rs1: int, rs2: int) -> tuple[int, int]:
    """(macro, value) as the instruction table says."""
    if name in {"cfg", "rdcfg"}:
        return rs1 >> 8, rs2 if name == "cfg" else rs1
    return (rs2, rs1) if name in {"push", "prog"} else (rs1, rs1)


@cocotb.test()
async def instructions_execute_once_on_their_macro_and_unknown_ones_report(dut: Any) -> None:
    """Random heads, stalls, active macros and macro numbers; all outputs in every cycle."""
    tb = Bench(dut, seed=14)
    rng, n = tb.rng, len(dut.o_op_valid)
    head: tuple[int, int, int, int, int, int] | None = None
    err = False
    seen = dict.fromkeys(("fired", "waited", "unknown", "stalled", "cleared"), 0)
    await tb.reset(i_head_valid=0, i_exec_ready=0, i_op_active=0, i_op_clear=0)
    for _ in range(CYCLES):
        if head is None and maybe(rng, 0.8):
            macro = rng.choice((*range(n), *range(n), n, 1 << 8, 1 << 31, (1 << n) - 1))
            index = rng.randrange(16)
            f3 = rng.randrange(8)
            packed = macro << 8 & 0xFFFFFFFF | index
            rs1 = packed if NAME[f3] in {"cfg", "rdcfg"} else macro
            rs2 = rng.getrandbits(32)
            if NAME[f3] in {"push", "prog"}:
                rs1, rs2 = rs2, macro
            head = (rng.randrange(16), f3, rng.randrange(32), rng.randrange(2), rs1, rs2)
        ready, active = maybe(rng, 0.8), rng.getrandbits(n) & rng.getrandbits(n)
        data = [rng.getrandbits(32) for _ in range(n)]
        ident, f3, rd, we, rs1, rs2 = head or (0, 6, 0, 0, 0, 0)
        name = NAME[f3]
        macro, value = operands(name, rs1, rs2)
        exists = macro < n
        waits = name == "wait" and exists and bool(active >> macro & 1)
        fire = head is not None and ready and not waits
        clear = fire and exists and name == "cfg" and maybe(rng, 0.5)
        tb.drive(i_head_valid=int(head is not None), i_head_id=ident, i_head_f3=f3, i_head_rd=rd)
        tb.drive(i_head_we=we, i_head_rs1=rs1, i_head_rs2=rs2, i_exec_ready=int(ready))
        tb.drive(i_op_active=active, i_op_data=sum(d << 32 * k for k, d in enumerate(data)))
        tb.drive(i_op_clear=1 << macro if clear else 0)
        await tb.settled()
        tb.check(
            o_head_take=int(fire),
            o_exec_valid=int(fire),
            o_op_valid=1 << macro if fire and exists else 0,
            o_err_macro=int(err),
        )
        if fire:
            status_op = name in {"start", "wait", "stat"}
            unknown = error_bit("MACRO_INDEX") if status_op else 0
            tb.check(
                o_exec_id=ident, o_exec_rd=rd, o_exec_we=we, o_op_f3=f3,
                o_exec_data=data[macro] if exists else unknown, o_op_value=value,
            )  # fmt: skip
            if name in {"cfg", "rdcfg"}:
                tb.check(o_op_index=rs1 & 255)
            seen["fired"] += 1
            seen["unknown"] += not exists
            seen["cleared"] += clear and err
            err = (err and not clear) or not exists
            head = None
        seen["waited"] += waits
        seen["stalled"] += head is not None and not ready
        await tb.edge()
    assert min(seen.values()) > 20, seen


@pytest.mark.parametrize("n_macro", [1, 2, 3])
def test_imac_dispatch(n_macro: int) -> None:
    run_icarus(
        "imac_dispatch", [RTL / "imac/imac_dispatch.v"], __file__, parameters={"N_MACRO": n_macro}
    )
