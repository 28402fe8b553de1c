# SPDX-License-Identifier: Apache-2.0
"""cli_study : the command `cosim study`: accuracy, power and curves over many designs."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.cli_output import print_json, shown_progress
from cosim.cli_spot import SeedOption, SpotOption, judge_spot, print_spot
from cosim.errors import CircuitError

if TYPE_CHECKING:
    from cosim.analog.spot_check import SpotCheck
    from cosim.study.catalogue import Made

__all__ = ["study"]

OUT = Path("runs/studies")


class StudyName(StrEnum):
    """What can be studied."""

    resistance = "resistance"
    technology = "technology"
    drive = "drive"
    mixed = "mixed"
    neuron = "neuron"  # and the four that follow
    neuron_parameters = "neuron_parameters"
    neuron_mismatch = "neuron_mismatch"
    neuron_alternatives = "neuron_alternatives"
    neuron_accuracy = "neuron_accuracy"
    bsnn = "bsnn"


def study(
    name: Annotated[StudyName, typer.Argument(help="What to study.", metavar="NAME")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many images.")] = 1000,
    design: Annotated[
        str, typer.Option("--design", help="Base of every point: shipped design or YAML file.")
    ] = "imac_14nm",
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="Override a key of the base design.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of MNIST IDX files; default: built-in.")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Shipped network or .npz.")] = "lenet5",
    out: Annotated[Path, typer.Option("--out", help="Folder of NAME.csv and NAME.png.")] = OUT,
    spot: SpotOption = None,
    seed: SeedOption = 1,
    quick: Annotated[bool, typer.Option("--quick", help="A few points: a trial.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace points that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as one JSON object.")] = False,
) -> None:
    """Solve many designs and draw: resistance, technology, drive (strength), neuron (all of it),
    bsnn (spread, offset, noise and energy of the spiking macro), mixed (--model mlp --design
    imac_mlp: mixed-signal macros beside the analog one).

    An interrupted study goes on where it was when started again. A point that the engine refuses
    is a row of the CSV file whose `status` says why. --spot-check takes one image at each of a
    share of the points.
    """
    from cosim.study.catalogue import GROUPS, STUDIES, make_study
    from cosim.study.spot import checkable, spot_check_study
    from cosim.study.subject import load_subject

    if name is StudyName.bsnn:
        from cosim.cli_bsnn import study_bsnn

        study_bsnn(design, sets or (), seed=seed, out=out, quick=quick, fresh=fresh, json=as_json)
        return
    names = GROUPS.get(name.value, (name.value,))
    if spot is not None:
        for one in names:
            checkable(STUDIES[one], spot)  # refused before an hour of work
    subject = load_subject(model=model, data=data, images=images, design=design, sets=sets or ())
    printed: dict[str, dict[str, Any]] = {}
    for one in names:
        words = ["cosim", "study", one, "--design", design]
        words += [word for text in sets or () for word in ("--set", text)]
        if STUDIES[one].engine == "fast":  # the others look at no image
            words += ["--images", str(images)]
            words += [] if data is None else ["--data", str(data)]
            words += [] if model == "lenet5" else ["--model", model]
        words += ["--seed", str(seed), *(["--quick"] if quick else [])]
        total = len(STUDIES[one].points(subject, quick))
        with shown_progress(total, as_json, "points") as progress:
            tell = progress or (lambda text, done: None)
            made = make_study(
                one,
                subject,
                command=shlex.join(words),
                seed=seed,
                out=out,
                quick=quick,
                fresh=fresh,
                tell=tell,
            )
            check = None
            if spot is not None:
                check = spot_check_study(
                    STUDIES[one], subject, made.rows, share=spot, seed=seed, tell=tell
                )
        printed[one] = {"csv": str(made.csv), "png": str(made.png), **made.counts}
        printed[one] |= {"rows": made.rows}
        if check is not None:
            printed[one]["spot_check"] = check.as_dict()
        if not as_json:
            _print(one, made, check)
        judge_spot(check)
        if len(made.refused) == made.counts["points"]:
            reason = made.refused[0]["status"]
            raise CircuitError(f"study {one}: every point was refused: {reason}")
    if as_json:
        print_json(printed if len(names) > 1 else printed[names[0]])


def _print(name: str, made: Made, check: SpotCheck | None) -> None:
    counts = made.counts
    typer.echo(
        f"{name}: {counts['points']} points, {counts['kept']} kept, "
        f"{counts['solved']} solved, {counts['refused']} refused"
    )
    refused = [str(row["status"]) for row in made.refused]
    for reason in dict.fromkeys(refused):
        typer.echo(f"  refused {refused.count(reason)}: {reason}")
    if check is not None:
        print_spot(check.as_dict(), "points")
    typer.echo(f"{made.csv}\n{made.png}")
