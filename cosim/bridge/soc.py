# SPDX-License-Identifier: Apache-2.0
"""soc : runs firmware on the SoC with its macros in lockstep, from an ordinary Python process.

`run_soc` builds the RTL (cached), starts the simulator, follows it, and returns what happened.
Files in the run folder: console.txt, marks.txt, profile.txt, events.jsonl, sim.log, bridge.json.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosim import errors, gen, tools
from cosim.analog.protocol import Energy
from cosim.bridge.build import Rtl, Simulator, build
from cosim.bridge.launch import cocotb_environment, running, simulator_command
from cosim.bridge.soc_config import CONFIG_ENV, NOTES_ENV, MacroSpec, SocConfig, split_notes
from cosim.bridge.soc_trace import NO_TRACE, Tracing
from cosim.errors import CircuitError, CosimError, RtlError, RunFolderError, WorkerLostError
from cosim.trace.events import Evaluation, Event, from_json, read_events
from cosim.trace.marks import Marks, read_marks

__all__ = ["ExternalMemory", "SocOutcome", "SocRun", "read_outcome", "run_soc", "soc_rtl"]

LOOK_S = 0.1
LOST_S = 2.0  # how long the simulator may take to notice that an engine died
NOTE_BYTES = 1 << 16

Progress = Callable[[Event], None]


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

    `rtl` replaces the project's own sources (tests). `max_cycles` 0 means none.
    """

    image: Path
    run_dir: Path
    macros: tuple[MacroSpec, ...]
    clock_ps: int = 1000
    ram_words: int = 262_144
    in_w: int = 400
    out_n: int = 10
    adc_bits: int = 8
    prog_aw: int = 16
    external: ExternalMemory | None = None
    convert_ps: int | None = None
    simulator: Simulator = "verilator"
    wall_limit_s: float = 7200.0
    max_cycles: int = 0
    seed: int = 1
    rtl: Rtl | None = None
    plusargs: tuple[str, ...] = ()
    tracing: Tracing = NO_TRACE


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
    in_w: int = 400,
    out_n: int = 10,
    adc_bits: int = 8,
    prog_aw: int = 16,
    ext_words: int = 0,
    profile: bool = False,
    tracing: Tracing = NO_TRACE,
) -> Rtl:
    """The project's SoC under rtl/sim/sim_top.v, with the pins of its macros visible."""
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
            "IN_W": in_w,
            "OUT_N": out_n,
            "ADC_BITS": adc_bits,
            "PROG_AW": prog_aw,
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
        in_w=run.in_w,
        out_n=run.out_n,
        adc_bits=run.adc_bits,
        prog_aw=run.prog_aw,
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
        follower = _Follower(progress)
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
        in_w=run.in_w,
        out_n=run.out_n,
        adc_bits=run.adc_bits,
        prog_aw=run.prog_aw,
        convert_ps=run.convert_ps if run.convert_ps is not None else run.clock_ps // 2,
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


def _follow(run: SocRun, top: str, argv: list[str], config: Path, follower: _Follower) -> None:
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


class _Follower:
    """Takes the simulator's notes as they come."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.error: CosimError | None = None
        self.energies: dict[str, tuple[Energy, ...]] = {}
        self.warnings: list[str] = []
        self.ended = False
        self.wall_s = 0.0
        self.parts: dict[str, float] = {}
        self.evaluations_cpu_s: tuple[float, ...] = ()
        self.mark_s = time.monotonic()  # when the part under way began
        self._rest = b""
        self._pids: dict[str, tuple[int, int]] = {}  # macro -> process, time it was told
        self._t_ps = 0
        self._dead_since: float | None = None

    def read(self, pipe: int, wait_s: float) -> bool:
        """Take what has come; False once the other end is closed or (wait 0) nothing is there."""
        ready, _, _ = select.select([pipe], [], [], wait_s)
        if not ready:
            return wait_s > 0.0
        data = os.read(pipe, NOTE_BYTES)
        if not data:
            return False
        records, self._rest = split_notes(self._rest + data)
        for record in records:
            if "note" in record:
                self._note(record)
            else:
                self._t_ps = max([self._t_ps, *_times(record)])
                if self.progress is not None:
                    self.progress(from_json(json.dumps(record)))
        return True

    def _note(self, note: Mapping[str, Any]) -> None:
        kind = note["note"]
        if kind == "engine":
            self._pids[note["macro"]] = (note["pid"], note["t_ps"])
        elif kind == "warning":
            self.warnings.append(note["text"])
        elif kind == "energy":
            self.energies[note["macro"]] = tuple(Energy(**item) for item in note["energies"])
        elif kind == "running":
            self.lap("start_s")
        elif kind == "end":
            self.ended, self.wall_s = True, note["wall_s"]
            self.parts |= note["parts"]
            self.evaluations_cpu_s = tuple(note["evaluations_cpu_s"])
            self.mark_s = time.monotonic()
        elif kind == "error":
            self.error = _error(note)

    def lap(self, part: str) -> None:
        """The time since the last mark was spent on `part`."""
        now_s = time.monotonic()
        self.parts[part] = self.parts.get(part, 0.0) + now_s - self.mark_s
        self.mark_s = now_s

    def look(self) -> None:
        """Raise if an engine's process is gone and the simulator does not notice by itself."""
        dead = [macro for macro, (pid, _) in self._pids.items() if not _alive(pid)]
        if not dead or self.ended or self.error is not None:
            self._dead_since = None
            return
        now = time.monotonic()
        self._dead_since = self._dead_since or now
        if now - self._dead_since > LOST_S:
            raise WorkerLostError(
                "the engine's process died while its macro was asleep",
                macro=dead[0],
                t_ps=max(self._t_ps, self._pids[dead[0]][1]),
            )


def _times(record: Mapping[str, Any]) -> list[int]:
    return [value for key, value in record.items() if key.endswith("t_ps") or key == "t_done_ps"]


def _alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _error(note: Mapping[str, Any]) -> CosimError:
    """The error that ended the simulation, as the class it was there."""
    kind = getattr(errors, note["type"], RtlError)
    if not (isinstance(kind, type) and issubclass(kind, CosimError)):
        kind = RtlError
    if not issubclass(kind, CircuitError):
        return kind(note["text"])
    text = note["text"].rpartition(" [")[0] if note["text"].endswith("]") else note["text"]
    return kind(text, macro=note["macro"], t_ps=note["t_ps"], node=note["node"])


def _outcome(run: SocRun, folder: Path, follower: _Follower) -> SocOutcome:
    if follower.error is not None:
        raise follower.error
    lines = (folder / "marks.txt").read_text(errors="replace").splitlines()
    if lines and lines[-1].startswith("X timeout"):
        raise RtlError(f"the firmware did not exit within {run.max_cycles} cycles")
    if not follower.ended or not lines or not lines[-1].startswith("X "):
        raise RtlError(f"the simulator ended early: {_last_words(folder / 'sim.log')}")
    return read_outcome(folder, follower)


def read_outcome(run_dir: Path, follower: _Follower | None = None) -> SocOutcome:
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
