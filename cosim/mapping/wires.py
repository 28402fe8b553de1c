# SPDX-License-Identifier: Apache-2.0
"""wires : resistance and capacitance of a tile's wires per cell, from their geometry.

Resistivity grows in narrow wires by surface (Fuchs-Sondheimer) and grain boundary
(Mayadas-Shatzkes) scattering; capacitance is plate, fringe and coupling to neighbours at distance
s (fits of Wong et al. for interconnect), as in arXiv:2304.09252. Coupling counts as capacitance to
ground: neighbours are quiet or move alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cosim.design_device import Wires

__all__ = ["CellWires", "capacitance_f_per_m", "cell_wires", "resistivity_ohm_m"]

EPS0_F_PER_M = 8.854e-12
NM = 1e-9


@dataclass(frozen=True, kw_only=True)
class CellWires:
    """One cell's wires: the input line (`in`), and each of I+ and I- (`out`)."""

    r_in_ohm: float
    r_out_ohm: float
    c_in_f: float
    c_out_f: float


def resistivity_ohm_m(wires: Wires) -> float:
    """Resistivity of a wire of the design's width."""
    width_nm = wires.width_lambda * wires.lambda_nm
    l0 = wires.mean_free_path_nm
    a = l0 * wires.reflection / (width_nm * (1 - wires.reflection))
    surface = 0.75 * (1 - wires.specularity) * l0 / width_nm
    grains = 1 / (1 - 1.5 * a + 3 * a**2 - 3 * a**3 * math.log(1 + 1 / a))
    return wires.rho_ohm_m * (surface + grains)


def capacitance_f_per_m(wires: Wires, neighbours_lambda: Sequence[float]) -> float:
    """Capacitance per length of a wire with neighbours at these distances."""
    width_nm = wires.width_lambda * wires.lambda_nm
    t, h = wires.thickness_nm, wires.spacing_nm
    plate: float = 0.5 * (1.15 * width_nm / h + 2.8 * (t / h) ** 0.222)
    side: float = 0.03 * width_nm / h + 0.83 * t / h - 0.07 * (t / h) ** 0.222
    coupling = sum(float(side * (h / (s * wires.lambda_nm)) ** 1.34) for s in neighbours_lambda)
    return wires.eps_r * EPS0_F_PER_M * (plate + coupling)


def cell_wires(wires: Wires) -> CellWires:
    """R and C of one cell: I+ and I- are each other's one near neighbour, input lines have two."""
    lam_m = wires.lambda_nm * NM
    area_m2 = wires.width_lambda * lam_m * wires.thickness_nm * NM
    ohm_per_m = resistivity_ohm_m(wires) / area_m2
    x_m, y_m = wires.cell_x_lambda * lam_m, wires.cell_y_lambda * lam_m
    between_inputs = wires.cell_y_lambda - wires.width_lambda
    c_in_f = capacitance_f_per_m(wires, [between_inputs, between_inputs]) * x_m
    c_out_f = capacitance_f_per_m(wires, [wires.pair_lambda]) * y_m
    return CellWires(
        r_in_ohm=ohm_per_m * x_m,
        r_out_ohm=ohm_per_m * y_m,
        c_in_f=c_in_f if wires.capacitance else 0.0,
        c_out_f=c_out_f if wires.capacitance else 0.0,
    )
