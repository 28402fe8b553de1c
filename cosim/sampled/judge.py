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
from cosim.sampled.check import TOLERANCE
from cosim.sampled.flow import Sampled

__all__ = ["LayerFigures", "Verdict", "Whole", "judge", "layers_of", "whole_of"]

OUTSIDE = "(no region)"
SMALL = 0.01  # a layer or component with less than this of the whole is not judged by itself


@dataclass(frozen=True, kw_only=True)
class LayerFigures:
    """One region over the whole run: cycles and joules of the digital part."""

    name: str
    cycles: int
    energy_j: float


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A complete run: what a sampled one has to give. `components` are joules of the chip's parts,
    `digital` names those of the digital part."""

    application: str
    engine: str
    classes: tuple[int, ...]
    cycles: int
    digital_j: float
    analog_j: float
    components: Mapping[str, float]
    layers: Mapping[str, int]  # cycles


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Relative deviations of the sampled run: in all, of the macros (0 without), and of the layer
    (cycles) and the component (joules) that are furthest off."""

    cycles: float
    energy: float
    analog: float
    layer: str
    layer_cycles: float
    component: str
    component_energy: float
    factor: float

    @property
    def good(self) -> bool:
        """Whether all but a single layer's cycles is within the tolerance."""
        parts = (self.cycles, self.energy, self.analog, self.component_energy)
        return all(abs(part) <= TOLERANCE for part in parts)


def layers_of(run: Sampled) -> tuple[LayerFigures, ...]:
    """Regions in the order in which they first ran."""
    profile = run.profile

    def region(item: Item) -> str:
        return str(item.region)

    joules = run.ledger.across(region)
    return tuple(
        LayerFigures(
            name=region_name(count.id) if count.id else OUTSIDE,
            cycles=profile.cycles_of(count.id),
            energy_j=joules.get(str(count.id), 0.0),
        )
        for count in profile.regions
    )


def whole_of(result: Mapping[str, Any]) -> Whole:
    """The complete run of a result.json."""
    energy = result["energy"]
    if energy is None or not result["complete"]:
        raise MismatchError(f"the run ended early ({result['reason']}): nothing to hold it against")
    return Whole(
        application=result["application"],
        engine=result["engine"],
        classes=tuple(image["class"] for image in result["images"]),
        cycles=result["totals"]["cycles"],
        digital_j=energy["digital_j"],
        analog_j=energy["analog_j"],
        components=energy["components"],
        layers={layer["name"]: layer["cycles"] for layer in energy["layers"]},
    )


def judge(run: Sampled, whole: Whole) -> Verdict:
    """Hold a sampled run against a complete one; MismatchError if it is one of something else."""
    if (whole.application, whole.engine) != (run.application, run.engine):
        raise MismatchError(
            f"the complete run is {whole.application} with engine {whole.engine}, not"
            f" {run.application} with engine {run.engine}"
        )
    if len(whole.classes) != run.images:
        raise MismatchError(
            f"the complete run has {len(whole.classes)} images, the sampled one {run.images}"
        )
    if whole.classes != run.classes:
        raise MismatchError(
            f"classes {whole.classes} of the complete run, {run.classes} of the samples"
        )
    sampled = {layer.name: layer.cycles for layer in layers_of(run)}
    layers = {
        name: _off(sampled.get(name, 0), cycles)
        for name, cycles in whole.layers.items()
        if cycles > SMALL * whole.cycles
    }
    found = run.account.components()
    sides = {name: whole.digital_j for name in run.ledger.by_component()}
    components = {
        name: _off(found.get(name, 0.0), joules)
        for name, joules in whole.components.items()
        if joules > SMALL * sides.get(name, whole.analog_j)
    }
    layer, component = _worst(layers), _worst(components)
    return Verdict(
        cycles=_off(run.cycles, whole.cycles),
        energy=_off(run.account.total_j, whole.digital_j + whole.analog_j),
        analog=_off(run.account.analog_j, whole.analog_j),
        layer=layer,
        layer_cycles=layers.get(layer, math.nan),
        component=component,
        component_energy=components.get(component, math.nan),
        factor=whole.cycles / run.simulated,
    )


def _off(got: float, want: float) -> float:
    """Relative; infinite where nothing was to be."""
    if want:
        return got / want - 1
    return math.inf if got else 0.0


def _worst(off: Mapping[str, float]) -> str:
    return max(off, key=lambda name: abs(off[name]), default="")
