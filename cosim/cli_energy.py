# SPDX-License-Identifier: Apache-2.0
"""cli_energy : commands about energy: `cosim energy second-opinion`."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cosim.cli_output import console_for, print_json

__all__ = ["energy_app"]

energy_app = typer.Typer(help="Energy figures held against each other.", no_args_is_help=True)


@energy_app.callback()
def _group() -> None:
    """Keeps `second-opinion` a command of its own."""


@energy_app.command(name="second-opinion")
def second_opinion(
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", help="Keep both runs and the SAIF file here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The core's energy from the switching of its gates, beside the constants' (minutes)."""
    from cosim.flow_gates import second_opinion as measure
    from cosim.report.energy_tables import opinion_table

    note = console_for(stderr=True)
    begin_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cosim-gates-") as scratch, note.status("") as status:
        found = asdict(measure(run_dir or Path(scratch), status.update))
    found["seconds"] = time.monotonic() - begin_s
    if as_json:
        print_json(found)
        return
    console_for().print(opinion_table(found))
    typer.echo(GAP)


GAP = """\
The gates are rtl/cpu itself, a four-stage RV32IM core. The first preset is an application core with
address translation and branch prediction, the second the nearest published one, with peripherals.
What the gates leave out: glitches (the simulation has no delays), the buffers of the clock tree.
What they overrate: each flip-flop is clocked in each cycle; clock gates would save most of that."""
