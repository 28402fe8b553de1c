# SPDX-License-Identifier: Apache-2.0
"""test_stt_soc : a spiking tile behind firmware on the chip decides as whole numbers do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.bridge.soc import SocOutcome, SocRun, run_soc
from cosim.errors import ConvergenceError
from cosim.image.generate import write_headers
from cosim.macros import macro_specs
from cosim.mapping.packing import pack
from cosim.sttbsnn.chip import SttChip, load_stt_chip
from cosim.sttbsnn.codes import shell_code
from cosim.sttbsnn.levels import match_levels, matches
from cosim.sttbsnn.rows import layer_of
from cosim.tools import riscv_gcc

pytestmark = pytest.mark.system

SOURCE = Path(__file__).with_name("tile")
ROWS, STEPS, CELLS = 4, 2, 32  # a word of inputs a step
SKIP_AT = 4 * (CELLS // 9)
RISE, SKIP = 3, 2  # matches
RAM_WORDS = 16384


class Job:
    """Random weights (ROWS, CELLS), spikes (runs, STEPS, CELLS), and what must come of them."""

    def __init__(self, runs: int, sets: tuple[str, ...] = ()) -> None:
        shape = [f"row.inputs={STEPS * CELLS}", f"tile.rows={ROWS}", "soc.n_macro=1"]
        self.design: SttChip = load_stt_chip("snn_65nm", [*shape, *sets])
        rng = np.random.default_rng(21)
        self.weights = np.tile(rng.choice([-1, 1], (ROWS, CELLS)), (1, STEPS)).astype(np.int8)
        self.spikes = rng.integers(0, 2, (runs, STEPS, CELLS))
        self.levels = match_levels(self.design)
        least = np.array([[30, 32], [31, 33], [33, 30], [29, 34]])
        codes = [self.levels.code(least), *(self.levels.code(32 + n) for n in (RISE, SKIP))]
        middle = self.levels.code(32)
        rest = np.tile(np.array([codes[1] - middle, codes[2] - middle]), (ROWS, 1))
        self.codes = np.hstack([codes[0], rest])

    def expected(self) -> NDArray[np.int64]:
        """Spikes (runs, STEPS, ROWS)."""
        found = []
        for steps in self.spikes:
            fired, skipped = np.zeros(ROWS, int), np.zeros(ROWS, int)
            inputs = np.zeros(STEPS * CELLS, int)
            now = []
            for t, bits in enumerate(steps):
                inputs[t * CELLS : (t + 1) * CELLS] = bits
                skipped[: CELLS // 9] += bits[SKIP_AT : SKIP_AT + min(ROWS, CELLS // 9)]
                code = shell_code(self.codes, t, fired, skipped, self.levels.bits)
                least = self.levels.least(code)
                now.append((matches(self.weights, inputs) >= least).astype(int))
                fired = fired + now[-1]
            found.append(now)
        return np.array(found)

    def run(self, folder: Path, engine: str) -> SocOutcome:
        write_headers(folder)
        program = pack([layer_of(self.weights).astype(np.int8)])
        words = np.bitwise_or.reduce(self.spikes << np.arange(CELLS), axis=-1)
        rows = ", ".join("{" + ", ".join(f"{int(w)}u" for w in row) + "}" for row in words)
        sizes = {"ROWS": ROWS, "STEPS": STEPS, "WORDS": STEPS}
        sizes |= {"PROGRAM": len(program), "RUNS": len(words)}
        lines = ["#include <stdint.h>", *(f"#define {n} {v}u" for n, v in sizes.items())]
        lines.append(_array("uint32_t program", program))
        lines.append(_array("uint16_t codes", self.codes))
        lines.append(f"static const uint32_t inputs[RUNS][WORDS] = {{{rows}}};")
        (folder / "tile_data.h").write_text("\n".join([*lines, ""]))
        cross = str(riscv_gcc().gcc).removesuffix("gcc")
        argv = ["make", "-s", "-C", str(SOURCE), f"BUILD={folder}", f"GEN={folder}"]
        subprocess.run([*argv, f"CROSS={cross}", f"RAM_BYTES={4 * RAM_WORDS}"], check=True)
        design = folder / "design.yaml"
        design.write_text(self.design.resolved_yaml())
        macros = macro_specs(self.design, design, (STEPS * CELLS, ROWS), engine=engine)
        return run_soc(
            SocRun(
                image=folder / "tile.hex",
                run_dir=folder / "run",
                macros=macros,
                ram_words=RAM_WORDS,
                simulator="icarus",
                max_cycles=60_000,
                wall_limit_s=600.0,
            )
        )


def _array(name: str, values: NDArray[np.generic]) -> str:
    return f"static const {name}[] = {{{', '.join(f'{int(v)}u' for v in values.ravel())}}};"


def check(job: Job, outcome: SocOutcome) -> None:
    """The firmware read what whole numbers say, and so did the bridge."""
    want = job.expected()
    assert 0.2 < want.mean() < 0.8  # both answers are asked for
    assert outcome.exit_code == 0, outcome.console
    read = [[int(word, 16) for word in line.split()] for line in outcome.console.splitlines()]
    assert read == (want << np.arange(ROWS)).sum(axis=-1).tolist()
    assert [list(event.codes) for event in outcome.evaluations] == want.reshape(-1, ROWS).tolist()
    (energy,) = outcome.energies["stt0"]
    assert sum(energy.by_group.values()) == pytest.approx(energy.total_j, rel=1e-9)
    assert min(energy.by_group[group] for group in ("cells", "lines", "latches")) > 0


def test_spikes_through_the_chip_are_those_of_whole_numbers(tmp_path: Path) -> None:
    job = Job(runs=6)
    check(job, job.run(tmp_path, "fast"))


@pytest.mark.slow
def test_a_latch_that_is_still_undecided_is_an_error(tmp_path: Path) -> None:
    job = Job(runs=1, sets=("latch.tau_ps=400.0",))
    with pytest.raises(ConvergenceError, match=r"spike\[\d\] is not decided .*macro=stt0"):
        job.run(tmp_path, "ideal")


@pytest.mark.slow
@pytest.mark.spice
def test_the_same_in_ngspice(tmp_path: Path) -> None:
    job = Job(runs=2)
    check(job, job.run(tmp_path, "ngspice"))
