# SPDX-License-Identifier: Apache-2.0
"""cli_reproduce : the command `cosim reproduce`: published figures beside ours, in one table."""

from __future__ import annotations

import resource
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cosim.cli_options import JsonFlag
from cosim.cli_output import console_for, print_json

if TYPE_CHECKING:
    from cosim.reproduce.run import Outcome

__all__ = ["reproduce"]

OUT = Path("runs/reproduction")


def reproduce(
    name: Annotated[
        str, typer.Argument(metavar="[NAME|all]", help="What to reproduce; --list shows names.")
    ] = "all",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer images and points.")] = False,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of reproduction.md, .json, .html and rows kept.")
    ] = OUT,
    mnist: Annotated[
        Path | None, typer.Option("--mnist", help="MNIST IDX files; default: shipped images.")
    ] = None,
    cifar10: Annotated[
        Path | None, typer.Option("--cifar10", help="CIFAR-10 binary files.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make rows anew that are kept.")] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="Put full rows into the table kept with the source, too."),
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="Names, minutes; run nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Reproduce published figures: ours beside theirs, with conditions and reasons.

    Rows are kept until their inputs or the program change: an interrupted command goes on where it
    was. A reproduction that fails does not stop the others; its error's exit code is the command's.
    """
    from cosim.errors import UserInputError
    from cosim.reproduce import readme
    from cosim.reproduce.catalogue import chosen, entries
    from cosim.reproduce.committed import check, read, store
    from cosim.reproduce.record import program_digest
    from cosim.reproduce.run import plan
    from cosim.reproduce.run import reproduce as run
    from cosim.reproduce.write import as_dict, write_all

    if listed:
        _list()
        return
    for folder in (mnist, cifar10):
        if folder is not None and not folder.is_dir():
            raise UserInputError(f"there is no folder {folder}")
    if write:
        check(chosen(name), quick=quick, given={"mnist": mnist, "cifar10": cifar10})
    words = ["cosim", "reproduce", name, *(["--quick"] if quick else [])]
    for option, folder in (("--mnist", mnist), ("--cifar10", cifar10)):
        words += [option, "DIR"] if folder else []
    command, program = shlex.join(words), program_digest()
    console = console_for(stderr=True)
    begin_s = time.monotonic()

    def tell(text: str) -> None:
        if not as_json:
            console.print(f"{time.monotonic() - begin_s:6.0f} s  {text}")

    plans = plan(
        chosen(name),
        out,
        quick=quick,
        fresh=fresh,
        mnist=mnist,
        cifar10=cifar10,
        tell=tell,
    )
    for item in plans:
        state = "kept" if item.kept else f"about {item.minutes:g} min"
        tell(f"{item.entry.name}: {state}")
    tell(f"together about {sum(item.minutes for item in plans):g} minutes")

    def done(outcomes: list[Outcome]) -> None:
        write_all(out, outcomes, command, program)
        last = outcomes[-1]
        state = f"failed: {last.error}" if last.error else f"{len(last.findings)} rows"
        tell(f"{len(outcomes)}/{len(plans)} {last.entry.name}: {state}, {last.wall_s:.0f} s")
        if write and last.error is None:
            store(last, program, list(entries()))

    outcomes = run(plans, clock=time.monotonic, spent=_spent_s, done=done)
    if write:
        readme.update(read())
    if as_json:
        print_json(as_dict(outcomes, command, program))
    else:
        _show(outcomes)
        for ending in ("md", "json", "html"):
            typer.echo(out / f"reproduction.{ending}")
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


def _spent_s() -> float:
    """Seconds of processors, by this program and by those it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _list() -> None:
    from cosim.reproduce.catalogue import entries

    for entry in entries().values():
        minutes = f"{entry.minutes:g} min, quick {entry.quick_minutes:g}"
        typer.echo(f"{entry.name:16} {minutes:22} {entry.title}")


def _show(outcomes: list[Outcome]) -> None:
    from rich.table import Table

    table = Table("result", title="Published figures beside ours", title_justify="left")
    for head in ("published", "ours", "deviation"):
        table.add_column(head, justify="right")
    table.add_column("engine")
    for outcome in outcomes:
        table.add_row(f"[bold]{outcome.entry.title}[/bold]")
        for row in outcome.findings:
            words = (row.published_text, row.ours_text, row.deviation, row.engine)
            table.add_row(f"  {row.result}", *words)
    console_for().print(table)
