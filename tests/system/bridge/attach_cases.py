# SPDX-License-Identifier: Apache-2.0
"""attach_cases : cocotb tests of `attach`, run by test_attach.py on both simulators.

The circuit is an RC in closed form, so every expected time is exact.
"""

from __future__ import annotations

import math
import random
from typing import Any

import cocotb
import pytest
from cocotb.triggers import ReadOnly, Timer
from cocotb.utils import get_sim_time
from fake_rc import FakeRc, description, response_ps

from cosim.bridge import attach
from cosim.errors import MacroFileError, WorkerLostError

Edges = list[tuple[int, int]]


def watch(signal: Any) -> Edges:
    """(level, time) of every change of a signal, filled while the test runs."""
    seen: Edges = []

    async def run() -> None:
        while True:
            await signal.value_change
            seen.append((int(signal.value), int(get_sim_time("ps"))))

    cocotb.start_soon(run())
    return seen


async def toggle(signal: Any, seed: int, count: int = 30) -> Edges:
    """Random edges on a pin; returns them."""
    rng = random.Random(seed)
    edges: Edges = []
    for k in range(count):
        await Timer(rng.randint(3, 120), unit="ps")
        signal.value = (k + 1) % 2
        edges.append(((k + 1) % 2, int(get_sim_time("ps"))))
    await Timer(500, unit="ps")
    return edges


def expected(edges: Edges) -> Edges:
    return [(level, math.ceil(exact - 1e-6)) for level, exact in response_ps(edges)]


async def quiet(dut: Any) -> None:
    for signal in (dut.i_a, dut.i_b, dut.i_ring, dut.i_d, dut.i_known, dut.y, dut.z, dut.q):
        signal.value = 0
    await Timer(1, unit="ps")


@cocotb.test()
async def edges_arrive_at_their_own_picosecond(dut: Any) -> None:
    await quiet(dut)
    await attach(dut, description(), engine=FakeRc)
    seen = watch(dut.y)
    edges = await toggle(dut.i_a, 1)
    assert seen == expected(edges)
    assert len(seen) > 10


@cocotb.test()
async def two_instances_are_two_circuits(dut: Any) -> None:
    await quiet(dut)
    one = await attach(dut, description(), engine=FakeRc)
    two = await attach(dut, description(), engine=FakeRc, ports={"a": "b", "y": dut.z})
    assert one.live.engine is not two.live.engine
    assert one.name != two.name
    seen_y, seen_z = watch(dut.y), watch(dut.z)
    other = cocotb.start_soon(toggle(dut.i_b, 3))
    edges_a = await toggle(dut.i_a, 2)
    edges_b = await other
    await Timer(4000, unit="ps")
    assert seen_y == expected(edges_a)
    assert seen_z == expected(edges_b)
    assert seen_y != seen_z


@cocotb.test()
async def a_ring_through_the_design_keeps_the_circuits_period(dut: Any) -> None:
    await quiet(dut)
    await attach(dut, description(), engine=FakeRc)
    driven, seen = watch(dut.a), watch(dut.y)
    dut.i_ring.value = 1
    await Timer(1500, unit="ps")
    want = expected(driven[:-1])
    assert seen[: len(want)] == want
    assert len(want) > 80


@cocotb.test()
async def a_bus_moves_bit_by_bit(dut: Any) -> None:
    await quiet(dut)
    await attach(dut, description(4), engine=FakeRc, ports={"a": "d", "y": "q"})
    await Timer(9, unit="ps")
    dut.i_d.value = 0b0101
    began = int(get_sim_time("ps"))
    await Timer(3, unit="ps")
    dut.i_d.value = 0b1101
    seen = watch(dut.q)
    await Timer(100, unit="ps")
    first = expected([(1, began)])[0][1]
    assert seen == [(0b0101, first), (0b1101, first + 3)]


