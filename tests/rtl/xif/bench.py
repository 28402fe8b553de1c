# SPDX-License-Identifier: Apache-2.0
"""bench : one clock cycle at a time: drive after the edge, look before the next one.

A test writes inputs right after a rising edge, awaits `settled()` (the middle of the cycle, when
combinational outputs are stable), compares with its model, and awaits `edge()`.
"""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

__all__ = ["PERIOD_NS", "Bench", "expect", "level", "maybe"]

PERIOD_NS = 10


def maybe(rng: random.Random, probability: float) -> bool:
    """True with the given probability."""
    return rng.random() < probability


def level(handle: Any) -> int:
    """What a wire carries; ValueError if a bit is undefined.

    Read past cocotb's `value`, whose wrapping in objects would be a quarter of a module test.
    """
    return int(handle._handle.get_signal_val_binstr(), 2)


def expect(what: str, got: Any, want: int) -> None:
    """`got` (a handle, or a number) must be defined and equal `want`."""
    try:
        value = got if isinstance(got, int) else level(got)
    except ValueError:
        raise AssertionError(f"{what}: {got.value}") from None
    assert value == want, f"{what}: got {value:#x}, want {want:#x}"


class Bench:
    """Clock, reset and random source of one device under test."""

    def __init__(self, dut: Any, *, seed: int) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.cycle = 0

    async def reset(self, **inputs: int) -> None:
        """Start the clock, set every input named, hold reset for three edges."""
        self.dut.i_rst.value = 1
        for name, value in inputs.items():
            getattr(self.dut, name).value = value
        cocotb.start_soon(Clock(self.dut.i_clk, PERIOD_NS, unit="ns").start())
        for _ in range(3):
            await RisingEdge(self.dut.i_clk)
        self.dut.i_rst.value = 0

    def drive(self, **inputs: int) -> None:
        """Set inputs by name."""
        for name, value in inputs.items():
            getattr(self.dut, name).value = value

    async def settled(self) -> None:
        """The middle of the cycle: outputs follow inputs."""
        await FallingEdge(self.dut.i_clk)

    async def edge(self) -> None:
        """The edge that ends the cycle."""
        await RisingEdge(self.dut.i_clk)
        self.cycle += 1

    def check(self, **outputs: int) -> None:
        """Every output named has the value given."""
        for name, want in outputs.items():
            expect(f"cycle {self.cycle}: {name}", getattr(self.dut, name), want)
