# SPDX-License-Identifier: Apache-2.0
"""cli_options : options that several commands take, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AppDesignOption",
    "AppModelOption",
    "DataOption",
    "DesignOption",
    "JsonFlag",
    "ModelOption",
    "SetOption",
]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]
DesignOption = Annotated[str, typer.Option("--design", help="Shipped design or a YAML file.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Override a design key: macro.vdd_v=0.75.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of MNIST IDX or CIFAR-10 binary files."),
]
AppDesignOption = Annotated[
    str | None,
    typer.Option("--design", help="Shipped design or a YAML file; default: the application's."),
]
AppModelOption = Annotated[
    str | None,
    typer.Option("--model", help="Shipped network or an .npz file; default: the application's."),
]
ModelOption = Annotated[str, typer.Option("--model", help="Shipped network or an .npz file.")]
