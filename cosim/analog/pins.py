# SPDX-License-Identifier: Apache-2.0
"""pins : what a macro's boundary is, in volts, picoseconds and groups, whoever solves it.

A description names every port of one `.subckt` exactly once as input, supply or meter, or as
output or converter (an output and a converter may look at the same port). Pin names are digital
names (`en`, `d[3]`); nodes are the ports of the `.subckt`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosim.errors import MacroFileError

__all__ = [
    "Converter",
    "InputPin",
    "MacroDescription",
    "Meter",
    "OutputPin",
    "Supply",
    "subckt_ports",
]

MAX_BITS = 16
_CONTINUED = re.compile(r"\n\s*\+")


def _require(good: bool, text: str) -> None:
    if not good:
        raise MacroFileError(text)


@dataclass(frozen=True, kw_only=True)
class InputPin:
    """A digital pin that drives `node`: `vol` at 0, `voh` at 1, a straight ramp in between.

    With `enable` (another input) at 0 the node stands at `v_off`, whatever the level: a line driver
    of three levels. Its energy is billed to `supply` and to `group`. `port` is the DUT's port.
    """

    name: str
    node: str
    voh: float
    vol: float = 0.0
    rise_ps: int = 10
    fall_ps: int = 10
    enable: str | None = None
    v_off: float = 0.0
    supply: str = "inputs"
    group: str = "drivers"
    port: str = ""

    def __post_init__(self) -> None:
        for key in ("rise_ps", "fall_ps"):
            value = getattr(self, key)
            _require(value >= 1, f"pin {self.name}: {key} must be at least 1, got {value}")
        _require(self.enable != self.name, f"pin {self.name}: cannot enable itself")

    def volts(self, level: int, enabled: bool) -> float:
        if not enabled:
            return self.v_off
        return self.voh if level else self.vol


@dataclass(frozen=True, kw_only=True)
class Supply:
    """A supply of `volts` on `node`; with `gate` (an input) at 0 it stands at `v_off`."""

    name: str
    node: str
    volts: float
    gate: str | None = None
    v_off: float = 0.0
    rise_ps: int = 10
    fall_ps: int = 10
    group: str = "drivers"

    def __post_init__(self) -> None:
        for key in ("rise_ps", "fall_ps"):
            value = getattr(self, key)
            _require(value >= 1, f"supply {self.name}: {key} must be at least 1, got {value}")


@dataclass(frozen=True, kw_only=True)
class OutputPin:
    """An analog node seen as a digital pin: 1 above `rise_v`, 0 below `fall_v`, else as before.

    An asynchronous pin is watched at every instant; any other only when it is sampled.
    """

    name: str
    node: str
    rise_v: float
    fall_v: float
    asynchronous: bool = False
    port: str = ""

    def __post_init__(self) -> None:
        _require(
            self.rise_v >= self.fall_v,
            f"output {self.name}: rise_v {self.rise_v} lies below fall_v {self.fall_v}",
        )


@dataclass(frozen=True, kw_only=True)
class Converter:
    """An analog-to-digital converter on `node`: codes 0..2**bits-1 over vmin..vmax.

    Rounds to the nearest code and clips. Each conversion costs `energy_j`, billed to `supply`.
    """

    name: str
    node: str
    bits: int
    vmin: float
    vmax: float
    energy_j: float = 0.0
    supply: str = "converters"
    group: str = "converters"
    port: str = ""

    def __post_init__(self) -> None:
        _require(
            1 <= self.bits <= MAX_BITS,
            f"converter {self.name}: bits must be 1..{MAX_BITS}, got {self.bits}",
        )
        _require(self.vmax > self.vmin, f"converter {self.name}: vmax must lie above vmin")
        _require(self.energy_j >= 0.0, f"converter {self.name}: energy_j must not be negative")

    def code(self, volts: float) -> tuple[int, bool]:
        """The code of `volts`, and whether it had to be clipped by more than half a step."""
        top = (1 << self.bits) - 1
        exact = (volts - self.vmin) / (self.vmax - self.vmin) * top
        nearest = math.floor(exact + 0.5)
        return min(max(nearest, 0), top), not 0 <= nearest <= top


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A port into which devices push one ampere per watt they dissipate; held at 0 V.

    The energy so measured is shown as `group` and taken out of group `taken_from`, which delivered
    it, so that groups still sum to the supplies' total.
    """

    group: str
    node: str
    taken_from: str


