# SPDX-License-Identifier: Apache-2.0
"""lockstep : compares the retirements that lockstep_tb.v logged with the instruction-set model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from cpu.iss import IRQ_EXTERNAL, IRQ_TIMER, SIGN, Iss

MEMORY_BYTES = 1 << 18
FIELDS = 12


def xif_unit(insn: int, rs1: int, rs2: int) -> tuple[bool, int] | None:
    """The co-processor model of the bench: custom-0 with funct7 0."""
    if insn & 0x7F != 0x0B or insn >> 25:
        return None
    f3 = insn >> 12 & 7
    value = (rs1 ^ (rs2 << 16 | rs2 >> 16) & 0xFFFF_FFFF) + f3
    return f3 & 3 != 1, value & 0xFFFF_FFFF


@dataclass
class Outcome:
    """What a compared run contained."""

    retired: int = 0
    cycles: int = 0
    interrupts: Counter[int] = field(default_factory=Counter)
    traps: Counter[int] = field(default_factory=Counter)
    opcodes: Counter[int] = field(default_factory=Counter)


class Mismatch(AssertionError):
    """The device and the model disagree."""


def compare(words: list[int], log: Path) -> Outcome:
    """Step the model through `log`; raises Mismatch at the first difference."""
    memory = bytearray(MEMORY_BYTES)
    image = b"".join(word.to_bytes(4, "little") for word in words)
    memory[: len(image)] = image
    iss = Iss(memory=memory, xif=xif_unit)
    out = Outcome()
    ended = False
    with log.open() as lines:
        for line in lines:
            if line[1] == " ":
                if line[0] == "E":
                    raise Mismatch(f"after {out.retired} instructions, pc {iss.pc:08x}: {line[2:]}")
                out.cycles, ended = int(line[2:]), True
                break
            _retire(iss, line, out)
    if not ended:
        raise Mismatch(f"the log ends after {out.retired} instructions without an end line")
    return out


def _retire(iss: Iss, line: str, out: Outcome) -> None:
    fields = line.split()
    head, insn, pc, next_pc, rs1, rs2, rd, masks, address, data, mcause, irq = (
        int(text, 16) for text in fields
    )
    rd_addr, rs2_addr, rs1_addr = head & 31, head >> 8 & 31, head >> 16 & 31
    intr, trap, order = head >> 24 & 1, head >> 25 & 1, head >> 28
    rmask, wmask = masks >> 4, masks & 15
    if order != out.retired:
        raise Mismatch(f"order {order}, expected {out.retired}")
    _interrupt(iss, intr, mcause, irq, out)
    for name, register, value in (("rs1", rs1_addr, rs1), ("rs2", rs2_addr, rs2)):
        if value != iss.x[register]:
            raise Mismatch(
                f"instruction {order} pc {pc:08x} {insn:08x}: {name} x{register} = {value:08x}, "
                f"expected {iss.x[register]:08x}"
            )
    if pc != iss.pc:
        raise Mismatch(f"instruction {order}: pc {pc:08x}, expected {iss.pc:08x}")
    effect = iss.step(observed=rd)
    seen = (bool(trap), next_pc, rd_addr, rd, rmask, wmask)
    want = (effect.trap, effect.next_pc, effect.rd, effect.rd_value, effect.rmask, effect.wmask)
    fetched = not (trap and iss.mcause == 1)
    if seen != want or (fetched and insn != effect.insn):
        raise Mismatch(
            f"instruction {order} pc {pc:08x} {insn:08x} (model {effect.insn:08x}): "
            f"(trap, next pc, rd, value, rmask, wmask) = {_hex(seen)}, expected {_hex(want)}"
        )
    if rmask or wmask:
        lanes = sum(0xFF << 8 * k for k in range(4) if (rmask | wmask) >> k & 1)
        word = int.from_bytes(iss.memory[effect.mem_addr : effect.mem_addr + 4], "little")
        if address != effect.mem_addr or (data ^ word) & lanes:
            raise Mismatch(
                f"instruction {order} pc {pc:08x}: memory [{address:08x}] {data:08x}, "
                f"expected [{effect.mem_addr:08x}] {word:08x} on lanes {lanes:08x}"
            )
    out.retired += 1
    out.opcodes[insn & 0x7F] += 1
    if trap:
        out.traps[iss.mcause] += 1


def _interrupt(iss: Iss, intr: int, mcause: int, irq: int, out: Outcome) -> None:
    """Was an interrupt taken when it had to be, and only when it might be?

    `irq`: timer line high at some time, all the time, then the external line's, since the last
    retirement. The decision falls in that window, with the enables of the model's present state.
    """
    timer_ever, timer_always, ext_ever, ext_always = (bool(irq >> k & 1) for k in (3, 2, 1, 0))
    must_ext = ext_always and iss.interrupt_allowed(IRQ_EXTERNAL)
    must_timer = timer_always and iss.interrupt_allowed(IRQ_TIMER)
    where = f"instruction {out.retired} pc {iss.pc:08x}"
    if not intr:
        if must_ext or must_timer:
            raise Mismatch(f"{where}: a pending, enabled interrupt was not taken")
        return
    cause = mcause & 31
    if mcause != SIGN | cause or cause not in (IRQ_TIMER, IRQ_EXTERNAL):
        raise Mismatch(f"{where}: interrupt with mcause {mcause:08x}")
    ever = timer_ever if cause == IRQ_TIMER else ext_ever
    if not ever or not iss.interrupt_allowed(cause):
        raise Mismatch(f"{where}: interrupt {cause} was not pending or not enabled")
    if cause == IRQ_TIMER and must_ext:
        raise Mismatch(f"{where}: timer interrupt before the external one")
    iss.interrupt(cause)
    out.interrupts[cause] += 1


def _hex(values: tuple[object, ...]) -> str:
    return "(" + ", ".join(f"{v:x}" if isinstance(v, int) else str(v) for v in values) + ")"
