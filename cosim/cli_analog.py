# SPDX-License-Identifier: Apache-2.0
"""cli_analog : commands on the analog macro alone: ladder, and evaluation of any stack."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.cli_bsnn import spiking
from cosim.cli_dies import DieOption
from cosim.cli_mixed import mixed_accuracy
from cosim.cli_options import DataOption, DesignOption, JsonFlag, SetOption
from cosim.cli_output import console_for, print_json
from cosim.cli_spot import SeedOption, SpotOption, judge_spot, print_spot
from cosim.errors import MismatchError, UserInputError

if TYPE_CHECKING:
    from rich.table import Table

    from cosim.analog.ladder import Bound, Ladder
    from cosim.analog.spot_check import SpotCheck

__all__ = ["engine_accuracy", "evaluate", "ladder", "macro_app", "print_accuracy"]

FILES_IMAGES = 50  # of `macro files` where there are so many

macro_app = typer.Typer(help="The analog macro alone, without the SoC.", no_args_is_help=True)
macro_app.command("spiking")(spiking)


class InputUnit(StrEnum):
    """What the numbers of an inputs file mean."""

    volts = "volts"
    vdd = "vdd"


def ladder(
    design: DesignOption = "imac_14nm",
    sets: SetOption = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            "--sizes",
            help="Random stack (33-20-5), `lenet5`, or inputs and rows of a spiking tile (288-1).",
        ),
    ] = None,
    inputs: Annotated[int, typer.Option("--inputs", min=1, help="Inputs of the budget.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Of random weights, inputs and dies.")] = 1,
    die: DieOption = None,
    second_opinion: Annotated[
        bool,
        typer.Option("--second-opinion", help="Let VACASK solve four circuits of the design too."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Hold `fast` against ngspice on one circuit, and `ideal` against `fast` cause by cause."""
    import numpy as np

    from cosim.analog.ladder import ladder as climb
    from cosim.analog.variation import sample_die
    from cosim.design import IMAC, design_kind, load_design

    if design_kind(design) != IMAC:
        from cosim.cli_bsnn import climb_bsnn

        _judge_ladder(climb_bsnn(design, sets or (), sizes, inputs, seed, die), as_json, "spikes")
        return
    rng = np.random.default_rng(seed)
    chosen = load_design(design, sets or ())
    if sizes == "lenet5":
        from cosim.model.datasets import load_images
        from cosim.model.integer import feature_bits, features
        from cosim.model.store import load_network

        network = load_network("lenet5")
        weights = list(network.fc)
        bits = feature_bits(features(network, load_images(None).first(inputs).images))
    else:
        shape = _sizes(sizes or "33-20-5")
        weights = [rng.integers(-1, 2, (a + 1, b), dtype=np.int8) for a, b in pairwise(shape)]
        bits = rng.integers(0, 2, (inputs, shape[0])).astype(np.uint8)
    note = console_for(stderr=True)
    with note.status("one evaluation in ngspice, all inputs in ideal and fast"):
        shape = (len(weights[0]) - 1, *(layer.shape[1] for layer in weights))
        drawn = None if die is None else sample_die(chosen, shape, seed, die)
        result = climb(chosen, weights, bits, die=drawn)
    others: tuple[Bound, ...] = ()
    if second_opinion:
        from cosim.analog.second_opinion import second_opinion as ask

        with note.status("four circuits in VACASK, ngspice and fast"):
            others = ask(chosen)
    _judge_ladder(result, as_json, "classes", others if second_opinion else None)


def _judge_ladder(
    result: Ladder, as_json: bool, answers: str, others: tuple[Bound, ...] | None = None
) -> None:
    """Print both rungs, then fail if a bound is missed; `answers` are what flips."""
    found = result.as_dict()
    if others is not None:
        found["second_opinion"] = [{**asdict(bound), "ok": bound.ok} for bound in others]
    if as_json:
        print_json(found)
    else:
        _print_ladder(found, answers)
    missed = [bound.name for bound in (*result.bounds, *(others or ())) if not bound.ok]
    if missed:
        raise MismatchError(f"ladder: {'; '.join(missed)} beyond the bound")


def _sizes(text: str) -> tuple[int, ...]:
    parts = text.split("-")
    if len(parts) < 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise UserInputError(f"--sizes must be like 33-20-5 or lenet5, got {text}")
    return tuple(int(part) for part in parts)


