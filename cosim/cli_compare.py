# SPDX-License-Identifier: Apache-2.0
"""cli_compare : commands that show runs: compare (CPU only beside CPU+IMAC) and report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cosim.cli_options import AppDesignOption, AppModelOption, DataOption, JsonFlag, SetOption
from cosim.cli_output import command_line, console_for, print_json, print_result, shown_progress
from cosim.cli_run import App, Engine
from cosim.errors import UserInputError

__all__ = ["compare", "report"]

RUNS = Path("runs")


def compare(
    application: Annotated[App, typer.Argument(help="What to run.", metavar="APP")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many images.")] = 3,
    engine: Annotated[Engine, typer.Option("--engine", help="What solves the macro.")] = (
        Engine.fast
    ),
    design: AppDesignOption = None,
    sets: SetOption = None,
    data: DataOption = None,
    model: AppModelOption = None,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", help="Folder; default: runs/<stamp>-APP-compare.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run the same images on the CPU alone and with the macro, and compare."""
    from cosim import api
    from cosim.report.compare_tables import figure_table, pair_table, swing_table, verdict

    with shown_progress(2 * images, as_json) as progress:
        folder, found = api.compare(
            application.value,
            images=images,
            engine=engine.value,
            design=design,
            sets=tuple(sets or ()),
            data=data,
            model=model,
            run_dir=run_dir,
            progress=progress,
            command=command_line(),
        )
    if as_json:
        print_json({"folder": str(folder), **found.as_dict()})
        return
    console = console_for()
    for table in (figure_table(found), pair_table(found), swing_table(found)):
        console.print(table)
    console.print(verdict(found))
    typer.echo(f"report: {folder / 'report.html'}")


def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUN] [OTHER]",
            help="Run folder; default: the latest under runs/. A second one: their differences.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Print a run's tables again and write its report.html, or the differences of two runs."""
    from cosim.report.write import write_difference, write_report
    from cosim.trace.result import read_result
    from cosim.trace.run_folder import latest_run

    folders = runs or [latest_run(RUNS)]
    if len(folders) > 2:
        raise UserInputError(f"report takes one or two run folders, got {len(folders)}")
    if as_json:
        results = [dict(read_result(folder)) for folder in folders]
        print_json(results[0] if len(results) == 1 else {"runs": results})
        return
    if len(folders) == 1:
        print_result(read_result(folders[0]))
        page = write_report(folders[0], command_line())
    else:
        page = write_difference(folders[0], folders[1], command_line())
    typer.echo(f"report: {page}")
