# SPDX-License-Identifier: Apache-2.0
"""firmware : what the FC layers of an image cost in measured runs of firmware on the RTL.

From the first push to the last pop, the CPU's work and the macro's: with a macro of some design, or
on the CPU alone. Images of the built-in set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cosim import api
from cosim.applications import APPLICATIONS, Application
from cosim.errors import DesignError

__all__ = ["Firmware", "application_of", "fc_layers", "measured"]

STACK = "fc_stack"  # all FC layers in one macro; on the CPU each is a layer fc1, fc2 ...
IMAGES = 2


@dataclass(frozen=True, kw_only=True)
class Firmware:
    """Means of an image."""

    cycles: float
    seconds: float
    joules: float


def application_of(network: str) -> Application:
    """The application that ships a network, for one macro or the other."""
    for entry in APPLICATIONS:
        if network == entry.model or (entry.mixed and network == entry.mixed[0]):
            return entry
    raise DesignError(f"no application ships {network}: firmware of it is not measured")


def fc_layers(result: Mapping[str, Any]) -> Firmware:
    """The FC layers of a run, from its result.json."""
    images = len(result["images"])
    own = [
        layer
        for layer in result["energy"]["layers"]
        if layer["in_image"]
        and (layer["name"] == STACK or layer["name"].removeprefix("fc").isdecimal())
    ]
    if not own or not images:
        raise DesignError("the run has no FC layers to measure")
    cycles = sum(layer["cycles"] for layer in own) / images
    period_s = result["totals"]["time_s"] / result["totals"]["cycles"]
    return Firmware(
        cycles=cycles,
        seconds=cycles * period_s,
        joules=sum(layer["digital_j"] + layer["analog_j"] for layer in own) / images,
    )


@lru_cache(maxsize=8)
def measured(application: str, design: str | None, sets: tuple[str, ...] = ()) -> Firmware:
    """A run of two images; `design` None is the CPU alone."""
    with TemporaryDirectory() as folder:
        run = api.run(
            application,
            images=IMAGES,
            cpu_only=design is None,
            design=design,
            sets=sets if design else (),
            run_dir=Path(folder) / "run",
        )
    return fc_layers(run.data)