def _print_ladder(result: dict[str, Any], answers: str) -> None:
    from rich.table import Table

    console = console_for()
    name = "-".join(map(str, result["sizes"]))
    title = f"{name}, {result['design']}" + (
        "" if result["die"] is None else f", die {result['die']}"
    )
    console.print(_bounds_table("fast against ngspice", result["bounds"], title))
    if "second_opinion" in result:
        bounds = result["second_opinion"]
        console.print(_bounds_table("VACASK against", bounds, "second opinion"))
    budget = Table("ideal to fast: cause", "rms, mV", "share, %", f"{answers} flipped, %")
    for row in result["budget"]:
        budget.add_row(
            row["cause"],
            f"{1e3 * row['rms_v']:.3g}",
            f"{100 * row['share']:.1f}",
            f"{100 * row['flipped']:.1f}",
        )
    budget.add_row("sum", f"{1e3 * result['difference_rms_v']:.3g}", "100.0", "")
    console.print(budget)
    alike = f"{100 * result['agreement']:.1f} %"
    console.print(
        f"ideal and fast class {alike} of the inputs alike"
        if answers == "classes"
        else f"ideal and fast decide {alike} of the {answers} alike"
    )


def _bounds_table(head: str, bounds: list[dict[str, Any]], title: str) -> Table:
    from rich.table import Table

    table = Table(head, "worst", "bound", "", title=title)
    for bound in bounds:
        volts = bound["unit"] == "V"
        scale, unit = (1e3, "mV") if volts else (100, "%")
        table.add_row(
            bound["name"] + _both(bound),
            f"{scale * bound['value']:.3g} {unit}",
            f"{scale * bound['limit']:.3g} {unit}",
            "ok" if bound["ok"] else "MISSED",
        )
    return table


def _both(bound: dict[str, Any]) -> str:
    """The two figures that a bound compares, fast's first."""
    if not bound["values"]:
        return ""
    scale, unit = {"J": (1e12, "pJ"), "s": (1e9, "ns")}[bound["values_unit"]]
    return ": " + " and ".join(f"{scale * value:.4g}" for value in bound["values"]) + f" {unit}"


@macro_app.command("eval")
def evaluate(
    weights: Annotated[Path, typer.Option("--weights", help="Arrays w0, b0, w1, b1, ... (npz).")],
    inputs: Annotated[Path, typer.Option("--inputs", help="Array inputs (n, n_in) (npz).")],
    out: Annotated[Path, typer.Option("--out", help="Where the results go (npz).")],
    design: DesignOption = "imac_14nm",
    sets: SetOption = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="The inputs file has labels (n,): print accuracy.")
    ] = False,
    unit: Annotated[InputUnit, typer.Option("--unit", help="What inputs are in.")] = (
        InputUnit.volts
    ),
    window_ns: Annotated[
        float | None,
        typer.Option("--window-ns", help="Average power over so long from power-up."),
    ] = None,
    at_rest: Annotated[
        bool, typer.Option("--at-rest", help="Operating points alone: their power, no settling.")
    ] = False,
    spot: SpotOption = None,
    seed: SeedOption = 1,
    as_json: JsonFlag = False,
) -> None:
    """Evaluate any stack of ternary layers on a design with engine fast."""
    import numpy as np

    from cosim.analog.fast_eval import (
        evaluate_stack,
        evaluation_s,
        read_inputs,
        read_labels,
        read_stack,
        write_evaluation,
    )
    from cosim.analog.spot_check import SpotCheck, against_ngspice, pick
    from cosim.design import load_design
    from cosim.mapping import map_stack

    chosen = load_design(design, sets or ())
    stack = read_stack(weights)
    drive_v = read_inputs(inputs, len(stack[0]) - 1, unit.value, chosen.macro.vdd_v)
    known = read_labels(inputs, len(drive_v), stack[-1].shape[1]) if labels else None
    again = None if spot is None else pick(len(drive_v), spot, seed)
    window_s = None if window_ns is None else 1e-9 * window_ns
    found = evaluate_stack(stack, drive_v, chosen, window_s=window_s, at_rest=at_rest)
    write_evaluation(out, found, chosen)
    settled = found.settling_s[np.isfinite(found.settling_s)]
    power_w = {group: float(watts.mean()) for group, watts in found.power_w.items()}
    figures: dict[str, Any] = {
        "engine": "fast",
        "design": chosen.name,
        "inputs": len(drive_v),
        "at_rest": at_rest,
        "window_s": None if at_rest else window_s or evaluation_s(chosen),
        "power_w": power_w,
        "power_without_amplifiers_w": sum(power_w.values()) - power_w["amplifiers"],
        "settling_s": float(settled.max()) if settled.size == len(drive_v) else None,
        "unsettled": None if at_rest else int(len(drive_v) - settled.size),
        "residual_v": found.residual_v,
        "out": str(out),
    }
    if known is not None:
        figures["accuracy"] = found.accuracy(known)
    check = None
    if again is not None:
        bounds = against_ngspice(
            map_stack(stack, chosen),
            chosen,
            drive_v[again],
            amplifier_v=[volts[again] for volts in found.amplifier_v],
            neuron_v=[volts[again] for volts in found.neuron_v],
            classes=found.classes[again],
        )
        check = SpotCheck(
            inputs=tuple(again.tolist()), total=len(drive_v), seed=seed, bounds=bounds
        )
        figures["spot_check"] = check.as_dict()
    if as_json:
        print_json(figures)
    else:
        _print_evaluation(figures)
    judge_spot(check)


