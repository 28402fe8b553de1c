# SPDX-License-Identifier: Apache-2.0
"""fast_layer : one layer's tiles as padded arrays, with the modes of their wires.

Tiles of a layer get one size: missing rows are added at the top and missing columns at the end, so
the port of every I line and the feed of every input line stay where they are. Padding is 2 in `w`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.ideal_column import Cell, cell_of
from cosim.design import Design
from cosim.errors import DesignError
from cosim.mapping import Mapping, cell_wires

__all__ = ["PADDING", "Lines", "Modes", "TiledLayer", "tiled_layer", "wire_matrices"]

Floats = NDArray[np.float64]
PADDING = 2.0
MODES = 4  # as in fast_kernel.c; more cost more than they save: the rest of K is small against 1/g
HIDDEN_BIAS_V = 0.3  # typical cell voltage in a layer fed by neurons, where its slope is taken


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Resistances of a tile in ohm: row feed, segments per cell, join to the common I line."""

    r_drive: float
    r_in: float
    r_out: float
    r_join: float


@dataclass(frozen=True, kw_only=True)
class Modes:
    """Strongest modes of K_in (phi, alpha) and K_out (psi, beta) at slope `g`.

    `port` (n_ports, v, 2c, 2c) is the conductance the ports see through cells of slope g.
    """

    g: float
    phi: Floats
    fa: Floats
    psi: Floats
    fb: Floats
    y: Floats
    eta: Floats
    hkl: Floats
    port: Floats


@dataclass(frozen=True, kw_only=True)
class TiledLayer:
    """One layer: `w` (h, v, rows, cols) with weights, PADDING where there is no cell.

    `feed` (h, rows) is the resistance from source to row; `row_place` (n_in + 1,) where input i
    lies in arrays (h, rows). `g_ap_s` is the slope of an AP cell at the layer's
    typical voltage, `g_ap_secant_s` its current over that voltage.
    """

    n_in: int
    n_out: int
    tied: bool
    w: Floats
    feed: Floats
    cell: Cell
    g_ap_s: float
    g_ap_secant_s: float
    lines: Lines
    modes: Modes
    row_place: NDArray[np.int64]

    @property
    def ports(self) -> int:
        """Line pairs per output: one, or one per row partition with tied outputs."""
        return int(self.w.shape[0]) if self.tied else 1

    @property
    def width(self) -> int:
        """Columns with padding."""
        return int(self.w.shape[1] * self.w.shape[3])


def tiled_layer(mapping: Mapping, design: Design, layer: int) -> TiledLayer:
    """The arrays of layer `layer`."""
    if design.macro.access.enabled:
        raise DesignError(
            "engine fast has no access transistors yet: macro.access.enabled must be false"
        )
    weights = mapping.weights[layer]
    n_rows, n_out = weights.shape
    h_p, v_p = mapping.layer_partitions(layer)
    rows, cols = min(mapping.tile_rows, n_rows), min(mapping.tile_cols, n_out)
    w = np.full((h_p, v_p, rows, cols), PADDING)
    place = np.zeros(n_rows, dtype=np.int64)
    for tile in mapping.tiles:
        if tile.layer != layer:
            continue
        top = rows - tile.rows
        w[tile.h, tile.v, top:, : tile.cols] = mapping.tile_weights(tile)
        place[tile.row0 : tile.row1] = tile.h * rows + top + np.arange(tile.rows)
    macro = design.macro
    tied = macro.partition.outputs == "tied"
    wires = cell_wires(design.wires) if design.wires.enabled else None
    lines = Lines(
        r_drive=macro.driver.r_ohm if layer == 0 else macro.buffer.r_row_ohm,
        r_in=wires.r_in_ohm if wires else 0.0,
        r_out=wires.r_out_ohm if wires else 0.0,
        r_join=macro.partition.join_ohm if wires and not tied else 0.0,
    )
    feed = np.full((h_p, rows), lines.r_drive)
    feed.ravel()[place[-1]] = macro.driver.r_ohm  # the bias row
    cell = cell_of(design.device.mtj)
    typical_v = macro.vdd_v if layer == 0 else HIDDEN_BIAS_V
    current, steep = cell.current_ap(np.array([typical_v]))
    g_ap_s = float(steep[0])
    return TiledLayer(
        n_in=n_rows - 1,
        n_out=n_out,
        tied=tied,
        w=w,
        feed=feed,
        cell=cell,
        g_ap_s=g_ap_s,
        g_ap_secant_s=float(current[0]) / typical_v,
        lines=lines,
        modes=_modes(w, lines, _slope(cell.g_p_s, g_ap_s, w), tied),
        row_place=place,
    )


