# SPDX-License-Identifier: Apache-2.0
"""soc_probe : samples the macros of a traced run on a grid of time, while a window is open.

The values go into the trace file beside the RTL's signals (native/tracer.cpp). A macro that sleeps
stands still, so nothing is sampled until it is woken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cocotb
from cocotb.triggers import ReadOnly, Timer

from cosim.analog.probes import probe_values
from cosim.analog.protocol import Energy
from cosim.bridge.clocked import ClockedMacro
from cosim.bridge.kernel import Native, now_ps
from cosim.bridge.soc_config import SocConfig, load_spec_design, named
from cosim.errors import CosimError

__all__ = ["Prober"]


class Prober:
    """The analog side of a trace. `look` is called at every wake, after the macros were served."""

    def __init__(self, dut: Any, config: SocConfig, macros: Sequence[ClockedMacro], main: Native):
        self._port = dut.o_window
        self._grid_ps, self._macros = config.grid_ps, macros
        self._names = [
            named(spec.probes)(spec.sizes, load_spec_design(spec)) for spec in config.macros
        ]
        self._before: list[Energy | None] = [None] * len(macros)
        names = [
            f"analog.{macro.name}.{name}"
            for macro, each in zip(macros, self._names, strict=True)
            for name in each.all
        ]
        self._values = main.probes(names)
        self._running = False
        self._failed: CosimError | None = None

    def look(self) -> None:
        """Sample for as long as the window is open and a macro moves."""
        if self._failed is not None:
            raise self._failed
        if not self._running and self._open() and self._moving():
            self._running = True
            cocotb.start_soon(self._sample())

    def _open(self) -> bool:
        return bool(self._port._handle.get_signal_val_binstr() == "1")

    def _moving(self) -> bool:
        return any(macro.moving for macro in self._macros)

    async def _sample(self) -> None:
        self._before = [None] * len(self._macros)
        try:
            self._take()
            while self._open() and self._moving():
                await Timer(self._grid_ps - now_ps() % self._grid_ps, unit="ps")
                await ReadOnly()
                self._take()
        except CosimError as error:  # told by whoever looks next: only there is it an end
            self._failed = error
        self._running = False

    def _take(self) -> None:
        t_ps, place = now_ps(), 0
        for index, (macro, names) in enumerate(zip(self._macros, self._names, strict=True)):
            shot = macro.probe(t_ps)
            if shot is not None:
                volts, energy = shot
                before = self._before[index] or energy
                values = probe_values(names, volts, before, energy)
                self._values[place : place + len(values)] = values
                self._before[index] = energy
            place += len(names.all)
