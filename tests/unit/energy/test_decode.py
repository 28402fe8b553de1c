# SPDX-License-Identifier: Apache-2.0
"""test_decode : classes and register ports, held against GNU objdump on real firmware."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from cosim.energy.decode import Use, decode, read_image
from cosim.errors import FirmwareError
from cosim.image.build import build_image
from cosim.model.datasets import load_images
from cosim.model.store import load_network
from cosim.tools import riscv_gcc

JUMPS, BRANCHES = {"jal", "jalr", "j", "jr", "ret"}, re.compile(r"b(eq|ne|lt|ge|gt|le)u?z?$")
LINE = re.compile(r"^\s+([0-9a-f]+):\s+([0-9a-f]{8})\s+([\w.]+)\s*(.*)$")
SIZES = {"b": 1, "h": 2, "w": 4}


def kind_of(name: str) -> str:
    """The class that a mnemonic of objdump belongs to."""
    if name in JUMPS:
        return "jump"
    if BRANCHES.match(name):
        return "branch"
    table = {
        "mul": r"mul", "div": r"div|rem", "csr": r"csr|rd(cycle|instret)", "xif": r"\.",
        "load": r"l[bhw]u?$", "store": r"s[bhw]$", "system": r"wfi|mret|fence|ecall|ebreak",
    }  # fmt: skip
    return next((kind for kind, text in table.items() if re.match(text, name)), "alu")


@pytest.fixture(scope="module")
def listing() -> list[tuple[int, int, str, str]]:
    """Address, word, mnemonic and operands of every instruction of a program."""
    image = build_image("lenet5", load_network("lenet5"), load_images(None).first(1).images)
    done = subprocess.run(
        [str(riscv_gcc().objdump), "-d", "-M", "no-aliases", "-M", "numeric", str(image.elf)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = read_image(image.hex)
    found = [m for m in map(LINE.match, done.stdout.splitlines()) if m]
    out = [(int(m[1], 16), int(m[2], 16), m[3], m[4]) for m in found]
    assert len(out) > 1000
    assert all(words[address] == word for address, word, _, _ in out)
    return out


def test_classes_are_those_of_objdump(listing: list[tuple[int, int, str, str]]) -> None:
    seen: Counter[str] = Counter()
    for _, word, name, _ in listing:
        use = decode(word)
        assert use.kind == kind_of(name), f"{name} 0x{word:08x}"
        if use.access is not None:
            assert use.size == SIZES[name[1]]
        seen[use.kind] += 1
    assert len(seen) >= 6


def test_register_ports_are_the_registers_objdump_prints(
    listing: list[tuple[int, int, str, str]],
) -> None:
    for _, word, name, operands in listing:
        use, registers = decode(word), re.findall(r"\bx(\d+)\b", operands)
        if use.kind in ("system", "xif", "csr"):
            continue
        if use.kind in ("store", "branch"):
            written, read = [], registers
        else:
            written, read = registers[:1], registers[1:]
        assert use.reads == sum(r != "0" for r in read), f"{name} {operands}"
        assert use.writes == sum(r != "0" for r in written), f"{name} {operands}"


@pytest.mark.parametrize(
    ("word", "want"),
    [
        (0x1050_0073, Use(kind="system", reads=0, writes=0, sleeps=True)),  # wfi
        (0x3020_0073, Use(kind="system", reads=0, writes=0)),  # mret
        (0x3053_9073, Use(kind="csr", reads=1, writes=0)),  # csrrw x0, mtvec, x7
        (0x3054_5073, Use(kind="csr", reads=0, writes=0)),  # csrrwi: its rs1 is a number
        (0x0000_300B | 5 << 7 | 6 << 15, Use(kind="xif", reads=1, writes=1)),  # imac.wait
        (0x0000_100B | 5 << 7 | 6 << 15, Use(kind="xif", reads=1, writes=0)),  # imac.push: no rd
    ],
)
def test_what_objdump_does_not_show(word: int, want: Use) -> None:
    assert decode(word) == want


def test_data_is_no_instruction() -> None:
    with pytest.raises(FirmwareError, match="0xffffffff"):
        decode(0xFFFF_FFFF)


def test_an_image_that_is_not_hex_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.hex"
    path.write_text("@0 zz")
    with pytest.raises(FirmwareError, match=r"x\.hex"):
        read_image(path)
