# SPDX-License-Identifier: Apache-2.0
"""catalogue : the reproductions there are: every module of `systems` holds one as ENTRY."""

from __future__ import annotations

import importlib
import pkgutil

from cosim.errors import UserInputError
from cosim.reproduce import systems
from cosim.reproduce.entry import Entry

__all__ = ["ALL", "chosen", "entries"]

ALL = "all"


def entries() -> dict[str, Entry]:
    """By name, in the order of the table."""
    found: list[Entry] = []
    for info in pkgutil.iter_modules(systems.__path__):
        module = importlib.import_module(f"{systems.__name__}.{info.name}")
        found.append(module.ENTRY)
    found.sort(key=lambda entry: (entry.place, entry.name))
    by_name = {entry.name: entry for entry in found}
    if len(by_name) != len(found) or ALL in by_name:
        raise ValueError(f"names of reproductions must differ, got {[e.name for e in found]}")
    return by_name


def chosen(name: str) -> list[Entry]:
    """The entry of that name, or all."""
    known = entries()
    if name == ALL:
        return list(known.values())
    if name not in known:
        raise UserInputError(f"no reproduction {name!r} (there are all, {', '.join(known)})")
    return [known[name]]
