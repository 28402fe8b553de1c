# SPDX-License-Identifier: Apache-2.0
"""soc : runs firmware on the SoC with its macros in lockstep, from an ordinary Python process.

`run_soc` builds the RTL (cached), starts the simulator, follows it, and returns what happened.
Files in the run folder: console.txt, marks.txt, profile.txt, events.jsonl, sim.log, bridge.json.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosim import errors, gen, tools
from cosim.analog.protocol import Energy
from cosim.bridge.build import Rtl, Simulator, build
from cosim.bridge.launch import cocotb_environment, running, simulator_command
from cosim.bridge.soc_config import CONFIG_ENV, NOTES_ENV, MacroSpec, SocConfig
from cosim.bridge.soc_follow import LOST_S, Follower, Progress
from cosim.bridge.soc_pins import MacroPins
from cosim.bridge.soc_trace import NO_TRACE, Tracing
from cosim.errors import RtlError, RunFolderError
from cosim.trace.events import Evaluation, Event, read_events
from cosim.trace.marks import Marks, read_marks

__all__ = ["ExternalMemory", "SocOutcome", "SocRun", "read_outcome", "run_soc", "soc_rtl"]

LOOK_S = 0.1


@dataclass(frozen=True, kw_only=True)
class ExternalMemory:
    """External memory and its content: latency in cycles, bandwidth in bytes per 256 cycles."""

    image: Path
    words: int
    latency: int
    rate: int

    @property
    def plusargs(self) -> list[str]:
        return [
            f"external={self.image.resolve()}",
            f"external_latency={self.latency}",
            f"external_rate={self.rate}",
        ]


@dataclass(frozen=True, kw_only=True)
class SocRun:
    """One simulation: firmware image (hex words), macros, run folder and limits.

    `rtl` replaces the project's own sources (tests). `max_cycles` 0 means none. Without `layers`
    events say nothing of what is inside a macro.
    """

    image: Path
    run_dir: Path
    macros: tuple[MacroSpec, ...]
    clock_ps: int = 1000
    ram_words: int = 262_144
    external: ExternalMemory | None = None
    convert_ps: int | None = None
    simulator: Simulator = "verilator"
    wall_limit_s: float = 7200.0
    max_cycles: int = 0
    seed: int = 1
    rtl: Rtl | None = None
    plusargs: tuple[str, ...] = ()
    tracing: Tracing = NO_TRACE
    layers: bool = True


@dataclass(frozen=True, kw_only=True)
class SocOutcome:
    """What a run left. `complete` is False if it was cut short.

    `energies` holds for each macro the totals of every engine it had (one per programming).
    `wall_s` is the time of the simulation proper, without build and start; `parts_s` splits that
    of the whole call (soc_perf.py, and `build_s`, `start_s`, `end_s`). `evaluations_cpu_s` is the
    processor time of the simulator's process at the end of each evaluation.
    """

    run_dir: Path
    console: str
    marks: Marks
    evaluations: tuple[Evaluation, ...]
    events: tuple[Event, ...]
    energies: Mapping[str, tuple[Energy, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    wall_s: float = 0.0
    parts_s: Mapping[str, float] = field(default_factory=dict)
    evaluations_cpu_s: tuple[float, ...] = ()
    complete: bool = False

    @property
    def exit_code(self) -> int | None:
        return self.marks.exit.code if self.marks.exit is not None else None

    @property
    def cycles(self) -> int:
        return self.marks.exit.cycles if self.marks.exit is not None else 0


def soc_rtl(
    *,
    n_macro: int = 1,
    clock_ps: int = 1000,
    ram_words: int = 262_144,
    pins: MacroPins | None = None,
    ext_words: int = 0,
    profile: bool = False,
    tracing: Tracing = NO_TRACE,
) -> Rtl:
    """The project's SoC under rtl/sim/sim_top.v, with the pins of its macros visible.

    Without `pins` its macros are stacks of the default size.
    """
    root = tools.repo_root()
    headers = tools.build_dir() / "gen"
    gen.write_all(headers)
    listed = [line.strip() for line in (root / "rtl" / "files.f").read_text().splitlines()]
    sources = [
        root / line for line in listed if line and not line.startswith(("#", "//", "+", "-"))
    ]
    sources += [p for p in sorted((root / "rtl" / "sim").glob("*.v")) if p not in sources]
    return Rtl(
        top="sim_top",
        sources=tuple(sources),
        includes=(headers, root / "rtl" / "cpu"),
        read=("o_wake", "o_exit_valid", "o_macro_*", *tracing.signals),
        write=("i_macro_code",),
        parameters={
            "CLK_PS": clock_ps,
            "N_MACRO": n_macro,
            **(pins or MacroPins()).parameters,
            "RAM_WORDS": ram_words,
            "EXT_WORDS": ext_words,
            "PROFILE": int(profile),
            **tracing.parameters,
        },
        trace=tracing.kind,
        clock_ps=clock_ps,
    )


def run_soc(run: SocRun, progress: Progress | None = None) -> SocOutcome:
    """Run to the firmware's exit. Raises the engine's own error if one fails.

    Whatever ends the run (an error, Ctrl-C, the limit), no process stays behind, and
    `read_outcome(run_dir)` gives what was written until then.
    """
    if not run.image.is_file():
        raise errors.FirmwareError(f"there is no firmware image {run.image}")
    if run.tracing.kind is not None and run.simulator != "verilator":
        raise errors.UserInputError(f"traces need Verilator, not {run.simulator}")
    rtl = run.rtl or soc_rtl(
        n_macro=len(run.macros),
        clock_ps=run.clock_ps,
        ram_words=run.ram_words,
        pins=run.macros[0].pins,
        ext_words=run.external.words if run.external else 0,
        profile=True,
        tracing=run.tracing,
    )
    began_s = time.monotonic()
    program = build(run.simulator, rtl)
    build_s = time.monotonic() - began_s
    folder = run.run_dir.resolve()
    try:
        config_path = _prepare(run, folder)
        follower = Follower(progress)
        follower.parts["build_s"] = build_s
        argv = _command(run, program, folder)
        _follow(run, rtl.top, argv, config_path, follower)
    except OSError as error:
        raise RunFolderError(
            f"cannot write the run folder {folder}: {error.strerror or error}"
        ) from error
    follower.lap("end_s")
    follower.warnings += run.tracing.check(folder) if follower.ended else ()
    return _outcome(run, folder, follower)


def _prepare(run: SocRun, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    # of a run before in this folder
    for name in ("console.txt", "marks.txt", "events.jsonl", "profile.txt"):
        (folder / name).write_text("")
    config = SocConfig(
        macros=run.macros,
        events=str(folder / "events.jsonl"),
        clock_ps=run.clock_ps,
        convert_ps=run.convert_ps if run.convert_ps is not None else run.clock_ps // 2,
        layers=run.layers,
        grid_ps=run.tracing.grid_ps if run.tracing.kind == "fst" else 0,
    )
    path = folder / "bridge.json"
    config.save(path)
    return path


def _command(run: SocRun, program: Path, folder: Path) -> list[str]:
    plusargs = [
        f"image={run.image.resolve()}",
        f"console={folder / 'console.txt'}",
        f"events={folder / 'marks.txt'}",
        f"profile={folder / 'profile.txt'}",
        *([f"max_cycles={run.max_cycles}"] if run.max_cycles else []),
        *(run.external.plusargs if run.external else ()),
        *run.tracing.plusargs(folder),
        *run.plusargs,
    ]
    return simulator_command(run.simulator, program, plusargs)


def _follow(run: SocRun, top: str, argv: list[str], config: Path, follower: Follower) -> None:
    """Start the simulator and take its notes until it ends."""
    folder = config.parent
    ours, theirs = os.pipe()
    try:
        env = cocotb_environment(
            run.simulator,
            top,
            "cosim.bridge.soc_child",
            seed=run.seed,
            results=folder / "results.xml",
        )
        env |= {CONFIG_ENV: str(config), NOTES_ENV: str(theirs)}
        deadline_s = time.monotonic() + run.wall_limit_s
        log = folder / "sim.log"
        log.write_text("")
        orphan = signal.SIGTERM if run.tracing.kind else signal.SIGKILL
        with running(
            argv, env=env, cwd=folder, log_file=log, pass_fds=(theirs,), orphan_signal=orphan
        ) as process:
            os.close(theirs)
            theirs = -1
            while True:
                open_end = follower.read(ours, LOOK_S)
                if not open_end or process.poll() is not None:
                    while follower.read(ours, 0.0):
                        pass
                    break
                follower.look()
                if time.monotonic() > deadline_s:
                    raise RtlError(f"the run did not end in {run.wall_limit_s:.0f} s of wall time")
            with contextlib.suppress(TimeoutError):
                _wait(process)
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)


def _wait(process: Any) -> None:
    end = time.monotonic() + LOST_S
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


def _outcome(run: SocRun, folder: Path, follower: Follower) -> SocOutcome:
    if follower.error is not None:
        raise follower.error
    lines = (folder / "marks.txt").read_text(errors="replace").splitlines()
    if lines and lines[-1].startswith("X timeout"):
        raise RtlError(f"the firmware did not exit within {run.max_cycles} cycles")
    if not follower.ended or not lines or not lines[-1].startswith("X "):
        raise RtlError(f"the simulator ended early: {_last_words(folder / 'sim.log')}")
    return read_outcome(folder, follower)


def read_outcome(run_dir: Path, follower: Follower | None = None) -> SocOutcome:
    """What a run folder holds, after a run or after one that was cut short."""
    marks = read_marks(run_dir / "marks.txt")
    events = tuple(read_events(run_dir / "events.jsonl"))
    return SocOutcome(
        run_dir=run_dir,
        console=(run_dir / "console.txt").read_text(errors="replace"),
        marks=marks,
        events=events,
        evaluations=tuple(event for event in events if isinstance(event, Evaluation)),
        energies=follower.energies if follower else {},
        warnings=tuple(follower.warnings) if follower else (),
        wall_s=follower.wall_s if follower else 0.0,
        parts_s=follower.parts if follower else {},
        evaluations_cpu_s=follower.evaluations_cpu_s if follower else (),
        complete=follower is not None and follower.ended,
    )


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for line in lines:
        if "Error" in line or "%Error" in line or "terminate called" in line:
            return line
    return lines[-1] if lines else "no message"
