# SPDX-License-Identifier: Apache-2.0
"""fast_layer : one layer's tiles as padded arrays of cells, feeds and feet, of one die.

Tiles of a layer get one size: missing rows are added at the top and missing columns at the end, so
the port of every I line and the feed of every input line stay where they are. Padding is 2 in `w`
and a cell without conductance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_access import SeriesFit, series_fit
from cosim.analog.fast_modes import Modes, modes_of
from cosim.analog.ideal_column import Cell, cell_of
from cosim.analog.variation import LayerDie
from cosim.design import Design
from cosim.mapping import Mapping, cell_wires

__all__ = ["PADDING", "Lines", "TiledLayer", "cell_current", "tiled_layer", "wire_matrices"]

Floats = NDArray[np.float64]
PADDING = 2.0
CHORD = 0.9  # of the mean slope: 0.8 and 1.0 take a fifth more steps on 400-120-84-10 with wires
HIDDEN_BIAS_V = 0.3  # typical cell voltage in a layer fed by neurons, where its slope is taken


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Resistances of a tile in ohm: row feed, segments per cell, join to the common I line."""

    r_drive: float
    r_in: float
    r_out: float
    r_join: float


@dataclass(frozen=True, kw_only=True)
class TiledLayer:
    """One layer: `w` (h, v, rows, cols) with weights, PADDING where there is no cell.

    Cells are (h, v, 2, rows, cols): `g_p` = 1/R_P (0: none) and `a` = 1 + TMR of an AP cell, 1 of a
    P cell; either conducts g_p (1 + y)/(a + y) behind `cell.r_s_ohm`, y = (junction volts/v_h)^2.
    `feed` (h, v, rows) is the resistance from source to row, `foot` (h, v, 2, cols) from an I line
    to its port, `series` what access transistors drop beyond `cell.r_s_ohm`; `row_place`
    (n_in + 1,) where input i lies in arrays (h, rows). `g_ap_s` is the slope of a nominal AP cell
    at the layer's typical voltage `typical_v`.
    """

    n_in: int
    n_out: int
    tied: bool
    w: Floats
    g_p: Floats
    a: Floats
    feed: Floats
    foot: Floats
    cell: Cell
    typical_v: float
    lines: Lines
    row_place: NDArray[np.int64]
    series: SeriesFit | None = None

    @property
    def ports(self) -> int:
        """Line pairs per output: one, or one per row partition with tied outputs."""
        return int(self.w.shape[0]) if self.tied else 1

    @property
    def width(self) -> int:
        """Columns with padding."""
        return int(self.w.shape[1] * self.w.shape[3])

    @cached_property
    def g_ap_s(self) -> float:
        """Slope of a nominal AP cell at the typical voltage."""
        return float(self.cell.current_ap(np.array([self.typical_v]))[1][0])

    @cached_property
    def slope_s(self) -> Floats:
        """di/dv of every cell at the typical voltage."""
        return cell_current(self.g_p, self.a, self.cell, np.array(self.typical_v))[1]

    @cached_property
    def secant_s(self) -> Floats:
        """i/v of every cell at the typical voltage."""
        current, _ = cell_current(self.g_p, self.a, self.cell, np.array(self.typical_v))
        return np.asarray(current / self.typical_v)

    @cached_property
    def modes(self) -> Modes:
        """Strongest modes of the wires around cells of the layer's mean slope."""
        live = self.g_p[:, :, 0] > 0
        k_in, k_out = wire_matrices(self.lines, *self.w.shape[2:])
        g = CHORD * float(self.slope_s.sum() / max(2 * live.sum(), 1))
        return modes_of(live, k_in, k_out, g, self.tied)


def cell_current(g_p: Floats, a: Floats, cell: Cell, volts: Floats) -> tuple[Floats, Floats]:
    """Current and slope of cells of 1/R_P `g_p` and 1 + TMR `a`: MTJ and strip in series."""
    q = cell.r_s_ohm * g_p
    k = 0.0 if np.isinf(cell.v_h_v) else 1 / cell.v_h_v
    u = k * volts
    x = u / (1 + q * (1 + u * u) / (a + u * u))
    for _ in range(3):  # contracts by about q*TMR/3 < 0.03 a turn
        y = x * x
        x = u / (1 + q * (1 + y) / (a + y))
    y = x * x
    ratio = (1 + y) / (a + y)
    inner = g_p * (ratio + 2 * y * (a - 1) / (a + y) ** 2)
    return np.asarray(g_p * volts * ratio / (1 + q * ratio)), np.asarray(
        inner / (1 + inner * cell.r_s_ohm)
    )


