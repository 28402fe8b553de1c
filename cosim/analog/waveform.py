# SPDX-License-Identifier: Apache-2.0
"""waveform : one evaluation of a macro as a drawing needs it: outputs and power against time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.analog.protocol import MacroEngine
from cosim.design import Design

__all__ = ["Waveform", "evaluation_waveform"]

Floats = NDArray[np.float64]
STEP_PS = 20
START_PS = 1000  # off until here: the power of a macro that sleeps is seen too
TAIL_PS = 500


@dataclass(frozen=True, kw_only=True)
class Waveform:
    """`outputs_v[j]` and `power_w[group]` at `t_s`, 0 where the inputs were applied.

    Power is the mean of the step that ends there.
    """

    engine: str
    strobe_s: float
    t_s: tuple[float, ...]
    outputs_v: tuple[tuple[float, ...], ...]
    power_w: Mapping[str, tuple[float, ...]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def evaluation_waveform(
    engine: MacroEngine,
    kind: str,
    design: Design,
    weights: Sequence[NDArray[np.int8]],
    bits: NDArray[np.integer],
) -> Waveform:
    """Off, inputs `bits` (n_in,) applied, strobe, conversion, off; the engine is closed."""
    timing, period_ps = design.macro.timing, design.clock.period_ps
    strobe_ps = START_PS + timing.settle_cycles * period_ps
    end_ps = strobe_ps + timing.conv_cycles * period_ps
    levels = {f"in[{i}]": int(bit) for i, bit in enumerate(bits)}
    last = f"layer{len(weights) - 1}.neuron"
    times, outputs, joules = [0], [], []
    try:
        engine.program(tuple(layer.astype(np.float64) for layer in weights))
        engine.start(0, {"en": 0, **dict.fromkeys(levels, 0)})
        outputs.append(np.array(engine.snapshot()[last]))
        joules.append(dict(engine.energy().by_group))
        for t_ps in range(STEP_PS, end_ps + TAIL_PS + 1, STEP_PS):
            engine.advance(t_ps, stop_on_crossing=False)
            if t_ps == START_PS:
                engine.drive(t_ps, {"en": 1, **levels})
            elif t_ps == end_ps:
                engine.drive(t_ps, {"en": 0})
            times.append(t_ps)
            outputs.append(np.array(engine.snapshot()[last]))
            joules.append(dict(engine.energy().by_group))
    finally:
        engine.close()
    groups = joules[-1].keys()
    spent = {}
    for group in groups:
        seen = [row.get(group, 0.0) for row in joules]
        spent[group] = np.diff(seen, prepend=seen[0])  # what programming cost lies before
    return Waveform(
        engine=kind,
        strobe_s=(strobe_ps - START_PS) * 1e-12,
        t_s=tuple((t_ps - START_PS) * 1e-12 for t_ps in times),
        outputs_v=tuple(tuple(float(v) for v in row) for row in np.array(outputs).T),
        power_w={
            group: tuple(float(j) / (STEP_PS * 1e-12) for j in parts)
            for group, parts in spent.items()
        },
    )
