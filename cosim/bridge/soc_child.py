# SPDX-License-Identifier: Apache-2.0
"""soc_child : inside the simulator: couples the macros of a SoC to their engines until the exit.

The one cocotb test of a SoC run. Its only value-change callback is on `o_wake`, which toggles at
clock edges at which a macro pin changed; nothing here runs while no macro is used.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cocotb
from cocotb.triggers import ReadOnly, Timer

from cosim.analog.protocol import MacroEngine
from cosim.bridge.clocked import ClockedMacro, Pins
from cosim.bridge.clocked_spikes import Change
from cosim.bridge.kernel import Native, native, now_ps, require_ps
from cosim.bridge.soc_config import (
    CONFIG_ENV,
    NOTES_ENV,
    MacroSpec,
    SocConfig,
    encode_note,
    load_config,
    make_macro,
)
from cosim.bridge.soc_perf import Meter, timed
from cosim.bridge.soc_probe import Prober
from cosim.errors import CosimError, RtlError, RunFolderError
from cosim.trace.events import Evaluation, Event, to_json

__all__ = ["soc"]

# Engines import hundreds of classes that stay: looking through them costs a start, and an end.
GC_EVERY = 50_000
gc.set_threshold(GC_EVERY)
atexit.register(gc.freeze)


class Reporter:
    """The way back to the caller: events.jsonl, and notes through the pipe."""

    def __init__(self, path: Path, pipe: int) -> None:
        self._file = path.open("w", buffering=1)
        self._pipe = pipe

    def close(self) -> None:
        with contextlib.suppress(OSError):  # a full disk has been told already
            self._file.close()

    def event(self, event: Event) -> None:
        line = to_json(event)
        try:
            self._file.write(line + "\n")
        except OSError as error:
            folder = Path(self._file.name).parent
            raise RunFolderError(
                f"cannot write the run folder {folder}: {error.strerror}"
            ) from error
        self._send(line.encode() + b"\n")

    def note(self, kind: str, **values: object) -> None:
        self._send(encode_note(kind, **values))

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody is left to tell
            while data:
                data = data[os.write(self._pipe, data) :]


class Coordinator:
    """Reads the pins of all macros at every wake and hands them to their macros."""

    def __init__(self, dut: Any, config: SocConfig, reporter: Reporter) -> None:
        self.dut, self.config, self.reporter = dut, config, reporter
        self.meter = Meter()
        self.macros = [
            ClockedMacro(index, spec, config, make=partial(self._make, spec), emit=self._emit)
            for index, spec in enumerate(config.macros)
        ]
        self.evaluations_cpu_s: list[float] = []  # processor time of this process at each end
        self._told: dict[str, int] = {}
        self._codes = 0
        self._in_reset = True
        self._listening: set[int] = set()  # macros whose asynchronous codes are followed
        self._failed: CosimError | None = None
        n, self._widths = len(self.macros), config.pins.widths
        ports = {
            name: _port(dut, "i_macro_code" if name == "code" else f"o_macro_{name}")
            for name in self._widths
        }
        for name, port in ports.items():
            width = self._widths[name] * n
            if len(port) != width:
                raise RtlError(f"port {port._name} has {len(port)} bits, {n} macros need {width}")
        self._code_port = ports.pop("code")
        self._ports = SimpleNamespace(**{f"p_{name}": port for name, port in ports.items()})

    def _make(self, spec: MacroSpec) -> MacroEngine:
        """An engine whose calls are timed; importing and making it is loading."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        engine = make_macro(spec)
        spent_s = time.process_time() - cpu_s
        self.meter.add("load", time.perf_counter() - wall_s, spent_s)
        return timed(engine, self.meter)

    def _emit(self, event: Event) -> None:
        self.reporter.event(event)
        if isinstance(event, Evaluation):
            self.evaluations_cpu_s.append(time.process_time())
        self._tell_processes()

    def _tell_processes(self) -> None:
        """The caller watches the engines' processes: one may die while nobody talks to it."""
        for macro in self.macros:
            if macro.pid > 0 and self._told.get(macro.name) != macro.pid:
                self._told[macro.name] = macro.pid
                self.reporter.note("engine", macro=macro.name, pid=macro.pid, t_ps=now_ps())

    async def run(self) -> int:
        """Until the exit code is written; returns the time of it."""
        main = native()
        if main is not None:
            main.only_wait_for(self.dut.o_wake._path)
        prober = self._prober(main)
        while True:
            await self.dut.o_wake.value_change
            await ReadOnly()
            t_ps = now_ps()
            if self._failed is not None:
                raise self._failed
            for k, changes in self._edge(t_ps).items():
                cocotb.start_soon(self._write(k, changes))
            self._follow()
            if prober is not None:
                prober.look()
            if not self._in_reset and _read(self.dut.o_exit_valid, t_ps):
                return t_ps

    def _prober(self, main: Native | None) -> Prober | None:
        """What samples the circuits of a traced run."""
        if not self.config.grid_ps:
            return None
        if main is None:
            raise RtlError("analog values can only be traced on Verilator")
        return Prober(self.dut, self.config, self.macros, main)

    def _edge(self, t_ps: int) -> dict[int, tuple[Change, ...]]:
        """Hand every macro its pins; what their codes will do, by macro."""
        ports, widths = self._ports, self._widths
        if self._in_reset:  # until the first clock edge under reset the flops are unknown
            pins = (ports.p_en, ports.p_strobe, ports.p_prog_we)
            if any(_unknown(port) for port in pins):
                return {}
            self._in_reset = False
        en, strobe = _read(ports.p_en, t_ps), _read(ports.p_strobe, t_ps)
        we = _read(ports.p_prog_we, t_ps)
        address = data = inputs = aux = 0
        if we:
            address, data = _read(ports.p_prog_addr, t_ps), _read(ports.p_prog_data, t_ps)
        if en:
            inputs = _read(ports.p_in, t_ps)
            aux = _read(ports.p_aux, t_ps) if self.config.pins.aux_pin else 0
        found: dict[int, tuple[Change, ...]] = {}
        for k, macro in enumerate(self.macros):
            changes = macro.edge(
                t_ps,
                Pins(
                    en=(en >> k) & 1,
                    inputs=_slice(inputs, k, widths["in"]),
                    aux=_slice(aux, k, widths["aux"]),
                    strobe=_slice(strobe, k, widths["strobe"]),
                    prog_we=(we >> k) & 1,
                    prog_addr=_slice(address, k, widths["prog_addr"]),
                    prog_data=_slice(data, k, 32),
                ),
            )
            if changes:
                found[k] = changes
        return found

    async def _write(self, macro: int, changes: tuple[Change, ...]) -> None:
        """Codes appear at the macro's outputs, each change at its time."""
        shift = macro * self._widths["code"]
        for change in changes:
            wait_ps = change.t_ps - now_ps()
            if wait_ps > 0:
                await Timer(wait_ps, unit="ps")
            self._codes = (self._codes & ~(change.mask << shift)) | (change.value << shift)
            self._code_port.value = self._codes

    def _follow(self) -> None:
        """Macros whose asynchronous codes may change are followed until they cannot any more."""
        for k, macro in enumerate(self.macros):
            if macro.listening_ps is not None and k not in self._listening:
                self._listening.add(k)
                cocotb.start_soon(self._listen(k, macro))

    async def _listen(self, index: int, macro: ClockedMacro) -> None:
        """Go on where an edge told the macro nothing: 1 ps after it, when that is known."""
        try:
            while (known_ps := macro.listening_ps) is not None:
                await Timer(max(known_ps + 1 - now_ps(), 1), unit="ps")
                if macro.listening_ps == known_ps:
                    cocotb.start_soon(self._write(index, macro.listen()))
        except (
            CosimError
        ) as error:  # told at the next wake, of the capture: only there is it an end
            self._failed = error
        self._listening.discard(index)

    def finish(self, t_ps: int) -> None:
        """Bring every engine to the end and tell what the run cost."""
        self.meter.workers(macro.pid for macro in self.macros)
        for macro in self.macros:
            energies = [asdict(energy) for energy in macro.finish(t_ps)]
            self.reporter.note("energy", macro=macro.name, energies=energies)
            for line in macro.report.warnings():
                self.reporter.note("warning", text=line)

    def close(self) -> None:
        for macro in self.macros:
            macro.close()


