# SPDX-License-Identifier: Apache-2.0
"""sample_vgg : random networks of 3x3 convolutions whose features use most of int8."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from cosim.model.network import ConvStage, Lut, Network, Pool

__all__ = ["random_vgg"]


def random_vgg(
    rng: np.random.Generator,
    *,
    image: tuple[int, int, int] = (3, 8, 8),
    widths: Sequence[tuple[int, Pool]] = ((4, "max"), (6, "none")),
    hidden: Sequence[int] = (12,),
    classes: int = 10,
    relu: bool = False,
    pad: int = 1,
) -> Network:
    """A network of random numbers whose shapes chain; `relu` is the last stage's."""
    stages: list[ConvStage] = []
    shape, spread = image, 74.0  # of pixels, then of activations
    for index, (c_out, pool) in enumerate(widths, start=1):
        spread *= 73.0 * np.sqrt(9 * shape[0]) * (2.0 if pool == "sum" else 1.0)
        shift = max(0, int(np.log2(spread / 60.0)))
        stage = ConvStage(
            weight=rng.integers(-127, 128, (c_out, shape[0], 3, 3)).astype(np.int8),
            bias=rng.integers(-20_000, 20_000, c_out).astype(np.int32),
            shift=shift,
            relu=relu or index < len(widths),
            pool=pool,
            pad=pad,
        )
        shape, spread = stage.output_shape(shape), 45.0
        stages.append(stage)
    sizes = [int(np.prod(shape)), *hidden, classes]
    luts = [
        Lut(table=rng.integers(0, 256, 200).astype(np.uint8), shift=5 * (k > 0), offset=100)
        for k in range(len(sizes) - 1)
    ]
    vin_v = np.linspace(-0.6, 0.6, 25)
    return Network(
        name="random-vgg",
        image_shape=image,
        pad=0,
        convs=tuple(stages),
        fc=tuple(
            rng.choice([-1, 1], (n_in + 1, n_out)).astype(np.int8)
            for n_in, n_out in itertools.pairwise(sizes)
        ),
        luts=tuple(luts),
        neuron_vin_v=vin_v,
        neuron_vout_v=0.8 / (1 + np.exp(12 * vin_v)),
    )
