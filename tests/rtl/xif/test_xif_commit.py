# SPDX-License-Identifier: Apache-2.0
"""test_xif_commit : instructions are shown once committed, in order, and never after a kill.

The reference orders instructions by the sequence in which they were offered, not by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cocotb
import pytest
from rtl_runner import RTL, run_icarus
from xif.bench import Bench, maybe

CYCLES = 6000


@dataclass
class Instr:
    """One offered instruction; `verdict` is None until the host commits or kills it."""

    seq: int
    ident: int
    payload: tuple[int, int, int, int, int]
    ours: bool
    verdict: str | None = None
    shown_from: int = 0  # first cycle in which it may be shown, once committed


class Host:
    """Offers, answers for xif_issue, verdicts; knows by sequence what must happen."""

    def __init__(self, tb: Bench, id_w: int) -> None:
        self.tb, self.rng, self.id_w = tb, tb.rng, id_w
        self.seq = self.last_id = 0
        self.offer: Instr | None = None
        self.flying: list[Instr] = []  # answered, not yet judged or not yet left
        self.queue: list[Instr] = []  # what the device must hold
        self.seen = dict.fromkeys(
            ("full", "early_commit", "early_kill", "late_kill", "batch", "retract", "again"), 0
        )

    def new_offer(self) -> Instr:
        """The next instruction; ids may skip one."""
        rng = self.rng
        self.seq += 1
        self.last_id = (self.last_id + rng.choice((1, 1, 1, 2))) % (1 << self.id_w)
        payload = (
            rng.randrange(8),
            rng.randrange(32),
            rng.randrange(2),
            rng.getrandbits(32),
            rng.getrandbits(32),
        )
        return Instr(self.seq, self.last_id, payload, ours=maybe(rng, 0.8))

    def window(self) -> int:
        """Distance in ids from the oldest instruction in flight to the newest."""
        live = [*self.flying, *([self.offer] if self.offer else [])]
        return (self.last_id - live[0].ident) % (1 << self.id_w) if live else 0

    def choose_offer(self) -> None:
        """Keep, retract, replace or begin an offer."""
        rng, room = self.rng, self.window() + 2 < 1 << (self.id_w - 1)
        if self.offer and self.offer.verdict != "commit" and maybe(rng, 0.08):
            self.seen["retract"] += 1
            self.offer = self.new_offer() if room and maybe(rng, 0.5) else None
        elif self.offer is None and room and maybe(rng, 0.7):
            self.offer = self.new_offer()

    def choose_verdict(self, cycle: int) -> tuple[int, int, int]:
        """(valid, id, kill), and the same verdict applied by sequence to the reference."""
        rng = self.rng
        judged = [*self.flying, *([self.offer] if self.offer else [])]
        waiting = [i for i in judged if i.verdict is None]
        if waiting and maybe(rng, 0.35):
            chosen = rng.choice(waiting[:3])
            kill = maybe(rng, 0.3)
        elif judged and judged[0].verdict == "commit" and maybe(rng, 0.2):
            chosen, kill = judged[0], False  # a second verdict on a judged one changes nothing
            self.seen["again"] += 1
        else:
            return 0, rng.randrange(1 << self.id_w), rng.randrange(2)
        hit = [i for i in waiting if (i.seq >= chosen.seq if kill else i.seq <= chosen.seq)]
        for instr in hit:
            instr.verdict = "kill" if kill else "commit"
            instr.shown_from = cycle + 1
        self.seen["batch"] += len(hit) > 1
        self.seen["late_kill"] += kill and any(i in self.queue for i in hit)
        if self.offer in hit:
            self.seen["early_kill" if kill else "early_commit"] += 1
        return 1, chosen.ident, int(kill)


@cocotb.test()
async def committed_instructions_are_shown_in_order_and_killed_ones_never(dut: Any) -> None:
    """Random offers, retractions, rejections, early, late, batched and repeated verdicts."""
    tb = Bench(dut, seed=4)
    id_w = len(dut.i_queue_id)
    host = Host(tb, id_w)
    await tb.reset(
        i_xif_issue_valid=0, i_queue_push=0, i_xif_commit_valid=0, i_head_take=0,
        i_xif_issue_ready=0, i_xif_issue_id=0, i_xif_commit_id=0, i_xif_commit_kill=0,
    )  # fmt: skip
    shown = 0
    for cycle in range(CYCLES):
        rng = tb.rng
        full = len(host.queue) == 2
        host.choose_offer()
        valid, ident, kill = host.choose_verdict(cycle)
        offer = host.offer
        answer = offer is not None and (not offer.ours or (not full and maybe(rng, 0.6)))
        push = answer and offer is not None and offer.ours
        take = maybe(rng, 0.6)
        tb.drive(i_xif_commit_valid=valid, i_xif_commit_id=ident, i_xif_commit_kill=kill)
        tb.drive(i_xif_issue_valid=int(offer is not None), i_xif_issue_ready=int(answer))
        tb.drive(i_queue_push=int(push), i_head_take=int(take))
        if offer is not None:
            f3, rd, we, rs1, rs2 = offer.payload
            tb.drive(i_xif_issue_id=offer.ident, i_queue_id=offer.ident, i_queue_f3=f3)
            tb.drive(i_queue_rd=rd, i_queue_we=we, i_queue_rs1=rs1, i_queue_rs2=rs2)
        head = host.queue[0] if host.queue else None
        ready = head is not None and head.verdict == "commit" and head.shown_from <= cycle
        await tb.settled()
        tb.check(o_queue_full=int(full), o_queue_empty=int(not host.queue), o_head_valid=int(ready))
        host.seen["full"] += full
        if ready and head is not None:
            f3, rd, we, rs1, rs2 = head.payload
            tb.check(
                o_head_id=head.ident, o_head_f3=f3, o_head_rd=rd, o_head_we=we,
                o_head_rs1=rs1, o_head_rs2=rs2,
            )  # fmt: skip
            if take:
                shown += 1
                host.queue.pop(0)
        if answer and offer is not None:
            host.flying.append(offer)
            host.offer = None
            if push:
                host.queue.append(offer)
        host.queue = [i for i in host.queue if i.verdict != "kill"]
        host.flying = [i for i in host.flying if i.verdict is None or i in host.queue]
        await tb.edge()
    assert shown > 300, shown
    assert min(host.seen.values()) > 40, host.seen


@pytest.mark.parametrize("id_w", [3, 4, 6])
def test_xif_commit(id_w: int) -> None:
    run_icarus("xif_commit", [RTL / "xif/xif_commit.v"], __file__, parameters={"ID_W": id_w})
