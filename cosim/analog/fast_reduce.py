# SPDX-License-Identifier: Apache-2.0
"""fast_reduce : a layer of linear cells reduced to its ports, exactly and once per programming.

A tile is eliminated row by row (block elimination of its sparse matrix, all tiles at once). With
D = diag(g0 + g1) and K the input line's resistance matrix, row r adds to the I lines' nodes b

    L = diag(g0, g1) - G (1 + K D)^-1 K G^T,   j = G (1 + K D)^-1 1,   q = 1^T D (1 + K D)^-1 1

and a segment of resistance r below it turns (Y, T, Q) into Y M, M^T T, Q - r T^T M^T T with
M = (1 + r Y)^-1. What remains: port currents s = T x - Y u, row currents i = Q x - T^T u.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_layer import PADDING, TiledLayer, wire_matrices

__all__ = ["ReducedLayer", "reduce_layer"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ReducedLayer:
    """`t` (ports, 2*width, n_in + 1), `y` (ports, v, 2c, 2c), `q` (n_in + 1, n_in + 1).

    Sides are stacked: I+ of all columns, then I- (in `y`, per column partition).
    """

    t: Floats
    y: Floats
    q: Floats

    def port_a(self, x_v: Floats, u: Floats) -> Floats:
        """Currents (n, ports, 2, width) into the amplifiers' side."""
        ports = u.shape[1]
        driven = (
            np.einsum("pwi,ni->npw", self.t, x_v, optimize=True)
            if ports > 1
            else ((x_v @ self.t[0].T)[:, None, :])
        )
        return np.asarray(driven.reshape(u.shape) - self.through(u))

    def through(self, u: Floats) -> Floats:
        """Y u, (n, ports, 2, width)."""
        n, ports = u.shape[:2]
        v_p, cols = self.y.shape[1], self.y.shape[2] // 2
        sides = u.reshape(n, ports, 2, v_p, cols).transpose(1, 3, 0, 2, 4)
        out = sides.reshape(ports, v_p, n, 2 * cols) @ self.y
        back = out.reshape(ports, v_p, n, 2, cols).transpose(2, 0, 3, 1, 4)
        return np.ascontiguousarray(back).reshape(u.shape)

    def source_a(self, x_v: Floats, u: Floats) -> Floats:
        """Currents (n, n_in + 1) out of the sources."""
        back = u.reshape(len(u), -1) @ self.t.reshape(-1, self.t.shape[2])
        return np.asarray(x_v @ self.q - back)


def reduce_layer(layer: TiledLayer, scale: float = 1.0) -> ReducedLayer:
    """The ports of a layer; bias-dependent cells get their slope at the layer's typical voltage.

    `scale` multiplies every cell's conductance.
    """
    g_p_s, g_ap_s = scale * layer.cell.g_p_s, scale * layer.g_ap_s
    h_p, v_p, rows, cols = layer.w.shape
    tiles = h_p * v_p
    w = layer.w.reshape(tiles, rows, cols)
    live = w != PADDING
    g0 = np.where(live, np.where(w == -1, g_ap_s, g_p_s), 0.0)
    g1 = np.where(live, np.where(w == 1, g_ap_s, g_p_s), 0.0)
    feed = np.repeat(layer.feed, v_p, axis=0)
    k_wire, _ = wire_matrices(layer.lines, 1, cols)
    k_wire = k_wire - layer.lines.r_drive
    y = np.zeros((tiles, 2 * cols, 2 * cols))
    t = np.zeros((tiles, 2 * cols, rows))
    q = np.zeros((tiles, rows, rows))
    eye = np.eye(cols)
    for r in range(rows):
        g = np.concatenate([g0[:, r], g1[:, r]], axis=1)
        d = g0[:, r] + g1[:, r]
        k = k_wire + feed[:, r, None, None]
        top = np.linalg.solve(
            eye + k * d[:, None, :],
            np.concatenate([k, np.ones((tiles, cols, 1))], axis=2),
        )
        inner = np.tile(top[:, :, :cols], (1, 2, 2))
        one = top[:, :, cols]
        y = y - g[:, :, None] * inner * g[:, None, :]
        y[:, np.arange(2 * cols), np.arange(2 * cols)] += g
        t[:, :, r] = g * np.tile(one, (1, 2))
        q[:, r, r] = (d * one).sum(axis=1)
        below = layer.lines.r_out + (layer.lines.r_join if r == rows - 1 else 0.0)
        if below:
            y, t, q = _segment(y, t, q, below, r + 1)
    return _join(layer, y, t, q)


def _segment(
    y: Floats, t: Floats, q: Floats, ohm: float, used: int
) -> tuple[Floats, Floats, Floats]:
    """A resistor of `ohm` in every I line below the present row."""
    n = y.shape[1]
    both = np.linalg.solve(np.eye(n) + ohm * y, np.concatenate([y, t[:, :, :used]], axis=2))
    moved = both[:, :, n:]
    q = q.copy()
    q[:, :used, :used] -= ohm * t[:, :, :used].transpose(0, 2, 1) @ moved
    t = t.copy()
    t[:, :, :used] = moved
    y = both[:, :, :n]
    return 0.5 * (y + y.transpose(0, 2, 1)), t, q


def _join(layer: TiledLayer, y: Floats, t: Floats, q: Floats) -> ReducedLayer:
    """Tiles of a layer side by side: summed lines add, rows of one source add."""
    h_p, v_p, rows, cols = layer.w.shape
    ports, width = layer.ports, layer.width
    n_rows = layer.n_in + 1
    y = y.reshape(h_p, v_p, 2 * cols, 2 * cols)
    y = y if layer.tied else y.sum(axis=0, keepdims=True)
    t = t.reshape(h_p, v_p, 2, cols, rows).transpose(0, 2, 1, 3, 4).reshape(h_p, 2 * width, rows)
    full = np.zeros((ports, 2 * width, h_p * rows))
    for h in range(h_p):
        full[h if layer.tied else 0, :, h * rows : (h + 1) * rows] += t[h]
    own = np.zeros((h_p * rows, h_p * rows))
    for h, block in enumerate(q.reshape(h_p, v_p, rows, rows).sum(axis=1)):
        own[h * rows : (h + 1) * rows, h * rows : (h + 1) * rows] = block
    place = layer.row_place
    assert len(place) == n_rows
    return ReducedLayer(
        t=np.ascontiguousarray(full[:, :, place]), y=y, q=np.ascontiguousarray(own[place][:, place])
    )
