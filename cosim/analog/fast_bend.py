# SPDX-License-Identifier: Apache-2.0
"""fast_bend : what bends in a hidden layer's cells while its sources move, as odd polynomials.

A cell's current is slope*v + scale*h(v): slope at the layer's typical voltage, h that of a nominal
AP cell, scale 1 for it, 0 for a P cell, and as much as a cell of a die bends. Only differences of h
from the operating point are used, so a fit's error vanishes there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_layer import TiledLayer, cell_current
from cosim.analog.fast_reduce import ReducedLayer
from cosim.errors import RangeError

__all__ = ["TERMS", "Bend", "bend_of"]

Floats = NDArray[np.float64]
TERMS = 8  # coefficients that the kernel holds
FITS = (3, 4, 5, TERMS)  # numbers of terms that it unrolls
REACH = 1.1  # cell voltages over VDD between outputs of neurons; beyond is a RangeError
REACH_FIRST = 2.05  # between inputs of both signs and lines that all other inputs pull to their end
MATCH = 0.75  # where scales are read, over VDD
POINTS = 181
FIT_ERROR = 1e-3  # largest error of h over an AP cell's current at VDD


@dataclass(frozen=True, kw_only=True)
class Bend:
    """`terms` (TERMS,) of h = sum terms[k] v^(2k+1); others are (n_in + 1, ports*2*width).

    A cell has `share` of the volts between its source and its line's port, the wires the rest.
    """

    terms: Floats
    scale: Floats
    share: Floats
    reach_v: float


def bend_of(layer: TiledLayer, reduced: ReducedLayer, vdd_v: float, *, first: bool = False) -> Bend:
    """The bend of one layer's cells for voltages up to REACH*`vdd_v`, REACH_FIRST if `first`."""
    reach_v = (REACH_FIRST if first else REACH) * vdd_v
    slope_s = _placed(layer, layer.slope_s)
    through_s = reduced.t.reshape(-1, layer.n_in + 1).T
    share = np.divide(through_s, slope_s, out=np.zeros_like(slope_s), where=slope_s > 0)
    return Bend(
        terms=_terms(layer, vdd_v, reach_v),
        scale=_placed(layer, _scale(layer, vdd_v)),
        share=np.clip(share, 0.0, 1.0),
        reach_v=reach_v,
    )


def _terms(layer: TiledLayer, vdd_v: float, reach_v: float) -> Floats:
    volts = np.linspace(0.0, reach_v, POINTS)
    current, _ = layer.cell.current_ap(volts)
    h = current - layer.g_ap_s * volts
    full, _ = layer.cell.current_ap(np.array([vdd_v]))
    error = np.inf
    for terms in FITS:
        powers = volts[:, None] ** np.arange(1, 2 * terms, 2)
        fitted, *_ = np.linalg.lstsq(powers, h, rcond=None)
        error = float(np.abs(powers @ fitted - h).max() / full[0])
        if error < FIT_ERROR:
            return np.concatenate([fitted, np.zeros(TERMS - terms)])
    raise RangeError(
        f"cells with v_h_v = {layer.cell.v_h_v:g} bend too much for a polynomial of degree"
        f" {2 * TERMS - 1}: its error is {error:.2g} of their current"
    )


def _scale(layer: TiledLayer, vdd_v: float) -> Floats:
    """How much each cell bends."""
    at = np.array([MATCH * vdd_v])
    nominal = float(layer.cell.current_ap(at)[0][0]) - layer.g_ap_s * float(at[0])
    current, _ = cell_current(layer.g_p, layer.a, layer.cell, at)
    return np.asarray((current - layer.slope_s * at) / nominal)


def _placed(layer: TiledLayer, cells: Floats) -> Floats:
    """Values of cells (h, v, side, rows, cols) at their sources and lines, 0 elsewhere."""
    h_p, v_p, _, rows, cols = cells.shape
    lines = 2 * v_p * cols
    full = np.zeros((h_p, rows, layer.ports, lines))
    for h in range(h_p):
        own = cells[h].transpose(2, 1, 0, 3).reshape(rows, lines)
        full[h, :, h if layer.tied else 0] = own
    placed: Floats = full.reshape(h_p * rows, layer.ports * lines)[layer.row_place]
    return placed
