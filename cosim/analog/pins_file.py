# SPDX-License-Identifier: Apache-2.0
"""pins_file : reads a user's own macro, a YAML pin description beside a .subckt file.

Every complaint names the file, the line and the key. `load_macro` gives a MacroDescription.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import yaml

from cosim.analog.pins import (
    Converter,
    InputPin,
    MacroDescription,
    Meter,
    OutputPin,
    Supply,
    subckt_ports,
)
from cosim.errors import MacroFileError

__all__ = ["expand_bus", "load_macro"]

_BUS = re.compile(r"^(?P<base>[A-Za-z_]\w*)\[(?P<left>\d+):(?P<right>\d+)\]$")
_TOP = {
    "subckt",
    "file",
    "models",
    "include",
    "temperature_c",
    "supplies",
    "inputs",
    "outputs",
    "converters",
    "meters",
    "probes",
}
MAX_BUS = 65536


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A YAML value that knows where it stands."""

    value: Any
    line: int


class _File:
    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, line: int, text: str) -> Never:
        raise MacroFileError(f"{self.path.name}:{line}: {text}")

    def read(self) -> _Entry:
        try:
            text = self.path.read_text()
        except OSError as error:
            raise MacroFileError(f"cannot read {self.path}: {error.strerror}") from error
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            self.fail(mark.line + 1 if mark else 1, f"not YAML: {error.problem}")
        if node is None:
            self.fail(1, "the file is empty")
        return self._entry(node)

    def _entry(self, node: yaml.Node) -> _Entry:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            found: dict[str, _Entry] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                if key in found:
                    self.fail(key_node.start_mark.line + 1, f"key {key} stands here twice")
                entry = self._entry(value_node)
                found[key] = _Entry(value=entry.value, line=key_node.start_mark.line + 1)
            return _Entry(value=found, line=line)
        if isinstance(node, yaml.SequenceNode):
            return _Entry(value=[self._entry(item).value for item in node.value], line=line)
        loader = yaml.SafeLoader("")
        return _Entry(value=loader.construct_object(node), line=line)

    def section(self, top: Mapping[str, _Entry], name: str) -> dict[str, _Entry]:
        entry = top.get(name)
        if entry is None:
            return {}
        if not isinstance(entry.value, dict):
            self.fail(entry.line, f"{name} must be a mapping of names")
        return entry.value

    def fields(
        self, name: str, entry: _Entry, kinds: Mapping[str, type | tuple[type, ...]]
    ) -> dict[str, Any]:
        """The values of one pin, their types checked; unknown keys are refused."""
        if not isinstance(entry.value, dict):
            self.fail(entry.line, f"{name} must be a mapping with keys {', '.join(sorted(kinds))}")
        values: dict[str, Any] = {}
        for key, item in entry.value.items():
            if key not in kinds:
                self.fail(
                    item.line, f"{name}: unknown key {key} (known: {', '.join(sorted(kinds))})"
                )
            value = item.value
            wanted = kinds[key]
            if wanted is float and isinstance(value, (int, str)) and not isinstance(value, bool):
                try:
                    value = float(value)  # YAML reads 1e-15 as text
                except ValueError:
                    self.fail(item.line, f"{name}: {key} must be a number, got {value!r}")
            if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
                kind = wanted.__name__ if isinstance(wanted, type) else "number"
                self.fail(item.line, f"{name}: {key} must be {kind}, got {value!r}")
            values[key] = value
        return values


def expand_bus(name: str) -> list[tuple[str, int]]:
    """`d[3:0]` -> [("d[3]", 3), ... ("d[0]", 0)]; a plain name -> [(name, 0)]."""
    found = _BUS.match(name)
    if found is None:
        return [(name, 0)]
    left, right = int(found["left"]), int(found["right"])
    step = -1 if left >= right else 1
    return [(f"{found['base']}[{k}]", k) for k in range(left, right + step, step)]


