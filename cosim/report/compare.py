# SPDX-License-Identifier: Apache-2.0
"""compare : two runs of the same images side by side, and what the saving depends on.

A side is a result with its table of energies (energy.csv, component by layer). Energies are means
of an image: digital and analog inside the image, and the macro's standby for the image's time.
Boot, writing weights and printing stand apart; writing weights is spread over N inferences.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from cosim.errors import MismatchError, RunFolderError

__all__ = [
    "PUBLISHED",
    "Comparison",
    "LayerPair",
    "Side",
    "Swing",
    "compare_sides",
    "read_grid",
]

# application -> (share of energy saved, where it is from)
PUBLISHED = {
    "lenet5": (0.065, "arXiv:2105.13904, LeNet on MNIST, from analytical models"),
    "vgg": (0.10, "arXiv:2105.13904, VGG on CIFAR-10, from analytical models"),
}
BATCHES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
IMAGE, STACK = "image", "fc_stack"
CORE = ("core", "register file", "multiplier", "divider")
MEMORY = (
    "instruction memory",
    "data memory, 1 byte",
    "data memory, 2 bytes",
    "data memory, 4 bytes",
    "bus",
)
EXTERNAL = ("external memory", "external memory, standby", "DMA")
Grid = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One run. `grid` is joules by component and layer over the whole run."""

    name: str
    result: Mapping[str, Any]
    grid: Grid

    def __post_init__(self) -> None:
        if not self.result["complete"] or self.result["energy"] is None:
            raise RunFolderError(f"{self.name}: the run is not complete, there is no energy of it")

    @property
    def images(self) -> int:
        return len(self.result["images"])

    @property
    def cycles(self) -> float:
        """Mean of an image."""
        return math.fsum(image["cycles"] for image in self.result["images"]) / self.images

    @property
    def time_s(self) -> float:
        return self.cycles * float(self.result["clock_period_s"])

    @property
    def accuracy(self) -> float:
        return float(self.result["totals"]["correct"]) / self.images

    @property
    def standby_j(self) -> float:
        """Of all macros in the time of one image."""
        all_j = math.fsum(part["standby"] for part in self.result["energy"]["phases"])
        return all_j * self.time_s / float(self.result["totals"]["time_s"])

    @property
    def energy_j(self) -> float:
        """Mean of an image, standby included."""
        return float(self.result["energy"]["image_j"]) + self.standby_j

    @cached_property
    def inside(self) -> tuple[str, ...]:
        """Layers that belong to an image."""
        return tuple(x["name"] for x in self.result["energy"]["layers"] if x["in_image"])

    @cached_property
    def components(self) -> dict[str, float]:
        """Joules of an image by component; the macros' standby is in their own."""
        found = {
            name: math.fsum(row.get(layer, 0.0) for layer in self.inside) / self.images
            for name, row in self.grid.items()
        }
        macros = [str(part["macro"]) for part in self.result["energy"]["phases"]]
        for name in macros:
            found[name] = found.get(name, 0.0) + self.standby_j / len(macros)
        return found

    @cached_property
    def groups(self) -> dict[str, float]:
        """Joules of an evaluation by group of the macro."""
        sums: dict[str, float] = {}
        for image in self.result["images"]:
            for name, joules in image["energy_by_group"].items():
                sums[name] = sums.get(name, 0.0) + joules / self.images
        return sums

    @property
    def programming_j(self) -> float:
        """Weights written once: the CPU's work and the macro's."""
        return math.fsum(
            layer["digital_j"] + layer["analog_j"]
            for layer in self.result["energy"]["layers"]
            if layer["name"] == "program"
        )

    def layer(self, name: str) -> tuple[float, float]:
        """Cycles and joules of one layer, mean of an image."""
        for layer in self.result["energy"]["layers"]:
            if layer["name"] == name and layer["in_image"]:
                joules = (layer["digital_j"] + layer["analog_j"]) / self.images
                return layer["cycles"] / self.images, joules
        return 0.0, 0.0


@dataclass(frozen=True, kw_only=True)
class LayerPair:
    """A layer in both runs, means of an image; fully-connected ones together."""

    name: str
    cycles: tuple[float, float]
    energy_j: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Swing:
    """The saving with one thing changed down and up; `how` says by how much and why."""

    what: str
    how: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`old` and `new` by figure; `saving` is 1 - new/old of the energy of an image."""

    application: str
    images: int
    names: tuple[str, str]
    figures: Mapping[str, tuple[float, float]]
    layers: tuple[LayerPair, ...]
    saving: float
    published: float | None
    published_source: str
    programming_j: float
    break_even: float | None
    amortised: tuple[tuple[int, float], ...]
    swings: tuple[Swing, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for compare.json."""
        return asdict(self)


