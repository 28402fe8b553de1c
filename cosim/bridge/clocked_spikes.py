# SPDX-License-Identifier: Apache-2.0
"""clocked_spikes : asynchronous codes of a clocked macro: each changes at its own picosecond.

Inputs of the macro change at clock edges alone, so from one edge its engine may run to the next
before the RTL does; every crossing on the way is then delivered at its own time. A code is a level
that a comparator holds: the chip captures it at a clock edge, and it must be decided by then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cosim.analog.protocol import MacroEngine
from cosim.bridge.soc_config import SocConfig
from cosim.bridge.soc_pins import MacroPins
from cosim.errors import ConvergenceError, WorkerLostError

__all__ = ["Change", "Spikes"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """At `t_ps` the code bits in `mask` become those of `value`."""

    t_ps: int
    mask: int
    value: int


class Spikes:
    """The codes of one macro; `strobed` while its comparators may decide."""

    def __init__(self, name: str, pins: MacroPins, config: SocConfig) -> None:
        self.strobed = False
        self._name, self._pins = name, pins
        self._clock_ps, self._grid_ps = config.clock_ps, config.grid_ps
        self._bits = {pin: bit for bit, pin in enumerate(pins.code_pins)}
        self._levels = [0] * len(self._bits)
        self._last_ps = -1

    @property
    def levels(self) -> tuple[int, ...]:
        """Code 0 first."""
        return tuple(self._levels)

    @property
    def may_change(self) -> bool:
        """While a strobe is high, and until every code has fallen again."""
        return self.strobed or any(self._levels)

    def listen(self, engine: MacroEngine, t_ps: int) -> tuple[int, tuple[Change, ...]]:
        """From `t_ps` to the next edge (or sample of a trace): where that is, and the changes."""
        end_ps = (t_ps // self._clock_ps + 1) * self._clock_ps
        if self._grid_ps:
            end_ps = min(end_ps, (t_ps // self._grid_ps + 1) * self._grid_ps)
        changes: list[Change] = []
        while t_ps < end_ps:
            at = engine.advance(end_ps, grid_ps=self._clock_ps, stop_on_crossing=True)
            if not t_ps <= at.t_ps <= end_ps or (at.t_ps < end_ps and not at.crossings):
                raise WorkerLostError(
                    f"the engine answered for {at.t_ps} ps when asked for {end_ps} ps",
                    macro=self._name,
                    t_ps=t_ps,
                )
            t_ps = at.t_ps
            for crossing in at.crossings:
                bit = self._bits[crossing.pin]
                self._levels[bit], self._last_ps = crossing.level, crossing.t_ps
                changes.append(
                    Change(t_ps=crossing.t_ps, mask=1 << bit, value=crossing.level << bit)
                )
        return t_ps, tuple(changes)

    def check_decided(self, engine: MacroEngine, t_ps: int) -> None:
        """The chip captures at `t_ps`: no code may still be between its levels."""
        if self._last_ps == t_ps:
            raise ConvergenceError("a code changed as it was captured", macro=self._name, t_ps=t_ps)
        if not self._pins.decided:
            return
        volts = np.abs(engine.snapshot()[self._pins.decided])
        if not float(volts.min()) >= self._pins.decided_v:  # NaN is not decided either
            worst = int(np.argmin(volts))
            pin = self._pins.code_pin.format(worst)
            raise ConvergenceError(
                f"{pin} is not decided as it is captured: its comparator is at "
                f"{float(volts[worst]):.3g} V of {self._pins.decided_v:.3g} V",
                macro=self._name,
                t_ps=t_ps,
                node=pin,
            )
