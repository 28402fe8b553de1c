# SPDX-License-Identifier: Apache-2.0
"""macro : couples any analog macro to the ports of a DUT from a plain cocotb test.

    macro = await attach(dut, "rc_buffer.yaml")     # runs in the background from here on
    async with attach(dut, "rc_buffer.yaml"): ...   # or for a block

Pins need no common clock: inputs act at their own picosecond, and an asynchronous output changes at
the first whole picosecond at or after its crossing. README.md, "Free-running pins", draws it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import cocotb
from cocotb.task import Task
from cocotb.triggers import Event, First, ReadOnly, ReadWrite, Timer, Trigger

from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.pins import MacroDescription
from cosim.analog.pins_file import load_macro
from cosim.analog.protocol import Energy, MacroEngine, Sample
from cosim.bridge.kernel import Doorbell, Native, native, now_ps, require_ps
from cosim.bridge.lockstep import NEVER_PS, LiveMacro, Lockstep, explain
from cosim.bridge.ports import Binding
from cosim.errors import CircuitError, MacroFileError, RtlError

__all__ = ["Macro", "attach"]

log = logging.getLogger(__name__)

MakeEngine = Callable[[str, MacroDescription], MacroEngine]


class Macro:
    """An attached macro, as the test sees it."""

    def __init__(self, live: LiveMacro, binding: Binding, world: _World) -> None:
        self.live, self._binding, self._world = live, binding, world
        self.name = live.name

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        """Volts now, and codes of the named converters."""
        self._bring_here()
        return self.live.engine.sample(pins)

    def volts(self, pin: str) -> float:
        """Volts of an output pin now."""
        return self.sample().volts[pin]

    def energy(self) -> Energy:
        """Joules from the start until now, standby included."""
        self._bring_here()
        return self.live.engine.energy()

    def warnings(self) -> list[str]:
        """Pins that never did anything, or settled between their thresholds."""
        return self.live.warnings()

    def _bring_here(self) -> None:
        if not self.live.started:
            raise RtlError(f"macro {self.name} has not started: an input is X or Z")
        here_ps = now_ps()
        if self.live.asleep:
            self.live.wake(here_ps)
            self.live.asleep = True
        elif self.live.t_ps < here_ps:
            self._world.lockstep.commit(here_ps)

    def close(self) -> None:
        """End the engine; its outputs keep their levels."""
        self._world.remove(self)


class attach:
    """Bind the macro of a YAML file (or a MacroDescription) to `dut`.

    `ports` maps a macro port to a DUT port (name or handle) where names differ; `name` tells
    instances apart; `engine` makes another engine than ngspice.
    """

    def __init__(
        self,
        dut: Any,
        macro: Path | str | MacroDescription,
        *,
        ports: Mapping[str, Any] | None = None,
        name: str | None = None,
        engine: MakeEngine = NgspiceEngine,
    ) -> None:
        self._dut, self._ports, self._name, self._make = dut, ports, name, engine
        self._source = macro
        self._macro: Macro | None = None

    async def _start(self) -> Macro:
        require_ps()
        source = self._source
        description = source if isinstance(source, MacroDescription) else load_macro(source)
        stem = description.subckt if isinstance(source, MacroDescription) else Path(source).stem
        world = _World.present()
        self._macro = await world.add(
            self._dut, description, self._ports, self._name or world.free_name(stem), self._make
        )
        return self._macro

    def __await__(self) -> Generator[Any, None, Macro]:
        return self._start().__await__()

    async def __aenter__(self) -> Macro:
        return await self._start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._macro is not None:
            self._macro.close()


class _World:
    """The macros of the running test, and the task that keeps them in step."""

    _present: _World | None = None

    @classmethod
    def present(cls) -> _World:
        """The world of this test; a test that ended has closed its own."""
        if cls._present is None:
            cls._present = cls()
        return cls._present

    def __init__(self) -> None:
        self._native: Native | None = native()
        self.lockstep = Lockstep(lead_ps=0 if self._native is None else 1)
        self.macros: dict[str, Macro] = {}
        self._bell = Doorbell()
        self._poke = Event()
        self._error: BaseException | None = None
        self._task: Task[None] | None = None

    def free_name(self, stem: str) -> str:
        count, name = 1, stem
        while name in self.macros:
            count += 1
            name = f"{stem}_{count}"
        return name

    async def add(
        self,
        dut: Any,
        description: MacroDescription,
        ports: Mapping[str, Any] | None,
        name: str,
        make: MakeEngine,
    ) -> Macro:
        if name in self.macros:
            raise MacroFileError(f"a macro called {name} is attached already")
        binding = Binding(dut, description, ports, self._native)
        for other in self.macros.values():
            shared = binding.output_bits() & other._binding.output_bits()
            if shared:
                port, bit = min(shared)
                raise MacroFileError(f"{port}[{bit}] is driven by {other.name} and by {name}")

        def write(pin: str, level: int, t_ps: int) -> None:
            binding.write(pin, level, t_ps, now_ps())

        live = LiveMacro(
            name=name,
            engine=make(name, description),
            macro=description,
            read=binding.read,
            write=write,
        )
        macro = Macro(live, binding, self)
        self.macros[name] = macro
        self.lockstep.macros.append(live)
        if self._task is None:
            run = self._free_run if self._native is None else self._native_run
            self._task = cocotb.start_soon(run())
        await ReadWrite()  # what was written at this time so far has arrived
        self._start(macro)
        self._poke.set()
        if self._native is not None:
            self._native.hook(self._hook)
        return macro

    def remove(self, macro: Macro) -> None:
        if self.macros.pop(macro.name, None) is None:
            return
        for line in macro.live.warnings():
            log.warning("%s", line)
        self.lockstep.macros.remove(macro.live)
        macro.live.engine.close()

    def _guard(self, function: Callable[[int], Any], t_ps: int) -> Any:
        """Call; any failure comes out as an error that names the macro and the time."""
        try:
            return function(t_ps)
        except (CircuitError, RtlError):
            raise
        except Exception as error:
            name = next(iter(self.macros), "?")
            raise explain(error, name, t_ps) from error

    def _end(self) -> None:
        if self._native is not None:
            self._native.hook(None)
        for macro in list(self.macros.values()):
            self.remove(macro)
        if _World._present is self:
            _World._present = None

    # -- a simulator that names its next event --------------------------------------------------

    def _hook(self, step_ps: int, bound_ps: int) -> int:
        """Called by the main loop at the end of a step; errors are raised in the task instead."""
        try:
            return self.lockstep.end_of_step(step_ps, bound_ps)
        except Exception as error:
            name = next(iter(self.macros), "?")
            self._error = explain(error, name, step_ps)
            self._bell.ring()
            return NEVER_PS

    async def _native_run(self) -> None:
        try:
            await self._bell
            if self._error is not None:
                raise self._error
        finally:
            self._end()

    # -- any other simulator ---------------------------------------------------------------------

    async def _free_run(self) -> None:
        """Wait for an input, or for the time that the circuits proposed; keep or cut; again."""
        stop_ps = NEVER_PS
        try:
            while True:
                await First(*self._triggers(stop_ps))
                here_ps = now_ps()
                await self._start_late()
                self._guard(self.lockstep.commit, here_ps)
                await ReadOnly()
                self._poke.clear()  # whoever was attached in this step is in what follows
                stop_ps = self._guard(self.lockstep.propose, here_ps)
        finally:
            self._end()

    def _triggers(self, stop_ps: int) -> list[Trigger]:
        waits: list[Any] = [self._poke.wait()]
        for macro in self.macros.values():
            waits += [port.handle.value_change for port in macro._binding.input_ports]
        if stop_ps != NEVER_PS:
            waits.append(Timer(stop_ps - now_ps(), unit="ps"))
        return waits

    async def _start_late(self) -> None:
        """Macros whose inputs were X when they were attached start once all are known."""
        late = [macro for macro in self.macros.values() if not macro.live.started]
        if late:
            await ReadWrite()
        for macro in late:
            self._start(macro)

    def _start(self, macro: Macro) -> None:
        if not macro.live.started and macro._binding.known():
            self._guard(macro.live.start, now_ps())
