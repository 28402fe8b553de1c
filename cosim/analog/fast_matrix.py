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

from cosim.analog.fast_amplifier import AmplifierBank, AmplifierValues, buffer_drop
from cosim.analog.fast_build import kernel
from cosim.analog.fast_failure import NO_MEMORY, failure
from cosim.analog.fast_layer import TiledLayer
from cosim.analog.fast_reduce import ReducedLayer
from cosim.errors import ConvergenceError

__all__ = ["LinearNetwork", "LinearPoint"]

Floats = NDArray[np.float64]
MAX_TURNS = 60
SETTLED = 0.01  # of a tolerance: to where columns of one partition are swept
PACK = 8  # as in fast_network.h
PRODUCTS = ("given", "near", "first", "taken")


class _Product(ctypes.Structure):
    _fields_ = (
        *((key, ctypes.c_long) for key in ("rows", "cols")),
        *((key, ctypes.c_void_p) for key in ("packed", "constant")),
    )


class _Network(ctypes.Structure):
    _fields_ = (
        *((key, ctypes.c_long) for key in ("n_rows", "n_out", "v", "c")),
        *((key, ctypes.c_double) for key in ("drop_ohm", "drop_a")),
        ("coupling", ctypes.c_void_p),
        *((key, _Product) for key in PRODUCTS),
        ("amp", AmplifierValues),
    )


@dataclass(frozen=True, kw_only=True)
class LinearPoint:
    """Solved inputs: sources behind their drop (n, n_in + 1), outputs (n, ports, n_out).

    `source_a` are currents (n, n_in + 1) out of the sources where solving took them.
    """

    x_v: Floats
    out_v: Floats
    residual_v: float
    turns: int
    source_a: Floats | None = None


@dataclass(frozen=True)
class LinearNetwork:
    """One programmed layer of linear cells behind buffers or (not `buffered`) stiff drivers."""

    layer: TiledLayer
    bank: AmplifierBank
    reduced: ReducedLayer
    buffered: bool

    def prepare(self) -> None:
        """All matrices now: threads that share the layer find them."""
        _ = self._sources if self.bank.ideal else self._kernel

    def solve(self, source_v: Floats, tol_v: float) -> LinearPoint:
        """Operating points for sources (n, n_in + 1)."""
        return (
            self._exact(source_v, tol_v) if self.bank.ideal else self._realisable(source_v, tol_v)
        )

    def _exact(self, source_v: Floats, tol_v: float) -> LinearPoint:
        """With exact op-amps all is linear but the buffers."""
        x_v, moved = np.array(source_v, order="C"), 0.0
        for turn in range(1, MAX_TURNS + 1):
            if self.buffered:
                drop_v = buffer_drop(self.source_a(x_v, None)[:, :-1], self.bank.design)
                new = source_v[:, :-1] - drop_v
                moved = float(np.abs(new - x_v[:, :-1]).max(initial=0.0))
                x_v[:, :-1] = new
            if not np.isfinite(moved):
                raise ConvergenceError("a source's voltage is not a number")
            if moved < tol_v:
                out_v = self.bank.target_v(self.lines(x_v, None), self.layer.n_out)
                return LinearPoint(x_v=x_v, out_v=out_v, residual_v=moved, turns=turn)
        raise ConvergenceError(f"sources still off by {moved:.3g} V after {turn} steps")

    def _realisable(self, source_v: Floats, tol_v: float) -> LinearPoint:
        n, n_out = len(source_v), self.layer.n_out
        source_v = np.ascontiguousarray(source_v)
        x_v = np.empty_like(source_v) if self.buffered else source_v
        amps, out = np.empty_like(x_v) if self.buffered else x_v, np.empty((n, n_out))
        left, turns = ctypes.c_double(), ctypes.c_long()
        where = (ctypes.c_long * 2)()
        shape, _ = self._kernel
        failed = kernel().fast_network(
            ctypes.byref(shape),
            ctypes.c_long(n),
            ctypes.c_double(tol_v),
            ctypes.c_double(SETTLED),
            *(ctypes.c_void_p(array.ctypes.data) for array in (source_v, x_v, amps, out)),
            *(ctypes.byref(value) for value in (left, turns, where)),
        )
        if failed == NO_MEMORY:
            raise MemoryError(f"engine fast: no memory for a layer of {n_out} outputs")
        if failed:
            raise failure(failed, where[0], where[1], left.value, turns.value)
        return LinearPoint(
            x_v=x_v,
            out_v=out[:, None, :],
            residual_v=left.value,
            turns=turns.value,
            source_a=amps if self.buffered else None,
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

    def source_a(self, x_v: Floats, out_v: Floats | None) -> Floats:
        """Currents (n, n_in + 1) out of the sources; `out_v` None for exact op-amps."""
        q, from_out, constant = self._sources
        found = x_v @ q + constant
        if out_v is not None and not self.bank.ideal:
            found += out_v[:, 0] @ from_out
        return np.asarray(found)

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

    @cached_property
    def _kernel(self) -> tuple[_Network, list[object]]:
        """The kernel's structure, and what its addresses are of."""
        layer, bank, buffer = self.layer, self.bank, self.bank.design.macro.buffer
        n_rows, n_out = layer.n_in + 1, layer.n_out
        rows, fixed, coupling = self._columns
        q, from_out, constant = self._sources
        ohm = np.full(n_rows, buffer.rout_ohm if self.buffered else 0.0)
        ohm[-1] = 0.0  # the bias has a driver, no buffer
        behind = np.linalg.inv(np.eye(n_rows) + q.T * ohm)  # i = behind (i without a drop)
        first = behind @ np.hstack([q.T, from_out.T])
        first_0 = behind @ constant
        own = np.diagonal(coupling[0], axis1=1, axis2=2).ravel()[:n_out, None]
        vid = rows[:n_out]
        near = (vid - (vid * ohm) @ first[:, :n_rows]) / -own
        near_0 = (fixed[:n_out, 0] - (vid * ohm) @ first_0) / -own[:, 0]
        taken = np.hstack([q.T, from_out.T])
        values, held = bank.values(1, n_out)
        products = [
            _product(matrix, column)
            for matrix, column in (
                (rows, fixed[:, 0]),
                (near, near_0),
                (first, first_0),
                (taken, constant),
            )
        ]
        shape = _Network(
            n_rows=n_rows,
            n_out=n_out,
            v=layer.w.shape[1],
            c=layer.w.shape[3],
            drop_ohm=buffer.rout_ohm if self.buffered else 0.0,
            drop_a=buffer.imax_a,
            coupling=coupling.ctypes.data,
            **{key: own for key, (own, _) in zip(PRODUCTS, products, strict=True)},
            amp=values,
        )
        return shape, [held, coupling, products]


def _product(matrix: Floats, constant: Floats) -> tuple[_Product, tuple[Floats, Floats]]:
    """matrix x + constant in packs of rows, and the arrays that hold it."""
    rows, cols = matrix.shape
    packs = -(-rows // PACK)
    full, column = np.zeros((packs * PACK, cols)), np.zeros(packs * PACK)
    full[:rows], column[:rows] = matrix, constant
    packed = np.ascontiguousarray(full.reshape(packs, PACK, cols).transpose(0, 2, 1))
    shape = _Product(rows=rows, cols=cols, packed=packed.ctypes.data, constant=column.ctypes.data)
    return shape, (packed, column)