def _print_evaluation(figures: dict[str, Any]) -> None:
    out = figures["out"]
    typer.echo(f"{figures['inputs']} inputs on {figures['design']}, engine fast -> {out}")
    over = "at rest" if figures["at_rest"] else f"average of {1e9 * figures['window_s']:g} ns"
    typer.echo(f"  power, {over}:")
    for group, watts in figures["power_w"].items():
        if group != "amplifiers":
            typer.echo(f"  {group:12} {1e3 * watts:10.4g} mW")
    typer.echo(f"  {'sum':12} {1e3 * figures['power_without_amplifiers_w']:10.4g} mW")
    typer.echo(f"  {'amplifiers':12} {1e3 * figures['power_w']['amplifiers']:10.4g} mW, apart")
    if figures["at_rest"]:
        pass
    elif figures["unsettled"]:
        typer.echo(f"  {figures['unsettled']} inputs do not settle within the window")
    else:
        typer.echo(f"  settled by   {1e9 * figures['settling_s']:10.4g} ns")
    if "accuracy" in figures:
        typer.echo(f"  accuracy     {100 * figures['accuracy']:10.2f} %")
    if "spot_check" in figures:
        print_spot(figures["spot_check"])


@macro_app.command("files")
def files(
    model: Annotated[str, typer.Argument(help="A shipped network or a model file.")] = "lenet5",
    weights: Annotated[Path, typer.Option("--weights", help="Weights file to write.")] = Path(
        "W.npz"
    ),
    inputs: Annotated[Path, typer.Option("--inputs", help="Inputs file to write.")] = Path("X.npz"),
    images: Annotated[
        int | None,
        typer.Option("--images", min=1, help="How many test images; 50, or all of fewer."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Write a network's FC layers and its features as files that `macro eval` reads."""
    from cosim.analog.fast_eval import write_inputs, write_stack
    from cosim.model.colour import load_for
    from cosim.model.integer import feature_bits, features
    from cosim.model.store import load_network

    network = load_network(model)
    available = load_for(network, data)
    dataset = available.first(images or min(FILES_IMAGES, len(available.labels)))
    write_stack(weights, network.fc)
    write_inputs(inputs, feature_bits(features(network, dataset.images)), dataset.labels)
    typer.echo(f"{weights}: FC layers of {model}")
    typer.echo(f"{inputs}: {len(dataset.labels)} inputs in units of VDD, and labels")


def engine_accuracy(
    model: str,
    engine: str,
    images: int | None,
    data: Path | None,
    design: str,
    sets: list[str],
    spot: float | None,
    seed: int,
) -> tuple[dict[str, Any], SpotCheck | None]:
    """Share of images that the circuit classes rightly; convolutions by the integer reference."""
    from cosim.analog.fast_eval import classify, classify_ideal
    from cosim.analog.fast_forward import fast_stack
    from cosim.analog.spot_check import pick, spot_check
    from cosim.design import design_kind, load_design
    from cosim.mixed.design import KIND
    from cosim.model.colour import load_for
    from cosim.model.integer import feature_bits, features
    from cosim.model.store import load_network

    if spot is not None and engine != "fast":
        raise UserInputError("--spot-check needs --engine fast")
    if design_kind(design) == KIND:
        what = {"model": model, "engine": engine, "design": design}
        return mixed_accuracy(what, images, data, sets, seed=seed, spot=spot), None
    chosen, network = load_design(design, sets), load_network(model)
    dataset = load_for(network, data)
    if images is not None:
        dataset = dataset.first(images)
    images = len(dataset.images)
    if spot is not None:
        pick(images, spot, seed)  # a wrong share is refused before minutes of work
    bits = feature_bits(features(network, dataset.images))
    check = None
    if engine == "fast":
        stack = fast_stack(network.fc, chosen)
        classes = classify(stack, bits)
        if spot is not None:
            check = spot_check(stack, stack.drive_of(bits), classes, share=spot, seed=seed)
    else:
        classes = classify_ideal(network.fc, bits, chosen)
    right = int((classes == dataset.labels).sum())
    found: dict[str, Any] = {
        "model": model,
        "source": dataset.source,
        "engine": engine,
        "design": chosen.name,
        "images": images,
        "right": right,
        "percent": 100 * right / images,
    }
    if check is not None:
        found["spot_check"] = check.as_dict()
    return found, check


def print_accuracy(found: dict[str, Any], as_json: bool) -> None:
    """What `engine_accuracy` found and the seconds it took."""
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['model']} on {found['source']}, {found['design']}, {found['engine']}")
    typer.echo(
        f"  {found['right']} of {found['images']} right: {found['percent']:.2f} %"
        f" in {found['seconds']:.0f} s"
    )
    if "spot_check" in found:
        print_spot(found["spot_check"])
