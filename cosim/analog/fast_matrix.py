# SPDX-License-Identifier: Apache-2.0
"""fast_matrix : a layer of linear cells: only amplifiers and buffers are left to solve.

The reduced layer s = T x - Y u takes in the amplifiers' resistors, e = 1/(r1 + r3) from every line
to the reference (I+) or to the output (I-): with Z = (Y + e)^-1

    u = Z (T x + e ref) + Z e out         vid = a(x) + C out         i_feedback = b(x) + D out

C and D couple only columns of one partition. Exact op-amps are linear too: no output is unknown.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import AmplifierBank, buffer_drop
from cosim.analog.fast_build import kernel
from cosim.analog.fast_layer import TiledLayer
from cosim.analog.fast_reduce import ReducedLayer
from cosim.errors import ConvergenceError

__all__ = ["LinearNetwork", "LinearPoint"]

Floats = NDArray[np.float64]
MAX_TURNS = 60
SETTLED = 0.01  # of a tolerance: to where columns of one partition are swept


@dataclass(frozen=True, kw_only=True)
class LinearPoint:
    """Solved inputs: sources behind their drop (n, n_in + 1), outputs (n, ports, n_out)."""

    x_v: Floats
    out_v: Floats
    residual_v: float
    turns: int


@dataclass(frozen=True)
class LinearNetwork:
    """One programmed layer of linear cells behind buffers or (not `buffered`) stiff drivers."""

    layer: TiledLayer
    bank: AmplifierBank
    reduced: ReducedLayer
    buffered: bool

    def prepare(self) -> None:
        """All matrices now: threads that share the layer find them."""
        _ = self._sources, self.bank.ideal or self._columns

    def solve(self, source_v: Floats, tol_v: float) -> LinearPoint:
        """Operating points for sources (n, n_in + 1)."""
        x_v = np.array(source_v, order="C")
        out = np.full((self.layer.n_out, len(x_v)), self.bank.ref_v)
        if self.buffered:
            x_v[:, :-1] = source_v[:, :-1] - self._drop(self.source_a(x_v, self._shaped(out)))
            if not self.bank.ideal:
                out = self._near(x_v)
            for _ in range(2):
                x_v[:, :-1] = source_v[:, :-1] - self._drop(self.source_a(x_v, self._shaped(out)))
        for turn in range(1, MAX_TURNS + 1):
            moved = 0.0
            if self.bank.ideal:
                out_v = self.bank.target_v(self.lines(x_v, None), self.layer.n_out)
            else:
                moved = self._amplifiers(x_v, out, tol_v)
                out_v = self._shaped(out)
            if not self.buffered:
                return LinearPoint(x_v=x_v, out_v=out_v, residual_v=moved, turns=turn)
            new = source_v[:, :-1] - self._drop(self.source_a(x_v, out_v))
            moved = max(moved, float(np.abs(new - x_v[:, :-1]).max(initial=0.0)))
            if not np.isfinite(moved):
                raise ConvergenceError(f"layer of {self.layer.n_out} outputs: not a number")
            if moved < tol_v:
                return LinearPoint(x_v=x_v, out_v=out_v, residual_v=moved, turns=turn)
            x_v[:, :-1] = new
        raise ConvergenceError(
            f"layer of {self.layer.n_out} outputs: still off by {moved:.3g} V after {turn} steps"
        )

    def lines(self, x_v: Floats, out_v: Floats | None) -> Floats:
        """Line voltages (n, ports, 2, width); `out_v` None for exact op-amps."""
        n, ports, width = len(x_v), self.layer.ports, self.layer.width
        response, constant, _ = self._surroundings
        u = x_v @ response.T + constant
        u = u.reshape(n, ports, 2, width)
        if out_v is not None and not self.bank.ideal:
            u += self._fed(out_v)
        return np.asarray(u)

    def source_a(self, x_v: Floats, out_v: Floats) -> Floats:
        """Currents (n, n_in + 1) out of the sources."""
        q, from_out, constant = self._sources
        found = x_v @ q + constant
        if not self.bank.ideal:
            found += out_v[:, 0] @ from_out
        return np.asarray(found)

    def _drop(self, source_a: Floats) -> Floats:
        return buffer_drop(source_a[:, :-1], self.bank.design)

    def _shaped(self, out: Floats) -> Floats:
        return np.ascontiguousarray(out.T)[:, None, :]

    @cached_property
    def _surroundings(self) -> tuple[Floats, Floats, Floats]:
        """u = response x + constant (+ Z e out), flat over (ports, 2, width); and Z."""
        layer, bank, reduced = self.layer, self.bank, self.reduced
        end_s, cols, n_out = 1 / (bank.r1 + bank.r3), layer.w.shape[3], layer.n_out
        own = np.kron(bank.admittance() if bank.ideal else end_s * np.eye(2), np.eye(cols))
        z: Floats = np.linalg.inv(reduced.y + own)
        held = np.zeros((layer.ports, 2, layer.width))
        held[:, 0, :n_out] = bank.ref_v * end_s
        if bank.ideal:
            held[:, 1, :n_out] = bank.ref_v * end_s + bank.amplifier_offset_v / bank.r1
        both = np.concatenate(
            [reduced.t, held.reshape(layer.ports, -1, 1)], axis=2
        )  # one product for all
        v_p = layer.w.shape[1]
        sides = both.reshape(layer.ports, 2, v_p, cols, -1).transpose(0, 2, 1, 3, 4)
        flat = z @ sides.reshape(layer.ports, v_p, 2 * cols, -1)
        back = flat.reshape(layer.ports, v_p, 2, cols, -1).transpose(0, 2, 1, 3, 4)
        found = np.ascontiguousarray(back).reshape(-1, layer.n_in + 2)
        return np.ascontiguousarray(found[:, :-1]), np.ascontiguousarray(found[:, -1]), z

    def _fed(self, out_v: Floats) -> Floats:
        """Z e out, (n, 1, 2, width)."""
        n, width, cols = len(out_v), self.layer.width, self.layer.w.shape[3]
        v_p = width // cols
        full = np.zeros((n, width))
        full[:, : self.layer.n_out] = out_v[:, 0]
        z = self._surroundings[2][0][:, :, cols:] / (self.bank.r1 + self.bank.r3)
        got = full.reshape(n, v_p, cols).transpose(1, 0, 2) @ z.transpose(0, 2, 1)
        return np.asarray(
            got.reshape(v_p, n, 2, cols).transpose(1, 2, 0, 3).reshape(n, 1, 2, width)
        )

    @cached_property
    def _sources(self) -> tuple[Floats, Floats, Floats]:
        """source_a = x q + out from_out + constant."""
        reduced, n_out = self.reduced, self.layer.n_out
        response, constant, _ = self._surroundings
        t = reduced.t.reshape(-1, reduced.t.shape[2])
        q = reduced.q - response.T @ t
        unit = self._fed(np.eye(n_out)[:, None, :]).reshape(n_out, -1) if not self.bank.ideal else 0
        from_out = -unit @ t if not self.bank.ideal else np.zeros((n_out, t.shape[1]))
        return np.ascontiguousarray(q), from_out, -constant @ t

    @cached_property
    def _columns(self) -> tuple[Floats, Floats, Floats]:
        """Rows vid and i_feedback of every output: response to x, constant; coupling to outputs."""
        layer, bank = self.layer, self.bank
        end_s, n_out, cols = 1 / (bank.r1 + bank.r3), layer.n_out, layer.w.shape[3]
        response, constant, z = self._surroundings
        plus, minus = response.reshape(2, layer.width, -1)[:, :n_out]
        u_plus, u_minus = constant.reshape(2, layer.width)[:, :n_out]
        rows = np.concatenate([bank.r3 * end_s * (plus - minus), -end_s * minus])
        held = bank.r3 * end_s * (u_plus - u_minus) + bank.r1 * end_s * bank.ref_v
        offset = np.full((1, n_out), bank.amplifier_offset_v)[0]
        fixed = np.concatenate([held + offset, -end_s * u_minus])
        to_plus, to_minus = z[0][:, :cols, cols:] * end_s, z[0][:, cols:, cols:] * end_s
        eye = np.eye(cols)
        vid = bank.r3 * end_s * (to_plus - to_minus) - bank.r1 * end_s * eye
        coupling = np.stack([vid, end_s * (eye - to_minus)])
        return np.ascontiguousarray(rows), fixed[:, None], np.ascontiguousarray(coupling)

    def _near(self, x_v: Floats) -> Floats:
        """Outputs (n_out, n) of amplifiers of infinite gain between hard rails."""
        rows, fixed, coupling = self._columns
        n_out, amplifier = self.layer.n_out, self.bank.design.macro.amplifier
        own = np.diagonal(coupling[0], axis1=1, axis2=2).ravel()[:n_out, None]
        most = amplifier.rail_v - amplifier.head_v
        return np.asarray(np.clip((rows[:n_out] @ x_v.T + fixed[:n_out]) / -own, -most, most))

    def _amplifiers(self, x_v: Floats, out: Floats, tol_v: float) -> float:
        """Solve all columns into `out` (n_out, n); a bound of the moves left."""
        rows, fixed, coupling = self._columns
        given = rows @ x_v.T
        given += fixed
        n_out, n = out.shape
        values, _held = self.bank.values(1, n_out)
        v_p, cols = coupling.shape[1:3]
        worst = ctypes.c_double()
        failed = kernel().fast_columns(
            ctypes.byref(values),
            *(ctypes.c_long(size) for size in (n, v_p, cols, n_out)),
            ctypes.c_double(SETTLED * tol_v),
            *(
                ctypes.c_void_p(array.ctypes.data)
                for array in (coupling, given[:n_out], given[n_out:], out)
            ),
            ctypes.byref(worst),
        )
        if failed:
            raise ConvergenceError(
                f"layer of {self.layer.n_out} outputs: amplifiers have no operating point"
            )
        return worst.value
