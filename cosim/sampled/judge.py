# SPDX-License-Identifier: Apache-2.0
"""judge : a sampled run beside a complete one of the same program and images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cosim.energy.ledger import Item
from cosim.errors import MismatchError
from cosim.image.regions import region_name
from cosim.sampled.flow import Sampled

__all__ = ["TOLERANCE", "LayerFigures", "Verdict", "judge", "layers_of"]

TOLERANCE = 0.01  # of cycles and of energy
OUTSIDE = "(no region)"


@dataclass(frozen=True, kw_only=True)
class LayerFigures:
    """One region over the whole run: cycles and joules of the digital part."""

    name: str
    cycles: int
    energy_j: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Relative deviations of the sampled run, in all and of the layer that is furthest off."""

    cycles: float
    energy: float
    layer: str
    layer_cycles: float
    factor: float

    @property
    def good(self) -> bool:
        return max(abs(self.cycles), abs(self.energy)) <= TOLERANCE


def layers_of(run: Sampled) -> tuple[LayerFigures, ...]:
    """Regions in the order in which they first ran."""
    profile = run.profile

    def region(item: Item) -> str:
        return str(item.region)

    joules = run.ledger.by(region)
    return tuple(
        LayerFigures(
            name=region_name(count.id) if count.id else OUTSIDE,
            cycles=profile.cycles_of(count.id),
            energy_j=joules.get(str(count.id), 0.0),
        )
        for count in profile.regions
    )


def judge(run: Sampled, result: Mapping[str, Any]) -> Verdict:
    """Hold a sampled run against the result.json of a complete one."""
    if result["application"] != run.application or result["engine"] != "none":
        raise MismatchError(
            f"the complete run is {result['application']} with engine {result['engine']}, not"
            f" {run.application} on the CPU alone"
        )
    if len(result["images"]) != run.images:
        raise MismatchError(
            f"the complete run has {len(result['images'])} images, the sampled one {run.images}"
        )
    classes = tuple(image["class"] for image in result["images"])
    if classes != run.classes:
        raise MismatchError(f"classes {classes} of the complete run, {run.classes} of the samples")
    sampled = {layer.name: layer.cycles for layer in layers_of(run)}
    off = {
        layer["name"]: sampled.get(layer["name"], 0) / layer["cycles"] - 1
        for layer in result["energy"]["layers"]
        if layer["cycles"] * 100 >= result["totals"]["cycles"]
    }
    worst = max(off, key=lambda name: abs(off[name]), default="")
    return Verdict(
        cycles=run.cycles / result["totals"]["cycles"] - 1,
        energy=run.ledger.total_j / result["energy"]["digital_j"] - 1,
        layer=worst,
        layer_cycles=off.get(worst, math.nan),
        factor=result["totals"]["cycles"] / run.simulated,
    )
