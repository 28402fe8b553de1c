# SPDX-License-Identifier: Apache-2.0
"""latch : the equations of veriloga/sense_latch.va over the rows of a tile, in time.

The clock's edge, regeneration and the spike driver are stepped together (Runge-Kutta 4), so a
spike's crossing time is that of the same equations that ngspice solves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cosim.sttbsnn.design import BsnnDesign

__all__ = ["LatchRows", "Spike"]

Floats = NDArray[np.float64]
PARTS = 2  # steps a picosecond
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

    def step(self, t_ps: int, input_v: Callable[[float], Floats]) -> list[Spike]:
        """One picosecond from `t_ps` with `input_v(t)` (rows,) across the inputs."""
        found: list[Spike] = []
        before = self.w_v, self.q_v
        h = 1.0 / PARTS
        for part in range(PARTS):
            t = t_ps + part * h
            y = np.stack([self.w_v, self.q_v, np.zeros_like(self.w_v)])
            inputs = [input_v(t), input_v(t + 0.5 * h), input_v(t + h)]
            k1 = self._rate(t, y, inputs[0])
            k2 = self._rate(t + 0.5 * h, y + 0.5 * h * k1, inputs[1])
            k3 = self._rate(t + 0.5 * h, y + 0.5 * h * k2, inputs[1])
            k4 = self._rate(t + h, y + h * k3, inputs[2])
            y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
            found += self._crossed(self.q_v, y[1], t, h)
            self.w_v, self.q_v = y[0], y[1]
            self.joules += float(y[2].sum())
        drift = max(float(np.abs(a - b).max()) for a, b in zip(before, y[:2], strict=True))
        ramping = t_ps + 1 < self.clock[2] + self.design.latch.edge_ps
        self.moving = ramping or drift > STILL_V
        return found

    def _clock_v(self, t_ps: float) -> float:
        start, end, since = self.clock
        part = min(max((t_ps - since) / self.design.latch.edge_ps, 0.0), 1.0)
        return start + part * (end - start)

    def _rate(self, t_ps: float, y: Floats, input_v: Floats) -> Floats:
        """Per picosecond: latch, spike wire, joules out of the supply."""
        latch = self.design.latch
        vdd, w, q = latch.vdd_v, y[0], y[1]
        on = 0.5 * (1.0 + np.tanh((self._clock_v(t_ps) - 0.5 * vdd) / latch.on_v))
        grown = latch.gain * input_v + w * (1.0 - w * w / (vdd * vdd + 1e-6))
        high = 0.5 * (1.0 + np.tanh((w - 0.5 * vdd) / latch.on_v))
        up_a = high * (vdd - q) / latch.drive_ohm
        down_a = (1.0 - high) * q / latch.drive_ohm
        return np.stack(
            [
                on * grown / latch.tau_ps - (1.0 - on) * w / latch.reset_ps,
                1e-12 * (up_a - down_a) / latch.load_f,
                1e-12 * vdd * up_a,
            ]
        )

    def _crossed(self, before: Floats, after: Floats, t_ps: float, h: float) -> list[Spike]:
        half = 0.5 * self.design.latch.vdd_v
        rows = np.nonzero((before < half) != (after < half))[0]
        return [
            Spike(
                row=int(r),
                level=int(after[r] >= half),
                t_ps=t_ps + h * float((half - before[r]) / (after[r] - before[r])),
            )
            for r in rows
        ]
