# SPDX-License-Identifier: Apache-2.0
"""ngspice_world : the memory that Python shares with an ngspice worker, as numpy tables.

The twin of worker/world.h: same fields, same order, eight bytes each.
"""

from __future__ import annotations

import mmap
import os
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_CROSSINGS", "Kind", "Op", "Phase", "Status", "World"]

MAGIC = int.from_bytes(b"COSIM_01", "little")
MAX_CROSSINGS = 1024

_INTS: Literal["q"] = "q"
_REALS: Literal["d"] = "d"
HEADER = (
    [(name, _INTS) for name in ("magic", "n_sources", "n_probes", "n_changes_max")]
    + [(name, _INTS) for name in ("phase", "loads", "accepted", "rejected")]
    + [("t_s", _REALS)]
    + [
        (name, _INTS)
        for name in ("op", "until_ps", "grid_ps", "grid_phase_ps", "stop_on_crossing", "n_changes")
    ]
    + [
        (name, _INTS)
        for name in ("status", "t_ps", "settled", "n_crossings", "bad_probe", "saw_nan")
    ]
    + [
        (name, _REALS)
        for name in ("max_step_s", "settle_v", "settle_a", "settle_rel", "settle_s", "horizon_s")
    ]
    + [("first_part", _REALS)]
)
INDEX = {name: place for place, (name, _) in enumerate(HEADER)}
SOURCE = np.dtype(
    [(name, "f8") for name in ("v0_v", "v1_v", "t0_s", "t1_s", "volts", "amps")]
    + [("energy_j", "f8"), ("peak_a", "f8"), ("kind", "i8")]
)
PROBE = np.dtype(
    [("volts", "f8"), ("rise_v", "f8"), ("fall_v", "f8"), ("asynchronous", "i8"), ("level", "i8")]
)
CHANGE = np.dtype([("source", "i8"), ("volts", "f8"), ("ramp_ps", "i8")])
CROSSING = np.dtype([("probe", "i8"), ("level", "i8"), ("t_ps", "i8"), ("t_exact_s", "f8")])

Table = NDArray[np.void]


class Phase(IntEnum):
    BOOT, LOADING, OP, WAITING, STEPPING, FAILED = range(6)


class Op(IntEnum):
    NONE, START, ADVANCE, PROPOSE, QUIT = range(5)


class Status(IntEnum):
    OK, FAILED, NAN, HUNT, HORIZON = range(5)


class Kind(IntEnum):
    SUPPLY, METER = range(2)


class World:
    """The shared memory of one worker. `ints` and `reals` see the header by `INDEX`."""

    def __init__(self, n_sources: int, n_probes: int) -> None:
        n_changes = n_sources
        sizes = [
            len(HEADER) * 8,
            n_sources * SOURCE.itemsize,
            n_probes * PROBE.itemsize,
            n_changes * CHANGE.itemsize,
            MAX_CROSSINGS * CROSSING.itemsize,
        ]
        starts = np.cumsum([0, *sizes]).tolist()
        self.fd = os.memfd_create("cosim-macro")
        os.ftruncate(self.fd, starts[-1])
        self._memory = mmap.mmap(self.fd, starts[-1])
        view = memoryview(self._memory)
        self.ints: memoryview[int] = view[: sizes[0]].cast(_INTS)
        self.reals: memoryview[float] = view[: sizes[0]].cast(_REALS)

        def table(place: int, dtype: np.dtype[np.void], count: int) -> Table:
            return np.frombuffer(self._memory, dtype=dtype, count=count, offset=starts[place])

        self.sources = table(1, SOURCE, n_sources)
        self.probes = table(2, PROBE, n_probes)
        self.changes = table(3, CHANGE, n_changes)
        self.crossings = table(4, CROSSING, MAX_CROSSINGS)
        self.set(magic=MAGIC, n_sources=n_sources, n_probes=n_probes, n_changes_max=n_changes)

    def set(self, **fields: float) -> None:
        for name, value in fields.items():
            place = INDEX[name]
            if HEADER[place][1] == _INTS:
                self.ints[place] = int(value)
            else:
                self.reals[place] = float(value)

    def integer(self, name: str) -> int:
        return self.ints[INDEX[name]]

    def real(self, name: str) -> float:
        return self.reals[INDEX[name]]

    def close(self) -> None:
        """Give the memory file back; the tables stay readable until they are dropped."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
