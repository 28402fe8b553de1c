# SPDX-License-Identifier: Apache-2.0
"""test_rv_div : quotients and remainders of the M extension, 33 cycles after the request."""

from __future__ import annotations

from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CORNERS = (0, 1, 2, 3, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
LATENCY = 33  # cycles from the request's first cycle to o_done


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def result(f3: int, a: int, b: int) -> int:
    if f3 % 2 == 0:
        a, b = signed(a), signed(b)
    if b == 0:
        quotient, remainder = -1, a
    else:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        remainder = a - b * quotient
    return (quotient, quotient, remainder, remainder)[f3] & 0xFFFF_FFFF


@cocotb.test()
async def results_equal_integers_after_a_fixed_time(dut: Any) -> None:
    tb = Bench(dut, seed=5)
    await tb.reset(i_valid=0, i_funct3=0, i_op1=0, i_op2=0)
    operands = [(a, b) for a in CORNERS for b in CORNERS]
    operands += [
        (tb.rng.getrandbits(32), tb.rng.getrandbits(tb.rng.choice((4, 16, 32)))) for _ in range(40)
    ]
    for a, b in operands:
        f3 = tb.rng.randrange(4)
        while maybe(tb.rng, 0.3):  # idle between requests
            tb.drive(i_valid=0, i_op1=tb.rng.getrandbits(32))
            await tb.settled()
            tb.check(o_done=0)
            await tb.edge()
        tb.drive(i_valid=1, i_funct3=f3, i_op1=a, i_op2=b)
        for _ in range(LATENCY):
            await tb.settled()
            tb.check(o_done=0)
            await tb.edge()
        await tb.settled()
        tb.check(o_done=1, o_result=result(f3, a, b))
        await tb.edge()


def test_rv_div() -> None:
    run_icarus("rv_div", [RTL / "cpu/rv_div.v"], __file__)
