# SPDX-License-Identifier: Apache-2.0
"""kernel : the simulator as circuits need it: time in ps, the next event, the end of a time step.

Imported inside a simulation only.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import cocotb
from cocotb import simulator
from cocotb._gpi_triggers import GPITrigger

from cosim.errors import RtlError

__all__ = ["Doorbell", "Native", "native", "now_ps", "require_ps"]

PS_EXPONENT = -12

Hook = Callable[[int, int], int]
_HOOK = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)


@cache
def _ps_per_step() -> int:
    """Picoseconds of one simulator step, 0 where a step is finer than a picosecond."""
    exponent = simulator.get_precision() - PS_EXPONENT
    return int(10**exponent) if exponent >= 0 else 0


def now_ps() -> int:
    """Simulation time, rounded down to a picosecond."""
    high, low = simulator.get_sim_time()
    steps = (high << 32) | (low & 0xFFFF_FFFF)
    scale = _ps_per_step()
    return steps * scale if scale else steps // 10 ** (PS_EXPONENT - simulator.get_precision())


def require_ps() -> None:
    """Circuits can only be bound exactly where the simulator counts single picoseconds."""
    if _ps_per_step() != 1:
        raise RtlError(
            f"the simulator's time step is 1e{simulator.get_precision()} s, the bridge needs 1 ps: "
            "build with cosim.bridge.build, or state `timescale 1ns/1ps` in the top module"
        )


class Doorbell(GPITrigger):
    """Wakes its awaiter one step after `ring`, which may be called outside cocotb's scheduler."""

    def _prime(self) -> None:
        pass

    def _unprime(self) -> None:
        if self._cbhdl is not None:
            super()._unprime()

    def ring(self) -> None:
        if self._callbacks and self._cbhdl is None:
            self._cbhdl = simulator.register_timed_callback(1, self._react)

    def _react(self) -> None:
        self._cbhdl = None
        super()._react()


class Native:
    """The functions that the Verilator main program exports (native/bridge.cpp)."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._keep: object = None  # the hook must live as long as the simulator may call it
        library.cosim_next_event_ps.restype = ctypes.c_uint64
        library.cosim_value.restype = ctypes.c_void_p
        library.cosim_put.argtypes = [ctypes.c_uint64, ctypes.c_int, ctypes.c_uint, ctypes.c_int]
        library.cosim_bind.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
        self.put = library.cosim_put
        self.next_event_ps: Callable[[], int] = library.cosim_next_event_ps

    def bind(self, path: str, *, watched: bool) -> tuple[int, memoryview]:
        """Number and bytes (little-endian) of the signal at a cocotb path."""
        scope, _, name = path.rpartition(".")
        number = self._library.cosim_bind(scope.encode(), name.encode(), int(watched))
        if number < 0:
            raise RtlError(
                f"signal {path} is not visible: name it in `read` or `write` of the build"
            )
        size = self._library.cosim_bytes(number)
        pointer = self._library.cosim_value(number)
        return number, memoryview((ctypes.c_uint8 * size).from_address(pointer)).cast("B")

    def only_wait_for(self, path: str) -> None:
        """Promise that no value-change callback is on any other signal: spares asking each step."""
        number, _ = self.bind(path, watched=False)
        self._library.cosim_gate(number)

    def probes(self, names: Sequence[str]) -> Any:
        """Reals of the trace file, to be assigned by slice; every name is scopes and a variable."""
        for name in names:
            if self._library.cosim_probe(name.encode()) < 0:
                raise RtlError(f"the trace takes no more analog values than those before {name}")
        self._library.cosim_probe_values.restype = ctypes.POINTER(ctypes.c_double * len(names))
        return self._library.cosim_probe_values().contents

    def seconds(self) -> tuple[float, float]:
        """Wall seconds so far in callbacks, and in writing a trace."""
        return self._seconds("cosim_callback_seconds"), self._seconds("cosim_trace_seconds")

    def _seconds(self, name: str) -> float:
        function = getattr(self._library, name, None)  # a build without a trace has only one
        if function is None:
            return 0.0
        function.restype = ctypes.c_double
        return float(function())

    def hook(self, hook: Hook | None) -> None:
        """Call `hook(now, next)` at the end of every step in which circuits have something to do.

        It returns where the simulator must stop for them, lockstep.NEVER_PS to be left alone.
        """
        self._keep = _HOOK(hook) if hook is not None else _HOOK()
        self._library.cosim_hook(self._keep)


@cache
def native() -> Native | None:
    """The native side, None under any other simulator."""
    if not cocotb.SIM_NAME.startswith("Verilator"):
        return None
    library = ctypes.CDLL(None)
    return Native(library) if hasattr(library, "cosim_hook") else None
