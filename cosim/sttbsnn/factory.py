# SPDX-License-Identifier: Apache-2.0
"""factory : makes the engine of one spiking tile by the name of its kind."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.pins import MacroDescription
from cosim.analog.protocol import MacroEngine
from cosim.analog.variation import stream
from cosim.errors import UserInputError
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie
from cosim.sttbsnn.engine import FastBsnn, IdealBsnn
from cosim.sttbsnn.levels import match_levels
from cosim.sttbsnn.netlist import build_bsnn
from cosim.sttbsnn.rows import rows_of

__all__ = ["make_bsnn_engine"]

KINDS = ("ideal", "fast", "ngspice")


def make_bsnn_engine(
    kind: str,
    name: str,
    design: BsnnDesign,
    rows: int,
    *,
    die: BsnnDie | None = None,
    noise_seed: int | None = None,
    log: Path | None = None,
) -> MacroEngine:
    """An engine for a tile of `rows` rows; `die` is the same die in fast and ngspice.

    With `noise_seed` each decision has noise of variation.noise_v: the seed's stream of the die (or
    of die 0) and of the tile's name, the same in ideal and fast.
    """
    if kind not in KINDS:
        raise UserInputError(f"engine must be one of {', '.join(KINDS)}, got {kind}")
    noise = None
    if noise_seed is not None:
        tile = zlib.crc32(name.encode())
        noise = stream(noise_seed, die.index if die else 0, "noise", tile)
    if kind == "ideal":
        return IdealBsnn(name, design, rows, None, noise)
    if kind == "fast":
        return FastBsnn(name, design, rows, die, noise)
    if noise is not None:
        raise UserInputError(
            "noise of single decisions is in engines ideal and fast: leave --noise out of ngspice"
        )

    def describe(weights: Sequence[ArrayLike]) -> MacroDescription:
        return build_bsnn(rows_of(weights, design, rows), design, match_levels(design), die)

    solver = design.solver
    options = NgspiceOptions(
        reltol=solver.reltol,
        trtol=solver.trtol,
        abstol=solver.abstol_a,
        vntol=solver.vntol_v,
        chgtol=1e-17,
        method=solver.method,
        max_step_ps=solver.max_step_ps,
        settle_v=solver.settle_tol_v,
        log=log,
    )
    return NgspiceEngine(name, options=options, describe=describe)
