# SPDX-License-Identifier: Apache-2.0
"""fast_cells : one layer solved for a batch of sources: cells, wires, amplifiers, drivers.

Chord iteration. Linear cells: the reduced layer gives exact port currents, so only amplifiers
beyond their linear range and buffers ask for more than one step. Bias-dependent cells: the kernel
states the exact Kirchhoff residual of every cell and steps with the wires' strongest modes; ports
(common I lines) take the matching step through one small constant matrix.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import AmplifierBank, BankState
from cosim.analog.fast_build import kernel
from cosim.analog.fast_layer import TiledLayer
from cosim.analog.fast_reduce import ReducedLayer, reduce_layer
from cosim.errors import ConvergenceError

__all__ = ["TOL_V", "LayerSolver", "LayerState"]

Floats = NDArray[np.float64]
TOL_V = 1e-6
MAX_STEPS = 200
_KEPT = threading.local()
HEAT_STEP = 1e-3  # of a central difference: error 1e-6 of the heat


class _Shape(ctypes.Structure):
    _fields_ = tuple((key, ctypes.c_long) for key in ("n", "h", "v", "r", "c", "ports"))


class _Cell(ctypes.Structure):
    _fields_ = tuple((key, ctypes.c_double) for key in ("r_s", "k"))


class _Lines(ctypes.Structure):
    _fields_ = tuple((key, ctypes.c_double) for key in ("r_in", "r_out", "r_join"))


class _Modes(ctypes.Structure):
    _fields_ = (
        ("g", ctypes.c_double),
        *((key, ctypes.c_void_p) for key in ("phi", "fa", "psi", "fb", "y", "eta", "hkl")),
    )


@dataclass(kw_only=True)
class LayerState:
    """A solved layer for n inputs.

    `source_v` (n, n_in + 1) stand before the row feeds; `source_a` flow out of them. `u` is
    (n, ports, 2, width). `heat_w` (n,) is what the cells turn into heat; `steps` were taken.
    """

    source_v: Floats
    source_a: Floats
    u: Floats
    bank: BankState
    heat_w: Floats
    residual_v: float
    steps: int


@dataclass(frozen=True)
class LayerSolver:
    """The solver of one programmed layer; `reduced` is exact if the cells are linear."""

    layer: TiledLayer
    bank: AmplifierBank
    reduced: ReducedLayer

    @cached_property
    def linear(self) -> bool:
        """Cells have a fixed conductance."""
        return bool(np.isinf(self.layer.cell.v_h_v))

    @cached_property
    def port_step(self) -> Floats:
        """(ports, v, 2c, 2c): port step in volts per residual ampere."""
        port = self.reduced.y if self.linear else self.layer.modes.port
        cols = self.layer.w.shape[3]
        matrix = port + np.kron(self.bank.admittance(), np.eye(cols))
        inverse: Floats = np.linalg.inv(matrix)
        return inverse

    def solve(
        self,
        source_v: Floats,
        *,
        drop: Callable[[Floats], Floats] | None = None,
        tol_v: float = TOL_V,
    ) -> LayerState:
        """Voltages and currents for sources (n, n_in + 1).

        `drop(source_a)` are volts lost inside the sources but the last one (the bias).
        """
        layer, n_out = self.layer, self.layer.n_out
        x_v = source_v.copy()
        u = self._guess(source_v)
        cell_v, step = self._scratch(x_v, u)
        out_v: Floats | None = None
        du = np.zeros_like(u)
        for turn in range(1, MAX_STEPS + 1):
            port_a, source_a, worst, heat_w = self._network(x_v, u, du, cell_v, step)
            bank = self.bank.solve(u[:, :, 0, :n_out], u[:, :, 1, :n_out], out_v)
            out_v = bank.out_v
            port_a[:, :, 0, :n_out] -= bank.plus_a
            port_a[:, :, 1, :n_out] -= bank.minus_a
            du = self._ports(port_a)
            moved = float(np.abs(du).max(initial=0.0))
            if drop is not None:
                new = source_v[:, :-1] - drop(source_a[:, :-1])
                moved = max(moved, float(np.abs(new - x_v[:, :-1]).max(initial=0.0)))
                x_v[:, :-1] = new
            worst_v = max(float(worst.max()), moved)
            if not np.isfinite(worst_v) or not np.isfinite(du).all():
                raise ConvergenceError(f"layer of {layer.n_out} outputs: not a number")
            if worst_v < tol_v:
                return LayerState(
                    source_v=x_v,
                    source_a=source_a,
                    u=u,
                    bank=bank,
                    heat_w=self._linear_heat_w(x_v, u) if self.linear else heat_w,
                    residual_v=worst_v,
                    steps=turn,
                )
            u += du
        raise ConvergenceError(
            f"layer of {layer.n_out} outputs: still off by {worst_v:.3g} V after {MAX_STEPS} steps"
        )

    @cached_property
    def _sensitivity(self) -> ReducedLayer:
        """Change of the reduced layer per relative change of all cells' conductances."""
        up, down = (reduce_layer(self.layer, cells=1 + side * HEAT_STEP) for side in (1, -1))
        return ReducedLayer(
            **{
                key: (getattr(up, key) - getattr(down, key)) / (2 * HEAT_STEP)
                for key in ("t", "y", "q")
            }
        )

    def _linear_heat_w(self, x_v: Floats, u: Floats) -> Floats:
        """Heat of linear cells: by Tellegen's theorem the derivative of the layer's power."""
        if not self.bank.design.macro.meter_cells:
            return np.zeros(len(x_v))
        part = self._sensitivity
        lines_a, rows_a = part.port_a(x_v, u), part.source_a(x_v, u)
        return np.asarray((x_v * rows_a).sum(axis=1) - (u * lines_a).sum(axis=(1, 2, 3)))

    def _rows(self, source_v: Floats) -> Floats:
        """Sources as (n, h, rows), padding 0."""
        h_p, _, rows, _ = self.layer.w.shape
        full = np.zeros((len(source_v), h_p * rows))
        full[:, self.layer.row_place] = source_v
        return full.reshape(-1, h_p, rows)

    def _ports(self, port_a: Floats) -> Floats:
        n, ports, _, width = port_a.shape
        v_p, cols = self.layer.w.shape[1], self.layer.w.shape[3]
        sides = port_a.reshape(n, ports, 2, v_p, cols).transpose(1, 3, 0, 2, 4)
        stepped = sides.reshape(ports, v_p, n, 2 * cols) @ self.port_step.transpose(0, 1, 3, 2)
        back = stepped.reshape(ports, v_p, n, 2, cols).transpose(2, 0, 3, 1, 4)
        return np.ascontiguousarray(back).reshape(n, ports, 2, width)

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
        if self.linear:
            flat = source_v @ self.reduced.t.reshape(-1, source_v.shape[1]).T
            return self._ports(np.ascontiguousarray(flat.reshape(shape)))
        sums = self._conductances.sum(axis=1)
        means = source_v @ self._conductances.T / np.where(sums == 0.0, 1.0, sums)
        return np.ascontiguousarray(means.reshape(shape))

    def _scratch(self, x_v: Floats, u: Floats) -> tuple[Floats, Floats]:
        """Cell voltages without wires and a zero step, in memory that each thread keeps."""
        if self.linear:
            return np.zeros(0), np.zeros(0)
        n = len(x_v)
        h_p, v_p, rows, cols = self.layer.w.shape
        shape = (n, h_p, v_p, 2, rows, cols)
        kept: Floats | None = getattr(_KEPT, "cells", None)
        size = 2 * int(np.prod(shape))
        if kept is None or kept.size < size:
            kept = _KEPT.cells = np.empty(size)
        cell_v, step = kept[:size].reshape(2, *shape)
        lines = u if self.layer.ports == h_p else np.repeat(u, h_p, axis=1)
        lines = lines.reshape(n, h_p, 2, v_p, cols).transpose(0, 1, 3, 2, 4)[..., None, :]
        np.subtract(self._rows(x_v)[:, :, None, None, :, None], lines, out=cell_v)
        cell_v *= self.layer.g_p[None] > 0
        step.fill(0.0)
        return cell_v, step

    def _network(
        self, x_v: Floats, u: Floats, du: Floats, cell_v: Floats, step: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Port currents, source currents (n, n_in + 1); residual and cells' heat of each input."""
        if self.linear:
            none = np.zeros(len(x_v))
            return self.reduced.port_a(x_v, u), self.reduced.source_a(x_v, u), none, none
        port_a, row_a, worst, heat_w = self._kernel(x_v, u, du, cell_v, step)
        return port_a, row_a[:, self.layer.row_place], worst, heat_w

    def _kernel(
        self, x_v: Floats, u: Floats, du: Floats, cell_v: Floats, step: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Port currents, row currents (n, h*rows), largest residual and heat of each input."""
        layer, modes = self.layer, self.layer.modes
        h_p, v_p, rows, cols = layer.w.shape
        n = len(x_v)
        shape = _Shape(n, h_p, v_p, rows, cols, layer.ports)
        k = 0.0 if np.isinf(layer.cell.v_h_v) else 1 / layer.cell.v_h_v
        cell = _Cell(layer.cell.r_s_ohm, k)
        lines = _Lines(layer.lines.r_in, layer.lines.r_out, layer.lines.r_join)
        arrays = (modes.phi, modes.fa, modes.psi, modes.fb, modes.y, modes.eta, modes.hkl)
        mode_set = _Modes(modes.g, *(_address(a) for a in arrays))
        rows_v = self._rows(x_v)  # kept by name: the kernel holds only its address
        port_a, row_a, worst = np.zeros_like(u), np.empty((n, h_p, v_p, rows)), np.empty(n)
        heat_w = np.empty(n)
        failed = kernel().fast_step(
            ctypes.byref(shape),
            ctypes.byref(cell),
            ctypes.byref(lines),
            ctypes.byref(mode_set),
            *(_address(a) for a in (layer.g_p, layer.a, layer.feed, rows_v, u, du, cell_v, step)),
            *(_address(a) for a in (port_a, row_a, worst, heat_w)),
        )
        if failed:
            raise MemoryError("engine fast: no memory for a tile")
        return port_a, row_a.sum(axis=2).reshape(n, -1), worst, heat_w


def _address(array: Floats) -> ctypes.c_void_p:
    if not array.flags.c_contiguous:
        raise ValueError("kernel arrays must be contiguous")
    return ctypes.c_void_p(array.ctypes.data)
