# SPDX-License-Identifier: Apache-2.0
"""ideal : the engine of exact arithmetic; no time constants, no wires, no simulator.

A change of inputs is answered at once, so it is always settled. Energy is the DC power of the
present state times its duration, by supply: line drivers and buffers (cell currents at the line's
voltage, drawn from vdd for buffers), bias, neurons (measured supply current), realisable amplifiers
(quiescent and output current), their reference, one energy per conversion. Charging of capacitances
and losses in drivers are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve, neuron_curve
from cosim.analog.ideal_column import input_currents
from cosim.analog.ideal_die import DieColumn
from cosim.analog.ideal_forward import LayerVolts, ideal_forward, row_parts
from cosim.analog.lockstep import Boundary, bill, sampled
from cosim.analog.netlist import converters
from cosim.analog.protocol import Advance, Energy, Sample
from cosim.analog.upkeep import Upkeep
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.errors import CircuitError
from cosim.mapping import map_stack

__all__ = ["IdealEngine"]

Floats = NDArray[np.float64]
GROUPS = {
    "drivers": "drivers",
    "buffer_vdd": "drivers",
    "bias": "bias",
    "amp_vdd": "amplifiers",
    "amp_vss": "amplifiers",
    "amp_ref": "amplifiers",
    "neuron_vdd": "neurons",
    "converters": "converters",
}


class IdealEngine:
    """One macro in exact arithmetic."""

    engine = "ideal"

    def __init__(
        self,
        name: str,
        design: Design,
        sizes: tuple[int, ...],
        *,
        curve: NeuronCurve | None = None,
        die: Die | None = None,
    ) -> None:
        self.name, self.design, self.sizes = name, design, tuple(sizes)
        self._curve, self._die = curve, die
        self._weights: tuple[NDArray[np.int8], ...] = ()
        self._pins = Boundary(name, self.sizes[0])
        self._converters = converters(self.sizes[-1], design)
        self._joules: dict[str, float] = dict.fromkeys(GROUPS, 0.0)
        self._heat_j, self._heat_w = 0.0, 0.0  # of the cells, when metered
        self._upkeep = Upkeep(design)
        self._layers: tuple[LayerVolts, ...] | None = None
        self._power_w: dict[str, float] | None = None

    @cached_property
    def curve(self) -> NeuronCurve:
        """The neuron's curve; measured with ngspice if no shipped or cached one fits."""
        return self._curve or neuron_curve(self.design)

    def program(self, weights: tuple[Floats, ...]) -> None:
        mapping = map_stack(weights, self.design)
        if mapping.sizes != self.sizes:
            raise CircuitError(
                f"weights are {mapping.sizes}, the macro is {self.sizes}", macro=self.name
            )
        if self._pins.now_ps is not None:
            self._bill(self._pins.now_ps)
        self._weights = mapping.weights
        self._upkeep.programmed(mapping.schedule.prog_words)
        self._forget()

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if not self._weights:
            raise CircuitError("not programmed", macro=self.name, t_ps=t_ps)
        self._pins.now_ps = t_ps
        self._set(levels)
        self._upkeep.enable(t_ps, self._pins.enabled)

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self._pins.at(t_ps)
        self._set(levels)
        self._upkeep.enable(t_ps, self._pins.enabled)

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        self._bill(until_ps)
        return Advance(t_ps=until_ps, settled=True)

    def propose(self, until_ps: int) -> int:
        return max(until_ps, self._pins.now())

    def sleep(self, t_ps: int) -> None:
        self._bill(t_ps)

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        self._pins.now()
        last = self._solved()[-1].neuron_v[0] if self._pins.enabled else np.zeros(self.sizes[-1])
        found, joules = sampled(self._pins, last, self._converters, pins, self.snapshot())
        self._joules["converters"] += joules
        return found

    def energy(self) -> Energy:
        taken = {"cells": self._heat_j} if self.design.macro.meter_cells else {}
        return self._upkeep.bill(bill(self._pins.now(), self._joules, GROUPS, taken))

    def snapshot(self) -> Mapping[str, Floats]:
        shot: dict[str, Floats] = {}
        for layer, n_out in enumerate(self.sizes[1:]):
            volts = self._solved()[layer] if self._pins.enabled else None
            off = np.zeros(n_out)
            shot[f"layer{layer}.amplifier"] = volts.amplifier_v[0].copy() if volts else off
            shot[f"layer{layer}.neuron"] = volts.neuron_v[0].copy() if volts else off
        return shot

    def close(self) -> None:
        """Nothing runs, so nothing ends."""

    # -- helpers -------------------------------------------------------------------------------

    def _set(self, levels: Mapping[str, int]) -> None:
        self._pins.set(levels)
        self._forget()

    def _forget(self) -> None:
        self._layers = self._power_w = None

    def _solved(self) -> tuple[LayerVolts, ...]:
        if self._layers is None:
            self._layers = ideal_forward(
                self._weights, self._pins.bits, self.design, self.curve, die=self._die
            )
        return self._layers

    def _bill(self, until_ps: int) -> None:
        now_ps = self._pins.until(until_ps)
        if self._pins.enabled and until_ps > now_ps:
            if self._power_w is None:
                self._power_w = self._supply_power_w()
            for supply, watts in self._power_w.items():
                self._joules[supply] += watts * (until_ps - now_ps) * 1e-12
            self._heat_j += self._heat_w * (until_ps - now_ps) * 1e-12
        self._pins.now_ps = until_ps

    def _supply_power_w(self) -> dict[str, float]:
        macro = self.design.macro
        amplifier, buffer, vdd_v = macro.amplifier, macro.buffer, macro.vdd_v
        power = dict.fromkeys(self._joules, 0.0)
        self._heat_w = 0.0
        for index, (volts, weights) in enumerate(zip(self._solved(), self._weights, strict=True)):
            x_v = volts.line_v
            parts = len(volts.columns)
            line_a = np.concatenate(
                [
                    column.source_a()[0]
                    if isinstance(column, DieColumn)
                    else input_currents(x_v[:, a:b], column, weights[a:b], self.design)[0]
                    for (a, b), column in zip(
                        row_parts(len(weights), self.design), volts.columns, strict=True
                    )
                ]
            )
            self._heat_w += float(x_v[0] @ line_a) + sum(c.line_w for c in volts.columns)
            power["bias"] += vdd_v * float(line_a[-1])
            if index == 0:
                power["drivers"] += float(x_v[0, :-1] @ line_a[:-1])
            else:  # class AB from vdd to ground: current into a line comes from vdd
                pair = np.sqrt(line_a[:-1] ** 2 + 4 * buffer.iab_a**2)
                high_a = 0.5 * (line_a[:-1] + pair) + buffer.iq_a
                power["buffer_vdd"] += vdd_v * float(high_a.sum())
            power["neuron_vdd"] += vdd_v * float(self.curve.supply_a(volts.signal_v).sum())
            ref_v = macro.neuron.shift_v if amplifier.reference == "shifted" else 0.0
            power["amp_ref"] += ref_v * float(sum(c.ref_a.sum() for c in volts.columns))
            if amplifier.kind == "realisable":
                neuron_a = self.curve.input_a(volts.signal_v)[0] / parts
                for column in volts.columns:
                    out_a = neuron_a + column.feedback_a[0]
                    pair = np.sqrt(out_a**2 + 4 * amplifier.iab_a**2)
                    up_a = 0.5 * (out_a + pair) + amplifier.iq_a
                    power["amp_vdd"] += amplifier.rail_v * float(up_a.sum())
                    power["amp_vss"] += amplifier.rail_v * float((up_a - out_a).sum())
        return power