def _port(dut: Any, name: str) -> Any:
    try:
        return getattr(dut, name)
    except AttributeError as error:
        raise RtlError(f"top module {dut._name} has no port {name}") from error


def _read(port: Any, t_ps: int) -> int:
    """The port as an integer; X or Z on a macro pin is an error."""
    text: str = port._handle.get_signal_val_binstr()
    try:
        return int(text, 2)
    except ValueError:
        bad = [i for i, bit in enumerate(reversed(text)) if bit not in "01"]
        level = text[-1 - bad[0]]
        raise RtlError(f"{port._name}[{bad[0]}] is {level.upper()} at {t_ps} ps") from None


def _unknown(port: Any) -> bool:
    return not set(port._handle.get_signal_val_binstr()) <= {"0", "1"}


def _slice(word: int, index: int, width: int) -> int:
    return (word >> (index * width)) & ((1 << width) - 1)


def _seconds() -> tuple[float, float]:
    """Wall seconds so far in callbacks and in tracing; where nobody counts, all is callbacks."""
    main = native()
    return main.seconds() if main is not None else (time.perf_counter(), 0.0)


@cocotb.test()
async def soc(dut: Any) -> None:
    """Run the firmware to its end with every macro in lockstep."""
    config = load_config(Path(os.environ[CONFIG_ENV]))
    reporter = Reporter(Path(config.events), int(os.environ[NOTES_ENV]))
    coordinator: Coordinator | None = None
    try:
        require_ps()
        coordinator = Coordinator(dut, config, reporter)
        before, began_s = _seconds(), time.perf_counter()
        reporter.note("running")
        end_ps = await coordinator.run()
        wall_s = time.perf_counter() - began_s
        coordinator.finish(end_ps)
        whole_s, after = time.perf_counter() - began_s, _seconds()
        spent = [b - a for a, b in zip(before, after, strict=True)]
        parts = coordinator.meter.parts(whole_s, *spent)
        cpu_s = coordinator.evaluations_cpu_s
        reporter.note("end", t_ps=end_ps, wall_s=wall_s, parts=parts, evaluations_cpu_s=cpu_s)
        # sim_events writes the exit one edge later and ends the simulation there.
        await Timer(config.clock_ps, unit="ps")
        await ReadOnly()
    except CosimError as error:
        place = {key: getattr(error, key, None) for key in ("macro", "t_ps", "node")}
        reporter.note("error", type=type(error).__name__, text=str(error), **place)
        raise
    except Exception as error:
        text = f"the bridge failed: {type(error).__name__}: {error}"
        reporter.note("error", type="RtlError", text=text)
        raise
    finally:
        if coordinator is not None:
            coordinator.close()
        reporter.close()
