# SPDX-License-Identifier: Apache-2.0
"""crossbar_child : one crossbar by badcrossbar and by engine fast, turn by turn in one process.

Its parent gives it one BLAS thread: two that wait for each other on a busy machine spend processor
time on waiting.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import statistics
import sys
import time
import types

import numpy as np
from numpy.typing import NDArray

from cosim.analog.crossbar import crossbar_currents
from cosim.design import load_design
from cosim.mapping import cell_wires

__all__ = ["compare"]

SEED, ROUNDS = 1, 5


def compare(side: int, vectors: int) -> dict[str, float]:
    """Median processor times, and the largest difference of output currents over the largest."""
    if importlib.util.find_spec("cairo") is None:
        # Only its drawings need pycairo, which needs a C compiler and cairo's headers.
        cairo = types.ModuleType("cairo")
        cairo.__getattr__ = lambda name: object  # type: ignore[method-assign]  # annotations
        sys.modules["cairo"] = cairo
    import badcrossbar  # noqa: PLC0415 - after the stand-in

    logging.disable(logging.CRITICAL)
    wires = cell_wires(load_design("imac_14nm").wires)
    rng = np.random.default_rng(SEED)
    ohm = np.where(rng.integers(0, 2, (side, side)) == 1, 8.5e3, 25.5e3)
    drive_v = rng.uniform(-0.8, 0.8, (vectors, side))

    def theirs() -> NDArray[np.float64]:
        solution = badcrossbar.compute(
            drive_v.T, ohm, r_i_word_line=wires.r_in_ohm, r_i_bit_line=wires.r_out_ohm
        )
        return np.asarray(solution.currents.output)

    def ours() -> NDArray[np.float64]:
        return crossbar_currents(1 / ohm, drive_v, wires.r_in_ohm, wires.r_out_ohm)

    seconds: dict[str, list[float]] = {"theirs": [], "ours": []}
    found: dict[str, NDArray[np.float64]] = {}
    for _ in range(ROUNDS):
        for name, solve in (("theirs", theirs), ("ours", ours)):
            begin_s = time.process_time()
            found[name] = solve()
            seconds[name].append(time.process_time() - begin_s)
    off = np.abs(found["ours"] - found["theirs"]).max() / np.abs(found["theirs"]).max()
    return {
        "theirs_s": statistics.median(seconds["theirs"]),
        "ours_s": statistics.median(seconds["ours"]),
        "difference": float(off),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compare(int(sys.argv[1]), int(sys.argv[2]))))
