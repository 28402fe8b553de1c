# SPDX-License-Identifier: Apache-2.0
"""layout_area : silicon area of small circuits by one stated rule for analog and digital alike.

FETs stand in rows of standard-cell height, n below p, one gate pitch a column; a column holds up to
FINS_MAX fins of each kind, and each circuit (or logic cell) ends with one column that keeps it from
its neighbour. MTJs stand in the metal above and take area only where they need more than that: each
wants MTJ_M2. Pitches: 14 nm FinFETs of Natarajan et al., IEDM 2014 (fin pitch 42 nm, gate pitch
70 nm); twelve fin pitches a row, four of them between the two kinds and at the edges, are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["FINS_MAX", "area_m2"]

FIN_PITCH_M = 42e-9
GATE_PITCH_M = 70e-9
ROW_FINS = 12
FINS_MAX = 4
MTJ_M2 = (150e-9) ** 2  # three times the 50 nm ellipse each way: assumed pitch


def area_m2(n_fins: Sequence[int], p_fins: Sequence[int], mtjs: int = 0) -> float:
    """Of one circuit with these FETs; `n_fins` and `p_fins` are the fins of each."""
    columns = max(_columns(n_fins), _columns(p_fins)) + 1
    return max(columns * GATE_PITCH_M * ROW_FINS * FIN_PITCH_M, mtjs * MTJ_M2)


def _columns(fins: Sequence[int]) -> int:
    return sum(-(-count // FINS_MAX) for count in fins)
