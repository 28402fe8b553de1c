# SPDX-License-Identifier: Apache-2.0
"""cli : the command `cosim`: parses, calls, prints; every failure is one line and an exit code."""

from __future__ import annotations

import atexit
import gc
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from types import FrameType
from typing import Annotated, Any

import typer

from cosim.cli_analog import engine_accuracy, ladder, macro_app, print_accuracy
from cosim.cli_bench import bench
from cosim.cli_compare import compare, report
from cosim.cli_dies import DiesOption, NoiseOption, dies_accuracy, print_dies
from cosim.cli_energy import energy_app
from cosim.cli_options import (
    AppDesignOption,
    AppModelOption,
    DataOption,
    JsonFlag,
    SetOption,
)
from cosim.cli_output import console_for, print_json
from cosim.cli_reproduce import reproduce
from cosim.cli_run import App, run
from cosim.cli_sampled import sampled
from cosim.cli_spot import SeedOption, SpotOption, judge_spot
from cosim.cli_study import study
from cosim.errors import CosimError, MismatchError, ToolError, UserInputError

__all__ = ["app", "main"]

INTERRUPTED = 130
GC_EVERY = (
    50_000  # new objects: looking through those of the imports was a fifth of a short command
)

app = typer.Typer(
    help="Run a trained CNN on a RISC-V SoC in lockstep with an analog in-memory macro.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(run)
app.command()(compare)
app.command()(report)
app.add_typer(macro_app, name="macro")
app.add_typer(energy_app, name="energy")
app.command()(ladder)
app.command()(study)
app.command()(sampled)
app.command()(bench)
app.command()(reproduce)


class Simulator(StrEnum):
    """What runs the RTL."""

    verilator = "verilator"
    icarus = "icarus"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cosim {version('cosim')}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")] = False,
) -> None:
    del version, debug  # `--debug` is read by main, which has to know it before parsing


