# SPDX-License-Identifier: Apache-2.0
"""tile : source lines of all rows of a tile for given input spikes, one at a time or many.

Rows meet on the bit lines, whose drivers sag by what all rows draw together. A cell's current
depends on its line to second order around a mean sag (lines differ from that by millivolts), and
on its source line as in curves.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ConvergenceError
from cosim.sttbsnn.cell import half_cells
from cosim.sttbsnn.curves import Window, roots, slope_curves, values
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie
from cosim.sttbsnn.spread import cell_orders, spread_curves

__all__ = ["AtRest", "Tile", "build_tile"]

Floats = NDArray[np.float64]
Weights = NDArray[np.int8]
TOL_V = 1e-12
BATCH_TOL_V = 1e-9
ROUNDS = 60


@dataclass(frozen=True, kw_only=True)
class AtRest:
    """Source lines (rows,), and current out of the read supply."""

    sl_v: Floats
    read_a: float


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Half cells' curves (DEGREE + 1, 3 orders of lift, 2 sources, rows, inputs, 2 sides).

    A source is 0 for the read supply and 1 for ground; a lift is what a line stands above `line_v`
    of its source.
    """

    design: BsnnDesign
    weights: Weights
    window: Window
    curves: Floats
    line_v: tuple[float, float]

    @property
    def _ohm(self) -> float:
        return self.design.row.driver_ohm / len(self.weights)

    def rest(self, spikes: NDArray[np.integer]) -> AtRest:
        """With inputs `spikes` (inputs,) in {0, 1}."""
        source = np.stack([1 - spikes, spikes], axis=1)
        cells = np.take_along_axis(self.curves, source[None, None, None, None], axis=2)[:, :, 0]
        start = np.array(self.line_v)[source]
        top = np.where(source == 0, self.design.row.read_v, 0.0)
        lift = np.zeros(source.shape)
        for _ in range(ROUNDS):
            here = cells[:, 0] + cells[:, 1] * lift + cells[:, 2] * (lift * lift)
            sl = roots(here.sum(axis=(2, 3)), self.window)
            at = np.broadcast_to(self.window.scaled(sl)[:, None, None], here.shape[1:])
            amps = values(here, at).sum(axis=0)
            new = top - self._ohm * amps - start
            moved, lift = float(np.abs(new - lift).max()), new
            if moved < TOL_V:
                return AtRest(sl_v=sl, read_a=float(amps[source == 0].sum()))
        raise ConvergenceError(f"bit lines still move by {moved:.2g} V")

    def batch(self, spikes: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Source lines (n, rows) and currents out of the read supply (n,) of inputs (n, inputs).

        As `rest`, with lines' currents to second order in the source lines' distance from the
        middle of their window: within microvolts.
        """
        n, rows = len(spikes), len(self.weights)
        mask = np.stack([1 - spikes, spikes], axis=-1).astype(float)  # (n, inputs, side): grounded
        top = np.where(mask > 0, 0.0, self.design.row.read_v)
        start = np.where(mask > 0, self.line_v[1], self.line_v[0])
        lift = np.zeros_like(start)
        middle = self.window.volts(np.zeros(()))
        for _ in range(ROUNDS):
            curves = self._summed(mask, lift)
            sl = roots(curves, self.window).T
            amps = self._line_a(mask, lift, sl - middle)
            new = top - self._ohm * amps - start
            moved, lift = float(np.abs(new - lift).max()), new
            if moved < BATCH_TOL_V:
                return sl, np.asarray(((1.0 - mask) * amps).sum(axis=(1, 2)))
        raise ConvergenceError(f"bit lines of {n} inputs, {rows} rows still move by {moved:.2g} V")

    def _summed(self, mask: Floats, lift: Floats) -> Floats:
        """Rows' curves (k, rows, n)."""
        n, (k, _, _, rows, _, _) = len(mask), self.curves.shape
        total = np.zeros((k * rows, n))
        for source, chosen in enumerate((1.0 - mask, mask)):
            part = chosen.copy()
            for order in range(3):
                cells = self.curves[:, order, source].reshape(k * rows, -1)
                total += cells @ part.reshape(n, -1).T
                part *= lift
        return total.reshape(k, rows, n)

    def _line_a(self, mask: Floats, lift: Floats, away: Floats) -> Floats:
        """Out of each line (n, inputs, 2), source lines `away` (n, rows) from the middle."""
        total = np.zeros_like(lift)
        for source, chosen in enumerate((1.0 - mask, mask)):
            powers, slopes = self._at_middle[source]
            flat = lift.shape[1] * 2
            amps = sum(
                (away**power) @ table.reshape(len(self.weights), flat)
                for power, table in enumerate(powers)
            )
            amps = np.asarray(amps).reshape(lift.shape)
            more = ((slopes[1] * lift + slopes[0]) * lift) + slopes[2] * lift * away.mean(
                axis=1
            ).reshape(-1, 1, 1)
            total += chosen * (amps + more)
        return total

    @cached_property
    def _at_middle(self) -> list[tuple[list[Floats], list[Floats]]]:
        """Per source: currents at the middle and what a volt of source line or lift changes."""
        scale = 2.0 / (self.window.high_v - self.window.low_v)
        found = []
        for source in (0, 1):
            curves = self.curves[:, :, source]
            zero = np.zeros(curves.shape[2:])
            first = slope_curves(curves)
            second = slope_curves(first)
            third = slope_curves(second)
            powers = [
                values(curves[:, 0], zero),
                values(first[:, 0], zero) * scale,
                values(second[:, 0], zero) * scale**2 / 2,
                values(third[:, 0], zero) * scale**3 / 6,
            ]
            slopes = [values(curves[:, order], zero).sum(axis=0) for order in (1, 2)]
            slopes.append(values(first[:, 1], zero).sum(axis=0) * scale)
            found.append((powers, slopes))
        return found


def build_tile(weights: Weights, design: BsnnDesign, die: BsnnDie | None = None) -> Tile:
    """The tile of rows `weights` (rows, inputs), nominal or on a die."""
    row, window = design.row, Window.of(design)
    gate_v = design.device.access.gate_v
    kinds = half_cells(design, np.array([0.0, 1.0]), r_line_ohm=row.driver_ohm)
    sag_v = row.driver_ohm * float(kinds.current_a(row.read_v, 0.5 * row.read_v, gate_v).mean())
    line_v = (row.read_v - sag_v, sag_v)
    state = np.stack([weights < 0, weights > 0], axis=-1).astype(np.int64)
    if die is None:
        cells = half_cells(design, np.array([0.0, 1.0]))
        curves = cell_orders(cells, line_v, gate_v, window)[..., state]
    else:
        curves = spread_curves(design, die, state, line_v, window)
    return Tile(design=design, weights=weights, window=window, curves=curves, line_v=line_v)
