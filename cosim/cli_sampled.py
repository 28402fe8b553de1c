# SPDX-License-Identifier: Apache-2.0
"""cli_sampled : the command `cosim sampled`: a run estimated from parts of its loop nests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.cli_options import AppDesignOption, AppModelOption, DataOption, JsonFlag, SetOption
from cosim.cli_output import console_for, print_json
from cosim.cli_run import App
from cosim.errors import MismatchError
from cosim.units import si

if TYPE_CHECKING:
    from cosim.sampled.flow import Sampled
    from cosim.sampled.judge import Verdict

__all__ = ["sampled"]


def sampled(
    application: Annotated[App, typer.Argument(help="What to run.", metavar="APP")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many images.")] = 3,
    design: AppDesignOption = None,
    sets: SetOption = None,
    data: DataOption = None,
    model: AppModelOption = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="RUN", help="Hold it against this run.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Cycles and digital energy of a CPU-only run, from four short runs of its program."""
    from cosim.sampled.flow import sample_run
    from cosim.sampled.judge import judge
    from cosim.trace.result import read_result

    complete = None if against is None else read_result(against)
    with tempfile.TemporaryDirectory(prefix="cosim-sampled-") as folder:
        run = sample_run(
            application.value,
            Path(folder),
            images=images,
            design=design,
            sets=tuple(sets or ()),
            model=model,
            data=data,
            progress=lambda text: typer.echo(text, err=True),
        )
    verdict = None if complete is None else judge(run, complete)
    if as_json:
        print_json(_figures(run, verdict))
    else:
        _print(run, verdict)
    if verdict is not None and not verdict.good:
        raise MismatchError(
            f"sampled cycles are off by {100 * verdict.cycles:.2f} %, joules by"
            f" {100 * verdict.energy:.2f} %"
        )


def _figures(run: Sampled, verdict: Verdict | None) -> dict[str, Any]:
    from cosim.sampled.judge import layers_of

    return {
        "application": run.application,
        "images": run.images,
        "cycles": run.cycles,
        "digital_j": run.ledger.total_j,
        "classes": list(run.classes),
        "simulated_cycles": run.simulated,
        "factor": run.factor,
        "wall_s": run.wall_s,
        "layers": [vars(layer) for layer in layers_of(run)],
        "against": None if verdict is None else vars(verdict),
    }


def _print(run: Sampled, verdict: Verdict | None) -> None:
    from rich.table import Table

    from cosim.sampled.judge import layers_of

    table = Table("layer", "cycles", "energy", title=f"{run.application}, CPU only, sampled")
    for layer in layers_of(run):
        table.add_row(layer.name, f"{layer.cycles:,}", si(layer.energy_j, "J"))
    table.add_section()
    table.add_row("all", f"{run.cycles:,}", si(run.ledger.total_j, "J"))
    console_for().print(table)
    right = sum(a == b for a, b in zip(run.classes, run.labels, strict=True))
    typer.echo(
        f"{run.images} images, {right} right by the integer reference; {run.simulated:,} cycles"
        f" simulated, {run.factor:.1f} times fewer, {run.wall_s:.1f} s"
    )
    if verdict is not None:
        typer.echo(
            f"against the complete run: cycles {100 * verdict.cycles:+.3f} %, energy"
            f" {100 * verdict.energy:+.3f} %, {verdict.layer} {100 * verdict.layer_cycles:+.3f} %"
            f" (cycles), {verdict.factor:.1f} times fewer cycles"
        )
