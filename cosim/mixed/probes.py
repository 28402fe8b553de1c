# SPDX-License-Identifier: Apache-2.0
"""probes : what a trace shows of a mixed-signal macro: hold capacitors, supplies, sources."""

from __future__ import annotations

from collections.abc import Sequence

from cosim.analog.probes import ProbeNames
from cosim.errors import DesignError
from cosim.mixed.design import MixedDesign
from cosim.mixed.shape import shape_of

__all__ = ["mixed_probes"]

SOURCES = ("drivers", "dac", "converters", "digital", "standby", "write")


def mixed_probes(sizes: Sequence[int], design: MixedDesign | None) -> ProbeNames:
    """Columns of every layer, part by part; currents of the supplies of constant volts."""
    if design is None:
        raise DesignError("a mixed-signal macro has no pins without its design")
    shape, macro = shape_of(sizes, design), design.macro
    arrays = {f"layer{k}.column": shape.conversions(k) for k in range(shape.layers)}
    rail_v = macro.amplifier.rail_v
    volts = {"bias": macro.vdd_v, "amp_vdd": rail_v, "amp_vss": -rail_v, "buffer_vdd": macro.vdd_v}
    return ProbeNames(arrays, volts, SOURCES)
