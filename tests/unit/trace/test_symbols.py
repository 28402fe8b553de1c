# SPDX-License-Identifier: Apache-2.0
"""test_symbols : functions of an ELF file are those that nm lists, found by any address in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cosim import tools
from cosim.errors import FirmwareError
from cosim.trace.symbols import Function, Functions, entries_text, read_functions

SOURCE = """
int data = 4;
__attribute__((noinline)) static int inner(int x) { return x * data; }
int outer(int x) { return inner(x) + 1; }
int main(void) { return outer(3); }
"""


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elf")
    (folder / "a.c").write_text(SOURCE)
    gcc = tools.riscv_gcc().gcc
    argv = [str(gcc), "-march=rv32im", "-mabi=ilp32", "-O1", "-nostdlib", "-Wl,-Ttext=0,-emain"]
    subprocess.run([*argv, "-o", "a.elf", "a.c"], cwd=folder, check=True)
    return folder / "a.elf"


def test_functions_are_those_of_nm(elf: Path) -> None:
    nm = str(tools.riscv_gcc().gcc).removesuffix("gcc") + "nm"
    out = subprocess.run([nm, "-S", str(elf)], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in out.splitlines()]
    want = {row[3]: (int(row[0], 16), int(row[1], 16)) for row in rows if row[2] in ("t", "T")}
    found = {each.name: (each.begin, each.size) for each in read_functions(elf).all}
    assert found == want
    assert set(want) == {"inner", "outer", "main"}


def test_every_address_of_a_function_finds_it_and_gaps_find_nothing() -> None:
    functions = Functions(
        [Function(name="f", begin=0x10, size=8), Function(name="label", begin=0x40, size=0)]
    )
    assert [functions.at(a) for a in (0xC, 0x10, 0x17, 0x18, 0x40, 0x4000)] == [
        "?",
        "f",
        "f",
        "?",
        "label",
        "label",
    ]


def test_entries_are_words_of_ram() -> None:
    assert entries_text(Functions([Function(name="f", begin=0x48, size=4)])) == "@12 1\n"


def test_what_is_not_such_an_elf_is_refused(tmp_path: Path, elf: Path) -> None:
    path = tmp_path / "x.elf"
    path.write_bytes(b"\x7fELF\x02\x01" + bytes(60))
    with pytest.raises(FirmwareError, match="not a 32-bit little-endian ELF"):
        read_functions(path)
    path.write_bytes(elf.read_bytes()[:200])
    with pytest.raises(FirmwareError, match="cut short"):
        read_functions(path)
