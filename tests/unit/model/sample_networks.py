# SPDX-License-Identifier: Apache-2.0
"""sample_networks : small random networks for the tests of models, images and firmware."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from cosim.model.network import ConvStage, Lut, Network, Pool

__all__ = ["conv_stage", "random_network"]


def conv_stage(
    rng: np.random.Generator,
    c_in: int,
    c_out: int,
    *,
    pool: Pool,
    relu: bool,
    k: int = 5,
    pad: int = 0,
) -> ConvStage:
    """A stage whose outputs use most of int8 and sometimes saturate."""
    return ConvStage(
        weight=rng.integers(-127, 128, (c_out, c_in, k, k)).astype(np.int8),
        bias=rng.integers(-20_000, 20_000, c_out).astype(np.int32),
        shift=int(rng.integers(8, 12)),
        relu=relu,
        pool=pool,
        pad=pad,
    )


def random_network(
    rng: np.random.Generator,
    *,
    image: tuple[int, int, int] = (1, 28, 28),
    pad: int = 2,
    channels: Sequence[int] = (6, 16),
    pools: Sequence[Pool] = ("max", "sum"),
    hidden: Sequence[int] = (12, 9),
    classes: int = 10,
    zeros: bool = False,
    kernel: int = 5,
    conv_pad: int = 0,
    **meta: Any,
) -> Network:
    """A network of random numbers whose shapes chain; `zeros` lets FC weights be 0."""
    stages, c_in, shape = [], image[0], (image[0], image[1] + 2 * pad, image[2] + 2 * pad)
    for index, (c_out, pool) in enumerate(zip(channels, pools, strict=True), start=1):
        relu = index < len(channels)
        stage = conv_stage(rng, c_in, c_out, pool=pool, relu=relu, k=kernel, pad=conv_pad)
        shape, c_in = stage.output_shape(shape), c_out
        stages.append(stage)
    sizes = [int(np.prod(shape)), *hidden, classes]
    values = [-1, 0, 1] if zeros else [-1, 1]
    fc = tuple(
        rng.choice(values, (n_in + 1, n_out)).astype(np.int8)
        for n_in, n_out in itertools.pairwise(sizes)
    )
    luts = tuple(
        Lut(
            table=rng.integers(0, 256, 200).astype(np.uint8),
            shift=0 if index == 0 else 5,
            offset=100,
        )
        for index in range(len(fc))
    )
    vin_v = np.linspace(-0.6, 0.6, 25)
    return Network(
        name="random",
        image_shape=image,
        pad=pad,
        convs=tuple(stages),
        fc=fc,
        luts=luts,
        neuron_vin_v=vin_v,
        neuron_vout_v=0.8 / (1 + np.exp(12 * vin_v)),
        meta=meta,
    )
