# SPDX-License-Identifier: Apache-2.0
"""cli_bsnn : what the command line does with designs of the spiking macro."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cosim.cli_output import console_for
from cosim.errors import UserInputError

if TYPE_CHECKING:
    from cosim.analog.ladder import Ladder

__all__ = ["climb_bsnn"]


def climb_bsnn(
    design: str, sets: Sequence[str], sizes: str | None, inputs: int, seed: int, die: int | None
) -> Ladder:
    """`cosim ladder` on a tile of random weights; `sizes` are its inputs and rows."""
    import numpy as np

    from cosim.sttbsnn.design import load_bsnn
    from cosim.sttbsnn.die import sample_bsnn_die
    from cosim.sttbsnn.ladder import bsnn_ladder, random_tile

    parts = (sizes or "").split("-") if sizes else []
    if parts and (len(parts) != 2 or not all(p.isdigit() and int(p) > 0 for p in parts)):
        raise UserInputError(f"--sizes must be inputs and rows such as 288-1, got {sizes}")
    more = [f"row.inputs={parts[0]}"] if parts else []
    chosen = load_bsnn(design, [*sets, *more])
    rows = int(parts[1]) if parts else 1
    rng = np.random.default_rng(seed)
    weights, spikes = random_tile(chosen, rows, inputs, rng)
    drawn = None if die is None else sample_bsnn_die(chosen, rows, seed, die)
    with console_for(stderr=True).status("one time step in ngspice, all inputs in ideal and fast"):
        return bsnn_ladder(chosen, weights, spikes, rng=rng, die=drawn)
