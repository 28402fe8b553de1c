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
from scipy.interpolate import CubicSpline

from cosim.analog.characterise import NeuronCurve
from cosim.errors import RangeError

__all__ = ["NeuronTable"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NeuronTable:
    """Splines through an unloaded neuron's curve."""

    curve: NeuronCurve

    @cached_property
    def _spline(self) -> Floats:
        """Coefficients (column, power, interval), highest power first."""
        table = self.curve.table
        return np.ascontiguousarray(CubicSpline(table[:, 0], table[:, 1:]).c.transpose(2, 0, 1))

    def output_v(self, vin_v: Floats) -> Floats:
        """Neuron outputs for amplifier signals `vin_v`."""
        return self._at(vin_v, 0)[0]

    def supply_a(self, vin_v: Floats) -> Floats:
        """Supply currents."""
        return self._at(vin_v, 2)[0]

    def input_a(self, vin_v: Floats) -> tuple[Floats, Floats]:
        """Currents into the neurons' inputs, and their slopes in siemens."""
        return self._at(vin_v, 3)

    @cached_property
    def input_spline(self) -> Floats:
        """Coefficients (power, interval) of the input current, highest power first."""
        return np.ascontiguousarray(self._spline[3])

    @property
    def low_v(self) -> float:
        """Smallest measured input."""
        return float(self.curve.vin_v[0])

    def _at(self, vin_v: Floats, column: int) -> tuple[Floats, Floats]:
        grid = self.curve.vin_v
        values = np.asarray(vin_v, dtype=np.float64)
        low, high = grid[0], grid[-1]
        good = (values >= low) & (values <= high)  # NaN is not good
        if not good.all():
            worst = values[~good].ravel()[0]
            raise RangeError(
                f"neuron input {worst:.4g} V is outside its curve, {low:g}..{high:g} V"
            )
        place = np.minimum(((values - low) * self.per_v).astype(np.int64), len(grid) - 2)
        h = values - grid[place]
        a, b, c, d = (self._spline[column, power][place] for power in range(4))
        return ((a * h + b) * h + c) * h + d, (3 * a * h + 2 * b) * h + c

    @cached_property
    def per_v(self) -> float:
        """Intervals per volt."""
        grid = self.curve.vin_v
        step = np.diff(grid)
        if np.abs(step - step[0]).max() > 1e-6:
            raise RangeError("neuron curve must have evenly spaced inputs")
        return float((len(grid) - 1) / (grid[-1] - grid[0]))
