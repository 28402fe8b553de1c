# SPDX-License-Identifier: Apache-2.0
"""fast_modes : the strongest modes of a tile's wires, around cells of one slope.

M = 1 + g K_in x 1 + g 1 x K_out is what a step of all cell voltages meets. On the eigenvectors phi
of K_in and psi of K_out it is 1/(1 + 2 g alpha + g beta) = 1 + fa + fb + hkl; the modes left out
are small against 1/g. Large tiles need more of them than small ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Modes", "modes_of"]

Floats = NDArray[np.float64]
FEW, MANY = 2, 8  # kernels there are; four take as many steps on 32x32 tiles and a third more time
WEAK = 0.3  # of 1/g: FEW modes do if the next one is weaker; at 1.4 (256x256 tiles) steps diverge


@dataclass(frozen=True, kw_only=True)
class Modes:
    """Strongest modes of K_in (phi, alpha) and K_out (psi, beta) at slope `g`.

    `port` (n_ports, v, 2c, 2c) is the conductance the ports see through cells of slope g.
    """

    count: int
    g: float
    phi: Floats
    fa: Floats
    psi: Floats
    fb: Floats
    y: Floats
    eta: Floats
    hkl: Floats
    port: Floats


def _strongest(matrix: Floats, m: int, live: slice, size: int) -> tuple[Floats, Floats]:
    """The m strongest modes (m, size) of the live part, zero elsewhere, and their values (m,)."""
    values, vectors = np.linalg.eigh(matrix[live, live])
    keep = min(m, len(values))
    phi, alpha = np.zeros((m, size)), np.zeros(m)
    alpha[:keep] = values[::-1][:keep]
    phi[:keep, live] = vectors[:, ::-1][:, :keep].T
    return phi, alpha


def _count(k_in: Floats, k_out: Floats, g: float) -> int:
    """How many modes a step needs."""
    left = [
        share * g * float(np.linalg.eigvalsh(matrix)[-1 - FEW])
        for share, matrix in ((2, k_in), (1, k_out))
        if len(matrix) > FEW
    ]
    return MANY if max(left, default=0.0) > WEAK else FEW


def modes_of(live: NDArray[np.bool_], k_in: Floats, k_out: Floats, g: float, tied: bool) -> Modes:
    """Modes for cells where `live` (h, v, rows, cols) is true."""
    h_p, v_p, rows, cols = live.shape
    m = _count(k_in, k_out, g)
    live_rows = live.any(axis=(1, 3)).sum(axis=1)
    live_cols = live.any(axis=(0, 2)).sum(axis=1)
    phi, alpha = np.zeros((v_p, m, cols)), np.zeros((v_p, m))
    psi, beta = np.zeros((h_p, m, rows)), np.zeros((h_p, m))
    for v, n in enumerate(live_cols):
        phi[v], alpha[v] = _strongest(k_in, m, slice(0, int(n)), cols)
    for h, n in enumerate(live_rows):
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
    return Modes(count=m, g=g, phi=phi, fa=fa, psi=psi, fb=fb, y=y, eta=eta, hkl=hkl, port=port)
