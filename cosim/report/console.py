# SPDX-License-Identifier: Apache-2.0
"""console : reads the lines that the firmware prints about each picture.

image 0 class 7 cycles 2903114 fc_cycles 812 instret 2455120
codes 0 12 9 200 ...
checksum 0 811c9dc5
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Picture", "parse_console"]

FIELDS = re.compile(r"(\w+) (\d+)")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What the firmware said of one picture; `checksum` is FNV-1a of its features, if printed."""

    index: int
    label: int
    cycles: int
    fc_cycles: int
    instructions: int
    codes: tuple[int, ...] = ()
    checksum: int | None = None


def parse_console(text: str) -> tuple[Picture, ...]:
    """Every picture whose result line is whole; other lines are left alone."""
    found: dict[int, Picture] = {}
    for line in text[: text.rfind("\n") + 1].splitlines():
        words = line.split()
        if line.startswith("image "):
            values = {name: int(value) for name, value in FIELDS.findall(line)}
            if {"image", "class", "cycles", "fc_cycles", "instret"} <= set(values):
                index = values["image"]
                found[index] = Picture(
                    index=index,
                    label=values["class"],
                    cycles=values["cycles"],
                    fc_cycles=values["fc_cycles"],
                    instructions=values["instret"],
                )
        elif words[:1] == ["codes"] and int(words[1]) in found:
            index = int(words[1])
            found[index] = replace(found[index], codes=tuple(int(word) for word in words[2:]))
        elif words[:1] == ["checksum"] and int(words[1]) in found:
            index = int(words[1])
            found[index] = replace(found[index], checksum=int(words[2], 16))
    return tuple(found[index] for index in sorted(found))
