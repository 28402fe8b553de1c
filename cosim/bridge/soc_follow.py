# SPDX-License-Identifier: Apache-2.0
"""soc_follow : takes the notes and events of a simulator process while it runs.

They come as JSON lines through a pipe (soc_config.py). What they tell is kept here: energies,
warnings, the error that ended the run, where the wall time went.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cosim import errors
from cosim.analog.protocol import Energy
from cosim.bridge.soc_config import split_notes
from cosim.errors import CircuitError, CosimError, RtlError, WorkerLostError
from cosim.trace.events import Event, from_json

__all__ = ["Follower", "Progress", "error_of"]

LOST_S = 2.0  # how long the simulator may take to notice that an engine died
NOTE_BYTES = 1 << 16

Progress = Callable[[Event], None]


class Follower:
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
            self.error = error_of(note)

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


def error_of(note: Mapping[str, Any]) -> CosimError:
    """The error that ended the simulation, as the class it was there."""
    kind = getattr(errors, note["type"], RtlError)
    if not (isinstance(kind, type) and issubclass(kind, CosimError)):
        kind = RtlError
    if not issubclass(kind, CircuitError):
        return kind(note["text"])
    text = note["text"].rpartition(" [")[0] if note["text"].endswith("]") else note["text"]
    return kind(text, macro=note["macro"], t_ps=note["t_ps"], node=note["node"])
