# SPDX-License-Identifier: Apache-2.0
"""subject : what studies measure on: a network's FC layers, images, a base design."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.fast_eval import classify
from cosim.analog.fast_forward import GROUPS, FastStack, StackState, fast_stack
from cosim.design import Design, load_design
from cosim.model.colour import load_for
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network

__all__ = ["Subject", "classified", "load_subject", "mean_power", "program_digest", "programmed"]

POWER_IMAGES = 100  # an image's power differs from the mean by 1 %


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`bits` (n, n_in) are what the images drive the macro with, `labels` (n,) their classes."""

    design_name: str
    sets: tuple[str, ...]
    weights: tuple[NDArray[np.int8], ...]
    bits: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    identity: dict[str, str]

    def design(self, *sets: str) -> Design:
        """The base design with the user's and then a point's values laid over."""
        return load_design(self.design_name, [*self.sets, *sets])

    @cached_property
    def base(self) -> Design:
        """The design that points change."""
        return self.design()

    @property
    def largest_side(self) -> int:
        """Rows or columns of one tile that holds the largest layer."""
        return int(max(max(layer.shape) for layer in self.weights))


def load_subject(
    *, model: str, data: Path | None, images: int, design: str, sets: Sequence[str]
) -> Subject:
    """Read network, images and design; the convolutions are the exact integer reference's."""
    base = load_design(design, sets)
    network = load_network(model)
    dataset = load_for(network, data).first(images)
    weights = tuple(network.fc)
    return Subject(
        design_name=design,
        sets=tuple(sets),
        weights=weights,
        bits=feature_bits(features(network, dataset.images)),
        labels=dataset.labels,
        identity={
            "engine": "fast",
            "design": f"{base.name} {base.digest()}",
            "network": f"{network.name} {_digest(*weights)}",
            "images": f"{images} of {dataset.source} {_digest(dataset.images)}",
        },
    )


def program_digest(*more: str) -> str:
    """Version, and a hash of all that solves a circuit here, in folders `more` too."""
    root = tools.repo_root()
    digest = hashlib.sha256()
    for folder in ("cosim/analog", "cosim/mapping", "veriloga", *more):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".py", ".c", ".h", ".v", ".va", ".lib"}:
                digest.update(path.read_bytes())
    return f"{metadata.version('cosim')} {digest.hexdigest()[:12]}"


def classified(stack: FastStack, subject: Subject) -> dict[str, float | int]:
    """How many images the circuit classes rightly."""
    right = int((classify(stack, subject.bits) == subject.labels).sum())
    return {"images": len(subject.labels), "right": right, "accuracy": right / len(subject.labels)}


def mean_power(stack: FastStack, subject: Subject) -> dict[str, float | int]:
    """Watts by group at rest, mean of an image; cells' and wires' heat is in the drivers' group."""

    def supplies(state: StackState) -> tuple[NDArray[np.float64], ...]:
        return (np.column_stack([state.power_w[supply] for supply in GROUPS]),)

    (watts,) = stack.evaluate(stack.drive_of(subject.bits[:POWER_IMAGES]), supplies)
    sums = dict.fromkeys(("drivers", "bias", "neurons", "amplifiers"), 0.0)
    for group, mean_w in zip(GROUPS.values(), watts.mean(axis=0), strict=True):
        sums[group] += float(mean_w)
    return {f"power_{group}_w": value for group, value in sums.items()}


def programmed(subject: Subject, design: Design) -> FastStack:
    """The macro programmed with the subject's weights."""
    return fast_stack(subject.weights, design)


def _digest(*arrays: NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]