@app.command()
def image(
    application: Annotated[App, typer.Argument(help="What to build.", metavar="APP")],
    images: Annotated[int, typer.Option("--images", min=1, help="How many images.")] = 3,
    design: AppDesignOption = None,
    sets: SetOption = None,
    data: DataOption = None,
    model: AppModelOption = None,
    cpu_only: Annotated[bool, typer.Option("--cpu-only", help="The twin without macro.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Build the firmware image alone: program, network, pictures and settings."""
    from cosim.applications import application as find
    from cosim.flow_inputs import RunOptions, default_model, prepare

    default = find(application.value)
    options = RunOptions(
        application=application.value,
        images=images,
        engine="none" if cpu_only else "ideal",
        design=design or default.design,
        sets=tuple(sets or ()),
        data=data,
        model=model or default_model(default, design),
    )
    built = prepare(options).image
    manifest = dict(built.manifest)
    if as_json:
        print_json({"elf": str(built.elf), "hex": str(built.hex), "manifest": manifest})
        return
    share = 100 * manifest["ram_used_bytes"] / manifest["ram_bytes"]
    typer.echo(f"{built.elf}\n{built.hex}")
    typer.echo(f"{manifest['ram_used_bytes']:,} bytes, {share:.0f} % of the RAM")


@app.command()
def lag(
    simulator: Annotated[
        list[Simulator] | None, typer.Option("--simulator", help="One of both; default: both.")
    ] = None,
    edges: Annotated[int, typer.Option("--edges", min=2, help="Random edges.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Of the random edges.")] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Measure how late the RTL sees a circuit, on a 10 ps RC buffer with random edges."""
    from cosim.bridge.lag import run_lag
    from cosim.report.tables import lag_table

    note = console_for(stderr=True)
    measured = []
    for name in simulator or list(Simulator):
        with note.status(f"{edges} edges on {name.value}"):
            result = run_lag(name.value, edges, seed)
        measured.append({**asdict(result), "passed": result.passed})
    if as_json:
        print_json({"ok": all(entry["passed"] for entry in measured), "lag": measured})
    else:
        console_for().print(lag_table(measured))
    for entry in measured:
        if not entry["passed"]:
            raise MismatchError(
                f"lag on {entry['simulator']}: {entry['seen']} of {edges} edges seen, error "
                f"{entry['min_error_ps']:.3f} to {entry['max_error_ps']:.3f} ps, "
                f"0 to {entry['limit_ps']:g} ps allowed"
            )


@app.command()
def doctor(
    as_json: JsonFlag = False,
    probe: Annotated[bool, typer.Option(help="Make each tool do a small job.")] = True,
) -> None:
    """Look for every tool, make it work, and say the fix for what is missing."""
    from cosim.doctor import CHECKS, examine
    from cosim.report.tables import doctor_table

    findings: list[dict[str, Any]] = []
    note = console_for(stderr=True)
    with note.status("looking") as status:
        for check, finding in zip(CHECKS, examine(probe=probe), strict=True):
            findings.append(asdict(finding))
            status.update(f"{check.name} done")
    bad = [entry for entry in findings if not entry["ok"]]
    if as_json:
        print_json({"ok": not bad, "tools": findings})
    else:
        console_for().print(doctor_table(findings))
        for entry in bad:
            typer.echo(f"{entry['name']}: {entry['probe']}\n    fix: {entry['fix']}")
        typer.echo("all tools work" if not bad else f"{len(bad)} of {len(findings)} do not work")
    if bad:
        raise typer.Exit(ToolError.exit_code)


class Solved(StrEnum):
    """Engines that solve thousands of images."""

    fast = "fast"
    ideal = "ideal"


@app.command()
def accuracy(
    network: Annotated[str, typer.Argument(help="Shipped network or an .npz file.")] = "lenet5",
    model: AppModelOption = None,
    data: DataOption = None,
    engine: Annotated[
        Solved | None, typer.Option("--engine", help="Solve the FC layers as a circuit.")
    ] = None,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="How many images, with --engine.")
    ] = None,
    design: AppDesignOption = None,
    sets: SetOption = None,
    spot: SpotOption = None,
    dies: DiesOption = None,
    noise: NoiseOption = False,
    seed: SeedOption = 1,
    as_json: JsonFlag = False,
) -> None:
    """Accuracy: of the circuit with --engine, else of the NumPy reference and the CPU alone."""
    from cosim.applications import design_for

    given, model = design, model or network
    design = design or design_for(model)
    if dies is not None or noise:
        if engine is None:
            raise UserInputError("--dies and --noise need --engine")
        begin_s = time.monotonic()
        what = {"model": model, "engine": engine.value, "design": design}
        found, check = dies_accuracy(
            what, images, data, list(sets or ()), dies=dies, noise=noise, seed=seed, spot=spot
        )
        print_dies({**found, "seconds": time.monotonic() - begin_s}, as_json)
        judge_spot(check)
        return
    if engine is not None:
        begin_s = time.monotonic()
        found, check = engine_accuracy(
            model, engine.value, images, data, design, list(sets or ()), spot, seed
        )
        found["seconds"] = time.monotonic() - begin_s
        print_accuracy(found, as_json)
        judge_spot(check)
        return
    if images is not None or sets or given is not None or spot is not None:
        raise UserInputError("--images, --design, --set and --spot-check need --engine")
    from cosim.model.accuracy import accuracy as measure
    from cosim.model.colour import load_for
    from cosim.model.store import load_network

    loaded = load_network(model)
    dataset = load_for(loaded, data)
    figures = measure(loaded, dataset)
    if as_json:
        count = len(dataset.images)
        print_json({"model": model, "source": dataset.source, "images": count, **figures})
        return
    typer.echo(f"{model} on {dataset.source}")
    for name, percent in figures.items():
        typer.echo(f"  {name.replace('_', ' '):24} {percent:6.2f} %")


@app.command()
def lint() -> None:
    """Read the RTL with Icarus, Verilator and Yosys; every warning is an error."""
    from cosim.rtl_lint import lint_rtl

    for reader in lint_rtl():
        typer.echo(f"rtl: {reader} is content")


def _terminated(signum: int, frame: FrameType | None) -> None:
    """SIGTERM and a closed terminal end a run as Ctrl-C does: partial results, no orphan."""
    raise KeyboardInterrupt


def _command_line(args: list[str]) -> int:
    command = typer.main.get_command(app)
    value = command.main(args=args, prog_name="cosim", standalone_mode=False)
    if value == INTERRUPTED:  # the parser swallows Ctrl-C
        raise KeyboardInterrupt
    return value if isinstance(value, int) else 0


def main(args: list[str] | None = None) -> None:
    """Entry of the console script."""
    words = sys.argv[1:] if args is None else args
    debug = "--debug" in words
    gc.set_threshold(GC_EVERY)
    atexit.register(gc.freeze)  # a process that ends need not look through them again
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _terminated)
    sys.exit(_guarded(lambda: _command_line(words), debug=debug))


def _guarded(action: Callable[[], int], *, debug: bool) -> int:
    """`action`'s exit code; any failure becomes one line on stderr."""
    try:
        return action()
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except Exception as error:
        if debug:
            raise
        text, code = _explain(error)
        if text:
            _complain(text)
        return code


def _explain(error: Exception) -> tuple[str, int]:
    """One line and an exit code."""
    if isinstance(error, CosimError):
        return str(error), error.exit_code
    usage = getattr(error, "format_message", None)  # what the command line parser raises
    if usage is not None:
        # empty when it has printed the help instead
        text = usage().replace(": Value error, ", ": ")
        return f"{text} (`cosim --help` lists what there is)" * bool(text), UserInputError.exit_code
    if type(error).__name__ == "Abort":  # the parser's name for Ctrl-C
        return "interrupted", INTERRUPTED
    where = "`cosim --debug ...` shows where"
    return f"internal error: {type(error).__name__}: {error} ({where})", CosimError.exit_code


def _complain(text: str) -> None:
    """Exactly one line."""
    print(f"cosim: {' '.join(text.split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
