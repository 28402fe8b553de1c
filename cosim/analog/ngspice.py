# SPDX-License-Identifier: Apache-2.0
"""ngspice : the engine that solves a macro with ngspice, in a process of its own, in lockstep.

Steps end exactly where the bridge asks and at every crossing of an asynchronous output; inputs ramp
from exactly the time they change. README.md, section "ngspice engine", has the whole contract.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.ngspice_deck import boundary, deck_text, script_text
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.ngspice_rows import Ledger, Rows
from cosim.analog.ngspice_worker import Worker
from cosim.analog.ngspice_world import INDEX, Op, World
from cosim.analog.pins import MacroDescription
from cosim.analog.protocol import Advance, Crossing, Energy, Sample
from cosim.errors import ConvergenceError, WorkerLostError

__all__ = ["NgspiceEngine"]

Floats = NDArray[np.float64]
Weights = tuple[Floats, ...]

_UNTIL, _GRID, _PHASE = INDEX["until_ps"], INDEX["grid_ps"], INDEX["grid_phase_ps"]
_STOP, _CHANGES, _T_PS = INDEX["stop_on_crossing"], INDEX["n_changes"], INDEX["t_ps"]
_SETTLED, _CROSSED = INDEX["settled"], INDEX["n_crossings"]


class NgspiceEngine:
    """One macro in one ngspice worker. Bridge time = circuit time + the time slept so far.

    A macro with weights is given as `describe`, which turns them into a description; each
    `program` then ends the present worker and begins to load a new one.
    """

    engine = "ngspice"

    def __init__(
        self,
        name: str,
        macro: MacroDescription | None = None,
        options: NgspiceOptions | None = None,
        *,
        describe: Callable[[Weights], MacroDescription] | None = None,
    ) -> None:
        if macro is None and describe is None:
            raise ValueError(f"{name}: give a macro or the function that describes it")
        self.name = name
        self.options = options or NgspiceOptions()
        self.clipped: set[str] = set()  # converters whose last code was out of range
        self._describe = describe
        self._rows: Rows | None = Rows(macro) if macro is not None else None
        self._worker: Worker | None = None
        self._world: World | None = None
        self._started = False
        self._now_ps = 0
        self._slept_ps = 0  # bridge time minus circuit time
        self._held_ps = -1  # bridge time of a tentative step, -1 without one
        self._pending: dict[int, tuple[float, int]] = {}  # source row -> volts, ramp
        self._slept_j: Floats = np.zeros(0)
        self._past = Ledger()  # earlier workers, and conversions

    # -- life ----------------------------------------------------------------------------------

    def load(self) -> None:
        """Start the worker and let it read the netlist, without waiting. `start` does both."""
        if self._worker is not None:
            return
        if self._rows is None:
            raise WorkerLostError("the macro has not been programmed", macro=self.name)
        macro = self._rows.macro
        nodes = boundary(macro)
        libraries = [tools.compile_va(model, include=macro.include) for model in macro.models]
        deck = deck_text(macro, self.options)
        world = World(len(nodes.source_nodes), len(nodes.probe_nodes))
        self._rows.fill(world)
        world.set(
            max_step_s=self.options.max_step_ps * 1e-12,
            settle_v=self.options.settle_v,
            settle_a=self.options.settle_a,
            settle_rel=self.options.settle_rel,
            settle_s=self.options.settle_ps * 1e-12,
            horizon_s=self.options.horizon_s,
            first_part=min(0.1, 3.0 * math.sqrt(self.options.reltol)),
        )
        self._world = world
        self._slept_j = np.zeros(self._rows.n_sources)
        self._worker = Worker(
            name=self.name,
            world=world,
            deck=deck,
            libraries=libraries,
            script=script_text(self.options, deck.count("\n")),
            options=self.options,
            node_name=lambda row: (
                nodes.probe_nodes[row] if row >= 0 else nodes.source_nodes[-1 - row]
            ),
        )

    def program(self, weights: Weights) -> None:
        """New weights: a new netlist, so a new worker, which begins to load at once."""
        if self._describe is None:
            raise ValueError(f"{self.name}: this macro has no weights to program")
        if self._rows is not None and self._started:
            self._past.add_sources(self._rows, self._source_j().tolist())
        self.close()
        levels = self._rows.levels if self._rows is not None else {}
        self._rows = Rows(self._describe(weights))
        self._rows.levels.update(levels)
        self.load()

    def close(self) -> None:
        self._started, self._held_ps = False, -1
        self._pending.clear()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
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
    def macro(self) -> MacroDescription:
        """The present description."""
        if self._rows is None:
            raise WorkerLostError("the macro has not been programmed", macro=self.name)
        return self._rows.macro

    @property
    def pid(self) -> int:
        """Process number of the worker, -1 without one."""
        return self._worker.pid if self._worker is not None else -1

    @property
    def t_ps(self) -> int:
        """The engine's present bridge time."""
        return self._now_ps

    # -- time ----------------------------------------------------------------------------------

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self.load()
        world, worker, rows = self._parts()
        self._slept_ps = self._now_ps = worker.slept_ps = t_ps
        rows.set_all(world, levels)
        worker.wait()  # the netlist
        worker.command(Op.START)  # the operating point
        worker.refuse_ignored_lines()
        self._started = True

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if t_ps != self._now_ps:
            raise ValueError(f"{self.name}: drive at {t_ps} ps, but the time is {self._now_ps} ps")
        self._pending.update(self._parts()[2].moves(levels))

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        if until_ps < self._now_ps:
            raise ValueError(f"{self.name}: cannot go back from {self._now_ps} to {until_ps} ps")
        if until_ps == self._now_ps:
            return Advance(t_ps=until_ps, settled=self._settled())
        crossings: tuple[Crossing, ...] = ()
        while True:
            ints = self._command(Op.ADVANCE, until_ps, grid_ps, stop_on_crossing).ints
            self._held_ps = -1
            self._now_ps = ints[_T_PS] + self._slept_ps
            if ints[_CROSSED]:
                crossings += self._crossings(ints[_CROSSED])
            if stop_on_crossing or self._now_ps == until_ps:  # else the worker's list was full
                break
        return Advance(t_ps=self._now_ps, crossings=crossings, settled=bool(ints[_SETTLED]))

    def propose(self, until_ps: int) -> int:
        if self._held_ps >= 0 and not self._pending:
            return min(self._held_ps, until_ps)
        if until_ps <= self._now_ps:
            return self._now_ps
        self._held_ps = self._command(Op.PROPOSE, until_ps).ints[_T_PS] + self._slept_ps
        return self._held_ps

    def sleep(self, t_ps: int) -> None:
        world, worker, rows = self._parts()
        if t_ps < self._now_ps:
            raise ValueError(f"{self.name}: cannot go back from {self._now_ps} to {t_ps} ps")
        if not self._settled():
            raise ConvergenceError("not settled, so it cannot sleep", macro=self.name, t_ps=t_ps)
        self._slept_j += rows.power_w(world) * ((t_ps - self._now_ps) * 1e-12)
        self._slept_ps += t_ps - self._now_ps
        worker.slept_ps = self._slept_ps
        self._now_ps = t_ps

    def _settled(self) -> bool:
        quiet = not self._pending and self._held_ps < 0
        return quiet and bool(self._solved().ints[_SETTLED])

    def _command(self, op: Op, until_ps: int, grid_ps: int = 0, stop: bool = True) -> World:
        world, worker, _ = self._parts()
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

    # -- answers -------------------------------------------------------------------------------

    def levels(self) -> dict[str, int]:
        """Present level of every asynchronous output."""
        level = self._solved().probes["level"]
        rows = self._parts()[2]
        watched = {pin.name for pin in rows.macro.outputs if pin.asynchronous}
        return {name: int(level[row]) for name, row in rows.outputs.items() if name in watched}

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        volts = self._solved().probes["volts"]
        rows = self._parts()[2]
        read = {name: float(volts[row]) for name, row in rows.outputs.items()}
        read.update({name: float(volts[row]) for name, row in rows.converters.items()})
        codes: dict[str, int] = {}
        for pin in pins:
            if pin not in read:
                raise KeyError(f"{self.name}: no output pin {pin}")
        for converter in rows.macro.converters:
            if converter.name in pins:
                code, clipped = converter.code(read[converter.name])
                codes[converter.name] = code
                self._past.bill(converter.supply, converter.group, converter.energy_j)
                (self.clipped.add if clipped else self.clipped.discard)(converter.name)
        layers = {name: volts[span].copy() for name, span in rows.probes.items()}
        return Sample(t_ps=self._now_ps, volts=read, codes=codes, layers=layers)

    def energy(self) -> Energy:
        ledger = self._past.copy()
        if self._started:
            ledger.add_sources(self._parts()[2], self._source_j().tolist())
        return ledger.energy(self._now_ps)

    def snapshot(self) -> Mapping[str, Floats]:
        """Probes by name, and `outputs`, `source_v`, `source_a` in the order of the description."""
        world = self._solved()
        volts = world.probes["volts"]
        rows = self._parts()[2]
        shot: dict[str, Floats] = {name: volts[span].copy() for name, span in rows.probes.items()}
        shot["outputs"] = volts[: len(rows.outputs) + len(rows.converters)].copy()
        shot["source_v"] = world.sources["volts"].copy()
        shot["source_a"] = world.sources["amps"].copy()
        return shot

    def steps(self) -> dict[str, int]:
        """Solver effort so far: Newton loads, accepted and rejected steps."""
        world = self._solved()
        return {name: world.integer(name) for name in ("loads", "accepted", "rejected")}

    # -- helpers -------------------------------------------------------------------------------

    def _source_j(self) -> Floats:
        return np.asarray(self._solved().sources["energy_j"] + self._slept_j, dtype=np.float64)

    def _crossings(self, count: int) -> tuple[Crossing, ...]:
        world, _, rows = self._parts()
        found = [
            Crossing(
                pin=rows.macro.outputs[row].name,
                level=level,
                t_ps=t_ps + self._slept_ps,
                t_exact_s=t_exact_s + self._slept_ps * 1e-12,
            )
            for row, level, t_ps, t_exact_s in world.crossings[:count].tolist()
        ]
        return tuple(sorted(found, key=lambda crossing: crossing.t_exact_s))

    def _solved(self) -> World:
        if self._world is None or not self._started:
            raise WorkerLostError("the engine has not been started", macro=self.name)
        return self._world

    def _parts(self) -> tuple[World, Worker, Rows]:
        if self._world is None or self._worker is None or self._rows is None:
            raise WorkerLostError("the engine is closed", macro=self.name)
        return self._world, self._worker, self._rows
