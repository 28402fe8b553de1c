# SPDX-License-Identifier: Apache-2.0
"""test_rv_mul : all four products, one cycle later, kept while not enabled."""

from __future__ import annotations

from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CORNERS = (0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def product(f3: int, a: int, b: int) -> int:
    factors = {0: (a, b), 1: (signed(a), signed(b)), 2: (signed(a), b), 3: (a, b)}[f3]
    return (factors[0] * factors[1] >> (32 if f3 else 0)) & 0xFFFF_FFFF


@cocotb.test()
async def products_equal_integers_and_stay(dut: Any) -> None:
    tb = Bench(dut, seed=4)
    dut.i_en.value = 0
    cocotb.start_soon(cocotb.clock.Clock(dut.i_clk, 10, unit="ns").start())
    await tb.edge()
    want = None
    for _ in range(1500):
        a, b = (
            tb.rng.choice(CORNERS) if maybe(tb.rng, 0.4) else tb.rng.getrandbits(32)
            for _ in range(2)
        )
        f3, enable = tb.rng.randrange(4), maybe(tb.rng, 0.6)
        tb.drive(i_en=int(enable), i_funct3=f3, i_op1=a, i_op2=b)
        await tb.settled()
        if want is not None:
            tb.check(o_result=want)
        await tb.edge()
        want = product(f3, a, b) if enable else want


def test_rv_mul() -> None:
    run_icarus("rv_mul", [RTL / "cpu/rv_mul.v"], __file__)
