# SPDX-License-Identifier: Apache-2.0
"""cli_sampled : the command `cosim sampled`: a run estimated from parts of its loop nests."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.cli_options import AppDesignOption, AppModelOption, DataOption, JsonFlag, SetOption
from cosim.cli_output import console_for, print_json
from cosim.cli_run import App, Engine
from cosim.errors import MismatchError, UserInputError
from cosim.units import si

if TYPE_CHECKING:
    from cosim.sampled.flow import Sampled
    from cosim.sampled.judge import Verdict
    from cosim.sampled.measure import Measured

__all__ = ["sampled"]

SHOWN_S = 0.005  # a part of less is left out of the line


def sampled(
    application: Annotated[App, typer.Argument(help="What to run.", metavar="APP")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many images.")] = 3,
    engine: Annotated[Engine, typer.Option("--engine", help="What solves the macro.")] = (
        Engine.fast
    ),
    cpu_only: Annotated[
        bool, typer.Option("--cpu-only", help="Compute the FC layers in C on the CPU as well.")
    ] = False,
    block: Annotated[
        int | None,
        typer.Option("--block", min=1, help="One block of convolutions alone, on the CPU."),
    ] = None,
    design: AppDesignOption = None,
    sets: SetOption = None,
    data: DataOption = None,
    model: AppModelOption = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="RUN", help="Hold it against this run.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Run it whole as well, and time both.")
    ] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="Run it whole instead, as --measure does.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Cycles, classes and joules of a run, from short runs of its convolutions."""
    # before NumPy comes: to start its threads takes a tenth of a second, matrices are small here
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if block is not None and against is not None:
        raise UserInputError("sampled: --block has no run to go --against: use --measure")
    if sum((against is not None, measure, complete)) > 1:
        raise UserInputError("sampled: give --against, --measure or --complete")
    job: dict[str, Any] = {
        "name": application.value,
        "images": images,
        "engine": "none" if cpu_only or block is not None else engine.value,
        "block": block,
        "design": design,
        "sets": tuple(sets or ()),
        "model": model,
        "data": data,
    }
    with tempfile.TemporaryDirectory(prefix="cosim-sampled-") as scratch:
        if complete:
            _complete(job, Path(scratch), as_json)
            return
        run, verdict, figures = _sampled(job, Path(scratch), against, measure)
    if as_json:
        print_json(_figures(run, verdict, figures))
    else:
        _print(run, verdict, block)
        _print_times(run, figures)
    if verdict is not None and not verdict.good:
        raise MismatchError(
            f"sampled cycles are off by {100 * verdict.cycles:.2f} %, joules by"
            f" {100 * verdict.energy:.2f} %, the macros' by {100 * verdict.analog:.2f} %,"
            f" {verdict.component}'s by {100 * verdict.component_energy:.2f} %"
        )


def _complete(job: dict[str, Any], folder: Path, as_json: bool) -> None:
    """The complete run, as --measure holds it against the sampled one."""
    from cosim.sampled.complete import complete_run
    from cosim.sampled.job import Job

    done = complete_run(Job(**job), folder / "complete", time.perf_counter)
    if as_json:
        print_json({"complete": vars(done.whole), "parts_s": done.parts_s})
        return
    whole, count = done.whole, len(done.whole.classes)
    joules = si(whole.digital_j + whole.analog_j, "J")
    typer.echo(f"{whole.application}, {count} images: {whole.cycles:,} cycles, {joules}")
    typer.echo(_parts("complete", sum(done.parts_s.values()), done.parts_s))


