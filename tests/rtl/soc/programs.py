# SPDX-License-Identifier: Apache-2.0
"""programs : runs a small program on the whole chip, without Python in the loop."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cpu.asm import Program, hex_image
from rtl_runner import file_list, icarus_program

from cosim import regmap
from cosim.bridge.build import verilate_bare
from cosim.bridge.soc import soc_rtl

CLK_PS = 1000


def address(device: str, register: str) -> int:
    """Bus address of a device register."""
    dev = regmap.device(device)
    return dev.base + next(r.offset for r in dev.registers if r.name == register)


def put(p: Program, where: int, value: int, *, via: int = 30, data: int = 31) -> None:
    """Store a constant word to a constant address."""
    p.li(via, where)
    p.li(data, value)
    p.op("sw", rs1=via, rs2=data)


def leave(p: Program, code: int = 0) -> None:
    """End the run with an exit code."""
    put(p, address("SIM_EXIT", "CODE"), code)
    label = f"left{p.pc}"
    p.label(label)
    p.jal(0, label)


@dataclass(frozen=True)
class Mark:
    """One M line of the event file."""

    kind: str
    region: int
    t_ps: int
    cycle: int
    instret: int


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    console: bytes
    marks: tuple[Mark, ...]
    exit: tuple[str, int, int, int]  # code, t_ps, cycle, instret
    events: str


def simulate(
    p: Program, folder: Path, *, simulator: str = "verilator", max_cycles: int = 200_000
) -> Run:
    """Run `p` from address 0 on sim_top."""
    (folder / "image.hex").write_text(hex_image(p.words()))
    if simulator == "verilator":  # the build that the tests of firmware run as well
        program = [str(verilate_bare(soc_rtl()))]
    else:
        program = icarus_program("sim_top", file_list())
    done = subprocess.run(
        [*program, "+image=image.hex", "+console=console.txt",
         "+events=events.txt", f"+max_cycles={max_cycles}"],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    events = (folder / "events.txt").read_text()
    lines = [line.split() for line in events.splitlines()]
    assert lines, "the event file is empty"
    assert lines[-1][0] == "X", events
    marks = tuple(
        Mark(kind, int(region), int(t), int(cycle), int(instret))
        for word, kind, region, t, cycle, instret in lines[:-1]
        if word == "M"
    )
    assert len(marks) == len(lines) - 1
    code, t_ps, cycle, instret = lines[-1][1:]
    console = (folder / "console.txt").read_bytes()
    return Run(console, marks, (code, int(t_ps), int(cycle), int(instret)), events)
