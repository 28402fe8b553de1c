# SPDX-License-Identifier: Apache-2.0
"""macros : the kinds of macro that the chip can have, and what each is to bridge and reports.

A design file's kind chooses. Bridge, ledger, timeline and report know none of them: they get pins,
function names, groups and titles from here, through MacroSpec and the section `macro` of a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosim.bridge.soc_config import MacroSpec
from cosim.bridge.soc_pins import MacroPins
from cosim.design import IMAC, DesignFile
from cosim.errors import DesignError

__all__ = ["KINDS", "MacroKind", "macro_kind", "macro_specs"]

DIES_A_MACRO = 1_000_000


@dataclass(frozen=True, kw_only=True)
class MacroKind:
    """One kind. Macros are called `name`0, `name`1 ...; functions are `module:function`.

    `swings` are (what, groups of energy) that a comparison halves and doubles; `limits` what a
    report says about the kind's engines.
    """

    name: str
    title: str
    pins: Callable[[DesignFile, Sequence[int]], MacroPins]
    factory: str
    probes: str
    loader: str
    sampler: str
    swings: tuple[tuple[str, tuple[str, ...]], ...]
    limits: tuple[str, ...] = ()

    @property
    def about(self) -> Mapping[str, Any]:
        """What reports need, for result.json."""
        return {
            "name": self.name,
            "title": self.title,
            "swings": [{"what": what, "groups": list(groups)} for what, groups in self.swings],
            "limits": list(self.limits),
        }


def _stack_pins(design: DesignFile, sizes: Sequence[int]) -> MacroPins:
    del design
    return MacroPins(in_w=sizes[0], out_n=sizes[-1])


KINDS: Mapping[str, MacroKind] = {
    IMAC: MacroKind(
        name="imac",
        title="IMAC",
        pins=_stack_pins,
        factory="cosim.analog.factory:make_engine",
        probes="cosim.analog.probes:stack_probes",
        loader="cosim.design:load_design",
        sampler="cosim.analog.variation:sample_die",
        swings=(
            ("macro size: cells, lines", ("drivers", "bias", "cells", "wires")),
            ("amplifier bias", ("amplifiers",)),
            ("neurons", ("neurons",)),
            ("converters", ("converters",)),
        ),
        limits=(
            "`fast` is held against ngspice by `cosim ladder`; `ideal` has no wires and no time: "
            "its energy is an upper figure.",
        ),
    ),
}


def macro_kind(design: DesignFile) -> MacroKind:
    """The kind of macro that a design describes."""
    found = KINDS.get(design.kind)
    if found is None:
        raise DesignError(f"{design.name}: no macro of kind {design.kind} fits into the chip")
    return found


def macro_specs(
    design: DesignFile,
    path: Path,
    sizes: Sequence[int],
    *,
    engine: str = "ideal",
    count: int = 1,
    die: int | None = None,
    noise: bool = False,
    seed: int = 1,
    foreseen: tuple[str, ...] = (),
) -> tuple[MacroSpec, ...]:
    """`count` macros of the design that lies resolved in the file `path`.

    Every macro is an array of its own: macro m has die m million and some.
    """
    kind = macro_kind(design)
    return tuple(
        MacroSpec(
            name=f"{kind.name}{index}",
            kind=engine,
            sizes=tuple(sizes),
            pins=kind.pins(design, sizes),
            design=str(path.resolve()),
            factory=kind.factory,
            probes=kind.probes,
            loader=kind.loader,
            sampler=kind.sampler,
            die=None if die is None else die + index * DIES_A_MACRO,
            noise=noise,
            seed=seed,
            foreseen=foreseen,
        )
        for index in range(count)
    )
