# SPDX-License-Identifier: Apache-2.0
"""kernel_cases : what any cocotb test relies on, the same on both simulators."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.handle import Immediate
from cocotb.triggers import (
    ClockCycles,
    Event,
    First,
    NextTimeStep,
    ReadOnly,
    ReadWrite,
    RisingEdge,
    Timer,
    with_timeout,
)
from cocotb.utils import get_sim_time


def now() -> int:
    return int(get_sim_time("ps"))


async def zero(dut: Any) -> int:
    """Known inputs; returns the time."""
    dut.i_clk.value = 0
    dut.i_data.value = 0
    await Timer(100, unit="ps")
    return now()


@cocotb.test()
async def writes_take_effect_in_their_own_time_step(dut: Any) -> None:
    await zero(dut)
    dut.i_data.value = 5
    assert int(dut.i_data.value) == 0  # inertial: not before the scheduler has run
    await ReadWrite()
    await ReadOnly()
    assert int(dut.i_data.value) == 5
    assert int(dut.same.value) == 0
    await NextTimeStep()
    dut.i_data.value = Immediate(0)
    assert int(dut.i_data.value) == 0
    await ReadOnly()
    assert int(dut.same.value) == 1


@cocotb.test()
async def a_rising_edge_reads_values_from_before_it(dut: Any) -> None:
    await zero(dut)
    clock = cocotb.start_soon(Clock(dut.i_clk, 10, unit="ps").start())
    for k in range(1, 20):
        dut.i_data.value = k
        await RisingEdge(dut.i_clk)
        before = int(dut.q.value)
        await ReadOnly()
        assert int(dut.q.value) == k
        assert before != k
        await NextTimeStep()
    clock.cancel()


@cocotb.test()
async def changes_made_by_callbacks_wake_others_in_the_same_step(dut: Any) -> None:
    start = await zero(dut)
    seen: list[tuple[int, str]] = []

    async def follow() -> None:
        await dut.i_data.value_change
        seen.append((now() - start, "data"))
        dut.i_clk.value = 1

    async def clocked() -> None:
        await RisingEdge(dut.i_clk)
        seen.append((now() - start, "clk"))

    async def registered() -> None:
        await dut.q.value_change
        seen.append((now() - start, "q"))

    tasks = [cocotb.start_soon(each()) for each in (follow, clocked, registered)]
    await Timer(7, unit="ps")
    dut.i_data.value = 9
    for task in tasks:
        await task
    assert seen == [(7, "data"), (7, "clk"), (7, "q")]
    await dut.delayed.value_change
    assert now() - start == 20


@cocotb.test()
async def timers_and_own_events_keep_their_order_in_time(dut: Any) -> None:
    await zero(dut)
    await RisingEdge(dut.tick)
    start = now()
    seen: list[int] = []

    async def ticks() -> None:
        while True:
            await RisingEdge(dut.tick)
            seen.append(now() - start)

    async def timers(step: int) -> None:
        while True:
            await Timer(step, unit="ps")
            seen.append(now() - start)

    for task in (ticks(), timers(30), timers(47)):
        cocotb.start_soon(task)
    await Timer(3000, unit="ps")
    want = sorted([*range(70, 3001, 70), *range(30, 3001, 30), *range(47, 3001, 47)])
    assert seen == sorted(seen)
    assert set(seen) | {3000} == set(want) | {3000}


@cocotb.test()
async def next_time_step_is_the_next_event_whoever_makes_it(dut: Any) -> None:
    await zero(dut)
    await RisingEdge(dut.tick)
    start = now()
    await NextTimeStep()
    assert now() - start == 35
    waiting = cocotb.start_soon(_sleep(4))
    await ReadOnly()  # Icarus may run a NextTimeStep asked for at the start of a step within it
    await NextTimeStep()
    assert now() - start == 39
    await waiting


async def _sleep(ps: int) -> None:
    await Timer(ps, unit="ps")


@cocotb.test()
async def events_first_and_timeouts_work_across_phases(dut: Any) -> None:
    start = await zero(dut)
    event = Event()

    async def later() -> None:
        await Timer(25, unit="ps")
        await ReadOnly()
        event.set()

    cocotb.start_soon(later())
    fired = await First(event.wait(), Timer(1000, unit="ps"))
    assert not isinstance(fired, Timer)
    assert now() - start == 25
    await NextTimeStep()
    await with_timeout(RisingEdge(dut.tick), 200, "ps")
    clock = cocotb.start_soon(Clock(dut.i_clk, 8, unit="ps").start())
    begin = now()
    await ClockCycles(dut.i_clk, 25)
    assert 8 * 24 <= now() - begin <= 8 * 25
    clock.cancel()
