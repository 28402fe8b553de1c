# SPDX-License-Identifier: Apache-2.0
"""speed : measures the SoC with an idle macro under cocotb against the same RTL in a bare program.

The bare program has neither VPI nor a published signal, so the ratio is the whole price of being
observable. Both run the same cycles of the same firmware, turn by turn; the best of each counts, by
wall time and by processor time (which does not see other users of the machine).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosim.bridge.build import verilate, verilate_bare
from cosim.bridge.launch import run_cocotb
from cosim.bridge.soc import soc_rtl
from cosim.bridge.soc_config import CONFIG_ENV, MacroSpec, SocConfig
from cosim.bridge.speed_env import CYCLES_ENV, RESULT_ENV
from cosim.errors import RtlError

__all__ = ["RtlSpeed", "rtl_speed"]

WALL_LIMIT_S = 600.0
# A loop over 1 KiB of RAM: load, multiply, add, store, count, branch. Assembled by hand so that the
# figure needs no C compiler: lui x5,4; addi x6,x0,256; addi x7,x5,0; L: lw x8,0(x7);
# mul x9,x8,x6; add x10,x10,x9; sw x10,0(x7); addi x7,x7,4; addi x6,x6,-1; bne x6,x0,L; jal x0,-36.
LOOP = (
    0x000042B7,
    0x10000313,
    0x00028393,
    0x0003A403,
    0x026404B3,
    0x00950533,
    0x00A3A023,
    0x00438393,
    0xFFF30313,
    0xFE0314E3,
    0xFDDFF06F,
)


@dataclass(frozen=True, kw_only=True)
class RtlSpeed:
    """Seconds for `cycles` clock cycles, the best of `rounds`."""

    cycles: int
    rounds: int
    cocotb_wall_s: float
    cocotb_cpu_s: float
    bare_wall_s: float
    bare_cpu_s: float

    @property
    def ratio(self) -> float:
        """Speed under cocotb over speed of the bare program, by processor time."""
        return self.bare_cpu_s / self.cocotb_cpu_s

    @property
    def wall_ratio(self) -> float:
        return self.bare_wall_s / self.cocotb_wall_s

    @property
    def cycles_per_s(self) -> float:
        """Under cocotb, by wall time."""
        return self.cycles / self.cocotb_wall_s


def rtl_speed(
    cycles: int = 1_000_000,
    rounds: int = 8,
    image: Path | None = None,
    enough: float | None = None,
) -> RtlSpeed:
    """Measure; `image` is a firmware of at least so many cycles, a built-in loop without one.

    Two rounds do once the ratio is `enough`.
    """
    rtl = soc_rtl(profile=True)  # the model that runs have
    coupled, bare = verilate(rtl), verilate_bare(rtl)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="cosim-speed-") as scratch:
        folder = Path(scratch)
        if image is None:
            image = folder / "loop.hex"
            image.write_text("".join(f"{word:08x}\n" for word in LOOP))
        for _ in range(rounds):
            ours.append(_coupled(coupled, image, cycles, folder))
            theirs.append(_bare(bare, image, cycles, folder))
            ratio = _best(theirs, "cpu_s") / _best(ours, "cpu_s")
            if enough is not None and len(ours) > 1 and ratio >= enough:
                break
    return RtlSpeed(
        cycles=cycles,
        rounds=len(ours),
        cocotb_wall_s=_best(ours, "wall_s"),
        cocotb_cpu_s=_best(ours, "cpu_s"),
        bare_wall_s=_best(theirs, "wall_s"),
        bare_cpu_s=_best(theirs, "cpu_s"),
    )


def _best(runs: Sequence[dict[str, float]], key: str) -> float:
    return min(run[key] for run in runs)


def _coupled(program: Path, image: Path, cycles: int, folder: Path) -> dict[str, float]:
    config = SocConfig(
        macros=(MacroSpec(name="idle", kind="ideal", sizes=(400, 120, 84, 10)),),
        events=str(folder / "events.jsonl"),
    )
    config.save(folder / "bridge.json")
    result = folder / "speed.json"
    result.unlink(missing_ok=True)
    run_cocotb(
        "verilator",
        program,
        top="sim_top",
        module="cosim.bridge.speed_child",
        folder=folder,
        plusargs=[f"image={image}", f"console={folder / 'console.txt'}"],
        env={
            CONFIG_ENV: str(folder / "bridge.json"),
            CYCLES_ENV: str(cycles),
            RESULT_ENV: str(result),
        },
        wall_limit_s=WALL_LIMIT_S,
    )
    if not result.exists():
        raise RtlError(f"speed: the run under cocotb failed (see {folder / 'sim.log'})")
    values: dict[str, float] = json.loads(result.read_text())
    return values


def _bare(program: Path, image: Path, cycles: int, folder: Path) -> dict[str, float]:
    argv = [str(program), f"+image={image}", f"+console={folder / 'console.txt'}"]
    done = subprocess.run(
        [*argv, f"+max_cycles={cycles}"],
        capture_output=True,
        text=True,
        timeout=WALL_LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RtlError(f"speed: the bare program failed: {(done.stdout + done.stderr)[-300:]}")
    values: dict[str, float] = json.loads(lines[-1])
    return values
