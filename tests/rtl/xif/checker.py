# SPDX-License-Identifier: Apache-2.0
"""checker : the rules of CV-X-IF 1.0 both sides must keep, checked on the wires in every cycle.

Knows nothing of what instructions do. Split of blame: rules of the CPU side and of the co-processor
side are named so, and a broken one raises ProtocolError with the cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xif.bench import level

__all__ = ["ProtocolError", "XifChecker", "XifWires", "reader"]

CPU, COPROCESSOR = "CPU", "co-processor"
HANDSHAKES = {"issue_valid", "issue_ready", "commit_valid", "result_valid", "result_ready"}
OPERAND_BIT = {"register_rs1": 1, "register_rs2": 2}
DRIVEN_BY_COPROCESSOR = {
    "issue_ready", "issue_accept", "issue_writeback", "issue_register_read",
    "result_valid", "result_id", "result_data", "result_rd", "result_we",
}  # fmt: skip


class ProtocolError(AssertionError):
    """A CV-X-IF rule was broken."""


@dataclass(frozen=True, kw_only=True)
class XifWires:
    """One cycle of all channels, sampled when combinational signals are stable."""

    issue_valid: int
    issue_ready: int
    issue_instr: int
    issue_id: int
    issue_accept: int
    issue_writeback: int
    issue_register_read: int
    register_rs1: int
    register_rs2: int
    register_rs_valid: int
    commit_valid: int
    commit_id: int
    commit_kill: int
    result_valid: int
    result_ready: int
    result_id: int
    result_data: int
    result_rd: int
    result_we: int

    @classmethod
    def sample(cls, read: Callable[[str], int]) -> XifWires:
        """Read every wire by its name; `read` gives 0 for payload of an idle channel."""
        return cls(**{name: read(name) for name in cls.__dataclass_fields__})


@dataclass
class Flight:
    """One accepted instruction on its way to a result or a kill."""

    ident: int
    writeback: int
    rd: int
    committed: bool = False


class XifChecker:
    """Feed `cycle` once per clock cycle; `finish` at the end of the test."""

    def __init__(self, id_w: int) -> None:
        self.half = 1 << (id_w - 1)
        self.mask = (1 << id_w) - 1
        self.cycles = self.accepted = self.rejected = self.killed = self.results = 0
        self.flights: list[Flight] = []
        self.before: XifWires | None = None
        self.early: tuple[int, bool] | None = None  # verdict on the offer still open: id, kill
        self.last_id: int | None = None
        self.unjudged: list[int] = []  # ids answered (either way) without a verdict so far

    def cycle(self, now: XifWires) -> None:
        """Check one cycle."""
        self._issue_stability(now)
        self._result_stability(now)
        self._verdicts(now)
        if now.issue_valid and now.issue_ready:
            self._answer(now)
        if now.result_valid:
            self._result(now)
        if not now.issue_valid or now.issue_ready:
            self.early = None
        self.before = now
        self.cycles += 1

    def finish(self) -> None:
        """Nothing committed may be left without a result."""
        left = [f.ident for f in self.flights if f.committed]
        self._rule(not left, COPROCESSOR, f"no result for committed ids {left}")

    def _rule(self, holds: bool, side: str, text: str) -> None:
        if not holds:
            raise ProtocolError(f"cycle {self.cycles}: {side}: {text}")

    def _after(self, ident: int, reference: int) -> bool:
        """`ident` is `reference` or newer."""
        return ((ident - reference) & self.mask) < self.half

    def _issue_stability(self, now: XifWires) -> None:
        was = self.before
        same = was and was.issue_valid and not was.issue_ready and now.issue_valid
        if was is None or not same or was.issue_id != now.issue_id:
            if now.issue_valid and self.last_id is not None:
                newer = self._after(now.issue_id, self.last_id)
                self._rule(newer, CPU, f"issue id {now.issue_id} runs back")
            if was and was.issue_valid and was.issue_id != now.issue_id:
                self.early = None
            return
        self._rule(was.issue_instr == now.issue_instr, CPU, "issue_instr changed in an offer")
        for bit, name in ((1, "register_rs1"), (2, "register_rs2")):
            if was.register_rs_valid & bit:
                self._rule(bool(now.register_rs_valid & bit), CPU, "an operand became invalid")
                stable = getattr(was, name) == getattr(now, name)
                self._rule(stable, CPU, f"{name} changed while valid")

    def _result_stability(self, now: XifWires) -> None:
        was = self.before
        if was is None or not was.result_valid or was.result_ready:
            return
        self._rule(bool(now.result_valid), COPROCESSOR, "result_valid fell without result_ready")
        for name in ("result_id", "result_data", "result_rd", "result_we"):
            stable = getattr(was, name) == getattr(now, name)
            self._rule(stable, COPROCESSOR, f"{name} changed before result_ready")

    def _verdicts(self, now: XifWires) -> None:
        if not now.commit_valid:
            return
        known = [*self.unjudged, *([now.issue_id] if now.issue_valid else [])]
        known += [f.ident for f in self.flights]
        self._rule(now.commit_id in known, CPU, f"verdict on id {now.commit_id}, not in flight")
        if now.commit_kill:
            kept = [
                f for f in self.flights if f.committed or not self._after(f.ident, now.commit_id)
            ]
            self.killed += len(self.flights) - len(kept)
            self.flights = kept
            self.unjudged = [i for i in self.unjudged if not self._after(i, now.commit_id)]
        else:
            for flight in self.flights:
                flight.committed |= self._after(now.commit_id, flight.ident)
            self.unjudged = [i for i in self.unjudged if not self._after(now.commit_id, i)]
        if now.issue_valid and self.early is None:
            hit = self._after(now.issue_id, now.commit_id)
            if hit and (now.commit_kill or now.issue_id == now.commit_id):
                self.early = (now.issue_id, bool(now.commit_kill))

    def _answer(self, now: XifWires) -> None:
        self.last_id = now.issue_id
        if self.early is None:
            self.unjudged.append(now.issue_id)
        if not now.issue_accept:
            self.rejected += 1
            flags = now.issue_writeback | now.issue_register_read
            self._rule(flags == 0, COPROCESSOR, "writeback or register_read with a rejection")
            return
        self.accepted += 1
        needs = now.issue_register_read
        self._rule(
            needs & now.register_rs_valid == needs, COPROCESSOR, "accepted without its operands"
        )
        if self.early is not None and self.early[1]:
            self.killed += 1
            return
        committed = self.early is not None
        rd = now.issue_instr >> 7 & 31
        self.flights.append(Flight(now.issue_id, now.issue_writeback, rd, committed))

    def _result(self, now: XifWires) -> None:
        flight = next((f for f in self.flights if f.ident == now.result_id), None)
        self._rule(flight is not None, COPROCESSOR, f"result for id {now.result_id}, not in flight")
        assert flight is not None
        self._rule(flight.committed, COPROCESSOR, "result before its commit")
        self._rule(flight.writeback == now.result_we, COPROCESSOR, "result_we is not writeback")
        self._rule(flight.rd == now.result_rd, COPROCESSOR, "result_rd is not the instruction's")
        if now.result_ready:
            self.results += 1
            self.flights.remove(flight)


def reader(dut: Any) -> Callable[[str], int]:
    """Reads a wire of a device with our port names; an idle channel's payload reads 0."""
    handles = {
        name: getattr(dut, f"{'o' if name in DRIVEN_BY_COPROCESSOR else 'i'}_xif_{name}")
        for name in XifWires.__dataclass_fields__
    }

    def read(name: str) -> int:
        if name in HANDSHAKES:
            return level(handles[name])
        channel = name.split("_", 1)[0].replace("register", "issue")
        if not level(handles[f"{channel}_valid"]):
            return 0
        if name in OPERAND_BIT and not level(handles["register_rs_valid"]) & OPERAND_BIT[name]:
            return 0
        return level(handles[name])

    return read
