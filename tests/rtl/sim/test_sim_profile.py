# SPDX-License-Identifier: Apache-2.0
"""test_sim_profile : the profile's counts equal a count in Python over every cycle of a program."""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cpu.asm import Program, custom0, hex_image
from rtl_runner import file_list, icarus_program, verilator_program
from soc.programs import address, leave, put

from cosim import regmap
from cosim.energy.profile import Cell, Profile, read_profile
from cosim.errors import FirmwareError
from cosim.trace.marks import read_marks

MTVEC, MIE, MSTATUS = 0x305, 0x304, 0x300
F3 = {op.name: op.funct3 for op in regmap.INSTRUCTIONS}
CFG = {reg.name: reg.index for reg in regmap.CONFIG_REGS}
TB = Path(__file__).with_name("profile_tb.v")


@dataclass
class Count:
    """What Python counts: by (region, pc), and per region for traps (pc -1) and the rest (-2)."""

    cells: dict[tuple[int, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    edges: int = 0


def count(trace: Path) -> Count:
    """The rules of sim_profile.v, written again over a list of cycles."""
    out, stack = Count(), [0]
    waiting: Counter[str] = Counter()
    for line in trace.read_text().splitlines():
        valid, trap, intr, pc, device, fetch, active, mark, ident, ended = map(int, line.split())
        present = Counter({"cycles": 1, "fetches": fetch, "active": active})
        before = waiting if mark or ended else waiting + present
        if valid:
            if trap:
                out.cells[stack[-1], -1] += before + Counter({"retired": 1})
            else:
                if intr:
                    entry = Counter({k: max(before[k] - 1, 0) for k in ("cycles", "fetches")})
                    out.cells[stack[-1], -1] += entry + Counter({"retired": 1})
                    before = before - entry
                out.cells[stack[-1], pc] += before + Counter({"retired": 1, "device": device})
        elif mark or ended:
            out.cells[stack[-1], -2] += before
        else:
            waiting = before
            out.edges += 1
            continue
        waiting = present if mark else Counter()
        if mark == 1:
            stack.append(ident)
        elif mark == 2:
            assert stack.pop() == ident
        if ended:
            break
        out.edges += 1
    return out


def busy_program() -> Program:
    """Loops, a division, devices, marks that nest, a timer interrupt, a trap, wfi, the macro."""
    p = Program()
    p.la(1, "handler")
    p.csr("csrrw", MTVEC, rs1=1)
    p.li(2, 1 << regmap.IRQ_MACHINE_TIMER)
    p.csr("csrrw", MIE, rs1=2)
    put(p, address("SIM_MARK", "OPEN"), 3)
    p.li(5, 6)
    p.label("again")
    put(p, address("SIM_MARK", "OPEN"), 40)
    p.li(7, 0x2000)
    p.op("sw", rs1=7, rs2=5)
    p.op("lw", rd=8, rs1=7)
    p.op("mul", rd=9, rs1=8, rs2=5)
    p.op("div", rd=9, rs1=9, rs2=5)
    put(p, address("SIM_MARK", "CLOSE"), 40)
    put(p, address("CONSOLE", "DATA"), 65)
    p.op("addi", rd=5, rs1=5, imm=-1)
    p.branch("bne", 5, 0, "again")
    put(p, address("SIM_MARK", "CLOSE"), 3)
    p.op("ecall")
    p.li(20, address("TIMER", "MTIME_LO"))
    p.li(21, address("TIMER", "MTIMECMP_LO"))
    put(p, address("TIMER", "MTIMECMP_HI"), 0)
    p.op("lw", rd=3, rs1=20)
    p.op("addi", rd=3, rs1=3, imm=60)
    p.op("sw", rs1=21, rs2=3)
    p.op("wfi")
    p.li(4, 8)
    p.csr("csrrs", MSTATUS, rs1=4)  # the interrupt comes here
    p.op("addi", rd=6, rs1=6, imm=1)
    start_macro(p)
    leave(p)
    p.label("handler")
    p.csr("csrrs", 0x342, rd=22)
    p.branch("blt", 22, 0, "interrupt")
    p.csr("csrrs", 0x341, rd=23)
    p.op("addi", rd=23, rs1=23, imm=4)
    p.csr("csrrw", 0x341, rs1=23)
    p.op("mret")
    p.label("interrupt")
    p.csr("csrrw", MIE, rs1=0)
    p.op("mret")
    return p


def start_macro(p: Program) -> None:
    """One program word, whose pins keep the macro active for its cycles."""
    p.li(11, 0)
    p.li(12, CFG["PROG_CYCLES"])
    p.li(13, 5)
    p.word(custom0(F3["cfg"], rs1=13, rs2=12))
    p.li(14, 0x1234)
    p.word(custom0(F3["prog"], rs1=14, rs2=11))


def simulate(p: Program, folder: Path, simulator: str) -> tuple[Profile, Count]:
    (folder / "image.hex").write_text(hex_image(p.words()))
    build = verilator_program if simulator == "verilator" else icarus_program
    argv = [*build("profile_tb", [*file_list(), TB]), "+image=image.hex", "+console=c.txt"]
    argv += ["+events=marks.txt", "+profile=profile.txt", "+trace=trace.txt", "+max_cycles=100000"]
    done = subprocess.run(
        argv, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return read_profile(folder / "profile.txt"), count(folder / "trace.txt")


@pytest.fixture(scope="module", params=["icarus", "verilator"])
def counted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Profile, Count, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    return (*simulate(busy_program(), folder, request.param), folder)


def as_counter(cell: Cell) -> Counter[str]:
    return Counter({k: v for k, v in cell._asdict().items() if k not in ("region", "pc") and v})


def test_every_count_of_every_instruction_equals_pythons(
    counted: tuple[Profile, Count, Path],
) -> None:
    profile, want, _ = counted
    got = {(cell.region, cell.pc): as_counter(cell) for cell in profile.cells}
    assert got == {key: +value for key, value in want.cells.items() if key[1] >= 0}
    assert len({region for region, _ in got}) == 3


def test_traps_and_interrupts_are_apart(counted: tuple[Profile, Count, Path]) -> None:
    profile, want, _ = counted
    for region in profile.regions:
        trap = want.cells.get((region.id, -1), Counter())
        assert (region.traps, region.trap_cycles) == (trap["retired"], trap["cycles"])
        assert region.trap_fetches == trap["fetches"]
    assert sum(region.traps for region in profile.regions) == 2


def test_sums_are_mcycle_and_minstret(counted: tuple[Profile, Count, Path]) -> None:
    profile, want, folder = counted
    end = read_marks(folder / "marks.txt").exit
    assert end is not None
    assert profile.cycles == want.edges == end.cycles
    assert profile.retired == end.instructions
    assert profile.retired == sum(cell.retired for cell in profile.cells)


def test_a_regions_cycles_are_those_of_its_marks(counted: tuple[Profile, Count, Path]) -> None:
    profile, _, folder = counted
    marks = read_marks(folder / "marks.txt")
    inner = sum(region.cycles for region in marks.of(40))
    assert profile.cycles_of(40) == inner
    assert profile.cycles_of(3) == marks.of(3)[0].cycles - inner


def test_the_macro_and_sleep_are_seen(counted: tuple[Profile, Count, Path]) -> None:
    profile, _, _ = counted
    assert sum(cell.active for cell in profile.cells) > 0
    assert max(cell.cycles - cell.retired for cell in profile.cells if cell.retired == 1) > 40


def test_crossed_regions_are_an_error(tmp_path: Path) -> None:
    p = Program()
    for kind, ident in (("OPEN", 1), ("OPEN", 2), ("CLOSE", 1), ("CLOSE", 2)):
        put(p, address("SIM_MARK", kind), ident)
    leave(p)
    with pytest.raises(FirmwareError, match="crossed"):
        simulate(p, tmp_path, "icarus")
