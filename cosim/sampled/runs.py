# SPDX-License-Identifier: Apache-2.0
"""runs : simulates an image on the RTL, alone or with its macros' engines.

Alone the simulator program of the complete run is started without Python in it: that takes two
hundredths of a second. Macros are there then, whose codes are 0.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO

from cosim.bridge.build import build
from cosim.bridge.soc import SocOutcome, SocRun, read_outcome, run_soc, soc_rtl
from cosim.design import Design
from cosim.energy.profile import Profile, read_profile
from cosim.errors import FirmwareError, RtlError
from cosim.flow_memory import external_memory
from cosim.image.build import Image
from cosim.macros import macro_specs
from cosim.model.network import Network

__all__ = ["Ran", "alone", "chip_of", "simulator_of", "with_macros"]

WALL_LIMIT_S = 3600.0
# cocotb loads nobody; the C library asks for large pages, which halves the time of a start: it is
# spent on the first touch of the model's memories
ALONE = {"GPI_USERS": "", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
RESOLVED = "config.resolved.yaml"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One simulation that ended by itself with code 0."""

    image: Image
    profile: Profile
    outcome: SocOutcome


def chip_of(
    image: Image,
    design: Design,
    network: Network,
    folder: Path,
    *,
    engine: str = "ideal",
    foreseen: tuple[str, ...] = (),
) -> SocRun:
    """The chip of a design for the FC stack of `network`."""
    return SocRun(
        image=image.hex,
        run_dir=folder,
        macros=macro_specs(
            design,
            folder / RESOLVED,
            network.fc_sizes,
            engine=engine,
            count=design.soc.n_macro,
            foreseen=foreseen,
        ),
        clock_ps=design.clock.period_ps,
        external=external_memory(image, design),
        layers=False,  # of each picture's thousand words in JSON an account needs ten
        wall_limit_s=WALL_LIMIT_S,
    )


def simulator_of(chip: SocRun) -> Path:
    """The chip's simulator, built once."""
    return build(
        "verilator",
        soc_rtl(
            n_macro=len(chip.macros),
            clock_ps=chip.clock_ps,
            ram_words=chip.ram_words,
            pins=chip.macros[0].pins,
            ext_words=chip.external.words if chip.external else 0,
            profile=True,
        ),
    )


def alone(image: Image, chip: SocRun, program: Path) -> Ran:
    """The RTL without engines."""
    folder = chip.run_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.jsonl").write_text("")
    plusargs = [
        f"image={chip.image.resolve()}",
        f"console={folder / 'console.txt'}",
        f"events={folder / 'marks.txt'}",
        f"profile={folder / 'profile.txt'}",
        *(chip.external.plusargs if chip.external else ()),
    ]
    env = {**os.environ, **ALONE}
    log = folder / "sim.log"
    with log.open("wb") as out:
        _run([str(program), *(f"+{arg}" for arg in plusargs)], out, env, folder, chip.wall_limit_s)
    if not (folder / "marks.txt").is_file():
        raise RtlError(f"the simulator did not start: see {log}")
    return _ended(image, read_outcome(folder))


def _run(argv: list[str], out: IO[bytes], env: dict[str, str], cwd: Path, limit_s: float) -> None:
    """The program to its end. Waiting with a time limit would look only every 50 ms, as long as a
    whole short run: a timer ends the program instead."""
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd
        )
    except OSError as error:
        raise RtlError(f"the simulator did not start: {error}") from error
    timer = Timer(limit_s, process.kill)
    timer.start()
    try:
        status = process.wait()
    except BaseException:
        process.kill()
        raise
    finally:
        timer.cancel()
    if status == -signal.SIGKILL:
        raise RtlError(f"the simulator did not end by itself within {limit_s:.0f} s")


def with_macros(image: Image, chip: SocRun, design: Design) -> Ran:
    """RTL and circuits in lockstep."""
    chip.run_dir.mkdir(parents=True, exist_ok=True)
    (chip.run_dir / RESOLVED).write_text(design.resolved_yaml())
    return _ended(image, run_soc(chip))


def _ended(image: Image, outcome: SocOutcome) -> Ran:
    if outcome.exit_code != 0:
        last = (outcome.console.strip() or "nothing").splitlines()[-1]
        raise FirmwareError(f"a sampled run ended with code {outcome.exit_code}, it said: {last}")
    profile = read_profile(outcome.run_dir / "profile.txt")
    return Ran(image=image, profile=profile, outcome=outcome)
