# SPDX-License-Identifier: Apache-2.0
"""latch : the equations of veriloga/sense_latch.va over the rows of a tile, in time.

The clock's edge, regeneration and the spike driver are stepped together (latch_run.c), so a spike's
crossing time is that of the same equations that ngspice solves.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_build import library
from cosim.sttbsnn.design import BsnnDesign

__all__ = ["LatchRows", "Spike"]

Floats = NDArray[np.float64]
PARTS = 2  # steps a picosecond, as in latch_run.c
SOURCE = Path(__file__).with_name("latch_run.c")
STILL_V = 1e-7  # of latch and spike wire in a picosecond: nothing moves


@dataclass(frozen=True, kw_only=True)
class Spike:
    """Row `row` crossed half of the supply towards `level` at `t_ps`."""

    row: int
    level: int
    t_ps: float


@dataclass(kw_only=True)
class LatchRows:
    """Latches of all rows: differences `w_v`, spike wires `q_v`, joules out of their supply."""

    design: BsnnDesign
    w_v: Floats
    q_v: Floats
    joules: float = 0.0
    clock: tuple[float, float, float] = field(default=(0.0, 0.0, 0.0))  # from, to (V), since (ps)
    moving: bool = False

    @classmethod
    def at_rest(cls, design: BsnnDesign, rows: int) -> LatchRows:
        """All reset."""
        return cls(design=design, w_v=np.zeros(rows), q_v=np.zeros(rows))

    def strobe(self, t_ps: float, level: int) -> None:
        """The clock's edge begins."""
        self.clock = (self._clock_v(t_ps), level * self.design.latch.vdd_v, t_ps)
        self.moving = True
        if not level:  # what the cycle has emptied inside is charged again
            self.joules += (
                len(self.w_v) * self.design.latch.internal_f * (self.design.latch.vdd_v**2)
            )

    def copy(self) -> LatchRows:
        """As it stands now."""
        return LatchRows(
            design=self.design,
            w_v=self.w_v.copy(),
            q_v=self.q_v.copy(),
            joules=self.joules,
            clock=self.clock,
            moving=self.moving,
        )

    def run(
        self, t_ps: int, most: int, input_v: Callable[[Floats], Floats]
    ) -> tuple[int, list[Spike]]:
        """Up to `most` picoseconds from `t_ps`, to the first that has a spike or after the motion.

        `input_v(times)` (n, rows) is across the inputs. Returns the picoseconds and the spikes.
        """
        rows = len(self.w_v)
        times = t_ps + np.arange(2 * PARTS * most + 1) / (2 * PARTS)
        inputs = np.ascontiguousarray(input_v(times), dtype=np.float64)
        self.w_v, self.q_v = self.w_v.copy(), self.q_v.copy()
        joules, moving = ctypes.c_double(0.0), ctypes.c_long(0)
        crossed = np.empty(rows)
        latch = self.design.latch
        lags = (latch.vdd_v, latch.tau_ps, latch.gain, latch.reset_ps, latch.on_v)
        wires = (latch.drive_ohm, latch.load_f, float(latch.edge_ps))
        values = np.array([*lags, *wires, *self.clock, STILL_V])
        done = int(
            _kernel()(
                ctypes.c_long(rows),
                ctypes.c_long(most),
                ctypes.c_double(t_ps),
                *(ctypes.c_void_p(a.ctypes.data) for a in (inputs, values, self.w_v, self.q_v)),
                ctypes.byref(joules),
                ctypes.c_void_p(crossed.ctypes.data),
                ctypes.byref(moving),
            )
        )
        self.joules += joules.value
        self.moving = bool(moving.value)
        half = 0.5 * latch.vdd_v
        return done, [
            Spike(row=int(r), level=int(self.q_v[r] >= half), t_ps=float(crossed[r]))
            for r in np.nonzero(np.isfinite(crossed))[0]
        ]

    def _clock_v(self, t_ps: float) -> float:
        start, end, since = self.clock
        part = min(max((t_ps - since) / self.design.latch.edge_ps, 0.0), 1.0)
        return start + part * (end - start)


@lru_cache(maxsize=1)
def _kernel() -> ctypes._NamedFuncPointer:
    found = library("stt_latch", [SOURCE], ()).latch_run
    found.restype = ctypes.c_long
    return found
