# SPDX-License-Identifier: Apache-2.0
"""fast_reduce : a layer of linear cells reduced to its ports, exactly and once per programming.

What remains are port currents s = T x - Y u and row currents i = Q x - T^T u. Tiles with wires are
reduced by nested dissection (crossbar.py); feeds and feet are their lines' first and last segments.
Without wires a row with feed f and own conductance c, the sum of its g, adds

    Y += diag(g) - g g^T f/(1 + f c)        T = [T, g/(1 + f c)]        Q = diag(Q, c/(1 + f c))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.crossbar import crossbar_ends
from cosim.analog.fast_layer import TiledLayer

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
    tiles, lines = h_p * v_p, layer.lines
    g = (cells * layer.slope_s).reshape(tiles, 2, rows, cols)
    feed = layer.feed.reshape(tiles, rows)
    foot = layer.foot.reshape(tiles, 2, cols) / wires
    if not (lines.r_in and lines.r_out):
        return _join(layer, *_without_wires(g, feed, foot.reshape(tiles, 2 * cols)))
    in_ohm, out_ohm = lines.r_in / wires, lines.r_out / wires
    t, y, q = crossbar_ends(
        g.transpose(0, 2, 3, 1),
        1 / (feed + in_ohm),
        1 / (foot.transpose(0, 2, 1) + out_ohm),
        1 / in_ohm,
        1 / out_ohm,
    )
    return _join(layer, y, t.reshape(tiles, rows, 2 * cols).transpose(0, 2, 1), q)


def _without_wires(g: Floats, feed: Floats, foot: Floats) -> tuple[Floats, Floats, Floats]:
    """Y, T, Q of tiles whose lines are one node each; `foot` stands below them."""
    tiles, _, rows, cols = g.shape
    own = g.transpose(0, 2, 1, 3).reshape(tiles, rows, 2 * cols)
    c = own.sum(axis=2)
    share = 1 / (1 + feed * c)
    y = -(own * (feed * share)[:, :, None]).transpose(0, 2, 1) @ own
    diagonal = np.arange(2 * cols)
    y[:, diagonal, diagonal] += own.sum(axis=1)
    t = (own * share[:, :, None]).transpose(0, 2, 1)
    q = np.zeros((tiles, rows, rows))
    q[:, np.arange(rows), np.arange(rows)] = c * share
    return _segment(y, t, q, foot) if foot.any() else (y, t, q)


def _segment(y: Floats, t: Floats, q: Floats, ohm: Floats) -> tuple[Floats, Floats, Floats]:
    """A resistor of `ohm` (tiles, 2*cols) below every I line: M Y, M T, Q - T^T R M T.

    M = (1 + Y R)^-1, R = diag(ohm).
    """
    n = y.shape[1]
    both = np.linalg.solve(np.eye(n) + y * ohm[:, None, :], np.concatenate([y, t], axis=2))
    y, moved = both[:, :, :n], both[:, :, n:]
    q = q - (t * ohm[:, :, None]).transpose(0, 2, 1) @ moved
    return 0.5 * (y + y.transpose(0, 2, 1)), moved, q


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
