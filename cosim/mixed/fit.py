# SPDX-License-Identifier: Apache-2.0
"""fit : scales and offsets of the digital sums that class most training images.

`python -m cosim.mixed.fit imac_mixed mlp --data DIR [--images N]` prints them; a design file takes
them over by hand. Only training images are read. One layer after the other: a hidden layer's scale
and offset are judged by the bare sums of the layer behind it, which has no sigmoid's end.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.errors import UserInputError
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.mixed.forward import CHUNK, column_codes
from cosim.mixed.reference import activations
from cosim.mixed.rest import RestSolver, make_rest
from cosim.mixed.shape import Shape, shape_of
from cosim.model.datasets import read_mnist
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network

__all__ = ["fit_scales", "main"]

Ints = NDArray[np.int64]
SHIFT = 7
MULS = (48, 96, 128, 192, 255)
OFFSETS = (-40, -32, -24, -16, -8, 0, 8)


def fit_scales(
    network: Network, bits: Ints, labels: NDArray[np.integer], design: MixedDesign
) -> dict[str, int]:
    """`mul_*`, `shift_*` and `offset_*` of section `mixed` for input bits (n, n_in)."""
    stack = map_stack(network.fc, design)
    shape = shape_of(stack.sizes, design)
    if shape.layers != 2:
        raise UserInputError(f"scales are fitted for two layers, the stack has {shape.layers}")
    first, second = (make_rest("fast", stack, layer, design) for layer in range(2))
    codes = _codes(first, bits, design)
    best: tuple[float, int, int, Ints] | None = None
    for mul in MULS:
        for offset in OFFSETS:
            tried = _with(shape, 0, mul, offset)
            behind = _codes(second, activations(codes, 0, tried), design)
            right = float((behind.sum(axis=1).argmin(axis=1) == labels).mean())
            if best is None or right > best[0]:
                best = right, mul, offset, behind
    assert best is not None
    shares = [
        float((activations(best[3], 1, _with(shape, 1, mul, 0)).argmax(axis=1) == labels).mean())
        for mul in MULS
    ]
    return {
        "mul_hidden": best[1],
        "shift_hidden": SHIFT,
        "offset_hidden": best[2],
        "mul_output": MULS[int(np.argmax(shares))],
        "shift_output": SHIFT,
        "offset_output": 0,
    }


def _codes(solve: RestSolver, given: Ints, design: MixedDesign) -> Ints:
    parts = [solve(given[k : k + CHUNK]).column_v for k in range(0, len(given), CHUNK)]
    return column_codes(np.concatenate(parts), design)[0]


def _with(shape: Shape, layer: int, mul: int, offset: int) -> Shape:
    def put(values: tuple[int, ...], value: int) -> tuple[int, ...]:
        return (*values[:layer], value, *values[layer + 1 :])

    return replace(
        shape,
        muls=put(shape.muls, mul),
        shifts=put(shape.shifts, SHIFT),
        offsets=put(shape.offsets, offset),
    )


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m cosim.mixed.fit", description=__doc__)
    parser.add_argument("design")
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST's IDX files")
    parser.add_argument("--images", type=int, default=2000)
    args = parser.parse_args(argv)
    network, data = load_network(args.model), read_mnist(args.data, "train")
    data = data.first(args.images)
    bits = (feature_bits(features(network, data.images)) > 0).astype(np.int64)
    found = fit_scales(network, bits, data.labels, load_mixed(args.design))
    sys.stdout.write("\n".join(f"{key}: {value}" for key, value in found.items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