@dataclass(frozen=True, kw_only=True)
class MacroDescription:
    """One analog macro: a netlist and the meaning of its ports.

    `netlist` is SPICE text that defines `subckt`; `models` are Verilog-A files it needs; `probes`
    map a name to nodes inside the subckt whose volts a sample returns as an array.
    """

    subckt: str
    netlist: str
    inputs: tuple[InputPin, ...] = ()
    supplies: tuple[Supply, ...] = ()
    outputs: tuple[OutputPin, ...] = ()
    converters: tuple[Converter, ...] = ()
    meters: tuple[Meter, ...] = ()
    probes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: tuple[Path, ...] = ()
    include: tuple[Path, ...] = ()
    temperature_c: float = 27.0
    source: str = "macro"

    def __post_init__(self) -> None:
        self._check_names()
        self._check_ports()

    @property
    def ports(self) -> tuple[str, ...]:
        return subckt_ports(self.netlist, self.subckt)

    def _check_names(self) -> None:
        pins: list[InputPin | OutputPin | Converter] = [
            *self.inputs,
            *self.outputs,
            *self.converters,
        ]
        for name, count in Counter(pin.name for pin in pins).items():
            _require(count == 1, f"{self.source}: pin {name} is described {count} times")
        known = {pin.name for pin in self.inputs}
        for pin in self.inputs:
            if pin.enable is not None:
                _require(
                    pin.enable in known,
                    f"{self.source}: pin {pin.name}: enable {pin.enable} is not an input",
                )
        for supply in self.supplies:
            if supply.gate is not None:
                _require(
                    supply.gate in known,
                    f"{self.source}: supply {supply.name}: gate {supply.gate} is not an input",
                )
        groups = {pin.group for pin in self.inputs} | {s.group for s in self.supplies}
        for meter in self.meters:
            _require(
                meter.taken_from in groups,
                f"{self.source}: meter {meter.group}: no source belongs to {meter.taken_from}",
            )

    def _check_ports(self) -> None:
        driven = [_fold(pin.node) for pin in self.inputs]
        driven += [_fold(supply.node) for supply in self.supplies]
        driven += [_fold(meter.node) for meter in self.meters]
        _require(bool(driven), f"{self.source}: nothing drives it: give an input or a supply")
        seen = [_fold(pin.node) for pin in self.outputs]
        seen += [_fold(converter.node) for converter in self.converters]
        for node, count in Counter(driven).items():
            _require(count == 1, f"{self.source}: node {node} is driven {count} times")
        both = sorted(set(driven) & set(seen))
        _require(not both, f"{self.source}: {_some(both)} both driven and read")
        ports = [_fold(port) for port in self.ports]
        named = set(driven) | set(seen)
        missing = [port for port in ports if port not in named]
        _require(
            not missing,
            f"{self.source}: .subckt {self.subckt} has ports without a pin: {_some(missing)}",
        )
        extra = sorted(named - set(ports))
        _require(
            not extra,
            f"{self.source}: pins name nodes that .subckt {self.subckt} has not: {_some(extra)}",
        )


def _fold(node: str) -> str:
    return node.lower()  # SPICE names have no case


def _some(names: Iterable[str], most: int = 8) -> str:
    every = list(names)
    tail = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + tail


def subckt_ports(netlist: str, subckt: str) -> tuple[str, ...]:
    """The ports of `.subckt subckt` in `netlist`, in order, parameters left out."""
    start = re.search(rf"(?im)^\s*\.subckt\s+{re.escape(subckt)}(?=\s|$)", netlist)
    if start is None:
        found = re.findall(r"(?im)^\s*\.subckt\s+(\S+)", netlist)
        raise MacroFileError(f"netlist has no .subckt {subckt} (it has: {_some(found) or 'none'})")
    end = start.end()
    while True:  # the line and its continuations, comments between them left out
        stop = netlist.find("\n", end)
        if stop < 0:
            stop = len(netlist)
            break
        rest = re.match(r"(?:\n[ \t]*(?:\*[^\n]*)?)*\n[ \t]*\+", netlist[stop : stop + 4096])
        if rest is None:
            break
        end = stop + rest.end()
    text = _CONTINUED.sub(" ", re.sub(r"(?m)^\s*\*.*$", "", netlist[start.end() : stop]))
    words = re.split(r"(?i)\bparams:", text.split("$")[0].split(";")[0])[0].split()
    ports = []
    for word in words:
        if "=" in word:
            break
        ports.append(word)
    return tuple(ports)
