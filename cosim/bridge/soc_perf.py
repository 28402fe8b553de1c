# SPDX-License-Identifier: Apache-2.0
"""soc_perf : where the wall time of a simulation goes: RTL, Python, circuits, waiting, tracing.

    rtl       the model itself: everything outside callbacks, less the tracing
    python    callbacks: VPI, cocotb and the bridge, less the circuits
    load      weights given to engines, netlists read, first operating points
    solve     all other calls of engines, less the waiting
    waiting   time in engines in which neither this process nor theirs computed
    tracing   writing the trace file
The six add up to the time measured; none is negative.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from cosim.analog.protocol import MacroEngine

__all__ = ["PARTS", "Meter", "cpu_seconds", "timed"]

PARTS = ("rtl_s", "python_s", "load_s", "solve_s", "waiting_s", "tracing_s")
LOAD = frozenset({"program", "start"})
SOLVE = frozenset({"drive", "advance", "propose", "sleep", "sample", "energy", "snapshot", "close"})


class Meter:
    """Seconds that engines took: wall time and this process's processor time, load and solve."""

    def __init__(self) -> None:
        self.wall_s = {"load": 0.0, "solve": 0.0}
        self.cpu_s = {"load": 0.0, "solve": 0.0}
        self.worker_s = 0.0

    def add(self, kind: str, wall_s: float, cpu_s: float) -> None:
        """One call of an engine."""
        self.wall_s[kind] += wall_s
        self.cpu_s[kind] += min(cpu_s, wall_s)

    def parts(self, wall_s: float, callback_s: float, tracing_s: float) -> dict[str, float]:
        """The six parts of `wall_s` seconds, of which `callback_s` passed in callbacks."""
        still_s = {kind: wall - self.cpu_s[kind] for kind, wall in self.wall_s.items()}
        idle_s = sum(still_s.values())
        share = max(0.0, idle_s - self.worker_s) / idle_s if idle_s > 0 else 0.0
        waiting_s = idle_s * share
        return {
            "rtl_s": max(0.0, wall_s - callback_s - tracing_s),
            "python_s": max(0.0, callback_s - sum(self.wall_s.values())),
            "load_s": self.wall_s["load"] - still_s["load"] * share,
            "solve_s": self.wall_s["solve"] - still_s["solve"] * share,
            "waiting_s": waiting_s,
            "tracing_s": tracing_s,
        }

    def workers(self, pids: Iterable[int]) -> None:
        """Note the processor time of engines' own processes, before they end."""
        self.worker_s += sum(cpu_seconds(pid) for pid in pids if pid > 0)


class _Timed:
    """An engine whose calls are timed; everything else of it is passed through."""

    def __init__(self, engine: MacroEngine, meter: Meter) -> None:
        self._engine, self._meter = engine, meter

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._engine, name)
        if name not in LOAD and name not in SOLVE:
            return value
        call = self._wrapped(value, "load" if name in LOAD else "solve")
        setattr(self, name, call)  # found at once the next time
        return call

    def _wrapped(self, call: Callable[..., Any], kind: str) -> Callable[..., Any]:
        meter = self._meter

        def run(*args: Any, **kwargs: Any) -> Any:
            wall_s, cpu_s = time.perf_counter(), time.process_time()
            try:
                return call(*args, **kwargs)
            finally:
                spent_s = time.process_time() - cpu_s
                meter.add(kind, time.perf_counter() - wall_s, spent_s)

        return run


def timed(engine: MacroEngine, meter: Meter) -> MacroEngine:
    """The engine, its calls counted in `meter`."""
    return cast("MacroEngine", _Timed(engine, meter))


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far; 0 where there is none."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
