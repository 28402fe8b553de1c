# SPDX-License-Identifier: Apache-2.0
"""protocol : what the bridge may ask of one analog macro, whichever engine solves it.

Time is an integer number of picoseconds and belongs to the caller: an engine's clock moves only
inside `advance`. Levels are digital (0 or 1 per pin); volts appear only in samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Advance", "Crossing", "Energy", "MacroEngine", "Sample"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """An asynchronous output pin changed to `level` at `t_ps` (first whole ps at or after it).

    `t_exact_s` is the interpolated threshold crossing in seconds of bridge time.
    """

    pin: str
    level: int
    t_ps: int
    t_exact_s: float


@dataclass(frozen=True, kw_only=True)
class Advance:
    """Where an `advance` stopped: `t_ps` <= asked, earlier only for the `crossings` at `t_ps`.

    `settled` says every node moves less than the settle tolerance and no input ramp is pending,
    so the engine may sleep until the next input change.
    """

    t_ps: int
    crossings: tuple[Crossing, ...] = ()
    settled: bool = False


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Volts of every analog output pin at `t_ps`, and the converter codes of the converter pins.

    `volts` maps an output pin (bus pins as name[i]) to volts; `codes` a converter pin to its code.
    `layers` maps a probe name to an array of volts (for example every neuron of a layer).
    """

    t_ps: int
    volts: Mapping[str, float]
    codes: Mapping[str, int]
    layers: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Joules delivered since time 0. `by_supply` and `by_group` each sum to `total_j`."""

    t_ps: int
    total_j: float
    by_supply: Mapping[str, float]
    by_group: Mapping[str, float]


class MacroEngine(Protocol):
    """One analog macro in lockstep: time only moves when the bridge says so.

    Order of calls: `program` (weighted macros only), `start`, then any of the rest, `close` last
    and always (it is idempotent and leaves no process behind).
    """

    name: str
    engine: str

    def program(self, weights: tuple[Floats, ...]) -> None:
        """Load the layers' weights: layer k is (n_in_k + 1, n_out_k) in {-1, 0, +1}, bias last row.

        May return before the work is done; `start` waits for it.
        """
        ...

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        """Solve the operating point with every input pin at its level; bridge time is `t_ps`."""
        ...

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        """Input pins change at exactly `t_ps`, which must be the engine's present time.

        The ramp begins there and lasts the driver's rise time. While asleep the engine wakes.
        """
        ...

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        """Move to `until_ps`, or to the first asynchronous crossing, whichever is earlier.

        With `grid_ps` > 0 a solver step also ends on every multiple of it (clock edges).
        """
        ...

    def propose(self, until_ps: int) -> int:
        """Compute the next solver step tentatively; returns the time it would reach.

        The step is kept or cut by the next `advance(t)`, t <= the time returned.
        """
        ...

    def sleep(self, t_ps: int) -> None:
        """The macro is quiescent from the present time until `t_ps`: bill standby energy, jump.

        Raises ConvergenceError if the circuit had not settled.
        """
        ...

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        """Outputs at the present time; converters among `pins` convert (and are billed) once."""
        ...

    def energy(self) -> Energy:
        """The integral of v*i so far, at the present time."""
        ...

    def snapshot(self) -> Mapping[str, Floats]:
        """Named node voltages at the present time, as arrays, for traces and comparisons."""
        ...

    def close(self) -> None:
        """End the engine and its process."""
        ...
