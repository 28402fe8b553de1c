# SPDX-License-Identifier: Apache-2.0
"""cli_run : the command `cosim run`: images through firmware, RTL and macro."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cosim.cli_dies import DieOption, NoiseOption
from cosim.cli_options import AppDesignOption, AppModelOption, DataOption, JsonFlag, SetOption
from cosim.cli_output import command_line, print_json, print_result, shown_progress
from cosim.cli_spot import SeedOption, SpotOption, judge_spot, print_spot
from cosim.errors import UserInputError

__all__ = ["App", "run"]


class App(StrEnum):
    """What can be run."""

    lenet5 = "lenet5"
    mlp = "mlp"
    vgg = "vgg"
    snn = "snn"


class Engine(StrEnum):
    """What solves the macro."""

    fast = "fast"
    ngspice = "ngspice"
    ideal = "ideal"


WINDOW = "fc_stack..argmax, conv1, 10us..12us, macro_en+20ns, or all"


def run(
    application: Annotated[App, typer.Argument(help="What to run.", metavar="APP")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many images.")] = 3,
    engine: Annotated[Engine, typer.Option("--engine", help="What solves the macro.")] = (
        Engine.fast
    ),
    design: AppDesignOption = None,
    sets: SetOption = None,
    data: DataOption = None,
    model: AppModelOption = None,
    cpu_only: Annotated[
        bool, typer.Option("--cpu-only", help="Compute the FC layers in C on the CPU as well.")
    ] = False,
    trace: Annotated[
        str | None,
        typer.Option("--trace", metavar="WINDOW", help=f"Write trace.fst within {WINDOW}."),
    ] = None,
    saif: Annotated[
        str | None,
        typer.Option("--saif", metavar="WINDOW", help="Write trace.saif within such a window."),
    ] = None,
    trace_functions: Annotated[
        bool,
        typer.Option("--trace-functions", help="Write calls, stacks.txt and flame.svg."),
    ] = False,
    trace_grid_ps: Annotated[
        int, typer.Option("--trace-grid-ps", min=1, help="Time between analog samples.")
    ] = 50,
    spot: SpotOption = None,
    die: DieOption = None,
    noise: NoiseOption = False,
    seed: SeedOption = 1,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", help="Run folder; default: runs/<stamp>-APP.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Classify images: firmware on the RTL SoC, FC layers in the macro."""
    from cosim import api
    from cosim.report.write import write_report

    if spot is not None:
        if cpu_only or engine is not Engine.fast or die is not None or noise:
            raise UserInputError(
                "--spot-check needs --engine fast, and goes without --die and --noise"
            )
        from cosim.analog.spot_check import pick

        pick(images, spot, seed)  # a wrong share is refused before the run
    with shown_progress(images, as_json) as progress:
        result = api.run(
            application.value,
            images=images,
            engine=engine.value,
            cpu_only=cpu_only,
            design=design,
            sets=tuple(sets or ()),
            data=data,
            model=model,
            trace=trace,
            saif=saif,
            trace_functions=trace_functions,
            trace_grid_ps=trace_grid_ps,
            die=die,
            noise=noise,
            seed=seed,
            run_dir=run_dir,
            progress=progress,
        )
    check = None
    if spot is not None:
        from cosim.flow_spot import spot_check_run

        check = spot_check_run(
            result.folder, result.data, model=model, data=data, share=spot, seed=seed
        )
    write_report(result.folder, command_line())
    if as_json:
        shown = dict(result.data)
        print_json(shown if check is None else {**shown, "spot_check": check.as_dict()})
    else:
        print_result(result.data)
        if check is not None:
            print_spot(check.as_dict())
        typer.echo(f"run folder: {result.folder}")
    judge_spot(check)