@cocotb.test()
async def a_change_planned_in_the_read_only_phase_is_not_overtaken(dut: Any) -> None:
    await quiet(dut)
    await attach(dut, description(), engine=FakeRc)
    seen = watch(dut.y)
    edges: Edges = []
    for k in range(12):
        dut.i_a.value = (k + 1) % 2
        edges.append(((k + 1) % 2, int(get_sim_time("ps"))))
        await ReadOnly()
        await Timer(1 + 5 * k, unit="ps")
    await Timer(500, unit="ps")
    assert seen == expected(edges)


@cocotb.test()
async def a_settled_circuit_costs_nothing_until_an_input_moves(dut: Any) -> None:
    await quiet(dut)
    macro = await attach(dut, description(), engine=FakeRc)
    engine = macro.live.engine
    dut.i_a.value = 1
    await Timer(1000, unit="ps")
    calls = engine.calls
    for _ in range(50):  # digital life elsewhere
        dut.i_b.value = 1 - int(dut.b.value)
        await Timer(1000, unit="ps")
    assert engine.calls == calls
    assert macro.volts("y") > 0.79
    assert engine.t_ps == int(get_sim_time("ps"))
    seen = watch(dut.y)
    dut.i_a.value = 0
    fell = int(get_sim_time("ps"))
    await Timer(100, unit="ps")
    assert seen == [(0, fell + 8)]


@cocotb.test()
async def the_block_form_ends_the_engine(dut: Any) -> None:
    await quiet(dut)
    async with attach(dut, description(), engine=FakeRc) as macro:
        dut.i_a.value = 1
        await Timer(100, unit="ps")
        assert int(dut.y.value) == 1
    assert macro.live.engine.closed
    dut.i_a.value = 0
    await Timer(100, unit="ps")
    assert int(dut.y.value) == 1  # nobody drives it any more
    assert macro.warnings() == []


async def refused(coroutine: Any, *words: str) -> None:
    """The call must fail with a MacroFileError that says all of `words`."""
    with pytest.raises(MacroFileError) as caught:
        await coroutine
    missing = [word for word in words if word not in str(caught.value)]
    assert not missing, f"{missing} not in {caught.value}"


@cocotb.test()
async def wrong_ports_are_refused_with_the_reason(dut: Any) -> None:
    await quiet(dut)
    rc = description()
    await refused(
        attach(dut, rc, engine=FakeRc, ports={"y": "nothing"}), "has no port nothing", "pin y"
    )
    await refused(attach(dut, rc, engine=FakeRc, ports={"x": "a"}), "ports= names x")
    await refused(attach(dut, rc, engine=FakeRc, ports={"a": "d"}), "d has 4 bits", "1 pins")
    await refused(attach(dut, description(4), engine=FakeRc, ports={"y": "q"}), "a[1] lies outside")
    await attach(dut, rc, engine=FakeRc, name="one")
    await refused(attach(dut, rc, engine=FakeRc, name="one"), "called one is attached already")
    await refused(attach(dut, rc, engine=FakeRc, ports={"a": "b"}), "driven by one and by rc")


def crashing(name: str, macro: Any) -> FakeRc:
    return FakeRc(name, macro, fault="crash")


@cocotb.test(expect_error=WorkerLostError)
async def an_engine_that_crashes_fails_the_test(dut: Any) -> None:
    await quiet(dut)
    await attach(dut, description(), engine=crashing)
    await toggle(dut.i_a, 1)


@cocotb.test(skip=cocotb.SIM_NAME.startswith("Verilator"))
async def an_unknown_input_delays_the_start(dut: Any) -> None:
    await quiet(dut)
    macro = await attach(dut, description(), engine=FakeRc, ports={"a": "late"})
    await Timer(100, unit="ps")
    assert not macro.live.started
    assert "never started" in macro.warnings()[0]
    dut.i_known.value = 1
    await Timer(100, unit="ps")
    assert macro.live.started
    assert macro.live.engine.levels["y"] == 0
