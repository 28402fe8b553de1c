# SPDX-License-Identifier: Apache-2.0
"""measure : a complete run and sampled ones, one process after the other, timed.

Each process is the command `cosim sampled` from its start to its end, so what is compared is what a
user waits for who runs the same network again: simulator and firmware of both are built before.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cosim.applications import CPU_ONLY
from cosim.errors import MismatchError
from cosim.sampled.complete import build_complete
from cosim.sampled.flow import Sampled
from cosim.sampled.job import Job, sampled_run
from cosim.sampled.judge import Verdict, Whole, judge

__all__ = ["Measured", "Spent", "measure"]

Clock = Callable[[], float]
COMMAND = (sys.executable, "-m", "cosim.cli", "sampled")
TIMES = 3  # sampled runs are so short that a moment's noise would show: the middle one counts
SAME = ("cycles", "energy_j", "analog_j", "classes")  # of two sampled runs, to the last digit


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds of a process; `cpu_s` is processor time, that of the processes it started included.
    `parts_s` are those of the run in it: the rest is Python's start and the command line."""

    wall_s: float
    cpu_s: float
    parts_s: Mapping[str, float]

    @property
    def run_s(self) -> float:
        return sum(self.parts_s.values())


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Both runs and what they took."""

    run: Sampled
    verdict: Verdict
    complete: Spent
    sampled: Spent

    @property
    def ratios(self) -> dict[str, float]:
        """How many times the complete one takes: whole processes, their processor time, and the
        runs in them."""
        return {
            "wall": self.complete.wall_s / self.sampled.wall_s,
            "cpu": self.complete.cpu_s / self.sampled.cpu_s,
            "run": self.complete.run_s / self.sampled.run_s,
        }

    def as_dict(self) -> dict[str, Any]:
        both = {"complete": vars(self.complete), "sampled": vars(self.sampled)}
        return {**both, "ratios": self.ratios}


def measure(
    job: Job, folder: Path, *, clock: Clock, cpu: Clock, say: Callable[[str], None]
) -> Measured:
    """Both ways; `cpu` counts the processor time of processes that ended as well."""
    say("building (a minute the first time)")
    run = sampled_run(job, folder)
    build_complete(job)
    say("complete run")
    whole, complete = _timed(job, ["--complete"], clock, cpu)
    say("sampled run")
    sampled = sorted((_again(job, run, clock, cpu) for _ in range(TIMES)), key=lambda s: s.wall_s)
    return Measured(
        run=run,
        verdict=judge(run, _whole(whole["complete"])),
        complete=complete,
        sampled=sampled[TIMES // 2],
    )


def _again(job: Job, run: Sampled, clock: Clock, cpu: Clock) -> Spent:
    """The sampled run as a process, which must say what `run` does."""
    figures, spent = _timed(job, [], clock, cpu)
    mine: dict[str, Any] = {"energy_j": run.account.total_j, "analog_j": run.account.analog_j}
    mine |= {"cycles": run.cycles, "classes": list(run.classes)}
    for name in SAME:
        if figures[name] != mine[name]:
            raise MismatchError(
                f"two sampled runs of the same gave {name} {mine[name]} and {figures[name]}"
            )
    return spent


def _timed(job: Job, more: list[str], clock: Clock, cpu: Clock) -> tuple[dict[str, Any], Spent]:
    """What a process printed, and what it took."""
    argv = [*COMMAND, *_options(job), *more, "--json"]
    begin_s, begin_cpu_s = clock(), cpu()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    wall_s, cpu_s = clock() - begin_s, cpu() - begin_cpu_s
    if done.returncode != 0:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise MismatchError(f"{' '.join(argv[3:])} ended with code {done.returncode}: {last}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures, Spent(wall_s=wall_s, cpu_s=cpu_s, parts_s=figures["parts_s"])


def _options(job: Job) -> list[str]:
    """The job as words of the command line."""
    words = [job.name, "--images", str(job.images)]
    if job.block is not None:
        words += ["--block", str(job.block)]
    elif job.engine == CPU_ONLY:
        words += ["--cpu-only"]
    else:
        words += ["--engine", job.engine]
    for option, value in (("design", job.design), ("model", job.model), ("data", job.data)):
        words += [] if value is None else [f"--{option}", str(value)]
    for text in job.sets:
        words += ["--set", text]
    return words


def _whole(figures: Mapping[str, Any]) -> Whole:
    """A complete run that came as JSON."""
    values = {field.name: figures[field.name] for field in fields(Whole)}
    return Whole(**{**values, "classes": tuple(figures["classes"])})
