# SPDX-License-Identifier: Apache-2.0
"""cli_spot : the options `--spot-check` and `--seed`, and how a check is printed and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cosim.errors import MismatchError

if TYPE_CHECKING:
    from cosim.analog.spot_check import SpotCheck

__all__ = ["SeedOption", "SpotOption", "judge_spot", "print_spot"]

SpotOption = Annotated[
    float | None,
    typer.Option(
        "--spot-check",
        metavar="SHARE",
        help="Solve this random share of the inputs, at least one, again in ngspice; exit code 8 "
        "beyond a bound. LeNet-5's stack: 20 s, with wires 2 min, a few seconds per further input.",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Of dies, noise and the spot check's choice.")
]


def print_spot(check: dict[str, Any], what: str = "inputs") -> None:
    """The bounds on the standard output."""
    names = [str(k) for k in check["inputs"]]
    if check.get("dies") is not None:
        names = [f"{k} on die {die}" for k, die in zip(names, check["dies"], strict=True)]
    few = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
    typer.echo(
        f"  spot check: {len(check['inputs'])} of {check['total']} {what} again in ngspice "
        f"({few}; seed {check['seed']})"
    )
    for bound in check["bounds"]:
        scale, unit = (1e3, "mV") if bound["unit"] == "V" else (100, "%")
        typer.echo(
            f"    {bound['name']:16} at most {scale * bound['value']:.3g} {unit}"
            f" (bound {scale * bound['limit']:.3g} {unit}){'' if bound['ok'] else '  MISSED'}"
        )


def judge_spot(check: SpotCheck | None) -> None:
    """An error, exit code 8, if a bound is missed."""
    if check is not None and not check.ok:
        raise MismatchError(f"spot check: {check.missed} beyond the bound")
