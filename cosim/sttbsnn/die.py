# SPDX-License-Identifier: Apache-2.0
"""die : the spread of one tile: junctions, access transistors, latches, drawn from one seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.sttbsnn.design import BsnnDesign

__all__ = ["BsnnDie", "sample_bsnn_die"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BsnnDie:
    """Arrays (rows, inputs, 2) of half cells, bit line `bl` first; `offset_v` (rows,)."""

    index: int
    f_r: Floats
    f_tmr: Floats
    shift_v: Floats
    offset_v: Floats


def sample_bsnn_die(design: BsnnDesign, rows: int, seed: int, index: int) -> BsnnDie:
    """Die `index` of `seed`: each source has its own stream, so a sigma scales its own draws."""
    spread = design.variation
    shape = (rows, design.row.inputs, 2)

    def normal(name: str, size: tuple[int, ...]) -> Floats:
        key = (index, zlib.crc32(name.encode()))
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        return rng.standard_normal(size)

    sigma = np.sqrt(np.log1p(spread.r_sigma**2))
    return BsnnDie(
        index=index,
        f_r=np.exp(sigma * normal("resistance", shape) - 0.5 * sigma**2),
        f_tmr=np.maximum(1.0 + spread.tmr_sigma * normal("tmr", shape), 0.0),
        shift_v=spread.vt_sigma_v * normal("threshold", shape),
        offset_v=spread.offset_sigma_v * normal("latch", (rows,)),
    )
