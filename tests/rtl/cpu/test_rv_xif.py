# SPDX-License-Identifier: Apache-2.0
"""test_rv_xif : one instruction at a time reaches the co-processor and comes back, under stalls."""

from __future__ import annotations

from typing import Any

import cocotb
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 5000


@cocotb.test()
async def offers_verdicts_and_results_follow_the_protocol(dut: Any) -> None:  # noqa: PLR0915
    tb = Bench(dut, seed=10)
    rng = tb.rng
    await tb.reset(
        i_valid=0, i_instr=0, i_rs1=0, i_rs2=0, i_xif_issue_ready=0, i_xif_issue_accept=0,
        i_xif_issue_writeback=0, i_xif_result_valid=0, i_xif_result_id=0, i_xif_result_data=0,
        i_xif_result_rd=0, i_xif_result_we=0,
    )  # fmt: skip
    current: tuple[int, int, int] | None = None  # instruction, rs1, rs2
    expected_id, due = 0, None  # due: id, data, rd, we, cycles until offered
    seen = {"accepted": 0, "rejected": 0, "written": 0, "held": 0, "stalled": 0}
    for _ in range(CYCLES):
        if current is None and maybe(rng, 0.6):
            current = (rng.getrandbits(32), rng.getrandbits(32), rng.getrandbits(32))
        instr, rs1, rs2 = current or (rng.getrandbits(32), 0, 0)
        ready, accept = maybe(rng, 0.5), maybe(rng, 0.7)
        writeback = accept and maybe(rng, 0.7)
        tb.drive(i_valid=int(current is not None), i_instr=instr, i_rs1=rs1, i_rs2=rs2)
        tb.drive(i_xif_issue_ready=int(ready), i_xif_issue_accept=int(accept))
        tb.drive(i_xif_issue_writeback=int(writeback))
        offer = due is not None and due[4] == 0
        tb.drive(i_xif_result_valid=int(offer))
        if due is not None:
            tb.drive(i_xif_result_id=due[0], i_xif_result_data=due[1])
            tb.drive(i_xif_result_rd=due[2], i_xif_result_we=due[3])
        await tb.settled()
        issuing = current is not None and due is None
        issued = issuing and ready
        tb.check(o_xif_issue_valid=int(issuing), o_xif_commit_valid=int(issued))
        tb.check(o_xif_result_ready=int(due is not None), o_reject=int(issued and not accept))
        done = (issued and not accept) or offer
        tb.check(o_done=int(done))
        if issuing:
            tb.check(o_xif_issue_instr=instr, o_xif_issue_id=expected_id)
            tb.check(o_xif_register_rs1=rs1, o_xif_register_rs2=rs2, o_xif_register_rs_valid=3)
            seen["stalled"] += not ready
        if issued:
            tb.check(o_xif_commit_id=expected_id, o_xif_commit_kill=int(not accept))
        if offer:
            assert due is not None
            writes = due[3] and due[2] != 0
            tb.check(o_we=int(writes), o_result=due[1])
            seen["written"] += bool(writes)
        else:
            tb.check(o_we=0)
        await tb.edge()
        if due is not None:
            due = None if offer else (*due[:4], due[4] - 1)
        if issued and accept:
            rd = instr >> 7 & 31
            latency = rng.randrange(6) if maybe(rng, 0.5) else 0
            due = (expected_id, rng.getrandbits(32), rd, int(writeback), latency)
            seen["accepted"] += 1
            seen["held"] += latency > 0
        seen["rejected"] += issued and not accept
        if done:
            current, expected_id = None, (expected_id + 1) % 16
    assert min(seen.values()) > 100, seen


def test_rv_xif() -> None:
    run_icarus("rv_xif", [RTL / "cpu/rv_xif.v"], __file__)
