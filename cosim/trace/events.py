# SPDX-License-Identifier: Apache-2.0
"""events : what can happen in a run, as typed records that go to and come from events.jsonl.

One JSON object a line, `event` naming the record; times are integers of picoseconds, energies
joules. A line cut short by a kill is left out by the reader; anything else wrong is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cosim.errors import RtlError

__all__ = [
    "Asleep",
    "Console",
    "Evaluation",
    "Event",
    "Finish",
    "Programmed",
    "RegionPass",
    "from_json",
    "read_events",
    "to_json",
]


@dataclass(frozen=True, kw_only=True)
class Programmed:
    """All program words of one macro were written, from t_begin_ps to t_ps."""

    macro: int
    t_ps: int
    words: int
    energy_j: float
    t_begin_ps: int | None = None


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of one macro: inputs applied, settled, strobed, codes back in the RTL.

    `volts` and `codes` are the converter inputs and their codes, output 0 first; `layers` the
    neuron volts of each layer; `energy_by_*` the joules between t_start_ps and t_done_ps,
    `settle_j` those until the strobe.
    """

    macro: int
    index: int
    t_start_ps: int
    t_strobe_ps: int
    t_done_ps: int
    codes: tuple[int, ...]
    volts: tuple[float, ...]
    energy_j: float
    energy_by_supply: Mapping[str, float]
    energy_by_group: Mapping[str, float]
    layers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    settle_j: float | None = None


@dataclass(frozen=True, kw_only=True)
class Asleep:
    """A macro was quiescent from t_begin_ps to t_end_ps and cost its standby energy."""

    macro: int
    t_begin_ps: int
    t_end_ps: int
    energy_j: float


@dataclass(frozen=True, kw_only=True)
class RegionPass:
    """Firmware passed once through a named region."""

    id: int
    name: str
    t_begin_ps: int
    t_end_ps: int
    cycles: int
    instructions: int


@dataclass(frozen=True, kw_only=True)
class Console:
    """A line that firmware printed."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The simulation ended; `reason` is empty when the firmware ended it by itself."""

    t_ps: int
    code: int | None
    reason: str = ""


Event = Programmed | Evaluation | Asleep | RegionPass | Console | Finish
_KINDS: dict[str, type[Event]] = {
    "programmed": Programmed,
    "evaluation": Evaluation,
    "asleep": Asleep,
    "region": RegionPass,
    "console": Console,
    "finish": Finish,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_json(event: Event) -> str:
    """One line, without its end."""
    values = {item.name: getattr(event, item.name) for item in fields(event)}  # asdict copies deep
    return json.dumps({"event": _NAMES[type(event)], **values}, allow_nan=False)


def from_json(line: str) -> Event:
    """The event of one line; ValueError says what is wrong with it."""
    data: dict[str, Any] = json.loads(line)
    kind = _KINDS.get(data.pop("event", ""))
    if kind is None:
        raise ValueError("its `event` is none of " + ", ".join(_KINDS))
    known = {item.name for item in fields(kind)}
    if unknown := sorted(set(data) - known):
        raise ValueError(f"{_NAMES[kind]} has no field {unknown[0]}")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    if "layers" in values:
        values["layers"] = {name: tuple(volts) for name, volts in values["layers"].items()}
    make: Callable[..., Event] = kind
    try:
        return make(**values)
    except TypeError as error:
        raise ValueError(str(error)) from error


def read_events(path: Path) -> Iterator[Event]:
    """Every whole event of a file."""
    try:
        text = path.read_text()
    except OSError as error:
        raise RtlError(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), start=1):
        try:
            yield from_json(line)
        except ValueError as error:
            raise RtlError(f"{path.name}:{number}: {error}") from error
