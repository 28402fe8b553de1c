# SPDX-License-Identifier: Apache-2.0
"""random_program : writes random but terminating programs for the lockstep comparison.

Layout: code from 0, data at DATA (x29 points into its middle), a store to EXIT ends the run.
x28 counts the outer loop, x27 inner loops, x30 is where the handler of a fetch fault returns to,
x31 is scratch; the rest is random. The trap handler steps over exceptions and returns from
interrupts; it saves what it uses in memory, so it is transparent.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from cpu.asm import (
    BRANCHES,
    CSR_OPS,
    I_TYPE,
    LOADS,
    R_TYPE,
    SHIFTS,
    STORES,
    Program,
    custom0,
    encode,
)

DATA = 0x3_0000
DATA_SPAN = 2048  # bytes either side of x29 that loads and stores reach
SAVE = 0x3_F000
EXIT = 0x3_FFFC
LOOP, COUNT, BASE, RETURN, SCRATCH = 27, 28, 29, 30, 31

CORNERS = (0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x8000_0001, 0xFFFF_0000, 0x5555_5555)
MSTATUS, MIE, MTVEC, MSCRATCH, MEPC, MCAUSE, MTVAL, MIP = (
    0x300, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, 0x344,
)  # fmt: skip
WRITABLE = (MSTATUS, MIE, MSCRATCH, MEPC, MCAUSE, MTVAL, MIP, 0x301, 0x310, 0x320, 0x323, 0x33F,
            0xB00, 0xB02, 0xB03, 0xB1F, 0xB80, 0xB82, 0xB83, 0xB9F)  # fmt: skip
READ_ONLY = (0xC00, 0xC01, 0xC02, 0xC80, 0xC81, 0xC82, 0xF11, 0xF12, 0xF13, 0xF14, 0xF15)
ABSENT = (0x000, 0x100, 0x180, 0x302, 0x303, 0x306, 0x3A0, 0x7A0, 0xB01, 0xB81, 0xC03, 0xC83, 0xF16)
REJECTED = (
    0x0000_0000, 0xFFFF_FFFF, 0x0000_0001, 0x0000_8082, 0x1020_0073, 0x0000_100F, 0x0000_007F,
    encode("jalr", rd=1, rs1=2) | 1 << 12, encode("lw", rd=1, rs1=2) | 1 << 12,
    encode("lhu", rd=1, rs1=2) | 3 << 12, encode("sw", rs1=2, rs2=3) | 1 << 12,
    encode("beq", rs1=1, rs2=2, imm=8) | 2 << 12,
    encode("add", rd=1, rs1=2, rs2=3) | 1 << 30 | 1 << 27,
    encode("and", rd=1, rs1=2, rs2=3) | 1 << 30, encode("slli", rd=1, rs1=2, imm=3) | 1 << 30,
    encode("srli", rd=1, rs1=2, imm=3) | 1 << 25, encode("ecall") | 1 << 7,
    encode("mret") | 1 << 15,
    encode("wfi") | 1 << 7, encode("csrrw", rd=1, rs1=2, imm=MSCRATCH) & ~(3 << 12) | 4 << 12,
    custom0(2, rd=1, rs1=2, rs2=3, funct7=1), 0x0000_402B, 0x0000_0053,
)  # fmt: skip


class RandomProgram:
    """One random program; `words()` is its image."""

    def __init__(self, seed: int, *, length: int = 3000, loops: int = 3, wfi: bool = True) -> None:
        self.rng = random.Random(seed)
        self.p = Program()
        self.wfi = wfi
        self._labels = 0
        self._prologue(loops)
        menu = self._menu()
        makers, weights = [m for m, _ in menu], [w for _, w in menu]
        while self.p.pc < 4 * length:
            self.rng.choices(makers, weights)[0]()
        self._epilogue()

    def words(self) -> list[int]:
        """The image: code, then random data."""
        words = self.p.words()
        if 4 * len(words) > DATA - DATA_SPAN:
            raise ValueError(f"program of {len(words)} words runs into its data")
        words += [0] * ((DATA - DATA_SPAN) // 4 - len(words))
        return words + [self.rng.getrandbits(32) for _ in range(DATA_SPAN // 2)]

    # fixed parts -------------------------------------------------------------------------------
    def _prologue(self, loops: int) -> None:
        p = self.p
        p.jal(0, "start")
        p.label("vectors")  # vectored mode: exceptions and each interrupt come in by their own door
        for _ in range(12):
            p.jal(0, "handler")
        p.label("handler")
        p.csr("csrrw", MSCRATCH, rd=SCRATCH, rs1=SCRATCH)
        p.op("lui", rd=SCRATCH, imm=SAVE)
        p.op("sw", rs1=SCRATCH, rs2=1, imm=0)
        p.op("sw", rs1=SCRATCH, rs2=2, imm=4)
        p.csr("csrrs", MCAUSE, rd=1)
        p.branch("blt", 1, 0, "leave")  # an interrupt: return to where it was
        p.csr("csrrs", MTVAL, rd=2)
        p.op("addi", rd=2, imm=1)
        p.branch("beq", 1, 2, "fetch_fault")
        p.csr("csrrs", MEPC, rd=2)
        p.op("addi", rd=2, rs1=2, imm=4)
        p.csr("csrrw", MEPC, rs1=2)
        p.jal(0, "leave")
        p.label("fetch_fault")
        p.csr("csrrw", MEPC, rs1=RETURN)
        p.label("leave")
        p.op("lw", rd=1, rs1=SCRATCH, imm=0)
        p.op("lw", rd=2, rs1=SCRATCH, imm=4)
        p.csr("csrrw", MSCRATCH, rd=SCRATCH, rs1=SCRATCH)
        p.op("mret")
        p.label("start")
        for register in range(1, 32):
            p.li(register, self._value())
        p.la(SCRATCH, "vectors")
        p.csr("csrrw", MTVEC, rs1=SCRATCH)
        p.li(BASE, DATA)
        p.li(COUNT, loops)
        p.li(SCRATCH, 0x888)
        p.csr("csrrw", MIE, rs1=SCRATCH)
        p.csr("csrrsi", MSTATUS, rs1=8)
        p.label("again")

    def _epilogue(self) -> None:
        p = self.p
        p.op("addi", rd=COUNT, rs1=COUNT, imm=-1)
        p.branch("beq", COUNT, 0, "end")
        p.jal(0, "again")
        p.label("end")
        p.li(SCRATCH, EXIT)
        p.op("sw", rs1=SCRATCH, rs2=0, imm=0)
        p.label("stay")
        p.jal(0, "stay")

    # random parts ------------------------------------------------------------------------------
    def _menu(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._alu, 30), (self._load, 14), (self._store, 12), (self._muldiv, 10),
            (self._constant, 8), (self._branch, 12), (self._loop, 2), (self._jump, 4),
            (self._csr, 10), (self._custom, 5), (self._dependent, 8), (self._trap, 4),
            (self._bad_fetch, 1), (self._wait, 1), (self._mtvec_mode, 1),
        ]  # fmt: skip

    def _rd(self) -> int:
        return self.rng.choice((0, *range(1, LOOP), *range(1, 8)))

    def _rs(self) -> int:
        return self.rng.choice((*range(32), *range(1, 8)))

    def _value(self) -> int:
        choice = self.rng.random()
        if choice < 0.3:
            return self.rng.choice(CORNERS)
        return (
            self.rng.getrandbits(32) if choice < 0.8 else self.rng.randrange(-64, 64) & 0xFFFFFFFF
        )

    def _name(self) -> str:
        self._labels += 1
        return f"r{self._labels}"

    def _alu(self) -> None:
        name = self.rng.choice((*list(R_TYPE)[:10], *I_TYPE, *SHIFTS, "lui", "auipc"))
        imm = (
            self.rng.getrandbits(32)
            if name in ("lui", "auipc")
            else self.rng.randrange(-2048, 2048)
        )
        self.p.op(name, rd=self._rd(), rs1=self._rs(), rs2=self._rs(), imm=imm)

    def _muldiv(self) -> None:
        name = self.rng.choice(list(R_TYPE)[10:])
        self.p.op(name, rd=self._rd(), rs1=self._rs(), rs2=self._rs())

    def _dependent(self) -> None:
        """Producer and consumer in neighbouring slots, of every pair of kinds."""
        rd = self.rng.randrange(1, 8)
        producer = self.rng.choice(
            ("add", "mul", "mulhu", "div", "lw", "lb", "csrrs", "jal", "xif")
        )
        if producer in LOADS:
            self.p.op(producer, rd=rd, rs1=BASE, imm=4 * self.rng.randrange(-400, 400))
        elif producer == "csrrs":
            self.p.csr(producer, MSCRATCH, rd=rd)
        elif producer == "jal":
            self.p.op("jal", rd=rd, imm=4)
        elif producer == "xif":
            self.p.word(custom0(self.rng.choice((0, 1)), rd=rd, rs1=self._rs(), rs2=self._rs()))
        else:
            self.p.op(producer, rd=rd, rs1=self._rs(), rs2=self._rs())
        for _ in range(self.rng.randrange(2)):
            self._alu()
        consumer = self.rng.choice(("sub", "mul", "remu", "sw", "branch", "csrrw", "xif"))
        if consumer == "sw":
            self.p.op("sw", rs1=BASE, rs2=rd, imm=4 * self.rng.randrange(-400, 400))
        elif consumer == "branch":
            label = self._name()
            self.p.branch(self.rng.choice(list(BRANCHES)), rd, self._rs(), label)
            self._alu()
            self.p.label(label)
        elif consumer == "csrrw":
            self.p.csr("csrrw", MSCRATCH, rd=self._rd(), rs1=rd)
        elif consumer == "xif":
            self.p.word(custom0(3, rd=self._rd(), rs1=rd, rs2=rd))
        else:
            self.p.op(consumer, rd=self._rd(), rs1=rd, rs2=self.rng.choice((rd, self._rs())))

    def _constant(self) -> None:
        self.p.li(self.rng.randrange(1, LOOP), self._value())

    def _offset(self, size: int) -> int:
        offset = self.rng.randrange(-DATA_SPAN, DATA_SPAN)
        return offset if self.rng.random() < 0.05 else offset // size * size

    def _load(self) -> None:
        name = self.rng.choice(list(LOADS))
        base = BASE if self.rng.random() < 0.9 else self._rs()
        self.p.op(name, rd=self._rd(), rs1=base, imm=self._offset(1 << (LOADS[name] & 3)))

    def _store(self) -> None:
        name = self.rng.choice(list(STORES))
        base = BASE
        if self.rng.random() < 0.06:  # beyond the memory: must trap
            base = SCRATCH
            self.p.op("lui", rd=SCRATCH, imm=self.rng.choice((0x4_1000, 0x8000_0000, 0xFFFF_F000)))
        self.p.op(name, rs1=base, rs2=self._rs(), imm=self._offset(1 << STORES[name]))

    def _block(self, count: int) -> None:
        for _ in range(self.rng.randrange(count)):
            self.rng.choice((self._alu, self._load, self._store, self._muldiv))()

    def _branch(self) -> None:
        label = self._name()
        offset = 2 if self.rng.random() < 0.03 else 0  # misaligned target
        self.p.branch(self.rng.choice(list(BRANCHES)), self._rs(), self._rs(), label, offset)
        self._block(4)
        self.p.label(label)

    def _loop(self) -> None:
        """A short loop that runs backwards a few times."""
        label = self._name()
        self.p.li(LOOP, self.rng.randrange(1, 5))
        self.p.label(label)
        self._block(4)
        self.p.op("addi", rd=LOOP, rs1=LOOP, imm=-1)
        self.p.branch("blt", 0, LOOP, label)

    def _jump(self) -> None:
        label = self._name()
        if self.rng.random() < 0.5:
            self.p.jal(self._rd(), label, 2 if self.rng.random() < 0.05 else 0)
        else:
            offset = self.rng.randrange(-2048, 2048)
            odd = self.rng.choice((0, 0, 0, 1, 2))  # bit 0 is cleared, bit 1 traps
            self.p.la(SCRATCH, label, odd - offset)
            self.p.op("jalr", rd=self._rd(), rs1=SCRATCH, imm=offset)
        self._block(3)
        self.p.label(label)

    def _csr(self) -> None:
        name = self.rng.choice(list(CSR_OPS))
        csr = self.rng.choice(WRITABLE)
        choice = self.rng.random()
        if choice < 0.15:
            csr = self.rng.choice(ABSENT)
        source = self._rs()
        if choice > 0.6:  # a read, also of what cannot be written
            name, source = "csrrs", 0
            csr = self.rng.choice((*WRITABLE, *READ_ONLY, MTVEC))
        elif choice > 0.55:
            csr = self.rng.choice(READ_ONLY)
        self.p.csr(name, csr, rd=self._rd(), rs1=source)

    def _custom(self) -> None:
        word = custom0(self.rng.randrange(8), rd=self._rd(), rs1=self._rs(), rs2=self._rs())
        self.p.word(word)

    def _trap(self) -> None:
        self.p.word(
            self.rng.choice((encode("ecall"), encode("ebreak"), *REJECTED, encode("fence")))
        )

    def _bad_fetch(self) -> None:
        label = self._name()
        self.p.la(RETURN, label)
        self.p.li(SCRATCH, self.rng.choice((0x4_0000, 0x1000_0000, 0xFFFF_FFF0)))
        self.p.op("jalr", rd=self._rd(), rs1=SCRATCH)
        self.p.label(label)

    def _wait(self) -> None:
        if self.wfi:
            self.p.li(SCRATCH, self.rng.choice((0x80, 0x800, 0x880)))
            self.p.csr("csrrs", MIE, rs1=SCRATCH)
            self.p.op("wfi")

    def _mtvec_mode(self) -> None:
        self.p.csr(self.rng.choice(("csrrsi", "csrrci")), MTVEC, rd=self._rd(), rs1=1)
