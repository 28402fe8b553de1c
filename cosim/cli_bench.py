# SPDX-License-Identifier: Apache-2.0
"""cli_bench : the command `cosim bench`: speed figures, each with its bound."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cosim.cli_options import JsonFlag
from cosim.cli_output import console_for, print_json
from cosim.errors import MismatchError, UserInputError

__all__ = ["bench"]

OUT = Path("runs/bench")


class BenchPart(StrEnum):
    """What `cosim bench` measures."""

    soc = "soc"
    images = "images"
    lag = "lag"
    fc = "fc"
    fc_wires = "fc-wires"
    fast = "fast"
    memory = "memory"
    crossbar = "crossbar"
    scaling = "scaling"
    accuracy = "accuracy"


def bench(
    only: Annotated[
        list[BenchPart] | None, typer.Option("--only", help="One part; may be given again.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="MNIST IDX files: part accuracy needs them.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of scaling.csv and .png.")] = OUT,
    as_json: JsonFlag = False,
) -> None:
    """Measure the speed figures of the README; exit code 8 if a bound is missed.

    The ratio of ngspice to fast needs the parts fc-wires and fast in one run.
    """
    if only and BenchPart.accuracy in only and data is None:
        raise UserInputError("bench --only accuracy needs --data: 10,000 MNIST test images")
    if data is not None and not data.is_dir():
        raise UserInputError(f"bench: --data {data} is no folder")
    from cosim.bench import Bench, measure
    from cosim.report.tables import bench_table

    figures = []
    note = console_for(stderr=True)
    parts = tuple(part.value for part in only or BenchPart)
    words = [word for part in only or () for word in ("--only", part.value)]
    with note.status("measuring") as status:
        todo = Bench(
            say=status.update,
            clock=time.monotonic,
            cpu=time.process_time,
            command=" ".join(["cosim bench", *words]),
            out=out,
            data=data,
        )
        for figure in measure(parts, todo):
            figures.append(figure.as_dict())
    missed = [figure["name"] for figure in figures if not figure["ok"]]
    left_out = ["accuracy: needs --data"] if data is None and not only else []
    if as_json:
        print_json({"ok": not missed, "figures": figures, "left_out": left_out})
    else:
        console_for().print(bench_table(figures))
        for reason in left_out:
            typer.echo(f"left out: {reason}")
    if missed:
        raise MismatchError(f"bench: {len(missed)} of {len(figures)} missed: {'; '.join(missed)}")
