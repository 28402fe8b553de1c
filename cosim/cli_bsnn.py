# SPDX-License-Identifier: Apache-2.0
"""cli_bsnn : what the command line does with designs of the spiking macro."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cosim.cli_output import console_for, print_json, shown_progress
from cosim.errors import CircuitError, UserInputError

if TYPE_CHECKING:
    from cosim.analog.ladder import Ladder

__all__ = ["climb_bsnn", "study_bsnn"]

DESIGN = "stt_bsnn_65nm"


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


def study_bsnn(
    design: str,
    sets: Sequence[str],
    *,
    seed: int,
    out: Path,
    quick: bool,
    fresh: bool,
    json: bool,
) -> None:
    """`cosim study bsnn`; a design of another kind stands for the shipped one of this kind."""
    from cosim.design import design_kind
    from cosim.sttbsnn.design import KIND
    from cosim.study.bsnn import make_bsnn_study, point_count

    chosen = design if design_kind(design) == KIND else DESIGN
    words = ["cosim", "study", "bsnn", "--design", chosen]
    words += [word for text in sets for word in ("--set", text)]
    words += ["--seed", str(seed), *(["--quick"] if quick else [])]
    with shown_progress(point_count(quick), json, "points") as progress:
        made = make_bsnn_study(
            chosen,
            sets,
            command=shlex.join(words),
            seed=seed,
            out=out,
            quick=quick,
            fresh=fresh,
            tell=progress or (lambda text, done: None),
        )
    if json:
        print_json({"csv": str(made.csv), "png": str(made.png), **made.counts, "rows": made.rows})
    else:
        counts = made.counts
        typer.echo(
            f"bsnn: {counts['points']} points, {counts['kept']} kept, "
            f"{counts['solved']} solved, {counts['refused']} refused"
        )
        for row in made.refused:
            typer.echo(f"  refused: {row['status']}")
        typer.echo(f"{made.csv}\n{made.png}")
    if len(made.refused) == made.counts["points"]:
        raise CircuitError(f"study bsnn: every point was refused: {made.refused[0]['status']}")
