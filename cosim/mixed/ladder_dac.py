# SPDX-License-Identifier: Apache-2.0
"""ladder_dac : an R-2R ladder without load: its output, and the power that its bits deliver.

Bit 0 is farthest from the output, the far end is on ground: out = vdd * code / 2^bits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosim.mixed.design import DAC_BITS, MixedDesign

__all__ = ["dac_v", "dac_w", "ladder_text"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def dac_v(codes: Ints, design: MixedDesign) -> Floats:
    """Ladder outputs at rest."""
    return np.asarray(design.macro.vdd_v * codes / (1 << DAC_BITS))


def dac_w(codes: Ints, design: MixedDesign) -> Floats:
    """Watts (n,) that the bits of all ladders in codes (n, rows) deliver at rest."""
    each = _watts(design.macro.vdd_v, design.mixed.dac.unit_ohm)[codes]
    return np.asarray(each.sum(axis=-1))


@lru_cache(maxsize=4)
def _watts(vdd_v: float, unit_ohm: float) -> Floats:
    """Of every code: node equations of the ladder, then v*i of every bit."""
    nodes = np.zeros((DAC_BITS, DAC_BITS))
    for k in range(DAC_BITS):
        nodes[k, k] += 0.5 / unit_ohm  # its bit
        if k == 0:
            nodes[k, k] += 0.5 / unit_ohm  # the far end
        else:
            nodes[k - 1 : k + 1, k - 1 : k + 1] += np.array([[1, -1], [-1, 1]]) / unit_ohm
    bits = vdd_v * (np.arange(1 << DAC_BITS)[:, None] >> np.arange(DAC_BITS) & 1)
    inner = np.linalg.solve(nodes, 0.5 / unit_ohm * bits.T).T
    return np.asarray((bits * (bits - inner) * 0.5 / unit_ohm).sum(axis=1))


def ladder_text(row: int, out: str, design: MixedDesign) -> list[str]:
    """SPICE lines of one row's ladder from nodes d<row>_<bit> to `out`."""
    unit = design.mixed.dac.unit_ohm
    lines = [f"rg{row} 0 l{row}_0 {2 * unit!r}"]
    for k in range(DAC_BITS):
        node = out if k == DAC_BITS - 1 else f"l{row}_{k}"
        lines.append(f"rt{row}_{k} d{row}_{k} {node} {2 * unit!r}")
        if k:
            lines.append(f"rl{row}_{k} l{row}_{k - 1} {node} {unit!r}")
    return lines
