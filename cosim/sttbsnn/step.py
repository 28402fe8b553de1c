# SPDX-License-Identifier: Apache-2.0
"""step : one time step of a tile through any engine: lines on, strobe, spikes, off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.protocol import Energy, MacroEngine
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.netlist import ENABLE, STROBE, input_pin, spike_pin, threshold_pin
from cosim.sttbsnn.rows import layer_of

__all__ = ["Step", "one_step", "threshold_levels"]

Floats = NDArray[np.float64]
AFTER_PS = 1000  # until what the step cost has been paid


@dataclass(frozen=True, kw_only=True)
class Step:
    """Spikes (rows,), their times after the strobe (NaN without), volts at the strobe, joules."""

    spikes: NDArray[np.int64]
    spike_s: Floats
    sl_v: Floats
    threshold_v: Floats
    energy: Energy


def threshold_levels(codes: NDArray[np.integer], bits: int) -> dict[str, int]:
    """Levels of all threshold pins for codes (rows,)."""
    return {
        threshold_pin(r, k, bits): (int(code) >> k) & 1
        for r, code in enumerate(codes)
        for k in range(bits)
    }


def one_step(
    engine: MacroEngine,
    design: BsnnDesign,
    weights: NDArray[np.integer],
    codes: NDArray[np.integer],
    spikes: NDArray[np.integer],
) -> Step:
    """Rows `weights` (rows, inputs), codes (rows,), inputs `spikes`; the engine is closed."""
    timing, rows = design.timing, len(weights)
    inputs = {input_pin(i): int(bit) for i, bit in enumerate(spikes)}
    levels = threshold_levels(codes, design.threshold.bits)
    end_ps = timing.settle_ps + timing.sense_ps
    try:
        engine.program((layer_of(weights),))
        engine.start(0, {ENABLE: 0, STROBE: 0, **dict.fromkeys(inputs, 0), **levels})
        engine.drive(0, {ENABLE: 1, **inputs})
        engine.advance(timing.settle_ps, stop_on_crossing=False)
        shot = engine.snapshot()
        sl_v, threshold_v = np.array(shot["sl"]), np.array(shot["threshold"])
        engine.drive(timing.settle_ps, {STROBE: 1})
        found = engine.advance(end_ps, stop_on_crossing=False).crossings
        engine.drive(end_ps, {STROBE: 0, ENABLE: 0})
        engine.advance(end_ps + AFTER_PS, stop_on_crossing=False)
        energy = engine.energy()
    finally:
        engine.close()
    times = {c.pin: c.t_exact_s - 1e-12 * timing.settle_ps for c in found if c.level}
    spike_s = np.array([times.get(spike_pin(r), np.nan) for r in range(rows)])
    return Step(
        spikes=np.isfinite(spike_s).astype(np.int64),
        spike_s=spike_s,
        sl_v=sl_v,
        threshold_v=threshold_v,
        energy=energy,
    )
