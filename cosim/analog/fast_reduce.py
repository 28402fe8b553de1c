# SPDX-License-Identifier: Apache-2.0
"""fast_reduce : a layer of linear cells reduced to its ports, exactly and once per programming.

A tile is eliminated row by row (block elimination of its sparse matrix, all tiles at once). With
D = diag(g0 + g1) and K the input line's resistance matrix, row r adds to the I lines' nodes b

    L = diag(g0, g1) - G (1 + K D)^-1 K G^T,   j = G (1 + K D)^-1 1,   q = 1^T D (1 + K D)^-1 1

and segments of resistance R = diag(r) below it turn (Y, T, Q) into M Y, M T, Q - T^T R M T with
M = (1 + Y R)^-1. What remains: port currents s = T x - Y u, row currents i = Q x - T^T u.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_layer import Lines, TiledLayer, wire_matrices

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


def reduce_layer(layer: TiledLayer, *, cells: float = 1.0, wires: float = 1.0) -> ReducedLayer:
    """The ports of a layer; bias-dependent cells get their slope at the layer's typical voltage.

    `cells` and `wires` multiply the conductances of all cells, and of all wires and joins.
    """
    h_p, v_p, rows, cols = layer.w.shape
    tiles = h_p * v_p
    sides = (cells * layer.slope_s).reshape(tiles, 2, rows, cols).transpose(0, 2, 1, 3)
    g = np.ascontiguousarray(sides).reshape(tiles, rows, 2 * cols)
    feed = layer.feed.reshape(tiles, rows)
    foot = layer.foot.reshape(tiles, 2 * cols) / wires
    below = layer.lines.r_out / wires
    inner, one, own = _rows(g, feed, wire_matrices(layer.lines, 1, cols)[0], layer.lines, wires)
    y = np.zeros((tiles, 2 * cols, 2 * cols))
    t = np.zeros((tiles, 2 * cols, rows))
    q = np.zeros((tiles, rows, rows))
    diagonal = np.arange(2 * cols)
    for r in range(rows):
        y -= g[:, r, :, None] * np.tile(inner[:, r], (1, 2, 2)) * g[:, r, None, :]
        y[:, diagonal, diagonal] += g[:, r]
        t[:, :, r] = g[:, r] * np.tile(one[:, r], (1, 2))
        q[:, r, r] = own[:, r]
        last = r == rows - 1
        if below or (last and foot.any()):
            ohm = below + foot if last else np.full_like(foot, below)
            y, t, q = _segment(y, t, q, ohm, r + 1)
    return _join(layer, y, t, q)


def _rows(
    g: Floats, feed: Floats, k_line: Floats, lines: Lines, wires: float
) -> tuple[Floats, Floats, Floats]:
    """(1 + K D)^-1 K, (1 + K D)^-1 1 and the row's own conductance, for K = wire + feed.

    With W = (1 + K_wire D)^-1, c = 1^T D W 1 and f the feed they are W1/(1 + f c), c/(1 + f c) and
    W K_wire + W1 (W1)^T f/(1 + f c): a cut feed (f beyond all cells) loses no digits.
    """
    cols = g.shape[2] // 2
    d = g[:, :, :cols] + g[:, :, cols:]
    wire = np.broadcast_to((k_line - lines.r_drive) / wires, (*d.shape, cols))
    sides = np.concatenate([wire, np.ones((*d.shape, 1))], axis=3)
    top = np.linalg.solve(np.eye(cols) + wire * d[:, :, None, :], sides)
    one = top[..., cols]
    c = (d * one).sum(axis=2)
    share = 1 / (1 + feed * c)
    inner = top[..., :cols] + (feed * share)[..., None, None] * one[..., None] * one[..., None, :]
    return inner, one * share[..., None], c * share


def _segment(
    y: Floats, t: Floats, q: Floats, ohm: Floats, used: int
) -> tuple[Floats, Floats, Floats]:
    """A resistor of `ohm` (tiles, 2*cols) in every I line below the present row."""
    n = y.shape[1]
    both = np.linalg.solve(
        np.eye(n) + y * ohm[:, None, :], np.concatenate([y, t[:, :, :used]], axis=2)
    )
    moved = both[:, :, n:]
    q = q.copy()
    q[:, :used, :used] -= (t[:, :, :used] * ohm[:, :, None]).transpose(0, 2, 1) @ moved
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
