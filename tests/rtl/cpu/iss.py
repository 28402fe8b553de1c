# SPDX-License-Identifier: Apache-2.0
"""iss : an RV32IM_Zicsr_Zicntr machine-mode model, the reference the CPU is compared with.

Written from the RISC-V unprivileged and privileged manuals, not from the RTL. Values that depend
on timing (cycle counters, time, pending interrupts) cannot be known here: `step` takes what the
device read (`observed`) and believes it for those registers only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MASK = 0xFFFF_FFFF
SIGN = 0x8000_0000

# exception codes (privileged manual, table of mcause values)
FETCH_MISALIGNED, FETCH_FAULT, ILLEGAL, BREAKPOINT = 0, 1, 2, 3
LOAD_MISALIGNED, LOAD_FAULT, STORE_MISALIGNED, STORE_FAULT = 4, 5, 6, 7
ECALL_M = 11
IRQ_TIMER, IRQ_EXTERNAL = 7, 11

MSTATUS, MISA, MIE, MTVEC, MSTATUSH = 0x300, 0x301, 0x304, 0x305, 0x310
MCOUNTINHIBIT, MSCRATCH, MEPC, MCAUSE, MTVAL, MIP = 0x320, 0x340, 0x341, 0x342, 0x343, 0x344
MCYCLE, MCYCLEH, MINSTRET, MINSTRETH = 0xB00, 0xB80, 0xB02, 0xB82
TIMED = frozenset({MIP, MCYCLE, MCYCLEH, 0xC00, 0xC80, 0xC01, 0xC81})
ZERO = frozenset(
    {0xF11, 0xF12, 0xF13, 0xF14, 0xF15, MSTATUSH}
    | set(range(0xB03, 0xB20))
    | set(range(0xB83, 0xBA0))
    | set(range(0x323, 0x340))
)

XifUnit = Callable[[int, int, int], "tuple[bool, int] | None"]


class Trap(Exception):
    """An exception of the instruction being executed."""

    def __init__(self, cause: int, value: int = 0) -> None:
        super().__init__(f"cause {cause}")
        self.cause, self.value = cause, value


@dataclass
class Effect:
    """What one instruction did, in the terms of the retirement port."""

    pc: int
    insn: int = 0
    trap: bool = False
    rd: int = 0
    rd_value: int = 0
    next_pc: int = 0
    mem_addr: int = 0
    rmask: int = 0
    wmask: int = 0
    mem_data: int = 0  # of a store, on its byte lanes


def signed(value: int) -> int:
    """A 32-bit word as a signed integer."""
    return value - (1 << 32) if value & SIGN else value


def sext(value: int, bits: int) -> int:
    """The low `bits` of value, sign-extended to 32 bits."""
    value &= (1 << bits) - 1
    return (value - (1 << bits)) & MASK if value >> (bits - 1) else value


@dataclass
class Iss:
    """The hart: registers, CSRs, memory. `xif` answers instructions the hart does not know."""

    memory: bytearray
    xif: XifUnit | None = None
    pc: int = 0
    x: list[int] = field(default_factory=lambda: [0] * 32)
    mie_bit: bool = False
    mpie_bit: bool = False
    mie: int = 0
    mtvec: int = 0
    mscratch: int = 0
    mepc: int = 0
    mcause: int = 0
    mtval: int = 0
    inhibit: int = 0
    instret: int = 0
    wrote_instret: bool = False

    # one instruction ---------------------------------------------------------------------------
    def step(self, observed: int = 0) -> Effect:
        """Execute the instruction at pc; `observed` is what the device wrote to rd."""
        effect = Effect(pc=self.pc)
        self.wrote_instret = False
        counting = not self.inhibit & 4
        try:
            if self.pc + 4 > len(self.memory):
                raise Trap(FETCH_FAULT, self.pc)
            insn = int.from_bytes(self.memory[self.pc : self.pc + 4], "little")
            effect.insn = insn
            effect.next_pc = (self.pc + 4) & MASK
            self._execute(insn, effect, observed)
        except Trap as trap:
            effect.trap, effect.rd, effect.rd_value = True, 0, 0
            effect.rmask = effect.wmask = 0
            self._enter(trap.cause, trap.value)
            effect.next_pc = self.pc
            return effect
        if effect.rd:
            self.x[effect.rd] = effect.rd_value
        else:
            effect.rd_value = 0
        self.pc = effect.next_pc
        if counting and not self.wrote_instret:
            self.instret = (self.instret + 1) & ((1 << 64) - 1)
        return effect

    def interrupt(self, cause: int) -> None:
        """Take the interrupt with exception code `cause`."""
        self._enter(cause | SIGN, 0)

    def interrupt_allowed(self, cause: int) -> bool:
        """Is interrupt `cause` enabled, globally and by itself?"""
        return self.mie_bit and bool(self.mie >> cause & 1)

    def _enter(self, cause: int, value: int) -> None:
        self.mepc, self.mcause, self.mtval = self.pc & ~3, cause, value
        self.mpie_bit, self.mie_bit = self.mie_bit, False
        base = self.mtvec & ~3
        vectored = cause & SIGN and self.mtvec & 1
        self.pc = (base + 4 * (cause & 31)) & MASK if vectored else base

    # decode and execute ------------------------------------------------------------------------
    def _execute(  # noqa: PLR0912, PLR0915 - one case per opcode
        self, insn: int, e: Effect, observed: int
    ) -> None:
        if insn & 3 != 3:
            raise Trap(ILLEGAL, insn)
        e.rd = insn >> 7 & 31
        f3 = insn >> 12 & 7
        f7 = insn >> 25
        a, b = self.x[insn >> 15 & 31], self.x[insn >> 20 & 31]
        imm_i = sext(insn >> 20, 12)
        match insn & 0x7F:
            case 0x37:  # lui
                e.rd_value = insn & 0xFFFFF000
            case 0x17:  # auipc
                e.rd_value = (self.pc + (insn & 0xFFFFF000)) & MASK
            case 0x6F:  # jal
                imm = (
                    (insn >> 31) << 20
                    | (insn >> 12 & 0xFF) << 12
                    | (insn >> 20 & 1) << 11
                    | (insn >> 21 & 0x3FF) << 1
                )
                self._jump(e, self.pc + sext(imm, 21))
                e.rd_value = (self.pc + 4) & MASK
            case 0x67 if f3 == 0:  # jalr
                self._jump(e, (a + imm_i) & ~1)
                e.rd_value = (self.pc + 4) & MASK
            case 0x63 if f3 not in (2, 3):
                e.rd = 0
                if self._compare(f3, a, b):
                    imm = (
                        (insn >> 31) << 12
                        | (insn >> 7 & 1) << 11
                        | (insn >> 25 & 0x3F) << 5
                        | (insn >> 8 & 0xF) << 1
                    )
                    self._jump(e, self.pc + sext(imm, 13))
            case 0x03 if f3 in (0, 1, 2, 4, 5):
                e.rd_value = self._load(e, f3, (a + imm_i) & MASK)
            case 0x23 if f3 <= 2:
                e.rd = 0
                imm = sext(f7 << 5 | insn >> 7 & 31, 12)
                self._store(e, f3, (a + imm) & MASK, b)
            case 0x13 if f3 not in (1, 5) or f7 == 0 or (f3 == 5 and f7 == 0x20):
                e.rd_value = self._alu(f3, f3 == 5 and f7 == 0x20, a, imm_i)
            case 0x33 if f7 == 0 or (f7 == 0x20 and f3 in (0, 5)):
                e.rd_value = self._alu(f3, f7 == 0x20, a, b)
            case 0x33 if f7 == 1:
                e.rd_value = self._muldiv(f3, a, b)
            case 0x0F if f3 == 0:  # fence: one hart, in order
                e.rd = 0
            case 0x73 if f3 & 3:
                self._csr(insn, f3, a, e, observed)
            case 0x73 if insn == 0x0000_0073:
                raise Trap(ECALL_M)
            case 0x73 if insn == 0x0010_0073:
                raise Trap(BREAKPOINT)
            case 0x73 if insn == 0x3020_0073:  # mret
                e.rd = 0
                self.mie_bit, self.mpie_bit = self.mpie_bit, True
                e.next_pc = self.mepc
            case 0x73 if insn == 0x1050_0073:  # wfi
                e.rd = 0
            case _:
                answer = self.xif(insn, a, b) if self.xif else None
                if answer is None:
                    raise Trap(ILLEGAL, insn)
                writes, value = answer
                if not writes:
                    e.rd = 0
                e.rd_value = value & MASK

    def _jump(self, e: Effect, target: int) -> None:
        target &= MASK
        if target & 3:
            raise Trap(FETCH_MISALIGNED, target)
        e.next_pc = target

    @staticmethod
    def _compare(f3: int, a: int, b: int) -> bool:
        if f3 < 2:
            hit = a == b
        elif f3 < 6:
            hit = signed(a) < signed(b)
        else:
            hit = a < b
        return hit != bool(f3 & 1)

    @staticmethod
    def _alu(  # noqa: PLR0911 - one return per funct3
        f3: int, alternate: bool, a: int, b: int
    ) -> int:
        shift = b & 31
        match f3:
            case 0:
                return (a - b if alternate else a + b) & MASK
            case 1:
                return (a << shift) & MASK
            case 2:
                return int(signed(a) < signed(b))
            case 3:
                return int(a < b)
            case 4:
                return a ^ b
            case 5:
                return (signed(a) >> shift) & MASK if alternate else a >> shift
            case 6:
                return a | b
            case _:
                return a & b

    @staticmethod
    def _muldiv(f3: int, a: int, b: int) -> int:  # noqa: PLR0911 - one return per funct3
        sa, sb = signed(a), signed(b)
        match f3:
            case 0:
                return (a * b) & MASK
            case 1:
                return (sa * sb) >> 32 & MASK
            case 2:
                return (sa * b) >> 32 & MASK
            case 3:
                return (a * b) >> 32
            case 4:
                if b == 0:
                    return MASK
                quotient = abs(sa) // abs(sb)
                return (quotient if (sa < 0) == (sb < 0) else -quotient) & MASK
            case 5:
                return MASK if b == 0 else a // b
            case 6:
                if b == 0:
                    return a
                remainder = abs(sa) % abs(sb)
                return (-remainder if sa < 0 else remainder) & MASK
            case _:
                return a if b == 0 else a % b

    # memory ------------------------------------------------------------------------------------
    def _load(self, e: Effect, f3: int, address: int) -> int:
        size = 1 << (f3 & 3)
        if address % size:
            raise Trap(LOAD_MISALIGNED, address)
        if address + size > len(self.memory):
            raise Trap(LOAD_FAULT, address)
        e.mem_addr = address & ~3
        e.rmask = ((1 << size) - 1) << (address & 3)
        value = int.from_bytes(self.memory[address : address + size], "little")
        return value if f3 & 4 else sext(value, 8 * size)

    def _store(self, e: Effect, f3: int, address: int, value: int) -> None:
        size = 1 << f3
        if address % size:
            raise Trap(STORE_MISALIGNED, address)
        if address + size > len(self.memory):
            raise Trap(STORE_FAULT, address)
        value &= (1 << 8 * size) - 1
        e.mem_addr = address & ~3
        e.wmask = ((1 << size) - 1) << (address & 3)
        e.mem_data = value << 8 * (address & 3)
        self.memory[address : address + size] = value.to_bytes(size, "little")

    # control and status registers --------------------------------------------------------------
    def _csr(self, insn: int, f3: int, a: int, e: Effect, observed: int) -> None:
        address, source = insn >> 20, insn >> 15 & 31
        operand = source if f3 & 4 else a
        writes = f3 & 3 == 1 or source != 0
        if writes and address >> 10 == 3:
            raise Trap(ILLEGAL, insn)
        old = self._csr_read(address, observed)
        if old is None:
            raise Trap(ILLEGAL, insn)
        if writes:
            new = (operand, old | operand, old & ~operand)[(f3 & 3) - 1]
            self._csr_write(address, new & MASK)
        e.rd_value = old

    def _csr_read(self, address: int, observed: int) -> int | None:
        if address in TIMED:
            return observed
        if address in ZERO:
            return 0
        fixed = {
            MSTATUS: 3 << 11 | self.mpie_bit << 7 | self.mie_bit << 3,
            MISA: 1 << 30 | 1 << 8 | 1 << 12,
            MIE: self.mie,
            MTVEC: self.mtvec,
            MCOUNTINHIBIT: self.inhibit,
            MSCRATCH: self.mscratch,
            MEPC: self.mepc,
            MCAUSE: self.mcause,
            MTVAL: self.mtval,
            MINSTRET: self.instret & MASK,
            MINSTRETH: self.instret >> 32,
            0xC02: self.instret & MASK,
            0xC82: self.instret >> 32,
        }
        return fixed.get(address)

    def _csr_write(self, address: int, value: int) -> None:
        match address:
            case 0x300:
                self.mie_bit, self.mpie_bit = bool(value & 8), bool(value & 0x80)
            case 0x304:
                self.mie = value & (1 << IRQ_TIMER | 1 << IRQ_EXTERNAL)
            case 0x305:
                self.mtvec = value & ~2
            case 0x320:
                self.inhibit = value & 5
            case 0x340:
                self.mscratch = value
            case 0x341:
                self.mepc = value & ~3
            case 0x342:
                self.mcause = value & (SIGN | 31)
            case 0x343:
                self.mtval = value
            case 0xB02:
                self.instret = self.instret >> 32 << 32 | value
                self.wrote_instret = True
            case 0xB82:
                self.instret = self.instret & MASK | value << 32
                self.wrote_instret = True