def _base(name: str) -> str:
    return name.split("[", maxsplit=1)[0]


_INPUT = {
    "node": str,
    "vol": float,
    "voh": float,
    "v_off": float,
    "rise_ps": int,
    "fall_ps": int,
    "enable": str,
    "supply": str,
    "group": str,
    "port": str,
}
_SUPPLY = {
    "node": str,
    "volts": float,
    "gate": str,
    "v_off": float,
    "rise_ps": int,
    "fall_ps": int,
    "group": str,
}
_OUTPUT = {
    "node": str,
    "vil": float,
    "vih": float,
    "threshold": float,
    "hysteresis": float,
    "async": bool,
    "port": str,
}
_CONVERTER = {
    "node": str,
    "bits": int,
    "vmin": float,
    "vmax": float,
    "energy_j": float,
    "supply": str,
    "group": str,
    "port": str,
}
_METER = {"node": str, "from": str}


def _threshold(file: _File, line: int, name: str, values: dict[str, Any]) -> dict[str, float]:
    """rise_v and fall_v, from vil and vih or from threshold and hysteresis."""
    levels = {key for key in ("vil", "vih") if key in values}
    if levels == {"vil", "vih"} and "threshold" not in values and "hysteresis" not in values:
        low, high = values.pop("vil"), values.pop("vih")
        if low > high:
            file.fail(line, f"{name}: vil {low} lies above vih {high}")
        return {"rise_v": high, "fall_v": low}
    if "threshold" not in values or (levels and levels != {"vil", "vih"}):
        file.fail(line, f"{name}: give vil and vih, or threshold and hysteresis")
    if levels:
        file.fail(line, f"{name}: vil and vih already say the threshold; give one of the two")
    threshold, band = values.pop("threshold"), values.pop("hysteresis", 0.0)
    if band < 0.0:
        file.fail(line, f"{name}: hysteresis must not be negative, got {band}")
    return {"rise_v": threshold + band / 2.0, "fall_v": threshold - band / 2.0}


class _Pins:
    """Turns the file's sections into pins, buses written out."""

    def __init__(self, file: _File, ports: tuple[str, ...]) -> None:
        self.file = file
        self.ports = {port.lower(): port for port in ports}
        self.lines: dict[str, int] = {}  # node -> line, for complaints about ports

    def node(self, name: str, index: int, pattern: str | None, line: int) -> str:
        """The port of pin `name`: the given pattern, else d[3], d3 or d_3 as the subckt has it."""
        bus = name.endswith("]")
        tries = [name]
        if pattern is not None:
            tries = [pattern.replace("{i}", str(index))]
        elif bus:
            tries += [f"{_base(name)}{index}", f"{_base(name)}_{index}"]
        for node in tries:
            if node.lower() in self.ports:
                self.lines[node.lower()] = line
                return node
        self.file.fail(line, f"{name}: the subckt has no port {' or '.join(tries)}")

    def build(
        self,
        section: Mapping[str, _Entry],
        kinds: Mapping[str, type],
        needed: tuple[str, ...],
        make: Callable[[str, str, dict[str, Any], int], Any],
    ) -> tuple[Any, ...]:
        pins = []
        for name, entry in section.items():
            for bit_name, index in expand_bus(name):
                values = self.file.fields(name, entry, kinds)
                for key in needed:
                    if key not in values:
                        self.file.fail(entry.line, f"{name}: key {key} is missing")
                node = self.node(bit_name, index, values.pop("node", None), entry.line)
                if kinds is not _SUPPLY and kinds is not _METER:
                    values.setdefault("port", _base(name))
                try:
                    pins.append(make(bit_name, node, values, entry.line))
                except MacroFileError as error:
                    self.file.fail(entry.line, str(error))
        return tuple(pins)


