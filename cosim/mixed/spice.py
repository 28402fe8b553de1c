# SPDX-License-Identifier: Apache-2.0
"""spice : a section that ngspice solves: every device in Verilog-A, in a process of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist import ENABLE
from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.variation import Die
from cosim.mapping import Mapping as Stack
from cosim.mixed.design import DAC_BITS, MixedDesign
from cosim.mixed.netlist import column_pin, describe_layer, layer_inputs
from cosim.mixed.rest import SUPPLIES
from cosim.mixed.section import Bill

__all__ = ["SpiceSection"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SpiceSection:
    """One layer of a stack in ngspice."""

    def __init__(
        self,
        name: str,
        stack: Stack,
        layer: int,
        design: MixedDesign,
        *,
        options: NgspiceOptions,
        die: Die | None = None,
    ) -> None:
        self._engine = NgspiceEngine(name, describe_layer(stack, layer, design, die), options)
        self._engine.load()
        self._hidden = layer > 0
        self._pins = layer_inputs(layer, stack.sizes[layer])
        height = stack.layer_partitions(layer)[0]
        n_out = stack.sizes[layer + 1]
        self._columns = [[column_pin(h, j) for j in range(n_out)] for h in range(height)]
        self._levels = dict.fromkeys((ENABLE, *self._pins), 0)

    def start(self, t_ps: int) -> None:
        self._engine.start(t_ps, self._levels)

    def drive(self, t_ps: int, enabled: bool, codes: Ints) -> None:
        bits = codes if not self._hidden else (codes[:, None] >> np.arange(DAC_BITS) & 1).ravel()
        levels = {ENABLE: int(enabled), **dict(zip(self._pins, bits.tolist(), strict=True))}
        moved = {pin: level for pin, level in levels.items() if self._levels[pin] != level}
        if moved:
            self._engine.drive(t_ps, moved)
            self._levels.update(moved)

    def advance(self, until_ps: int, grid_ps: int = 0) -> bool:
        return self._engine.advance(until_ps, grid_ps=grid_ps, stop_on_crossing=False).settled

    def sleep(self, t_ps: int) -> None:
        self._engine.sleep(t_ps)

    def hold_v(self) -> Floats:
        volts = self._engine.sample().volts
        return np.array([[volts[pin] for pin in row] for row in self._columns])

    def bill(self) -> Bill:
        found = self._engine.energy()
        joules = dict.fromkeys(SUPPLIES, 0.0) | dict(found.by_supply)
        return Bill(joules=joules, cells_j=found.by_group.get("cells", 0.0), wires_j=0.0)

    @property
    def pid(self) -> int:
        """Process of the solver."""
        return self._engine.pid

    def close(self) -> None:
        self._engine.close()
