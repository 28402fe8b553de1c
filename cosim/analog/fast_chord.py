# SPDX-License-Identifier: Apache-2.0
"""fast_chord : a layer of bias-dependent cells, handed to the kernel with everything it needs.

Cells are solved in float (16 lanes of AVX-512): its rounding leaves residuals of about 3e-7 V, so
tolerances below FLOAT_TOL_V take the same kernel in double.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_amplifier import AmplifierBank, AmplifierValues
from cosim.analog.fast_build import Real, kernel
from cosim.analog.fast_failure import NO_MEMORY, failure
from cosim.analog.fast_layer import TiledLayer

__all__ = ["FLOAT_TOL_V", "CellNetwork", "CellPoint"]

Floats = NDArray[np.float64]
FLOAT_TOL_V = 1e-6
CUT_OHM = 1e5  # a feed or foot beyond is a cut: its line floats
MAX_TURNS = 200
CYCLE = 6  # as in fast_kernel.h
# What a whole step leaves of an error, least and most: first layer, others (400-120-84-10, wires).
DRIVEN, FED = (-0.045, 0.13), (-0.3, 0.3)
LONGS = ("h", "v", "r", "c", "ports", "n_out", "n_rows")
DOUBLES = ("g", "r_in", "r_out", "r_s", "k", "drop_ohm", "drop_a", "per_a", "tie")
ARRAYS = (
    *("live_r", "live_c", "place", "g_p", "a"),
    *("paired", "ap", "g_bent", "a_bent", "g_even", "feed", "foot", "cut_row", "cut_line"),
    *("phi", "fa", "psi", "fb", "y", "eta", "hkl", "port_step", "series"),
)


class _Layer(ctypes.Structure):
    _fields_ = (
        *((key, ctypes.c_long) for key in LONGS),
        *((key, ctypes.c_double) for key in DOUBLES),
        *((key, ctypes.c_void_p) for key in ARRAYS),
        ("amp", AmplifierValues),
        ("share", ctypes.c_double * CYCLE),
    )


@dataclass(frozen=True, kw_only=True)
class CellPoint:
    """Solved inputs: sources behind their drop and their currents (n, n_in + 1), lines, outputs."""

    x_v: Floats
    source_a: Floats
    u: Floats
    out_v: Floats
    heat_w: Floats
    wire_w: Floats
    residual_v: float
    turns: int


@dataclass(frozen=True)
class CellNetwork:
    """One programmed layer; `port_step` (ports, v, 2c, 2c) is volts per ampere left over."""

    layer: TiledLayer
    bank: AmplifierBank
    port_step: Floats
    drop: tuple[float, float]

    def prepare(self) -> None:
        """The float kernel's arrays now: threads that share the layer find them."""
        _ = self._float

    def solve(self, source_v: Floats, u: Floats, tol_v: float) -> CellPoint:
        """Operating points from line voltages `u` (n, ports, 2, width) as a guess."""
        real: Real = "float" if tol_v >= FLOAT_TOL_V else "double"
        shape, _ = self._float if real == "float" else self._double
        n = len(source_v)
        u = np.array(u, order="C")
        source_v = np.ascontiguousarray(source_v)
        out_v = np.full((n, self.layer.ports, self.layer.n_out), self.bank.ref_v)
        x_v, source_a = np.empty_like(source_v), np.empty_like(source_v)
        heat_w, wire_w, worst = np.empty(n), np.empty(n), np.empty(n)
        turns, where = ctypes.c_long(MAX_TURNS), (ctypes.c_long * 2)()
        failed = kernel(real, self.layer.modes.count).fast_solve(
            ctypes.byref(shape),
            ctypes.c_long(n),
            ctypes.c_double(tol_v),
            ctypes.byref(turns),
            *(
                ctypes.c_void_p(array.ctypes.data)
                for array in (source_v, x_v, source_a, u, out_v, heat_w, wire_w, worst)
            ),
            ctypes.byref(where),
        )
        left = float(worst.max())
        if failed == NO_MEMORY:
            raise MemoryError(f"engine fast: no memory for a layer of {self.layer.n_out} outputs")
        if failed or not left < tol_v:
            raise failure(failed, where[0], where[1], left, turns.value)
        if self.layer.series is not None:
            self.layer.series.check(u)
        return CellPoint(
            x_v=x_v,
            source_a=source_a,
            u=u,
            out_v=out_v,
            heat_w=heat_w,
            wire_w=wire_w,
            residual_v=left,
            turns=turns.value,
        )

    @cached_property
    def _float(self) -> tuple[_Layer, dict[str, NDArray[np.generic]]]:
        return self._prepared("float")

    @cached_property
    def _double(self) -> tuple[_Layer, dict[str, NDArray[np.generic]]]:
        return self._prepared("double")

    def _prepared(self, real: Real) -> tuple[_Layer, dict[str, NDArray[np.generic]]]:
        """The kernel's structure, and the arrays whose addresses it holds."""
        layer, modes = self.layer, self.layer.modes
        h_p, v_p, rows, cols = layer.w.shape
        live = layer.g_p[:, :, 0] > 0
        cut_row, cut_line = self._cuts()
        kind = np.float32 if real == "float" else np.float64
        both = layer.a > 1
        second = both[:, :, 1]  # which cell of a synapse is not on a straight line

        def of_synapse(cells: Floats, which: NDArray[np.bool_]) -> Floats:
            return np.where(which, cells[:, :, 1], cells[:, :, 0])

        cells = {
            "g_bent": of_synapse(layer.g_p, second),
            "a_bent": of_synapse(layer.a, second),
            "g_even": of_synapse(layer.g_p / (1 + layer.g_p * layer.cell.r_s_ohm), ~second),
            "g_p": layer.g_p,
            "a": layer.a,
            "feed": np.where(layer.feed > CUT_OHM, 0.0, layer.feed),
            "foot": np.where(layer.foot > CUT_OHM, 0.0, layer.foot),
            **{k: getattr(modes, k) for k in ("phi", "fa", "psi", "fb", "y", "eta", "hkl")},
            "series": layer.series.c if layer.series else np.zeros(1),
        }
        arrays: dict[str, NDArray[np.generic]] = {
            "live_r": live.any(axis=(1, 3)).sum(axis=1).astype(np.int64),
            "live_c": live.any(axis=(0, 2)).sum(axis=1).astype(np.int64),
            "paired": (~np.any(both[:, :, 0] & second, axis=(2, 3))).astype(np.int64),
            "ap": np.where(second, rows * cols, 0).astype(np.int32),
            "place": np.ascontiguousarray(layer.row_place),
            "cut_row": cut_row,
            "cut_line": cut_line,
            "port_step": np.ascontiguousarray(self.port_step),
            **{key: np.ascontiguousarray(array, dtype=kind) for key, array in cells.items()},
        }
        values, held = self.bank.values(layer.ports, layer.n_out)
        numbers = {
            **dict(zip(LONGS, (h_p, v_p, rows, cols, layer.ports, layer.n_out), strict=False)),
            "n_rows": layer.n_in + 1,
            "g": modes.g,
            "r_in": layer.lines.r_in,
            "r_out": layer.lines.r_out,
            "r_s": layer.cell.r_s_ohm,
            "k": 0.0 if np.isinf(layer.cell.v_h_v) else 1 / layer.cell.v_h_v,
            "drop_ohm": self.drop[0],
            "drop_a": self.drop[1],
            "per_a": 1 / layer.series.scale_a if layer.series else 0.0,
            "tie": self.bank.tie_ohm,
        }
        addresses = {key: array.ctypes.data for key, array in arrays.items()}
        share = (ctypes.c_double * CYCLE)(*_shares(*(FED if self.drop[0] else DRIVEN)))
        return _Layer(**numbers, **addresses, amp=values, share=share), {**arrays, **held}

    def _cuts(self) -> tuple[Floats, Floats]:
        """Volts per ampere and leak in siemens of cut rows (h, v, r, 2) and lines; 0 elsewhere."""
        layer = self.layer
        g = layer.slope_s
        found = []
        for ohm, own in ((layer.feed, g.sum(axis=(2, 4))), (layer.foot, g.sum(axis=3))):
            with np.errstate(divide="ignore"):
                leak = np.where(ohm > CUT_OHM, 1 / ohm, 0.0)
                step = np.where((ohm > CUT_OHM) & (own > 0), 1 / (own + leak), 0.0)
            found.append(np.ascontiguousarray(np.stack([step, leak], axis=-1)))
        return found[0], found[1]


def _shares(least: float, most: float) -> Floats:
    """Shares of CYCLE steps after which every error between `least` and `most` is smallest.

    Chebyshev: each step takes away the error at one zero of the polynomial of that degree, the
    middle ones first. Errors beyond the range fall about as with whole steps.
    """
    zeros = np.cos((np.arange(CYCLE) + 0.5) * np.pi / CYCLE)[[2, 4, 1, 5, 0, 3]]
    return np.asarray(1 / (1 - 0.5 * (most + least) - 0.5 * (most - least) * zeros))