def wire_matrices(lines: Lines, rows: int, cols: int) -> tuple[Floats, Floats]:
    """(K_in, K_out): volts lost at cell i of a line per ampere drawn (or fed) by its cell j."""
    i, j = np.arange(cols)[:, None], np.arange(cols)[None, :]
    k_in = lines.r_drive + lines.r_in * (np.minimum(i, j) + 1.0)
    i, j = np.arange(rows)[:, None], np.arange(rows)[None, :]
    k_out = lines.r_join + lines.r_out * (rows - np.maximum(i, j) + 0.0)
    return k_in, k_out


def _slope(g_p_s: float, g_ap_s: float, w: Floats) -> float:
    """Mean slope of a layer's cells."""
    ap = float((np.abs(w) == 1).sum() / (2 * (w != PADDING).sum()))
    return ap * g_ap_s + (1 - ap) * g_p_s


def _strongest(matrix: Floats, m: int, live: slice, size: int) -> tuple[Floats, Floats]:
    """The m strongest modes (m, size) of the live part, zero elsewhere, and their values (m,)."""
    values, vectors = np.linalg.eigh(matrix)
    keep = min(m, len(values))
    phi, alpha = np.zeros((m, size)), np.zeros(m)
    alpha[:keep] = values[::-1][:keep]
    phi[:keep, live] = vectors[:, ::-1][:, :keep].T
    return phi, alpha


def _modes(w: Floats, lines: Lines, g: float, tied: bool) -> Modes:
    h_p, v_p, rows, cols = w.shape
    m = MODES
    live_rows = (w[:, 0, :, 0] != PADDING).sum(axis=1)
    live_cols = (w[0, :, -1, :] != PADDING).sum(axis=1)
    phi, alpha = np.zeros((v_p, m, cols)), np.zeros((v_p, m))
    psi, beta = np.zeros((h_p, m, rows)), np.zeros((h_p, m))
    for v, n in enumerate(live_cols):
        k_in, _ = wire_matrices(lines, 1, int(n))
        phi[v], alpha[v] = _strongest(k_in, m, slice(0, int(n)), cols)
    for h, n in enumerate(live_rows):
        _, k_out = wire_matrices(lines, int(n), 1)
        psi[h], beta[h] = _strongest(k_out, m, slice(rows - int(n), rows), rows)
    fa, fb = 1 / (1 + 2 * g * alpha) - 1, 1 / (1 + g * beta) - 1
    both = 1 + 2 * g * alpha[None, :, None, :] + g * beta[:, None, :, None]
    hkl = 1 / both - 1 - fa[None, :, None, :] - fb[:, None, :, None]
    hkl = np.where((alpha[None, :, None, :] == 0) | (beta[:, None, :, None] == 0), 0.0, hkl)
    y = psi.sum(axis=2)
    inside = (np.arange(rows)[None, :] >= rows - live_rows[:, None]).astype(float)
    eta = inside + np.einsum("hl,hl,hlr->hr", fb, y, psi)
    port = np.zeros((h_p if tied else 1, v_p, 2 * cols, 2 * cols))
    for h in range(h_p):
        for v in range(v_p):
            on = np.diag((np.arange(cols) < live_cols[v]).astype(float))
            y2 = y[h] ** 2
            n_s = live_rows[h] * (on + (phi[v].T * fa[v]) @ phi[v]) + (fb[h] @ y2) * on
            n_s = n_s + (phi[v].T * (y2 @ hkl[h, v])) @ phi[v]
            n_d = eta[h].sum() * on
            same, cross = 0.5 * g * (n_s + n_d), 0.5 * g * (n_s - n_d)
            port[h if tied else 0, v] += np.block([[same, cross], [cross, same]])
    arrays = (phi, fa, psi, fb, y, eta, hkl)
    phi, fa, psi, fb, y, eta, hkl = (np.ascontiguousarray(a) for a in arrays)
    return Modes(g=g, phi=phi, fa=fa, psi=psi, fb=fb, y=y, eta=eta, hkl=hkl, port=port)
