# SPDX-License-Identifier: Apache-2.0
"""test_rv_core_lockstep : random programs retire on rv_core as on the instruction-set model."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from cpu import lockstep
from cpu.asm import Program, hex_image
from cpu.random_program import EXIT, RandomProgram
from rtl_runner import RTL, icarus_program, verilator_program

BENCH = [Path(__file__).parent / "lockstep_tb.v", *sorted((RTL / "cpu").glob("*.v"))]
RETIRED_MIN = 40_000  # of each run below
# seed, sixteenths of cycles with stalls, of 1024 cycles how often an interrupt line rises
RUNS = ((1, 0, 0), (2, 4, 0), (3, 0, 6), (4, 6, 6), (5, 10, 12), (6, 2, 2), (7, 12, 4))
assert len(RUNS) * RETIRED_MIN >= 200_000
EXCEPTIONS = {0, 1, 2, 3, 4, 5, 6, 7, 11}
OPCODES = {0x03, 0x0B, 0x0F, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6F, 0x73}

pytestmark = pytest.mark.rtl


def run(
    program: list[str], words: list[int], folder: Path, *, seed: int, stall: int, irq: int
) -> lockstep.Outcome:
    """Simulate `words`, compare its log with the model."""
    (folder / "image.hex").write_text(hex_image(words))
    plus = [f"+seed={seed}", f"+stall={stall}", f"+irq={irq}", "+limit=3000000"]
    done = subprocess.run(
        [*program, "+image=image.hex", "+log=retire.log", *plus],
        cwd=folder, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return lockstep.compare(words, folder / "retire.log")


@pytest.mark.parametrize(("seed", "stall", "irq"), RUNS)
def test_random_programs_retire_like_the_model(
    seed: int, stall: int, irq: int, tmp_path: Path
) -> None:
    program = verilator_program("lockstep_tb", BENCH)
    words = RandomProgram(seed, length=7000, loops=4).words()
    out = run(program, words, tmp_path, seed=seed, stall=stall, irq=irq)
    assert out.retired >= RETIRED_MIN
    assert set(out.opcodes) >= OPCODES
    assert {cause & 31 for cause in out.traps} == EXCEPTIONS
    if irq:
        assert min(out.interrupts[7], out.interrupts[11]) > 10


def test_a_random_program_retires_like_the_model_on_icarus(tmp_path: Path) -> None:
    program = icarus_program("lockstep_tb", BENCH)
    words = RandomProgram(11, length=450, loops=1).words()
    out = run(program, words, tmp_path, seed=11, stall=3, irq=6)
    assert out.retired > 400


def test_every_instruction_and_trap_cause_occurs_in_the_random_programs() -> None:
    """The generator's own promise: no kind of instruction is missing from what it writes."""
    seen: Counter[tuple[int, int, int]] = Counter()
    for seed, _, _ in RUNS:
        for word in RandomProgram(seed, length=7000).p.words():
            opcode = word & 0x7F
            f7 = word >> 25 if opcode in (0x33, 0x13) else 0
            seen[opcode, word >> 12 & 7 if opcode not in (0x37, 0x17, 0x6F) else 0, f7] += 1
    for f3 in range(8):
        assert seen[0x33, f3, 0] > 20
        assert seen[0x33, f3, 1] > 20
        assert seen[0x0B, f3, 0] > 20
    assert min(seen[0x33, 0, 32], seen[0x33, 5, 32], seen[0x13, 1, 0], seen[0x13, 5, 32]) > 20
    assert min(seen[0x63, f3, 0] for f3 in (0, 1, 4, 5, 6, 7)) > 20
    assert min(seen[0x03, f3, 0] for f3 in (0, 1, 2, 4, 5)) > 20
    assert min(seen[0x23, f3, 0] for f3 in (0, 1, 2)) > 20
    assert min(seen[0x73, f3, 0] for f3 in (1, 2, 3, 5, 6, 7)) > 20


def test_a_wrong_value_is_reported(tmp_path: Path) -> None:
    """The comparison itself: one flipped bit in the log is found."""
    program = Program()
    program.li(1, 5)
    program.li(2, EXIT)
    program.op("sw", rs1=2, rs2=1)
    words = program.words()
    out = run(verilator_program("lockstep_tb", BENCH), words, tmp_path, seed=1, stall=0, irq=0)
    assert out.retired == len(words)
    log = tmp_path / "retire.log"
    log.write_text(log.read_text().replace("00000005", "00000007", 1))
    with pytest.raises(lockstep.Mismatch, match="expected"):
        lockstep.compare(words, log)
