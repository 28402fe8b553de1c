# SPDX-License-Identifier: Apache-2.0
"""ngspice : the engine that solves a macro with ngspice, in a process of its own, in lockstep.

Steps end exactly where the bridge asks and at every crossing of an asynchronous output; inputs ramp
from exactly the time they change. README.md, section "ngspice engine", has the whole contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.ngspice_deck import boundary, deck_text, script_text
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.ngspice_worker import Worker
from cosim.analog.ngspice_world import INDEX, Kind, Op, World
from cosim.analog.pins import InputPin, MacroDescription, Supply
from cosim.analog.protocol import Advance, Crossing, Energy, Sample
from cosim.errors import ConvergenceError, WorkerLostError

__all__ = ["NgspiceEngine"]

Floats = NDArray[np.float64]
FOREVER_PS = 1 << 60

_UNTIL, _GRID, _PHASE = INDEX["until_ps"], INDEX["grid_ps"], INDEX["grid_phase_ps"]
_STOP, _CHANGES, _T_PS = INDEX["stop_on_crossing"], INDEX["n_changes"], INDEX["t_ps"]
_SETTLED, _CROSSED = INDEX["settled"], INDEX["n_crossings"]


class NgspiceEngine:
    """One macro in one ngspice worker. Bridge time = circuit time + the time slept so far."""

    engine = "ngspice"

    def __init__(
        self, name: str, macro: MacroDescription, options: NgspiceOptions | None = None
    ) -> None:
        self.name, self.macro = name, macro
        self.options = options or NgspiceOptions()
        self._worker: Worker | None = None
        self._world: World | None = None
        self._slept_ps = 0  # bridge time minus circuit time
        self._started = False
        self._held_ps = -1  # bridge time of a tentative step, -1 without one
        self._pending: dict[int, tuple[float, int]] = {}  # source row -> volts, ramp
        self._conversions: dict[str, int] = {}
        self._slept_j: Floats = np.zeros(0)
        self.clipped: set[str] = set()  # converters whose last code was out of range
        self._rows()

    def _rows(self) -> None:
        """Tables from pin names to rows of the shared memory."""
        macro = self.macro
        self._drivers: list[InputPin | Supply] = [*macro.inputs, *macro.supplies]
        self._input_row = {pin.name: row for row, pin in enumerate(macro.inputs)}
        self._follow: dict[str, list[int]] = {}
        for row, driver in enumerate(self._drivers):
            gate = driver.enable if isinstance(driver, InputPin) else driver.gate
            if gate is not None:
                self._follow.setdefault(gate, []).append(row)
        self._levels = {pin.name: 0 for pin in macro.inputs}
        self._n_sources = len(self._drivers) + len(macro.meters)
        self._target_v = [0.0] * self._n_sources
        names = [pin.name for pin in macro.outputs] + [c.name for c in macro.converters]
        self._converter_row = {
            c.name: len(macro.outputs) + k for k, c in enumerate(macro.converters)
        }
        self._output_row = {pin.name: row for row, pin in enumerate(macro.outputs)}
        self._probe_rows: dict[str, slice] = {}
        start = len(names)
        for name, nodes in macro.probes.items():
            self._probe_rows[name] = slice(start, start + len(nodes))
            start += len(nodes)

    # -- life ----------------------------------------------------------------------------------

    def load(self) -> None:
        """Start the worker and read the netlist, without waiting for it. `start` does both."""
        if self._worker is not None:
            return
        rows = boundary(self.macro)
        world = World(len(rows.source_nodes), len(rows.probe_nodes))
        for row, pin in enumerate(self.macro.outputs):
            world.probes[row]["rise_v"], world.probes[row]["fall_v"] = pin.rise_v, pin.fall_v
            world.probes[row]["asynchronous"] = int(pin.asynchronous)
        world.sources["t1_s"] = -1.0
        world.sources["kind"][len(self._drivers) :] = Kind.METER
        options = self.options
        world.set(
            max_step_s=options.max_step_ps * 1e-12,
            settle_v=options.settle_v,
            settle_a=options.settle_a,
            settle_rel=options.settle_rel,
            settle_s=options.settle_ps * 1e-12,
            horizon_s=options.horizon_s,
        )
        libraries = [
            tools.compile_va(model, include=self.macro.include) for model in self.macro.models
        ]
        deck = deck_text(self.macro, options)
        self._world = world
        self._slept_j = np.zeros(self._n_sources)
        self._worker = Worker(
            self.name,
            world,
            deck,
            [Path(library) for library in libraries],
            script_text(options, deck.count("\n")),
            options,
            self._row_name,
        )

    def program(self, weights: tuple[Floats, ...]) -> None:
        """A plain netlist has no weights; a weighted macro is described anew and solved afresh."""
        raise NotImplementedError(
            f"macro {self.name} has no weights; describe it again with the weights in its netlist"
        )

    def replace(self, macro: MacroDescription) -> None:
        """A new netlist behind the same pins: the old worker ends, a new one begins to load."""
        self.close()
        fresh = NgspiceEngine(self.name, macro, self.options)
        self.__dict__.update(fresh.__dict__)
        self.load()

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        if self._world is not None:
            self._world.close()

    def __enter__(self) -> NgspiceEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process number of the worker, -1 without one."""
        return self._worker.pid if self._worker is not None else -1

    # -- time ----------------------------------------------------------------------------------

    @property
    def t_ps(self) -> int:
        """The engine's present bridge time."""
        return self._bound().integer("t_ps") + self._slept_ps if self._held_ps < 0 else self._now_ps

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self.load()
        world, worker = self._running()
        self._slept_ps, self._now_ps = t_ps, t_ps
        for name, level in levels.items():
            self._check_pin(name)
            self._levels[name] = int(level)
        for row in range(len(self._drivers)):
            self._target_v[row] = volts = self._volts(row)
            world.sources[row]["v0_v"] = world.sources[row]["v1_v"] = volts
        worker.wait()  # the netlist
        worker.command(Op.START)  # the operating point
        self._started = True

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if t_ps != self._now_ps:
            raise ValueError(f"{self.name}: drive at {t_ps} ps, but the time is {self._now_ps} ps")
        moved: dict[int, None] = {}
        for name, level in levels.items():
            row = self._check_pin(name)
            if self._levels[name] != level:
                self._levels[name] = int(level)
                moved[row] = None
                for follower in self._follow.get(name, ()):
                    moved[follower] = None
        for row in moved:
            volts, driver = self._volts(row), self._drivers[row]
            if volts != self._target_v[row]:
                rising = volts > self._target_v[row]
                self._target_v[row] = volts
                self._pending[row] = (volts, driver.rise_ps if rising else driver.fall_ps)

    def _command(self, op: Op, until_ps: int, grid_ps: int = 0, stop: bool = True) -> World:
        world, worker = self._running()
        ints = world.ints
        ints[_UNTIL], ints[_GRID] = until_ps - self._slept_ps, grid_ps
        ints[_PHASE] = -self._slept_ps % grid_ps if grid_ps else 0
        ints[_STOP] = int(stop)
        ints[_CHANGES] = len(self._pending)
        for place, (row, (volts, ramp_ps)) in enumerate(self._pending.items()):
            world.changes[place] = (row, volts, ramp_ps)
        self._pending.clear()
        worker.command(op)
        return world

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        if until_ps < self._now_ps:
            raise ValueError(f"{self.name}: cannot go back from {self._now_ps} to {until_ps} ps")
        if until_ps == self._now_ps:
            return Advance(t_ps=until_ps, settled=self._settled())
        world = self._command(Op.ADVANCE, until_ps, grid_ps, stop_on_crossing)
        self._held_ps = -1
        ints = world.ints
        self._now_ps = ints[_T_PS] + self._slept_ps
        crossings: tuple[Crossing, ...] = ()
        if ints[_CROSSED]:
            crossings = self._crossings(world, ints[_CROSSED])
        return Advance(t_ps=self._now_ps, crossings=crossings, settled=bool(ints[_SETTLED]))

    def propose(self, until_ps: int) -> int:
        if self._held_ps >= 0 and not self._pending:
            return min(self._held_ps, until_ps)
        if until_ps <= self._now_ps:
            return self._now_ps
        world = self._command(Op.PROPOSE, until_ps)
        self._held_ps = world.ints[_T_PS] + self._slept_ps
        return self._held_ps

    def sleep(self, t_ps: int) -> None:
        world = self._bound()
        if t_ps < self._now_ps:
            raise ValueError(f"{self.name}: cannot go back from {self._now_ps} to {t_ps} ps")
        if not self._settled():
            raise ConvergenceError("not settled, so it cannot sleep", macro=self.name, t_ps=t_ps)
        gone_s = (t_ps - self._now_ps) * 1e-12
        self._slept_j += self._power_w(world) * gone_s
        self._slept_ps += t_ps - self._now_ps
        self._now_ps = t_ps

    def _settled(self) -> bool:
        return not self._pending and self._held_ps < 0 and bool(self._bound().ints[_SETTLED])

    # -- answers -------------------------------------------------------------------------------

    def levels(self) -> dict[str, int]:
        """Present level of every asynchronous output."""
        world = self._bound()
        return {
            pin.name: int(world.probes[row]["level"])
            for row, pin in enumerate(self.macro.outputs)
            if pin.asynchronous
        }

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        world = self._bound()
        volts = world.probes["volts"]
        read = {pin.name: float(volts[row]) for pin, row in self._outputs()}
        codes: dict[str, int] = {}
        for converter in self.macro.converters:
            value = float(volts[self._converter_row[converter.name]])
            read[converter.name] = value
            if converter.name not in pins:
                continue
            codes[converter.name], clipped = converter.code(value)
            self._conversions[converter.name] = self._conversions.get(converter.name, 0) + 1
            (self.clipped.add if clipped else self.clipped.discard)(converter.name)
        unknown = [pin for pin in pins if pin not in read]
        if unknown:
            raise KeyError(f"{self.name}: no output pin {unknown[0]}")
        layers = {name: volts[rows].copy() for name, rows in self._probe_rows.items()}
        return Sample(t_ps=self._now_ps, volts=read, codes=codes, layers=layers)

    def energy(self) -> Energy:
        world = self._bound()
        joules = world.sources["energy_j"] + self._slept_j
        by_supply: dict[str, float] = {}
        by_group: dict[str, float] = {}

        def bill(supply: str, group: str, energy_j: float) -> None:
            by_supply[supply] = by_supply.get(supply, 0.0) + energy_j
            by_group[group] = by_group.get(group, 0.0) + energy_j

        for row, driver in enumerate(self._drivers):
            supply = driver.supply if isinstance(driver, InputPin) else driver.name
            bill(supply, driver.group, float(joules[row]))
        for converter in self.macro.converters:
            count = self._conversions.get(converter.name, 0)
            bill(converter.supply, converter.group, count * converter.energy_j)
        for row, meter in enumerate(self.macro.meters, start=len(self._drivers)):
            by_group[meter.taken_from] -= float(joules[row])
            by_group[meter.group] = by_group.get(meter.group, 0.0) + float(joules[row])
        return Energy(
            t_ps=self._now_ps,
            total_j=sum(by_supply.values()),
            by_supply=by_supply,
            by_group=by_group,
        )

    def snapshot(self) -> Mapping[str, Floats]:
        """Probes by name, and `outputs`, `source_v`, `source_a` in the order of the description."""
        world = self._bound()
        volts = world.probes["volts"]
        n_pins = len(self.macro.outputs) + len(self.macro.converters)
        shot: dict[str, Floats] = {
            name: volts[rows].copy() for name, rows in self._probe_rows.items()
        }
        shot["outputs"] = volts[:n_pins].copy()
        shot["source_v"] = world.sources["volts"].copy()
        shot["source_a"] = world.sources["amps"].copy()
        return shot

    def steps(self) -> dict[str, int]:
        """Solver effort so far: Newton loads, accepted and rejected steps."""
        world = self._bound()
        return {name: world.integer(name) for name in ("loads", "accepted", "rejected")}

    # -- helpers -------------------------------------------------------------------------------

    def _outputs(self) -> list[tuple[object, int]]:
        return [(pin, self._output_row[pin.name]) for pin in self.macro.outputs]

    def _row_name(self, row: int) -> str:
        rows = boundary(self.macro)
        return rows.probe_nodes[row] if row >= 0 else rows.source_nodes[-1 - row]

    def _volts(self, row: int) -> float:
        driver = self._drivers[row]
        if isinstance(driver, InputPin):
            enabled = driver.enable is None or bool(self._levels[driver.enable])
            return driver.volts(self._levels[driver.name], enabled)
        return driver.volts if driver.gate is None or self._levels[driver.gate] else driver.v_off

    def _check_pin(self, name: str) -> int:
        row = self._input_row.get(name)
        if row is None:
            raise KeyError(f"{self.name}: no input pin {name}")
        return row

    def _power_w(self, world: World) -> Floats:
        power = world.sources["volts"] * world.sources["amps"]
        meters = slice(len(self._drivers), None)
        power[meters] = -world.sources["amps"][meters]
        return np.asarray(power, dtype=np.float64)

    def _crossings(self, world: World, count: int) -> tuple[Crossing, ...]:
        found = [
            Crossing(
                pin=self.macro.outputs[row].name,
                level=level,
                t_ps=t_ps + self._slept_ps,
                t_exact_s=t_exact_s + self._slept_ps * 1e-12,
            )
            for row, level, t_ps, t_exact_s in world.crossings[:count].tolist()
        ]
        return tuple(sorted(found, key=lambda crossing: crossing.t_exact_s))

    def _bound(self) -> World:
        if self._world is None or not self._started:
            raise WorkerLostError("the engine has not been started", macro=self.name)
        return self._world

    def _running(self) -> tuple[World, Worker]:
        if self._world is None or self._worker is None:
            raise WorkerLostError("the engine is closed", macro=self.name)
        return self._world, self._worker
