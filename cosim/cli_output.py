# SPDX-License-Identifier: Apache-2.0
"""cli_output : how the command line prints: tables, JSON, progress."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cosim.flow import Progress

__all__ = ["command_line", "console_for", "print_json", "print_result", "shown_progress"]


def command_line() -> str:
    """The command as the user typed it."""
    return shlex.join(["cosim", *sys.argv[1:]])


def console_for(*, stderr: bool = False) -> Console:
    from rich.console import Console

    # A pipe has no width of its own: wide enough that no row wraps.
    width = None if (sys.stderr if stderr else sys.stdout).isatty() else 160
    return Console(stderr=stderr, highlight=False, width=width)


def print_json(value: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(value, indent=2))


@contextmanager
def shown_progress(total: int, quiet: bool, unit: str = "images") -> Iterator[Progress | None]:
    """What happens now, on stderr: a bar on a terminal, lines in a log, nothing with --json."""
    console = console_for(stderr=True)
    if quiet:
        yield None
    elif not console.is_terminal:
        begin_s = time.monotonic()

        def line(text: str, done: int) -> None:
            elapsed_s = time.monotonic() - begin_s
            console.print(f"{elapsed_s:6.0f} s  {done}/{total} {unit}  {text}")

        yield line
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        words = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Bar(SpinnerColumn(), *words, console=console, transient=True) as bar:
            task = bar.add_task("starting", total=total)

            def step(text: str, done: int) -> None:
                bar.update(task, description=text, completed=done)

            yield step


def print_result(result: Mapping[str, Any]) -> None:
    from cosim.report import energy_tables, tables

    console = console_for()
    for table in (tables.image_table(result), tables.layer_table(result)):
        console.print(table)
    groups = tables.group_table(result)
    if groups is not None:
        console.print(groups)
    energy = result["energy"]
    if energy is not None:
        phases = energy_tables.phase_table(energy)
        if phases is not None:
            console.print(phases)
        console.print(energy_tables.spent_table(energy, "functions", "C functions"))
        console.print(energy_tables.spent_table(energy, "classes", "Instruction classes"))
        console.print(energy_tables.component_table(energy))
    console.print(tables.summary(result))
    if "perf" in result:
        from cosim.trace.perf import perf_line

        console.print(perf_line(result["perf"]))