def tiled_layer(
    mapping: Mapping,
    design: Design,
    layer: int,
    die: LayerDie | None = None,
    open_ohm: float = np.inf,
) -> TiledLayer:
    """The arrays of layer `layer`, with the spread and defects of `die`."""
    weights = mapping.weights[layer]
    n_rows, n_out = weights.shape
    h_p, v_p = mapping.layer_partitions(layer)
    own = [tile for tile in mapping.tiles if tile.layer == layer]
    rows, cols = max(tile.rows for tile in own), max(tile.cols for tile in own)
    macro = design.macro
    tied = macro.partition.outputs == "tied"
    wires = cell_wires(design.wires) if design.wires.enabled else None
    lines = Lines(
        r_drive=macro.driver.r_ohm if layer == 0 else macro.buffer.r_row_ohm,
        r_in=wires.r_in_ohm if wires else 0.0,
        r_out=wires.r_out_ohm if wires else 0.0,
        r_join=macro.partition.join_ohm if wires and not tied else 0.0,
    )
    cell, series = cell_of(design), series_fit(design) if macro.access.enabled else None
    if series is not None:
        cell = replace(cell, r_s_ohm=cell.r_s_ohm + series.mean_ohm)
    all_g, all_a = _cells(weights, cell, die)
    w = np.full((h_p, v_p, rows, cols), PADDING)
    g_p, a = np.zeros((h_p, v_p, 2, rows, cols)), np.ones((h_p, v_p, 2, rows, cols))
    feed = np.full((h_p, v_p, rows), lines.r_drive)
    foot = np.full((h_p, v_p, 2, cols), lines.r_join)
    place = np.zeros(n_rows, dtype=np.int64)
    for tile in own:
        h, v, top = tile.h, tile.v, rows - tile.rows
        into = (slice(tile.row0, tile.row1), slice(tile.col0, tile.col1))
        w[h, v, top:, : tile.cols] = mapping.tile_weights(tile)
        g_p[h, v, :, top:, : tile.cols] = all_g[into].transpose(2, 0, 1)
        a[h, v, :, top:, : tile.cols] = all_a[into].transpose(2, 0, 1)
        place[tile.row0 : tile.row1] = h * rows + top + np.arange(tile.rows)
        if tile.row1 == n_rows:  # the bias row has a driver of its own in every layer
            feed[h, v, -1] = macro.driver.r_ohm
        if die is not None:
            feed[h, v, top:][die.row_open[into[0], v]] = open_ohm
            foot[h, v, :, : tile.cols][die.line_open[h, into[1]].T] = open_ohm
    return TiledLayer(
        n_in=n_rows - 1,
        n_out=n_out,
        tied=tied,
        w=w,
        g_p=g_p,
        a=a,
        feed=feed,
        foot=foot,
        cell=cell,
        typical_v=macro.vdd_v if layer == 0 else HIDDEN_BIAS_V,
        lines=lines,
        row_place=place,
        series=series,
    )


def _cells(weights: NDArray[np.int8], cell: Cell, die: LayerDie | None) -> tuple[Floats, Floats]:
    """1/R_P and 1 + TMR (1 of P cells) of all cells, (n_in + 1, n_out, 2)."""
    shape = (*weights.shape, 2)
    if die is None:
        ap = np.stack([weights < 0, weights > 0], axis=2)
        return np.full(shape, 1 / cell.r_p_ohm), np.where(ap, 1 + cell.tmr0, 1.0)
    ap = die.states(weights) == 1
    return 1 / (cell.r_p_ohm * die.r_factor), np.where(ap, 1 + cell.tmr0 * die.tmr_factor, 1.0)


def wire_matrices(lines: Lines, rows: int, cols: int) -> tuple[Floats, Floats]:
    """(K_in, K_out): volts lost at cell i of a line per ampere drawn (or fed) by its cell j."""
    i, j = np.arange(cols)[:, None], np.arange(cols)[None, :]
    k_in = lines.r_drive + lines.r_in * (np.minimum(i, j) + 1.0)
    i, j = np.arange(rows)[:, None], np.arange(rows)[None, :]
    k_out = lines.r_join + lines.r_out * (rows - np.maximum(i, j) + 0.0)
    return k_in, k_out