def load_macro(path: Path | str) -> MacroDescription:
    """The macro that a YAML file describes; the netlist it names lies relative to it."""
    file = _File(Path(path))
    root = file.read()
    if not isinstance(root.value, dict):
        file.fail(root.line, f"must be a mapping with keys {', '.join(sorted(_TOP))}")
    top: dict[str, _Entry] = root.value
    for key, entry in top.items():
        if key not in _TOP:
            file.fail(entry.line, f"unknown key {key} (known: {', '.join(sorted(_TOP))})")
    for key in ("subckt", "file"):
        if key not in top:
            file.fail(root.line, f"key {key} is missing")
        if not isinstance(top[key].value, str):
            file.fail(top[key].line, f"{key} must be text")
    folder = file.path.resolve().parent
    netlist_path = folder / top["file"].value
    try:
        netlist = netlist_path.read_text()
    except OSError as error:
        file.fail(top["file"].line, f"cannot read {top['file'].value}: {error.strerror}")
    subckt = top["subckt"].value
    try:
        ports = subckt_ports(netlist, subckt)
    except MacroFileError as error:
        file.fail(top["subckt"].line, str(error))
    pins = _Pins(file, ports)

    def output(name: str, node: str, values: dict[str, Any], line: int) -> OutputPin:
        levels = _threshold(file, line, name, values)
        asynchronous = values.pop("async", False)
        return OutputPin(
            name=name,
            node=node,
            rise_v=levels["rise_v"],
            fall_v=levels["fall_v"],
            asynchronous=asynchronous,
            port=values["port"],
        )

    def meter(name: str, node: str, values: dict[str, Any], _line: int) -> Meter:
        return Meter(group=name, node=node, taken_from=values["from"])

    inputs = pins.build(
        file.section(top, "inputs"),
        _INPUT,
        ("voh",),
        lambda name, node, values, _: InputPin(name=name, node=node, **values),
    )
    supplies = pins.build(
        file.section(top, "supplies"),
        _SUPPLY,
        ("volts",),
        lambda name, node, values, _: Supply(name=name, node=node, **values),
    )
    outputs = pins.build(file.section(top, "outputs"), _OUTPUT, (), output)
    converters = pins.build(
        file.section(top, "converters"),
        _CONVERTER,
        ("bits", "vmin", "vmax"),
        lambda name, node, values, _: Converter(name=name, node=node, **values),
    )
    meters = pins.build(file.section(top, "meters"), _METER, ("node", "from"), meter)
    return MacroDescription(
        subckt=subckt,
        netlist=netlist,
        inputs=inputs,
        supplies=supplies,
        outputs=outputs,
        converters=converters,
        meters=meters,
        probes=_probes(file, top),
        models=_paths(file, top, "models", folder),
        include=_paths(file, top, "include", folder),
        temperature_c=_number(file, top, "temperature_c", 27.0),
        source=file.path.name,
    )


def _probes(file: _File, top: Mapping[str, _Entry]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, entry in file.section(top, "probes").items():
        nodes = [entry.value] if isinstance(entry.value, str) else entry.value
        if not isinstance(nodes, list) or not all(isinstance(node, str) for node in nodes):
            file.fail(entry.line, f"probe {name} must be a node or a list of nodes")
        found[name] = tuple(nodes)
    return found


def _paths(file: _File, top: Mapping[str, _Entry], key: str, folder: Path) -> tuple[Path, ...]:
    entry = top.get(key)
    if entry is None:
        return ()
    names = [entry.value] if isinstance(entry.value, str) else entry.value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        file.fail(entry.line, f"{key} must be a list of paths")
    paths = tuple(folder / name for name in names)
    for path in paths:
        if not path.exists():
            file.fail(entry.line, f"{key}: {path.name} does not exist beside {file.path.name}")
    return paths


def _number(file: _File, top: Mapping[str, _Entry], key: str, default: float) -> float:
    entry = top.get(key)
    if entry is None:
        return default
    if isinstance(entry.value, bool) or not isinstance(entry.value, (int, float)):
        file.fail(entry.line, f"{key} must be a number, got {entry.value!r}")
    return float(entry.value)
