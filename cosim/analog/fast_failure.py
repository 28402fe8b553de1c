# SPDX-License-Identifier: Apache-2.0
"""fast_failure : why a layer has no answer, from what a kernel returned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from cosim.errors import CircuitError, ConvergenceError, RangeError

__all__ = ["BEYOND", "NO_MEMORY", "failure", "in_layer"]

# as fast_network.c and fast_batch.c return them; 2: not settled
NO_MEMORY = 1
LOST = 3
BEYOND = 5


def failure(code: int, item: int, which: int, left_v: float, turns: int) -> CircuitError:
    """Why input `item` of a batch failed, by its output or source `which`."""
    if code == LOST:
        why = "" if math.isfinite(left_v) else ": its lines are not a number"
        return ConvergenceError(
            f"amplifier of output {which} has no operating point (input {item} of the batch){why}"
        )
    if code == BEYOND:
        return RangeError(
            f"buffer of source {which} would deliver 99 % of buffer.imax_a or more "
            f"(input {item} of the batch): its output has left its range; raise buffer.imax_a"
        )
    off = f"still off by {left_v:.3g} V" if math.isfinite(left_v) else "not a number"
    return ConvergenceError(f"{off} after {turns} steps")


@contextmanager
def in_layer(layer: int) -> Iterator[None]:
    """Errors inside name the layer."""
    try:
        yield
    except (ConvergenceError, RangeError) as error:
        raise type(error)(f"layer {layer}: {error}") from error