def _sampled(
    given: dict[str, Any], folder: Path, against: Path | None, both: bool
) -> tuple[Sampled, Verdict | None, Measured | None]:
    from cosim.sampled.job import Job, sampled_run

    job = Job(**given)
    if both:
        from cosim.sampled.measure import measure

        found = measure(job, folder, clock=time.perf_counter, cpu=_cpu_s, say=_say)
        return found.run, found.verdict, found
    whole = None
    if against is not None:
        from cosim.sampled.judge import whole_of
        from cosim.trace.result import read_result

        whole = whole_of(read_result(against))
    run = sampled_run(job, folder, _say)
    if whole is None:
        return run, None, None
    from cosim.sampled.judge import judge

    return run, judge(run, whole), None


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _cpu_s() -> float:
    """Processor seconds of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _figures(run: Sampled, verdict: Verdict | None, times: Measured | None) -> dict[str, Any]:
    from cosim.sampled.judge import layers_of

    return {
        "application": run.application,
        "engine": run.engine,
        "images": run.images,
        "cycles": run.cycles,
        "energy_j": run.account.total_j,
        "digital_j": run.ledger.total_j,
        "analog_j": run.account.analog_j,
        "components": run.account.components(),
        "classes": list(run.classes),
        "simulated_cycles": run.simulated,
        "factor": run.factor,
        "held_out": run.check.share,
        "parts_s": run.parts_s,
        "layers": [vars(layer) for layer in layers_of(run)],
        "against": None if verdict is None else {**vars(verdict), "good": verdict.good},
        "measured": None if times is None else times.as_dict(),
    }


def _print(run: Sampled, verdict: Verdict | None, block: int | None) -> None:
    from rich.table import Table

    from cosim.sampled.judge import layers_of

    what = "CPU only" if run.engine == "none" else f"CPU and macro ({run.engine})"
    part = "" if block is None else f" block {block}"
    table = Table("layer", "cycles", "energy", title=f"{run.application}{part}, {what}, sampled")
    for layer in layers_of(run):
        table.add_row(layer.name, f"{layer.cycles:,}", si(layer.energy_j, "J"))
    if run.engine != "none":
        table.add_row("macros", "", si(run.account.analog_j, "J"))
    table.add_section()
    table.add_row("all", f"{run.cycles:,}", si(run.account.total_j, "J"))
    console_for().print(table)
    right = sum(a == b for a, b in zip(run.classes, run.labels, strict=True))
    by = "the integer reference" if run.engine == "none" else "firmware and macro"
    classes = "" if block else f"{right} right by {by}; "
    typer.echo(
        f"{run.images} images, {classes}{run.simulated:,} cycles simulated,"
        f" {run.factor:.1f} times fewer; the held-out run was foreseen within"
        f" {100 * run.check.share:.4f} % of an image"
    )
    if verdict is not None:
        typer.echo(
            f"against the complete run: cycles {100 * verdict.cycles:+.3f} %, energy"
            f" {100 * verdict.energy:+.3f} %, macros {100 * verdict.analog:+.3f} %; furthest off:"
            f" {verdict.layer} {100 * verdict.layer_cycles:+.3f} % (cycles), {verdict.component}"
            f" {100 * verdict.component_energy:+.3f} % (joules)"
        )


def _print_times(run: Sampled, times: Measured | None) -> None:
    if times is None:
        typer.echo(_parts("sampled", run.wall_s, run.parts_s))
        return
    for what, spent in (("complete", times.complete), ("sampled", times.sampled)):
        run_s = _parts("the run in it", spent.run_s, spent.parts_s)
        typer.echo(f"{what}: {spent.wall_s:.2f} s, processor {spent.cpu_s:.2f} s; {run_s}")
    ratios = times.ratios
    typer.echo(
        f"{ratios['wall']:.1f} times faster from start to end of the process,"
        f" {ratios['cpu']:.1f} times by processor time, {ratios['run']:.1f} times by the run alone"
    )


def _parts(what: str, wall_s: float, parts_s: Any) -> str:
    shown = [f"{name[:-2]} {value:.2f}" for name, value in parts_s.items() if value >= SHOWN_S]
    return f"{what}: {wall_s:.2f} s" + (f" ({', '.join(shown)})" if shown else "")
