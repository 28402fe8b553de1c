# SPDX-License-Identifier: Apache-2.0
"""ngspice_rows : which row of the shared tables belongs to which pin, and what it must be.

Sources: inputs, supplies, meters. Watched nodes: outputs, converters, then every probe's nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.ngspice_world import MAX_CROSSINGS, Kind, World
from cosim.analog.pins import InputPin, MacroDescription, Supply
from cosim.analog.protocol import Energy
from cosim.errors import MacroFileError

__all__ = ["Ledger", "Rows"]

Floats = NDArray[np.float64]


class Rows:
    """The rows of one macro, and the levels its inputs have now."""

    def __init__(self, macro: MacroDescription) -> None:
        watched = sum(pin.asynchronous for pin in macro.outputs)
        if watched > MAX_CROSSINGS // 2:
            raise MacroFileError(
                f"{macro.source}: {watched} asynchronous outputs, at most {MAX_CROSSINGS // 2}"
            )
        self.macro = macro
        self.drivers: list[InputPin | Supply] = [*macro.inputs, *macro.supplies]
        self.levels = {pin.name: 0 for pin in macro.inputs}
        self._input = {pin.name: row for row, pin in enumerate(macro.inputs)}
        self._followers: dict[str, list[int]] = {}
        for row, driver in enumerate(self.drivers):
            gate = driver.enable if isinstance(driver, InputPin) else driver.gate
            if gate is not None:
                self._followers.setdefault(gate, []).append(row)
        self.n_sources = len(self.drivers) + len(macro.meters)
        self.outputs = {pin.name: row for row, pin in enumerate(macro.outputs)}
        self.converters = {c.name: len(self.outputs) + k for k, c in enumerate(macro.converters)}
        self.probes: dict[str, slice] = {}
        start = len(self.outputs) + len(self.converters)
        for name, nodes in macro.probes.items():
            self.probes[name] = slice(start, start + len(nodes))
            start += len(nodes)
        self._target_v = [self._volts(row) for row in range(len(self.drivers))]

    def fill(self, world: World) -> None:
        """What never changes in the shared tables."""
        for pin, row in self.outputs.items():
            output = self.macro.outputs[row]
            assert output.name == pin
            world.probes[row]["rise_v"] = output.rise_v
            world.probes[row]["fall_v"] = output.fall_v
            world.probes[row]["asynchronous"] = int(output.asynchronous)
        world.sources["t1_s"] = -1.0  # a ramp long past: every source stands at v1
        world.sources["kind"][len(self.drivers) :] = Kind.METER

    def set_all(self, world: World, levels: Mapping[str, int]) -> None:
        """The sources' volts before the operating point."""
        for name, level in levels.items():
            self._row(name)
            self.levels[name] = int(level)
        for row in range(len(self.drivers)):
            volts = self._volts(row)
            self._target_v[row] = volts
            world.sources[row]["v0_v"] = world.sources[row]["v1_v"] = volts

    def moves(self, levels: Mapping[str, int]) -> dict[int, tuple[float, int]]:
        """Rows that must move, to which volts and within how many picoseconds."""
        touched: dict[int, None] = {}
        for name, level in levels.items():
            row = self._row(name)
            if self.levels[name] != level:
                self.levels[name] = int(level)
                touched[row] = None
                touched.update(dict.fromkeys(self._followers.get(name, ())))
        found: dict[int, tuple[float, int]] = {}
        for row in touched:
            volts, before = self._volts(row), self._target_v[row]
            if volts != before:
                driver = self.drivers[row]
                found[row] = (volts, driver.rise_ps if volts > before else driver.fall_ps)
                self._target_v[row] = volts
        return found

    def power_w(self, world: World) -> Floats:
        """Watts delivered by every source (a meter's: watts measured) at the last point."""
        power = world.sources["volts"] * world.sources["amps"]
        meters = slice(len(self.drivers), None)
        power[meters] = -world.sources["amps"][meters]
        return np.asarray(power, dtype=np.float64)

    def _row(self, name: str) -> int:
        row = self._input.get(name)
        if row is None:
            raise KeyError(f"{self.macro.source}: no input pin {name}")
        return row

    def _volts(self, row: int) -> float:
        driver = self.drivers[row]
        if isinstance(driver, InputPin):
            enabled = driver.enable is None or bool(self.levels[driver.enable])
            return driver.volts(self.levels[driver.name], enabled)
        return driver.volts if driver.gate is None or self.levels[driver.gate] else driver.v_off


class Ledger:
    """Joules by supply and by group; survives a change of worker."""

    def __init__(self) -> None:
        self.by_supply: dict[str, float] = {}
        self.by_group: dict[str, float] = {}

    def bill(self, supply: str, group: str, energy_j: float) -> None:
        self.by_supply[supply] = self.by_supply.get(supply, 0.0) + energy_j
        self.by_group[group] = self.by_group.get(group, 0.0) + energy_j

    def add_sources(self, rows: Rows, energy_j: Sequence[float]) -> None:
        """Bill every source's joules, then move what the meters saw to their own groups."""
        for driver, joules in zip(rows.drivers, energy_j, strict=False):
            supply = driver.supply if isinstance(driver, InputPin) else driver.name
            self.bill(supply, driver.group, joules)
        for meter, joules in zip(rows.macro.meters, energy_j[len(rows.drivers) :], strict=True):
            self.by_group[meter.taken_from] -= joules
            self.by_group[meter.group] = self.by_group.get(meter.group, 0.0) + joules

    def copy(self) -> Ledger:
        twin = Ledger()
        twin.by_supply, twin.by_group = dict(self.by_supply), dict(self.by_group)
        return twin

    def energy(self, t_ps: int) -> Energy:
        return Energy(
            t_ps=t_ps,
            total_j=sum(self.by_supply.values()),
            by_supply=self.by_supply,
            by_group=self.by_group,
        )
