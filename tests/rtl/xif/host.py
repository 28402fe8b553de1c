# SPDX-License-Identifier: Apache-2.0
"""host : plays the CPU side of CV-X-IF, with random timing of every channel, one cycle at a time.

`choose` fixes what the CPU drives in a cycle, `ports` says it in port values; `answered` and
`took_result` tell the host what the device did. What it should have done is the test's business.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from xif.bench import maybe

from cosim import regmap

__all__ = ["Host", "Instr", "Timing", "encode"]

F3 = {op.name: op.funct3 for op in regmap.INSTRUCTIONS}
TABLE = {op.name: op for op in regmap.INSTRUCTIONS}
FOREIGN = 0x0000_0013  # addi x0, x0, 0: never ours


def encode(name: str, rd: int = 0) -> int:
    """The instruction word; operand registers x1 and x2 stand for any."""
    return 2 << 20 | 1 << 15 | F3[name] << 12 | rd << 7 | regmap.OPCODE_CUSTOM0


@dataclass(kw_only=True)
class Instr:
    """One instruction, from the offer to its end. Cycle numbers are None until it happened."""

    name: str  # "" for a foreign instruction
    rs1: int = 0
    rs2: int = 0
    rd: int = 0
    decoy: bool = False  # wrong path: will be killed
    ident: int = -1
    seq: int = -1
    verdict: str | None = None
    verdict_at: int = -1
    accepted_at: int = -1

    def fresh(self) -> Instr:
        """The same instruction, to be offered again."""
        return Instr(name=self.name, rs1=self.rs1, rs2=self.rs2, rd=self.rd)

    @property
    def word(self) -> int:
        """Instruction bits."""
        return encode(self.name, self.rd) if self.name else FOREIGN | self.rd << 7

    @property
    def needs(self) -> int:
        """Operands it reads, as register_read."""
        op = TABLE[self.name]
        return (1 if op.rs1 else 0) | (2 if op.rs2 else 0)

    @property
    def writes(self) -> int:
        """Whether a result is written back."""
        return int(bool(self.name) and TABLE[self.name].rd is not None and self.rd != 0)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Probabilities per cycle; the default is the fastest legal CPU."""

    offer: float = 1.0
    operand: float = 1.0  # a missing operand becomes valid
    retract: float = 0.0
    foreign: float = 0.0  # a foreign instruction goes before the next one
    verdict: float = 1.0  # the oldest unjudged instructions get theirs
    early: float = 1.0  # ... also while still offered
    ready: float = 1.0


