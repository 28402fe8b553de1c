# SPDX-License-Identifier: Apache-2.0
"""lag : measures how late the RTL sees a circuit, on a 10 ps RC buffer with random edges.

The design under test writes down when it moves its pin and when it sees the answer. A plain
ngspice, which knows nothing of the bridge, solves the same stimulus in one piece; what the RTL saw
beyond that circuit's own crossings is the boundary error.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosim import tools
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.pins_file import load_macro
from cosim.bridge.build import Rtl, Simulator, build
from cosim.bridge.lag_env import MACRO_ENV, RESULT_ENV
from cosim.bridge.launch import run_cocotb
from cosim.errors import MismatchError, ToolError

__all__ = ["LagResult", "LagSpeed", "lag_rtl", "lag_speed", "random_gaps", "run_lag", "spice_deck"]

DATA = Path(__file__).resolve().parent / "data"
MACRO = DATA / "rc_buffer.yaml"
LIMIT_PS = 1.0
FIRST_PS, TAIL_PS = 1000, 1000  # before the first edge, after the last one
SHORTEST_PS, LONGEST_PS = 20, 200  # between edges; the shortest is two time constants
REFERENCE_STEP_S = 2e-13  # a fiftieth of the time constant
FREE_STEP_S = 1e-8  # far above any gap: without it ngspice holds every step at the 1 ps of `.tran`
PIECE = 500  # edges of one plain deck
WALL_LIMIT_S = 300.0


@dataclass(frozen=True, kw_only=True)
class LagResult:
    """Boundary error over all edges: RTL-visible time minus the circuit's own crossing, in ps.

    Seen at whole picoseconds, so 0 to 1 is exact. `wall_s` is the coupled part alone.
    """

    simulator: str
    edges: int
    seen: int
    max_error_ps: float
    min_error_ps: float
    mean_error_ps: float
    mean_delay_ps: float
    limit_ps: float
    wall_s: float

    @property
    def passed(self) -> bool:
        """Every edge was seen, none early and none later than the limit."""
        exact = -0.01 <= self.min_error_ps  # the reference's own interpolation error
        return self.seen == self.edges and exact and self.max_error_ps <= self.limit_ps


@dataclass(frozen=True, kw_only=True)
class LagSpeed:
    """Wall time of the coupled run and of plain `ngspice -b` on the same stimulus, in seconds.

    `loop_ratio` leaves both programs' start out, `whole_ratio` is from call to end of process.
    """

    edges: int
    lockstep_s: float
    lockstep_whole_s: float
    ngspice_s: float
    ngspice_whole_s: float

    @property
    def loop_ratio(self) -> float:
        return self.lockstep_s / self.ngspice_s

    @property
    def whole_ratio(self) -> float:
        return self.lockstep_whole_s / self.ngspice_whole_s


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What the RTL wrote down: (level, time in ps) of the pin it drives and of the answer."""

    driven: list[tuple[int, int]]
    answered: list[tuple[int, int]]
    wall_s: float
    whole_s: float


def random_gaps(edges: int, seed: int) -> list[int]:
    """Times between edges in ps."""
    rng = random.Random(seed)
    return [FIRST_PS, *(rng.randint(SHORTEST_PS, LONGEST_PS) for _ in range(edges - 1))]


def lag_rtl(edges: int, *, feedback: bool = False) -> Rtl:
    """The design under test."""
    return Rtl(
        top="lag_dut",
        sources=(DATA / "lag_dut.v",),
        read=("a", "done"),
        write=("y",),
        parameters={"EDGES": edges, "FEEDBACK": int(feedback)},
    )


def run_lag(
    simulator: Simulator = "verilator",
    edges: int = 200,
    seed: int = 1,
    *,
    folder: Path | None = None,
) -> LagResult:
    """Measure. Files stay in `folder` if one is given."""
    with tempfile.TemporaryDirectory(prefix="cosim-lag-") as scratch:
        place = folder or Path(scratch)
        seen = _coupled(simulator, random_gaps(edges, seed), place)
        reference = _reference_s(seen.driven[1:], place)
    answered = seen.answered[1:]  # the first entry is the level at time 0
    if len(answered) != len(reference):
        raise MismatchError(
            f"lag: the circuit answers {len(reference)} edges, the RTL saw {len(answered)}"
        )
    errors = [t - exact * 1e12 for (_, t), exact in zip(answered, reference, strict=True)]
    delays = [exact * 1e12 - t for (_, t), exact in zip(seen.driven[1:], reference, strict=False)]
    return LagResult(
        simulator=simulator,
        edges=edges,
        seen=len(answered),
        max_error_ps=max(errors),
        min_error_ps=min(errors),
        mean_error_ps=sum(errors) / len(errors),
        mean_delay_ps=sum(delays) / len(delays),
        limit_ps=LIMIT_PS,
        wall_s=seen.wall_s,
    )


def lag_speed(
    edges: int = 16000, seed: int = 1, simulator: Simulator = "verilator", rounds: int = 3
) -> LagSpeed:
    """Time the coupled run against plain ngspice with the same circuit, stimulus and tolerances.

    The two take turns, `rounds` of each; the quickest turn of each counts, so other work on the
    machine does not. Plain ngspice gets the stimulus in pieces: its PWL source searches all its
    points at each step, which would make one long deck look slow.
    """
    coupled, starts, plain = [], [], []
    with tempfile.TemporaryDirectory(prefix="cosim-lag-") as scratch:
        place = Path(scratch)
        for _ in range(rounds):
            seen = _coupled(simulator, random_gaps(edges, seed), place)
            coupled.append(seen)
            starts.append(_batch(spice_deck(seen.driven[1:3]), place))
            pieces = range(1, len(seen.driven), PIECE)
            plain.append(sum(_batch(_piece(seen.driven, first), place) for first in pieces))
    return LagSpeed(
        edges=edges,
        lockstep_s=min(seen.wall_s for seen in coupled),
        lockstep_whole_s=min(seen.whole_s for seen in coupled),
        ngspice_s=max(min(plain) - len(pieces) * min(starts), 1e-9),
        ngspice_whole_s=min(plain),
    )


