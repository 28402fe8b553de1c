# SPDX-License-Identifier: Apache-2.0
"""test_xif_result : results come out once, in order, stable while the CPU is not ready."""

from __future__ import annotations

from collections import deque
from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 1500


@cocotb.test()
async def results_keep_order_and_stay_stable_under_random_stalls(dut: Any) -> None:
    """Both sides stall at random; a deque is the reference, checked in every cycle."""
    tb = Bench(dut, seed=2)
    await tb.reset(i_exec_valid=0, i_xif_result_ready=0)
    rng, held = tb.rng, deque[tuple[int, int, int, int]]()
    ids = 1 << len(dut.i_exec_id)
    seen = {"held": 0, "passed": 0, "blocked": 0}
    for count in range(CYCLES):
        p_ready = (0.1, 0.5, 1.0)[count * 3 // CYCLES]
        ready = int(maybe(rng, p_ready))
        offered = not held and maybe(rng, 0.7)  # the dispatcher never offers while blocked
        payload = (rng.randrange(ids), rng.randrange(32), rng.randrange(2), rng.getrandbits(32))
        tb.drive(i_exec_valid=int(offered), i_xif_result_ready=ready)
        tb.drive(
            i_exec_id=payload[0], i_exec_rd=payload[1], i_exec_we=payload[2], i_exec_data=payload[3]
        )
        await tb.settled()
        tb.check(o_exec_ready=int(not held), o_xif_result_valid=int(bool(held) or offered))
        seen["blocked"] += bool(held)
        if offered:
            held.append(payload)
        if held:
            ident, rd, we, data = held[0]
            tb.check(
                o_xif_result_id=ident,
                o_xif_result_rd=rd,
                o_xif_result_we=we,
                o_xif_result_data=data if we else 0,
            )
            if ready:
                held.popleft()
                seen["passed" if offered else "held"] += 1
        await tb.edge()
    assert min(seen.values()) > 50, seen


@cocotb.test()
async def one_result_a_cycle_passes_when_the_cpu_is_ready(dut: Any) -> None:
    """No bubble: valid in every cycle."""
    tb = Bench(dut, seed=3)
    await tb.reset(i_exec_valid=1, i_exec_we=1, i_xif_result_ready=1)
    for count in range(50):
        tb.drive(i_exec_data=count)
        await tb.settled()
        tb.check(o_exec_ready=1, o_xif_result_valid=1, o_xif_result_data=count)
        await tb.edge()


@pytest.mark.parametrize("id_w", [3, 4])
def test_xif_result(id_w: int) -> None:
    run_icarus("xif_result", [RTL / "xif/xif_result.v"], __file__, parameters={"ID_W": id_w})
