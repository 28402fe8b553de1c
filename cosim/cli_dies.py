# SPDX-License-Identifier: Apache-2.0
"""cli_dies : the options `--dies`, `--die` and `--noise`, and accuracy over many dies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.cli_mixed import mixed_accuracy
from cosim.cli_output import print_json
from cosim.cli_spot import print_spot
from cosim.errors import UserInputError

if TYPE_CHECKING:
    from cosim.analog.spot_check import SpotCheck

__all__ = [
    "DieOption",
    "DiesOption",
    "NoiseOption",
    "dies_accuracy",
    "print_dies",
]

DiesOption = Annotated[
    int | None,
    typer.Option("--dies", min=1, help="Evaluate dies 0, 1, ... of --seed; print their spread."),
]
DieOption = Annotated[
    int | None,
    typer.Option("--die", min=0, help="This die of --seed instead of the nominal circuit."),
]
NoiseOption = Annotated[
    bool,
    typer.Option(
        "--noise", help="Noise of cells, neurons and latches on every evaluation, from --seed."
    ),
]


def dies_accuracy(
    what: dict[str, str],
    images: int | None,
    data: Path | None,
    sets: list[str],
    *,
    dies: int | None,
    noise: bool,
    seed: int,
    spot: float | None = None,
) -> tuple[dict[str, Any], SpotCheck | None]:
    """Accuracy on each die, or of the nominal circuit with noise; the spot check if one is asked.

    `what` names model, engine and design.
    """
    from cosim.analog.dies import classify_dies, die_accuracy, sample_dies
    from cosim.analog.spot_check import pick, spot_check_dies
    from cosim.design import design_kind, load_design
    from cosim.mixed.design import KIND
    from cosim.model.colour import load_for
    from cosim.model.integer import feature_bits, features
    from cosim.model.store import load_network

    if spot is not None and (what["engine"] != "fast" or noise or dies is None):
        raise UserInputError("--spot-check needs --engine fast, and goes without --noise")
    if design_kind(what["design"]) == KIND:
        return mixed_accuracy(
            what, images, data, sets, dies=dies, noise=noise, seed=seed, spot=spot
        ), None
    chosen, network = load_design(what["design"], sets), load_network(what["model"])
    dataset = load_for(network, data)
    if images is not None:
        dataset = dataset.first(images)
    if spot is not None and dies is not None:
        pick(dies * len(dataset.images), spot, seed)  # a wrong share is refused before the work
    bits = feature_bits(features(network, dataset.images))
    drawn = [None] if dies is None else sample_dies(chosen, network.fc_sizes, seed, dies)
    classes = classify_dies(
        network.fc,
        bits,
        chosen,
        drawn,
        engine=what["engine"],
        noise_seed=seed if noise else None,
    )
    found = die_accuracy(classes, dataset.labels, seed=seed, noise=noise)
    figures = {
        **what,
        "source": dataset.source,
        "images": len(dataset.images),
        "nominal": dies is None,
        **found.as_dict(),
    }
    if spot is None:
        return figures, None
    all_dies = [die for die in drawn if die is not None]
    check = spot_check_dies(network.fc, bits, chosen, all_dies, classes, share=spot, seed=seed)
    return {**figures, "spot_check": check.as_dict()}, check


def print_dies(found: dict[str, Any], as_json: bool) -> None:
    """Mean, sigma, extremes and the interval of the mean."""
    if as_json:
        print_json(found)
        return
    noise = ", noise" if found["noise"] else ""
    typer.echo(
        f"{found['model']} on {found['source']}, {found['design']}, {found['engine']}{noise}"
    )
    what = "the nominal circuit" if found["nominal"] else f"{found['dies']} dies"
    typer.echo(f"  {found['images']} images on {what}, seed {found['seed']}")
    typer.echo(
        f"  mean {found['mean']:.2f} %, worst {found['min']:.2f} %, best {found['max']:.2f} %"
    )
    if found["sigma"] is not None:
        low, high = found["interval"]
        typer.echo(f"  sigma {found['sigma']:.2f} %, mean within {low:.2f} .. {high:.2f} % (95 %)")
    if "seconds" in found:
        typer.echo(f"  {found['seconds']:.0f} s")
    if "spot_check" in found:
        print_spot(found["spot_check"], "images over all dies")