@dataclass
class Host:
    """The CPU's side; `todo` is the program, wrong-path instructions are marked as decoys."""

    rng: random.Random
    id_w: int
    timing: Timing = field(default_factory=Timing)
    todo: list[Instr] = field(default_factory=list)
    offer: Instr | None = None
    unjudged: list[Instr] = field(default_factory=list)
    waiting: list[Instr] = field(default_factory=list)  # committed, no result yet
    rs_valid: int = 0
    seq: int = 0
    last_id: int = 0
    ready: int = 0
    commit: tuple[int, int, int] = (0, 0, 0)
    seen: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("retract", "early_commit", "early_kill", "batch"), 0)
    )

    @property
    def idle(self) -> bool:
        """Everything offered, judged and answered."""
        return not (self.todo or self.offer or self.unjudged or self.waiting)

    def choose(self, cycle: int) -> None:
        """What to drive in this cycle."""
        self._choose_offer()
        self._choose_verdict(cycle)
        self.ready = int(maybe(self.rng, self.timing.ready))

    def _room(self) -> bool:
        """Ids in flight must stay within half the range (two may be skipped)."""
        oldest = [*self.waiting, *self.unjudged][:1]
        window = (self.last_id - oldest[0].ident) % (1 << self.id_w) if oldest else 0
        return window + 2 < 1 << (self.id_w - 1)

    def _choose_offer(self) -> None:
        rng, timing = self.rng, self.timing
        if self.offer and self.offer.verdict != "commit" and maybe(rng, timing.retract):
            self.seen["retract"] += 1
            if self.offer.verdict is None:
                self.todo.insert(0, self.offer)  # an interrupt; it comes again later
            self.offer = None
            if maybe(rng, 0.5):
                return
        if self.offer is None and self.todo and self._room() and maybe(rng, timing.offer):
            foreign = maybe(rng, timing.foreign)
            instr = Instr(name="", rd=rng.randrange(32)) if foreign else self.todo.pop(0)
            self.seq += 1
            self.last_id = (self.last_id + rng.choice((1, 1, 1, 2))) % (1 << self.id_w)
            instr.ident, instr.seq = self.last_id, self.seq
            self.offer = instr
            self.rs_valid = 0
        if self.offer:
            for bit in (1, 2):
                if maybe(rng, timing.operand):
                    self.rs_valid |= bit

    def _choose_verdict(self, cycle: int) -> None:
        rng = self.rng
        self.commit = (0, rng.randrange(1 << self.id_w), rng.randrange(2))
        open_offer = self.offer is not None and self.offer.verdict is None
        line = [*self.unjudged]
        if open_offer and self.offer and maybe(rng, self.timing.early):
            line.append(self.offer)
        if not line or not maybe(rng, self.timing.verdict):
            return
        kill = line[0].decoy
        if kill:  # everything newer was fetched behind a wrong path: it dies too, and comes again
            chosen = line[0]
            hit = [*self.unjudged, *([self.offer] if open_offer and self.offer else [])]
            self.todo[:0] = [i.fresh() for i in hit if i.name and not i.decoy]
        else:
            safe = next((k for k, i in enumerate(line) if i.decoy), len(line))
            hit = line[: rng.randint(1, safe)]
            chosen = hit[-1]
        self.commit = (1, chosen.ident, int(kill))
        self.seen["batch"] += len(hit) > 1
        for instr in hit:
            instr.verdict, instr.verdict_at = "kill" if kill else "commit", cycle
            if instr is self.offer:
                self.seen["early_kill" if kill else "early_commit"] += 1
            elif instr.verdict == "commit" and instr.name:
                self.waiting.append(instr)
        self.unjudged = [i for i in self.unjudged if i.verdict is None]

    def ports(self) -> dict[str, int]:
        """Port values of this cycle; payload of an idle channel is noise."""
        rng, offer = self.rng, self.offer
        noise = rng.getrandbits(32)
        return {
            "i_xif_issue_valid": int(offer is not None),
            "i_xif_issue_instr": offer.word if offer else noise,
            "i_xif_issue_id": offer.ident if offer else noise % (1 << self.id_w),
            "i_xif_register_rs1": offer.rs1 if offer and self.rs_valid & 1 else noise,
            "i_xif_register_rs2": offer.rs2 if offer and self.rs_valid & 2 else noise,
            "i_xif_register_rs_valid": self.rs_valid if offer else noise & 3,
            "i_xif_commit_valid": self.commit[0],
            "i_xif_commit_id": self.commit[1],
            "i_xif_commit_kill": self.commit[2],
            "i_xif_result_ready": self.ready,
        }

    def answered(self, cycle: int) -> Instr:
        """The device answered the offer in this cycle; returns it."""
        instr = self.offer
        assert instr is not None
        instr.accepted_at, self.offer = cycle, None
        if instr.verdict is None:
            self.unjudged.append(instr)
        elif instr.verdict == "commit" and instr.name:
            self.waiting.append(instr)
        return instr

    def took_result(self, ident: int) -> Instr:
        """The device handed over the result of `ident`: the oldest instruction waiting."""
        assert self.waiting, f"result for id {ident}, none waiting"
        instr = self.waiting.pop(0)
        assert instr.ident == ident, f"result for id {ident}, want {instr.ident}"
        return instr
