# SPDX-License-Identifier: Apache-2.0
"""window : when a trace is wanted: by region, by time, after a pin, or always.

fc_stack..argmax   from each opening of one region to the next closing of the other
conv1              the passes of one region
10us..12us         simulated time; `10us..` goes to the end
macro_en+20ns      so long from every rising edge of a pin: macro_en, macro_strobe,
                   macro_prog_we, exit_valid
all                the whole run
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cosim.errors import UserInputError

__all__ = ["PINS", "Window", "parse_window"]

PINS = ("macro_en", "macro_strobe", "macro_prog_we", "exit_valid")  # as sim_top.v orders them
UNITS_PS = {"ps": 1, "ns": 10**3, "us": 10**6, "ms": 10**9}
_TIME = r"(\d+(?:\.\d+)?)(ps|ns|us|ms)"
KINDS = (
    "a region (fc_stack), two (conv1..argmax), a time (10us..12us), a pin (macro_en+20ns) or all"
)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Exactly one kind is set; times in ps, `to_ps` None is the end of the run."""

    from_ps: int | None = None
    to_ps: int | None = None
    open_id: int | None = None
    close_id: int | None = None
    pin: int | None = None
    pin_ps: int = 0

    def plusargs(self) -> tuple[str, ...]:
        """The window as rtl/sim/sim_window.v is told of it."""
        values = {
            "window_from_ps": self.from_ps,
            "window_to_ps": self.to_ps,
            "window_open": self.open_id,
            "window_close": self.close_id,
            "window_pin": self.pin,
            "window_ps": self.pin_ps if self.pin is not None else None,
        }
        return tuple(f"{key}={value}" for key, value in values.items() if value is not None)


def parse_window(text: str, region_id: Callable[[str], int | None]) -> Window:
    """The window that a user wrote; `region_id` gives the id of a region's name, or None."""
    text = text.strip()
    if text == "all":
        return Window(from_ps=0)
    if match := re.fullmatch(rf"{_TIME}\.\.(?:{_TIME})?", text):
        from_ps = _ps(match[1], match[2])
        to_ps = _ps(match[3], match[4]) if match[3] else None
        if to_ps is not None and to_ps <= from_ps:
            raise UserInputError(f"window {text}: ends at {to_ps} ps, before it begins")
        return Window(from_ps=from_ps, to_ps=to_ps)
    if match := re.fullmatch(rf"(\w+)\+{_TIME}", text):
        if match[1] not in PINS:
            raise UserInputError(f"window {text}: no pin {match[1]} (there are {', '.join(PINS)})")
        pin_ps = _ps(match[2], match[3])
        if pin_ps < 1:
            raise UserInputError(f"window {text}: must last at least 1 ps")
        return Window(pin=PINS.index(match[1]), pin_ps=pin_ps)
    first, dots, last = text.partition("..")
    ids = [region_id(name) for name in (first, last if dots else first)]
    for name, ident in zip((first, last), ids, strict=True):
        if ident is None:
            raise UserInputError(f"window {text}: no region {name or first!r}; give {KINDS}")
    return Window(open_id=ids[0], close_id=ids[1])


def _ps(number: str, unit: str) -> int:
    """Whole picoseconds of a written time."""
    whole, _, fraction = number.partition(".")
    digits, scale = int(whole + fraction) * UNITS_PS[unit], int(10 ** len(fraction))
    if digits % scale:
        raise UserInputError(f"{number}{unit} is not a whole number of picoseconds")
    return digits // scale
