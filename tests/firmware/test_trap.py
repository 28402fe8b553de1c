# SPDX-License-Identifier: Apache-2.0
"""test_trap : a trap that nobody handles is named on the console; the exit code is a failure."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from cosim.bridge.build import verilate_bare
from cosim.bridge.soc import soc_rtl
from cosim.image.generate import write_headers
from cosim.tools import riscv_gcc
from cosim.trace.marks import read_marks

pytestmark = pytest.mark.system

SOURCE = Path(__file__).with_name("trap")


# kinds of trap/main.c: illegal instruction, misaligned load, timer interrupt (privileged spec)
@pytest.mark.parametrize(("kind", "cause"), [(0, 0x2), (1, 0x4), (2, 0x80000007)])
def test_an_unhandled_trap_ends_the_run(tmp_path: Path, kind: int, cause: int) -> None:
    write_headers(tmp_path)
    cross = str(riscv_gcc().gcc).removesuffix("gcc")
    argv = ["make", "-s", "-C", str(SOURCE), f"BUILD={tmp_path}", f"GEN={tmp_path}"]
    subprocess.run([*argv, f"CROSS={cross}", f"TRAP_KIND={kind}"], check=True)
    console, events = tmp_path / "console.txt", tmp_path / "marks.txt"
    plusargs = [f"+image={tmp_path}/trap.hex", f"+console={console}", f"+events={events}"]
    subprocess.run(
        [str(verilate_bare(soc_rtl())), *plusargs, "+max_cycles=100000"],
        check=True,
        capture_output=True,
    )
    line = re.fullmatch(
        r"trap mcause 0x([0-9a-f]{8}) mepc 0x([0-9a-f]{8}) mtval 0x[0-9a-f]{8}\n",
        console.read_text(),
    )
    assert line is not None, console.read_text()
    assert int(line[1], 16) == cause
    assert 0 < int(line[2], 16) < 0x1000
    end = read_marks(events).exit
    assert end is not None
    assert end.code == 0x80 | (cause & 0x3F)
