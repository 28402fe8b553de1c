# SPDX-License-Identifier: Apache-2.0
"""test_imac_control : which instruction does what in which state, and what a refusal reports."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer
from imac.model import F3
from rtl_runner import RTL, run_icarus
from xif.bench import expect

from cosim import regmap

N_RANDOM = 3000
CTRL_BIT = {bit.name: bit.bit for bit in regmap.CTRL_BITS}
NAME = {funct3: name for name, funct3 in F3.items()}
STROBES = ("start", "push", "pop", "prog", "reg_write", "input_clear", "prog_clear", "err_clear")
ERRORS = (
    "start_busy", "pop_empty", "push_overflow", "protocol", "config", "start_inputs",
)  # fmt: skip


def ctrl_strobes(value: int) -> set[str]:
    """What a write of `value` to CTRL does."""
    strobes = {
        "CLR_IN_PTR": "input_clear",
        "CLR_PROG_PTR": "prog_clear",
        "CLR_ERRORS": "err_clear",
    }
    return {"reg_write"} | {strobes[b] for b in strobes if value >> CTRL_BIT[b] & 1}


def outcome(name: str, s: dict[str, int]) -> set[str]:
    """Strobes and errors (err_*) of instruction `name` in state `s`: the first rule that holds."""
    active = s["i_busy"] or s["i_prog_busy"]
    is_ctrl = s["i_op_index"] == 0
    rules: dict[str, list[tuple[int, set[str]]]] = {
        "start": [
            (active, {"err_start_busy"}),
            (s["i_input_full"], {"start"}),
            (1, {"err_start_inputs"}),
        ],
        "push": [
            (s["i_busy"], {"err_protocol"}),
            (s["i_input_full"], {"err_push_overflow"}),
            (1, {"push"}),
        ],
        "pop": [(s["i_output_empty"], {"err_pop_empty"}), (1, {"pop"})],
        "prog": [(active, {"err_protocol"}), (s["i_prog_full"], {"err_protocol"}), (1, {"prog"})],
        "rdcfg": [(not s["i_reg_known"], {"err_config"})],
        "cfg": [
            (not s["i_reg_legal"], {"err_config"}),
            (is_ctrl, ctrl_strobes(s["i_op_value"])),
            (s["i_busy"], {"err_protocol"}),
            (1, {"reg_write"}),
        ],
    }
    return next((result for holds, result in rules.get(name, []) if holds), set())


@cocotb.test()
async def every_instruction_does_its_own_thing_or_reports_its_own_error(dut: Any) -> None:
    """Random states; every strobe and every error line compared, answers by kind."""
    rng = random.Random(13)
    seen: set[str] = set()
    for _ in range(N_RANDOM):
        flags = ("busy", "prog_busy", "input_full", "output_empty", "prog_full")
        s = {f"i_{flag}": rng.randrange(2) for flag in flags}
        s["i_reg_known"] = rng.randrange(4) and 1
        s["i_reg_legal"] = s["i_reg_known"] and rng.randrange(2)
        s["i_op_valid"] = rng.randrange(8) and 1
        s["i_op_f3"] = rng.randrange(8)
        s["i_op_index"] = rng.choice((0, 0, rng.randrange(256)))
        s["i_op_value"] = rng.getrandbits(32)
        for data in ("output_data", "status", "reg_value"):
            s[f"i_{data}"] = rng.getrandbits(32)
        for pin, value in s.items():
            getattr(dut, pin).value = value
        await Timer(1, "ns")
        name = NAME[s["i_op_f3"]]
        want = outcome(name, s) if s["i_op_valid"] else set()
        seen |= want
        for line in (*STROBES, *(f"err_{e}" for e in ERRORS)):
            expect(f"{name} {line} in {s}", getattr(dut, f"o_{line}"), int(line in want))
        answers = {"cfg": "reg_value", "rdcfg": "reg_value", "pop": "output_data"}
        answers |= dict.fromkeys(("start", "wait", "stat"), "status")
        answered = s["i_op_valid"] and name in answers
        expect(f"{name} data", dut.o_op_data, s[f"i_{answers[name]}"] if answered else 0)
    assert seen == {*STROBES, *(f"err_{e}" for e in ERRORS)}, seen


def test_imac_control() -> None:
    run_icarus("imac_control", [RTL / "imac/imac_control.v"], __file__)
