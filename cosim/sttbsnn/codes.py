# SPDX-License-Identifier: Apache-2.0
"""codes : threshold codes of a spiking layer, as the registers of its tile's shell hold them.

A row has a copy of its cells for every step (rtl/stt/stt_inputs.v), so its line stands at the mean
over the steps and m steps' sum reaches a bound iff matches reach it: copies of steps to come see no
spikes and match wherever their weight is -1. A bound moves by whole matches, a code by volts, and a
row bends: what a spike or a skip moves the code by is the best whole number over all that can come.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.spiking import KERNEL, SpikingLayer
from cosim.sttbsnn.levels import Levels

__all__ = ["copied_rows", "register_codes", "shell_code"]

Ints = NDArray[np.int64]


def copied_rows(layer: SpikingLayer, steps: int) -> NDArray[np.int8]:
    """Rows (c_out, steps * 9 * c_in) in the order in which the shell takes spikes.

    Step by step, in a step place by place of the 3x3 surroundings, in a place channel by channel:
    so 32 channels of a place are one word of inputs.
    """
    c_out, c_in = layer.weight.shape[:2]
    places = layer.weight.reshape(c_out, c_in, KERNEL * KERNEL).transpose(0, 2, 1)
    return np.ascontiguousarray(np.tile(places.reshape(c_out, -1), (1, steps)))


def register_codes(layer: SpikingLayer, levels: Levels) -> Ints:
    """Codes (c_out, steps + 2): threshold of each step, what a spike adds, what a skip takes."""
    steps = len(layer.neurons.threshold)
    rows = copied_rows(layer, steps)
    if rows.shape[1] != len(levels.row_v) - 1:
        raise ModelError(f"a row has {len(levels.row_v) - 1} cells, the layer {rows.shape[1]}")
    negative = (rows < 0).sum(axis=1)
    combos = [
        (t, fired, skipped)
        for t in range(steps)
        for fired, skipped in itertools.product(range(t + 1), range(t + 2))
    ]
    found = np.empty((len(rows), steps + 2), np.int64)
    for r in range(len(rows)):
        reset = int(layer.neurons.reset[r])
        skip = 0 if layer.skip is None else int(layer.skip[r])
        if skip < 0:
            raise ModelError(f"row {r}: a skip must not be negative, got {skip}")
        terms, wanted = [], []
        for t, fired, skipped in combos:
            least = int(layer.neurons.threshold[t, r] + negative[r]) + reset * fired
            least -= skip * skipped
            if 0 < least < rows.shape[1]:  # beyond, any code does
                terms.append([*(float(u == t) for u in range(steps)), fired, -skipped])
                wanted.append(float(levels.code(least)))
        best = np.linalg.lstsq(np.array(terms), np.array(wanted), rcond=None)[0]
        found[r] = np.rint(best).astype(np.int64)
    return np.clip(found, 0, (1 << levels.bits) - 1)


def shell_code(codes: Ints, step: int, fired: Ints, skipped: Ints, bits: int) -> Ints:
    """The threshold that the shell gives: codes (rows, steps + 2), the rest (..., rows)."""
    steps = codes.shape[1] - 2
    code = np.maximum(codes[:, step] - codes[:, steps + 1] * skipped, 0)
    return np.asarray(np.minimum(code + codes[:, steps] * fired, (1 << bits) - 1))
