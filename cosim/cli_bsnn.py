# SPDX-License-Identifier: Apache-2.0
"""cli_bsnn : what the command line does with designs of the spiking macro."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.cli_dies import DieOption
from cosim.cli_options import JsonFlag, SetOption
from cosim.cli_output import console_for, print_json, shown_progress
from cosim.errors import CircuitError, UserInputError

if TYPE_CHECKING:
    from cosim.analog.ladder import Ladder

__all__ = ["climb_bsnn", "spiking", "study_bsnn"]

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


def spiking(
    model: Annotated[str, typer.Argument(help="A shipped spiking network or its file.")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many test images.")] = 100,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of MNIST or CIFAR-10 files.")
    ] = None,
    design: Annotated[
        str, typer.Option("--design", help="Shipped design of a spiking macro, or a file.")
    ] = DESIGN,
    sets: SetOption = None,
    die: DieOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the die and of noise.")] = 1,
    noise: Annotated[bool, typer.Option("--noise", help="Noise at every decision.")] = False,
    untrimmed: Annotated[
        bool, typer.Option("--untrimmed", help="Thresholds do not take up latches' offsets.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Classify images with every spike of the layers decided by the circuit (engine fast)."""
    import numpy as np

    from cosim.model.datasets import load_images
    from cosim.model.spiking import scores
    from cosim.model.spiking_store import load_spiking
    from cosim.sttbsnn.design import load_bsnn
    from cosim.sttbsnn.network import CircuitNetwork

    chosen, network = load_bsnn(design, sets or ()), load_spiking(model)
    dataset = load_images(data).first(images)
    circuit = CircuitNetwork(
        network=network, design=chosen, seed=seed, die=die, trimmed=not untrimmed
    )
    found = circuit.run(dataset.images, np.random.default_rng(seed) if noise else None)
    exact = scores(network, dataset.images).argmax(axis=1)
    classes = found.scores.argmax(axis=1)
    figures: dict[str, Any] = {
        "model": network.name,
        "source": dataset.source,
        "engine": "fast",
        "design": chosen.name,
        "die": die,
        "noise": noise,
        "trimmed": not untrimmed,
        "images": len(classes),
        "percent": float(100 * (classes == dataset.labels).mean()),
        "percent_exact": float(100 * (exact == dataset.labels).mean()),
        "decisions": found.decisions,
        "wrong_decisions": found.wrong,
    }
    if as_json:
        print_json(figures)
        return
    typer.echo(f"{network.name} on {dataset.source}, {chosen.name}, {len(classes)} images")
    typer.echo(f"  circuit {figures['percent']:.2f} %, exact sums {figures['percent_exact']:.2f} %")
    share = 100 * found.wrong / found.decisions
    typer.echo(f"  {found.wrong} of {found.decisions} decisions wrong ({share:.3f} %)")
