# SPDX-License-Identifier: Apache-2.0
"""asm : encodes RV32IM_Zicsr instructions for test programs.

program = Program()
program.li(1, 0x1234_5678)
program.label("again")
program.op("addi", rd=1, rs1=1, imm=-1)
program.branch("bne", 1, 0, "again")
words = program.words()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MASK = 0xFFFF_FFFF

R_TYPE = {  # name: (funct7, funct3)
    "add": (0x00, 0),
    "sub": (0x20, 0),
    "sll": (0x00, 1),
    "slt": (0x00, 2),
    "sltu": (0x00, 3),
    "xor": (0x00, 4),
    "srl": (0x00, 5),
    "sra": (0x20, 5),
    "or": (0x00, 6),
    "and": (0x00, 7),
    "mul": (0x01, 0),
    "mulh": (0x01, 1),
    "mulhsu": (0x01, 2),
    "mulhu": (0x01, 3),
    "div": (0x01, 4),
    "divu": (0x01, 5),
    "rem": (0x01, 6),
    "remu": (0x01, 7),
}
I_TYPE = {"addi": 0, "slti": 2, "sltiu": 3, "xori": 4, "ori": 6, "andi": 7}
SHIFTS = {"slli": (0x00, 1), "srli": (0x00, 5), "srai": (0x20, 5)}
LOADS = {"lb": 0, "lh": 1, "lw": 2, "lbu": 4, "lhu": 5}
STORES = {"sb": 0, "sh": 1, "sw": 2}
BRANCHES = {"beq": 0, "bne": 1, "blt": 4, "bge": 5, "bltu": 6, "bgeu": 7}
CSR_OPS = {"csrrw": 1, "csrrs": 2, "csrrc": 3, "csrrwi": 5, "csrrsi": 6, "csrrci": 7}
FIXED = {
    "ecall": 0x0000_0073,
    "ebreak": 0x0010_0073,
    "mret": 0x3020_0073,
    "wfi": 0x1050_0073,
    "fence": 0x0FF0_000F,
}


def encode(  # noqa: PLR0911 - one return per format
    name: str, *, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0
) -> int:
    """One instruction word. For CSR operations `imm` is the CSR, `rs1` the register or zimm."""
    if name in FIXED:
        return FIXED[name]
    if name in R_TYPE:
        f7, f3 = R_TYPE[name]
        return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | 0x33
    if name in SHIFTS:
        f7, f3 = SHIFTS[name]
        return f7 << 25 | (imm & 31) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | 0x13
    if name in STORES:
        low, high = imm & 31, imm >> 5 & 0x7F
        return high << 25 | rs2 << 20 | rs1 << 15 | STORES[name] << 12 | low << 7 | 0x23
    if name in BRANCHES:
        fields = (imm >> 12 & 1) << 31 | (imm >> 5 & 0x3F) << 25
        fields |= (imm >> 1 & 0xF) << 8 | (imm >> 11 & 1) << 7
        return fields | rs2 << 20 | rs1 << 15 | BRANCHES[name] << 12 | 0x63
    if name in ("lui", "auipc"):
        return (imm & 0xFFFFF000) | rd << 7 | (0x37 if name == "lui" else 0x17)
    if name == "jal":
        fields = (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3FF) << 21
        fields |= (imm >> 11 & 1) << 20 | (imm >> 12 & 0xFF) << 12
        return fields | rd << 7 | 0x6F
    for table, opcode in ((I_TYPE, 0x13), (LOADS, 0x03), ({"jalr": 0}, 0x67), (CSR_OPS, 0x73)):
        if name in table:
            return (imm & 0xFFF) << 20 | rs1 << 15 | table[name] << 12 | rd << 7 | opcode
    raise ValueError(f"no instruction {name!r}")


def custom0(funct3: int, *, rd: int = 0, rs1: int = 0, rs2: int = 0, funct7: int = 0) -> int:
    """One custom-0 instruction word."""
    return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x0B


@dataclass
class Program:
    """Instruction words at consecutive addresses from `origin`, with labels."""

    origin: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    _items: list[int | Callable[[], int]] = field(default_factory=list)

    @property
    def pc(self) -> int:
        """Address of the next word."""
        return self.origin + 4 * len(self._items)

    def label(self, name: str) -> None:
        """Name the present address."""
        if name in self.labels:
            raise ValueError(f"label {name!r} is there already")
        self.labels[name] = self.pc

    def word(self, value: int) -> None:
        """Place a word as it is."""
        self._items.append(value & MASK)

    def op(self, name: str, *, rd: int = 0, rs1: int = 0, rs2: int = 0, imm: int = 0) -> None:
        """Place one instruction."""
        self.word(encode(name, rd=rd, rs1=rs1, rs2=rs2, imm=imm))

    def csr(self, name: str, csr: int, *, rd: int = 0, rs1: int = 0) -> None:
        """Place one CSR instruction; `rs1` is the immediate of the i forms."""
        self.op(name, rd=rd, rs1=rs1, imm=csr)

    def li(self, rd: int, value: int) -> None:
        """Load any 32-bit value: always two words."""
        value &= MASK
        low = (value & 0xFFF) - (0x1000 if value & 0x800 else 0)
        self.op("lui", rd=rd, imm=value - low)
        self.op("addi", rd=rd, rs1=rd, imm=low)

    def la(self, rd: int, label: str, offset: int = 0) -> None:
        """Load a label's address: two words."""
        for part in range(2):
            self._items.append(lambda part=part: self._la_part(rd, label, offset, part))

    def _la_part(self, rd: int, label: str, offset: int, part: int) -> int:
        scratch = Program()
        scratch.li(rd, self.labels[label] + offset)
        return scratch.words()[part]

    def branch(self, name: str, rs1: int, rs2: int, label: str, offset: int = 0) -> None:
        """Place a branch to a label."""
        here = self.pc
        self._items.append(
            lambda: encode(name, rs1=rs1, rs2=rs2, imm=self.labels[label] + offset - here)
        )

    def jal(self, rd: int, label: str, offset: int = 0) -> None:
        """Place a jal to a label."""
        here = self.pc
        self._items.append(lambda: encode("jal", rd=rd, imm=self.labels[label] + offset - here))

    def words(self) -> list[int]:
        """All words, labels resolved."""
        return [item() if callable(item) else item for item in self._items]


def hex_image(words: list[int]) -> str:
    """Text for $readmemh."""
    return "@0\n" + "\n".join(f"{word:08x}" for word in words) + "\n"