def _piece(driven: list[tuple[int, int]], first: int) -> str:
    """The deck of PIECE edges from `first` on, moved to the beginning of time."""
    begin_ps = driven[first][1] - FIRST_PS
    part = [(level, t_ps - begin_ps) for level, t_ps in driven[first : first + PIECE]]
    return spice_deck(part)


def _coupled(simulator: Simulator, gaps: list[int], folder: Path) -> _Seen:

    rtl = lag_rtl(len(gaps))
    program = build(simulator, rtl)
    folder.mkdir(parents=True, exist_ok=True)
    stimulus, edges, result = folder / "stimulus", folder / "edges.txt", folder / "lag.json"
    stimulus.write_text("".join(f"{gap:x}\n" for gap in gaps))
    for path in (edges, result):
        path.unlink(missing_ok=True)
    began_s = time.perf_counter()
    run_cocotb(
        simulator,
        program,
        top=rtl.top,
        module="cosim.bridge.lag_child",
        folder=folder,
        plusargs=[f"stimulus={stimulus}", f"edges={edges}"],
        env={MACRO_ENV: str(MACRO), RESULT_ENV: str(result)},
        wall_limit_s=WALL_LIMIT_S,
    )
    whole_s = time.perf_counter() - began_s
    if not result.exists():
        raise MismatchError(f"lag: the coupled run failed: {last_words(folder / 'sim.log')}")
    seen = read_edges(edges)
    return _Seen(
        driven=seen["a"],
        answered=seen["y"],
        wall_s=json.loads(result.read_text())["wall_s"],
        whole_s=whole_s,
    )


def read_edges(path: Path) -> dict[str, list[tuple[int, int]]]:
    """Pin -> (level, t_ps) in order; levels that are X or Z are left out."""
    seen: dict[str, list[tuple[int, int]]] = {"a": [], "y": []}
    for line in path.read_text().splitlines():
        pin, level, t_ps = line.split()
        if level in "01":
            seen[pin].append((int(level), int(t_ps)))
    return seen


def last_words(log: Path) -> str:
    """The last line of a simulator's log that names an error."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    named = [line.strip() for line in lines if re.match(r"\s*(cosim\.errors\.)?\w*Error\b", line)]
    return named[-1] if named else "no message"


def spice_deck(driven: list[tuple[int, int]], table: Path | None = None) -> str:
    """The whole stimulus as one plain deck; with `table` finely stepped, volts written there."""
    macro = load_macro(MACRO)
    pin = macro.inputs[0]
    options = NgspiceOptions().fitted(macro.netlist.count("\n"))
    points = [f"0 {pin.voh if driven[0][0] == 0 else pin.vol}"]
    for level, t_ps in driven:
        before, after = (pin.vol, pin.voh) if level else (pin.voh, pin.vol)
        ramp_ps = pin.rise_ps if level else pin.fall_ps
        points += [f"{t_ps}p {before}", f"{t_ps + ramp_ps}p {after}"]
    end_s = (driven[-1][1] + TAIL_PS) * 1e-12
    longest = f" 0 {REFERENCE_STEP_S if table else FREE_STEP_S}"
    lines = ["* lag", macro.netlist, "x1 a y rc_buffer"]
    lines.append("va a 0 pwl(" + "\n+ ".join(points) + ")")
    lines.append(
        f".options reltol={options.reltol} abstol={options.abstol} vntol={options.vntol} "
        f"trtol={options.trtol} chgtol={options.chgtol} method={options.method} noacct klu"
    )
    lines += [".save v(y)", f".tran 1p {end_s}{longest}"]
    if table is not None:
        lines += [".control", "set numdgt=15", "set wr_singlescale", "run"]
        lines += [f"wrdata {table} v(y)", "quit 0", ".endc"]
    return "\n".join([*lines, ".end", ""])


def _reference_s(driven: list[tuple[int, int]], folder: Path) -> list[float]:
    """Every crossing of the output in a run without the bridge, seconds."""
    table = folder / "plain.txt"
    _batch(spice_deck(driven, table), folder)
    time_s, volts = np.loadtxt(table, unpack=True)
    level = load_macro(MACRO).outputs[0].rise_v
    k = np.flatnonzero((volts[:-1] < level) != (volts[1:] < level))
    step = (level - volts[k]) / (volts[k + 1] - volts[k])
    return list(map(float, time_s[k] + step * (time_s[k + 1] - time_s[k])))


def _batch(deck: str, folder: Path) -> float:
    """Run plain `ngspice -b`; its wall seconds."""
    tool = tools.ngspice()
    path = folder / "plain.cir"
    path.write_text(deck)
    began_s = time.perf_counter()
    done = subprocess.run(
        tool.batch("-b", "-r", str(folder / "plain.raw"), str(path)),
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **tool.env},
        cwd=folder,
        timeout=WALL_LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    wall_s = time.perf_counter() - began_s
    if done.returncode != 0:
        raise ToolError(f"plain ngspice failed: {(done.stdout + done.stderr).strip()[-300:]}")
    return wall_s