def read_grid(text: str) -> dict[str, dict[str, float]]:
    """energy.csv: joules by component and layer."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0][:1] != ["component"]:
        raise RunFolderError("energy.csv: its first line must begin with component")
    head = rows[0][1:]
    try:
        return {row[0]: dict(zip(head, map(float, row[1:]), strict=True)) for row in rows[1:]}
    except ValueError as error:
        raise RunFolderError(f"energy.csv: {error}") from error


def compare_sides(old: Side, new: Side) -> Comparison:
    """`old` is what the saving is measured against: the CPU alone."""
    first, second = old.result["images"], new.result["images"]
    labels = [[image["label"] for image in images] for images in (first, second)]
    if labels[0] != labels[1] or old.result["data"]["source"] != new.result["data"]["source"]:
        raise MismatchError(f"{old.name} and {new.name} did not run the same images")
    saving = 1 - new.energy_j / old.energy_j
    gain_j = old.energy_j - new.energy_j
    published = PUBLISHED.get(str(new.result["application"]))
    return Comparison(
        application=str(new.result["application"]),
        images=new.images,
        names=(old.name, new.name),
        figures=_figures(old, new),
        layers=_layers(old, new),
        saving=saving,
        published=published[0] if published else None,
        published_source=published[1] if published else "",
        programming_j=new.programming_j,
        break_even=new.programming_j / gain_j if gain_j > 0 else None,
        amortised=tuple(
            (n, 1 - (new.energy_j + new.programming_j / n) / old.energy_j) for n in BATCHES
        ),
        swings=_swings(old, new),
    )


def _figures(old: Side, new: Side) -> dict[str, tuple[float, float]]:
    sides = (old, new)

    def pair(of: Any) -> tuple[float, float]:
        return float(of(sides[0])), float(of(sides[1]))

    return {
        "cycles": pair(lambda side: side.cycles),
        "time_s": pair(lambda side: side.time_s),
        "energy_j": pair(lambda side: side.energy_j),
        "energy_delay_js": pair(lambda side: side.energy_j * side.time_s),
        "power_w": pair(lambda side: side.energy_j / side.time_s),
        "accuracy": pair(lambda side: side.accuracy),
    }


def _layers(old: Side, new: Side) -> tuple[LayerPair, ...]:
    """In the order in which they run; fc1, fc2 ... and the stack around them are one."""
    names = dict.fromkeys(_family(name) for side in (old, new) for name in side.inside)
    pairs = []
    for family in names:
        both = []
        for side in (old, new):
            parts = [side.layer(name) for name in side.inside if _family(name) == family]
            both.append(tuple(map(math.fsum, zip(*parts, strict=True))) if parts else (0.0, 0.0))
        pairs.append(
            LayerPair(
                name=family,
                cycles=(both[0][0], both[1][0]),
                energy_j=(both[0][1], both[1][1]),
            )
        )
    return tuple(pairs)


def _family(name: str) -> str:
    if name == IMAGE:
        return "between layers"
    return "fully connected" if name == STACK or name.removeprefix("fc").isdecimal() else name


def _swings(old: Side, new: Side) -> tuple[Swing, ...]:
    """One thing at a time, everything else as it is; weights are written already."""
    sigmas = _component_sigmas(new.result["energy"]["constants"])
    swings = [
        _scaled(old, new, "core energy", CORE, sigmas),
        _scaled(old, new, "memory energy", MEMORY, sigmas),
        _scaled(old, new, "clock tree", ("clock tree",), sigmas),
        _scaled(old, new, "leakage", ("leakage",), sigmas),
    ]
    if set(EXTERNAL) <= set(new.grid):
        swings.append(_scaled(old, new, "external memory", EXTERNAL, sigmas))
    groups = new.groups
    for entry in new.result.get("macro", {}).get("swings", ()):
        part_j = math.fsum(groups.get(name, 0.0) for name in entry["groups"])
        low, high = (_saving(old.energy_j, new.energy_j + (k - 1) * part_j) for k in (0.5, 2.0))
        swings.append(Swing(what=entry["what"], how="halved, doubled", low=low, high=high))
    shares = [_saving(old.energy_j, new.energy_j + new.programming_j / n) for n in (1, 1000)]
    swings.append(
        Swing(
            what="weights written",
            how="once per inference, per 1000",
            low=shares[0],
            high=shares[1],
        )
    )
    return tuple(swings)


def _saving(old_j: float, new_j: float) -> float:
    return 1 - new_j / old_j


def _component_sigmas(constants: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Relative uncertainty of each component: its constants move together."""
    parts: dict[str, list[tuple[float, float]]] = {}
    for entry in constants:
        parts.setdefault(entry["component"], []).append((entry["energy_j"], entry["uncertainty"]))
    return {
        name: math.fsum(j * s for j, s in rows) / math.fsum(j for j, _ in rows)
        if math.fsum(j for j, _ in rows)
        else 0.0
        for name, rows in parts.items()
    }


def _scaled(
    old: Side, new: Side, what: str, names: Sequence[str], sigmas: Mapping[str, float]
) -> Swing:
    """Components down and up by their uncertainty, in both runs."""

    def moved(side: Side, sign: int) -> float:
        parts = (sigmas.get(name, 0.0) * side.components.get(name, 0.0) for name in names)
        return side.energy_j + sign * math.fsum(parts)

    largest = max((sigmas.get(name, 0.0) for name in names), default=0.0)
    low, high = (_saving(moved(old, sign), moved(new, sign)) for sign in (-1, 1))
    return Swing(what=what, how=f"one sigma, up to {100 * largest:.0f} %", low=low, high=high)
