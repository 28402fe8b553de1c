# SPDX-License-Identifier: Apache-2.0
"""fast_cells : one layer solved for a batch of sources: cells, wires, amplifiers, drivers.

Linear cells are matrices (fast_matrix.py), bias-dependent ones a chord iteration in the kernel
(fast_chord.py). What only some callers ask for is worked out when they do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import AmplifierBank, BankState
from cosim.analog.fast_chord import CellNetwork
from cosim.analog.fast_layer import TiledLayer
from cosim.analog.fast_matrix import LinearNetwork
from cosim.analog.fast_reduce import ReducedLayer, reduce_layer

__all__ = ["TOL_V", "LayerSolver", "LayerState"]

Floats = NDArray[np.float64]
TOL_V = 1e-6
HEAT_STEP = 1e-3  # of a central difference: error 1e-6 of the heat


@dataclass(kw_only=True)
class LayerState:
    """A solved layer for n inputs; `steps` were taken.

    `source_v` (n, n_in + 1) stand before the row feeds; `source_a` flow out of them. `u` is
    (n, ports, 2, width). `heat_w` (n,) is what the cells turn into heat, `wire_w` what segments
    and joins do (not the feeds).
    """

    source_v: Floats
    out_v: Floats
    residual_v: float
    steps: int
    find_source_a: Callable[[], Floats]
    find_u: Callable[[], Floats]
    find_bank: Callable[[Floats, Floats], BankState]
    find_heat: Callable[[Floats, Floats], tuple[Floats, Floats]]

    @cached_property
    def source_a(self) -> Floats:
        return self.find_source_a()

    @cached_property
    def u(self) -> Floats:
        return self.find_u()

    @cached_property
    def bank(self) -> BankState:
        return self.find_bank(self.u, self.out_v)

    @cached_property
    def _heats(self) -> tuple[Floats, Floats]:
        return self.find_heat(self.source_v, self.u)

    @property
    def heat_w(self) -> Floats:
        return self._heats[0]

    @property
    def wire_w(self) -> Floats:
        return self._heats[1]


@dataclass(frozen=True)
class LayerSolver:
    """The solver of one programmed layer.

    `buffered` sources lose volts inside (buffer_amp.va); drivers and the bias do not.
    """

    layer: TiledLayer
    bank: AmplifierBank
    buffered: bool = False

    @cached_property
    def reduced(self) -> ReducedLayer:
        """The layer at its ports: exact if the cells are linear, else only motions ask for it."""
        return reduce_layer(self.layer)

    @cached_property
    def linear(self) -> bool:
        """Solved as matrices: cells have a fixed conductance, op-amps no ties."""
        fixed = bool(np.isinf(self.layer.cell.v_h_v)) and self.layer.series is None
        return fixed and (self.bank.ideal or self.bank.tie_ohm == 0.0)

    def solve(self, source_v: Floats, *, tol_v: float = TOL_V) -> LayerState:
        """Voltages and currents for sources (n, n_in + 1)."""
        if self.linear:
            return self._linear_state(source_v, tol_v)
        point = self.cells.solve(source_v, self._guess(source_v), tol_v)
        return LayerState(
            source_v=point.x_v,
            out_v=point.out_v,
            residual_v=point.residual_v,
            steps=point.turns,
            find_source_a=lambda: point.source_a,
            find_u=lambda: point.u,
            find_bank=self.bank.state,
            find_heat=lambda _x, _u: (point.heat_w, point.wire_w),
        )

    def _linear_state(self, source_v: Floats, tol_v: float) -> LayerState:
        network = self.network
        point = network.solve(source_v, tol_v)

        def source_a() -> Floats:
            if point.source_a is not None:
                return point.source_a
            return network.source_a(point.x_v, point.out_v)

        return LayerState(
            source_v=point.x_v,
            out_v=point.out_v,
            residual_v=point.residual_v,
            steps=point.turns,
            find_source_a=source_a,
            find_u=lambda: network.lines(point.x_v, point.out_v),
            find_bank=self.bank.state,
            find_heat=self._linear_heat_w,
        )

    @cached_property
    def network(self) -> LinearNetwork:
        """The layer as matrices."""
        return LinearNetwork(self.layer, self.bank, self.reduced, self.buffered)

    @cached_property
    def cells(self) -> CellNetwork:
        """The layer as the kernel takes it."""
        cols = self.layer.w.shape[3]
        matrix = self.layer.modes.port + np.kron(self.bank.admittance(), np.eye(cols))
        buffer = self.bank.design.macro.buffer
        drop = (buffer.rout_ohm, buffer.imax_a) if self.buffered else (0.0, 1.0)
        return CellNetwork(self.layer, self.bank, np.linalg.inv(matrix), drop)

    @cached_property
    def _sensitivity(self) -> tuple[ReducedLayer, ReducedLayer]:
        """Change of the reduced layer per relative change of all cells' and wires' conductances."""
        found = []
        for what in ("cells", "wires"):
            up, down = (reduce_layer(self.layer, **{what: 1 + s * HEAT_STEP}) for s in (1, -1))
            found.append(
                ReducedLayer(
                    **{
                        key: (getattr(up, key) - getattr(down, key)) / (2 * HEAT_STEP)
                        for key in ("t", "y", "q")
                    }
                )
            )
        return found[0], found[1]

    def _linear_heat_w(self, x_v: Floats, u: Floats) -> tuple[Floats, Floats]:
        """Heat of linear cells and wires: by Tellegen's theorem derivatives of the power."""
        found = []
        for part in self._sensitivity:
            lines_a, rows_a = part.port_a(x_v, u), part.source_a(x_v, u)
            found.append(np.asarray((x_v * rows_a).sum(axis=1) - (u * lines_a).sum(axis=(1, 2, 3))))
        return found[0], found[1]

    @cached_property
    def _conductances(self) -> Floats:
        """Secants at the typical voltage, from source to line: (ports*2*width, n_in + 1)."""
        layer = self.layer
        h_p, v_p, rows, cols = layer.w.shape
        found = np.zeros((h_p, 2, layer.width, h_p * rows))
        for side in (0, 1):
            g = layer.secant_s[:, :, side].transpose(0, 1, 3, 2).reshape(h_p, v_p * cols, rows)
            for h in range(h_p):
                found[h, side, :, h * rows : (h + 1) * rows] = g[h]
        found = found if layer.tied else found.sum(axis=0, keepdims=True)
        return np.ascontiguousarray(found.reshape(-1, h_p * rows)[:, layer.row_place])

    def _guess(self, source_v: Floats) -> Floats:
        """Line voltages without wires: conductance-weighted means of the sources."""
        shape = (len(source_v), self.layer.ports, 2, self.layer.width)
        sums = self._conductances.sum(axis=1)
        means = source_v @ self._conductances.T / np.where(sums == 0.0, 1.0, sums)
        return np.ascontiguousarray(means.reshape(shape))
