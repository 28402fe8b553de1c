# SPDX-License-Identifier: Apache-2.0
"""forward : the whole macro for a batch of inputs: columns at rest, codes, sums, sigmoids.

For accuracy over thousands of images. What an evaluation costs in time is the engine's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.analog.variation import Die
from cosim.errors import ModelError
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign
from cosim.mixed.noise import HoldNoise
from cosim.mixed.reference import activations
from cosim.mixed.rest import Rest, make_rest
from cosim.mixed.shape import shape_of

__all__ = ["Forward", "classify_mixed", "column_codes", "mixed_forward", "reference_classes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Per layer: neurons' codes (n, n_out), share of conversions beyond the converter's range.

    `watts` (n,) by layer are what its supplies deliver while it is on.
    """

    codes: tuple[Ints, ...]
    clipped: tuple[float, ...]
    watts: tuple[Floats, ...]

    @property
    def classes(self) -> Ints:
        """The largest output; the first of equal ones."""
        return np.asarray(self.codes[-1].argmax(axis=1))

    def accuracy(self, labels: NDArray[np.integer]) -> float:
        """Share of inputs whose largest output is the label's."""
        return float((self.classes == labels).mean())


def column_codes(column_v: Floats, design: MixedDesign) -> tuple[Ints, NDArray[np.bool_]]:
    """Converter codes of held volts, and which were beyond the range."""
    converter = design.macro.converter
    nearest = np.floor((column_v - converter.low_v) / design.lsb_v + 0.5).astype(np.int64)
    top = (1 << converter.bits) - 1
    return np.clip(nearest, 0, top), (nearest < 0) | (nearest > top)


def reference_classes(weights: Sequence[ArrayLike], bits: ArrayLike, design: MixedDesign) -> Ints:
    """Classes of input bits (n, n_in) in exact arithmetic, the reference of a run."""
    return mixed_forward(weights, bits, design, kind="ideal").classes


def mixed_forward(
    weights: Sequence[ArrayLike],
    bits: ArrayLike,
    design: MixedDesign,
    *,
    kind: str = "fast",
    die: Die | None = None,
    noise_seed: int | None = None,
) -> Forward:
    """Evaluations of input bits (n, n_in); `kind` is fast (with wires) or ideal.

    On a die or nominal; with `noise_seed` every hold has noise from the die's stream.
    """
    stack = map_stack(weights, design)
    shape = shape_of(stack.sizes, design)
    given = (np.atleast_2d(np.asarray(bits)) > 0).astype(np.int64)
    if given.shape[1] != stack.sizes[0]:
        raise ModelError(f"stack takes {stack.sizes[0]} input bits, got {given.shape[1]}")
    noise = None
    if noise_seed is not None:
        noise = HoldNoise(stack, design, seed=noise_seed, die=die)
    found, clipped, watts = [], [], []
    for layer in range(shape.layers):
        solve = make_rest(kind, stack, layer, design, die)
        parts: list[Rest] = [solve(given[k : k + CHUNK]) for k in range(0, len(given), CHUNK)]
        column_v = np.concatenate([part.column_v for part in parts])
        if noise is not None:
            column_v = column_v + noise.draw(layer, given)
        codes, beyond = column_codes(column_v, design)
        given = activations(codes, layer, shape)
        found.append(given)
        clipped.append(float(beyond.mean()))
        watts.append(np.concatenate([np.sum(list(p.watts.values()), axis=0) for p in parts]))
    return Forward(codes=tuple(found), clipped=tuple(clipped), watts=tuple(watts))


def classify_mixed(
    weights: Sequence[ArrayLike],
    bits: ArrayLike,
    design: MixedDesign,
    dies: Sequence[Die | None] = (None,),
    *,
    engine: str = "fast",
    noise_seed: int | None = None,
) -> Ints:
    """Classes (dies, n) of inputs (n, n_in) on each die; None is the nominal circuit."""
    found = [
        mixed_forward(weights, bits, design, kind=engine, die=die, noise_seed=noise_seed).classes
        for die in dies
    ]
    return np.stack(found)
