# SPDX-License-Identifier: Apache-2.0
"""lockstep : what engines without a simulator process share: pins, time, codes, and the bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist import ENABLE, input_pin
from cosim.analog.pins import Converter
from cosim.analog.protocol import Energy, Sample
from cosim.errors import CircuitError

__all__ = ["Boundary", "bill", "sampled"]

Floats = NDArray[np.float64]


class Boundary:
    """Levels of a macro's input pins, and the time that the bridge has reached."""

    def __init__(self, name: str, n_in: int) -> None:
        self.name = name
        self.bits = np.zeros(n_in, dtype=np.int64)
        self.enabled = 0
        self.now_ps: int | None = None
        self._inputs = {input_pin(i): i for i in range(n_in)}

    def now(self) -> int:
        """The time, once the engine has been started."""
        if self.now_ps is None:
            raise CircuitError("the engine has not been started", macro=self.name)
        return self.now_ps

    def at(self, t_ps: int) -> None:
        """Inputs change at `t_ps`: that must be now."""
        if t_ps != self.now():
            raise ValueError(f"{self.name}: drive at {t_ps} ps, but the time is {self.now_ps} ps")

    def until(self, until_ps: int) -> int:
        """The time now; `until_ps` must not lie before it."""
        now_ps = self.now()
        if until_ps < now_ps:
            raise ValueError(f"{self.name}: cannot go back from {now_ps} to {until_ps} ps")
        return now_ps

    def set(self, levels: Mapping[str, int]) -> None:
        """New levels of some pins."""
        for name, level in levels.items():
            if name == ENABLE:
                self.enabled = int(level)
            elif name in self._inputs:
                self.bits[self._inputs[name]] = int(level)
            else:
                raise KeyError(f"{self.name}: no input pin {name}")


def sampled(
    pins_at: Boundary,
    held_v: Floats,
    converters: Sequence[Converter],
    pins: tuple[str, ...],
    layers: Mapping[str, Floats],
) -> tuple[Sample, float]:
    """Volts of all converters, codes of `pins`, and the joules of these conversions."""
    volts = {c.name: float(v) for c, v in zip(converters, held_v, strict=True)}
    unknown = [pin for pin in pins if pin not in volts]
    if unknown:
        raise KeyError(f"{pins_at.name}: no output pin {unknown[0]}")
    codes: dict[str, int] = {}
    joules = 0.0
    for converter in converters:
        if converter.name in pins:
            codes[converter.name], _ = converter.code(volts[converter.name])
            joules += converter.energy_j
    return Sample(t_ps=pins_at.now(), volts=volts, codes=codes, layers=layers), joules


def bill(
    t_ps: int,
    joules: Mapping[str, float],
    groups: Mapping[str, str],
    taken: Mapping[str, float],
) -> Energy:
    """Joules by supply as energy by group; `taken` are groups whose joules drivers have paid."""
    by_group: dict[str, float] = {}
    for supply, value in joules.items():
        by_group[groups[supply]] = by_group.get(groups[supply], 0.0) + value
    for group, value in taken.items():
        by_group["drivers"] -= value
        by_group[group] = by_group.get(group, 0.0) + value
    return Energy(
        t_ps=t_ps, total_j=sum(joules.values()), by_supply=dict(joules), by_group=by_group
    )
