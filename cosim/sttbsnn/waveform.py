# SPDX-License-Identifier: Apache-2.0
"""waveform : one step of a tile as a drawing needs it: latches and power against time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.analog.waveform import Waveform
from cosim.sttbsnn.chip import SttChip, make_tile
from cosim.sttbsnn.netlist import ENABLE, STROBE, input_pin
from cosim.sttbsnn.rows import layer_of
from cosim.sttbsnn.step import threshold_levels

__all__ = ["step_waveform"]

STEP_PS = 20
START_PS = 1000  # off until here
TAIL_PS = 500
SHOWN = 10  # rows


def step_waveform(
    kind: str,
    design: SttChip,
    weights: NDArray[np.integer],
    codes: NDArray[np.integer],
    spikes: NDArray[np.integer],
) -> Waveform:
    """Rows `weights` (rows, inputs), codes (rows,), inputs `spikes`: the first rows' latches."""
    tile, period_ps = design.tile, design.clock.period_ps
    strobe_ps = START_PS + tile.settle_cycles * period_ps
    end_ps = strobe_ps + tile.sense_cycles * period_ps
    inputs = {input_pin(i): int(bit) for i, bit in enumerate(spikes)}
    levels = threshold_levels(codes, design.threshold.bits)
    told = {
        START_PS: {ENABLE: 1, **inputs},
        strobe_ps: {STROBE: 1},
        end_ps: {ENABLE: 0, STROBE: 0},
    }
    engine = make_tile(kind, "waveform", design, weights.shape[::-1])
    times = range(0, end_ps + TAIL_PS + 1, STEP_PS)
    volts, joules = [], []
    try:
        engine.program((layer_of(weights),))
        engine.start(0, {ENABLE: 0, STROBE: 0, **dict.fromkeys(inputs, 0), **levels})
        for t_ps in times:
            engine.advance(t_ps, stop_on_crossing=False)
            if t_ps in told:
                engine.drive(t_ps, told[t_ps])
            volts.append(np.array(engine.snapshot()["latch"])[:SHOWN])
            joules.append(dict(engine.energy().by_group))
    finally:
        engine.close()
    power_w = {
        group: np.diff([row[group] for row in joules], prepend=joules[0][group]) / (STEP_PS * 1e-12)
        for group in joules[0]
    }
    return Waveform(
        engine=kind,
        strobe_s=(strobe_ps - START_PS) * 1e-12,
        t_s=tuple((t_ps - START_PS) * 1e-12 for t_ps in times),
        outputs_v=tuple(tuple(float(v) for v in row) for row in np.array(volts).T),
        power_w={group: tuple(map(float, parts)) for group, parts in power_w.items()},
    )
