# SPDX-License-Identifier: Apache-2.0
"""tables_neuron : the neuron's measured DC curve as smooth functions with slopes.

Between the curve's points (2.5 mV apart, measured by ngspice from the Verilog-A devices) runs a
cubic spline; outside them is a RangeError, never an extrapolation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve
from cosim.analog.tables_spline import Spline, spline_through

__all__ = ["NeuronTable"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NeuronTable:
    """Splines through an unloaded neuron's curve."""

    curve: NeuronCurve

    @cached_property
    def _splines(self) -> tuple[Spline, ...]:
        """One for each column of the curve after its inputs."""
        table = self.curve.table
        return tuple(spline_through(table[:, 0], c, "neuron input") for c in table.T[1:])

    def output_v(self, vin_v: Floats) -> Floats:
        """Neuron outputs for amplifier signals `vin_v`."""
        return self._splines[0].at(vin_v)[0]

    def supply_a(self, vin_v: Floats) -> Floats:
        """Supply currents."""
        return self._splines[2].at(vin_v)[0]

    def input_a(self, vin_v: Floats) -> tuple[Floats, Floats]:
        """Currents into the neurons' inputs, and their slopes in siemens."""
        return self._splines[3].at(vin_v)

    @property
    def input_spline(self) -> Floats:
        """Coefficients (interval, power) of the input current, highest power first."""
        return self._splines[3].parts

    @property
    def most_input_a(self) -> float:
        """A bound of the input current's size over the whole curve."""
        return float(np.abs(self.input_spline).dot(self.per_v ** np.arange(-3.0, 1.0)).max())

    @property
    def low_v(self) -> float:
        """Smallest measured input."""
        return self._splines[3].low

    @property
    def per_v(self) -> float:
        """Intervals per volt."""
        return self._splines[3].per_v
