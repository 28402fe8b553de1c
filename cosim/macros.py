# SPDX-License-Identifier: Apache-2.0
"""macros : the kinds of macro that the chip can have, and what each is to bridge and reports.

A design file's kind chooses. Bridge, ledger, timeline and report know none of them: they get pins,
function names, groups and titles from here, through MacroSpec and the section `macro` of a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cosim.bridge.soc_config import MacroSpec
from cosim.bridge.soc_pins import MacroPins
from cosim.design import IMAC, Design, DesignFile
from cosim.errors import DesignError

if TYPE_CHECKING:
    from cosim.mixed.design import MixedDesign
    from cosim.sttbsnn.chip import SttChip

__all__ = ["KINDS", "MacroCosts", "MacroKind", "macro_kind", "macro_specs"]

# as those packages name them, which load their engines: a run pays for its own kind of macro
MIXED, STT_CHIP = "mixed", "stt_chip"
DIES_A_MACRO = 1_000_000
DECIDED = 0.5  # of the supply: a latch that is beyond stays on its side


@dataclass(frozen=True, kw_only=True)
class MacroCosts:
    """What a run writes into the sequencer, cycles, and what no engine knows.

    `standby_w` is the power between evaluations that is standby; engines bill it.
    """

    settle_cycles: int
    conv_cycles: int
    prog_cycles: int
    prog_word_j: float
    standby_w: float
    wires: bool


@dataclass(frozen=True, kw_only=True)
class MacroKind:
    """One kind. Macros are called `name`0, `name`1 ...; functions are `module:function`.

    `swings` are (what, groups of energy) that a comparison halves and doubles; `limits` what a
    report says about the kind's engines; `results` is MacroSpec's.
    """

    name: str
    title: str
    pins: Callable[[Any, Sequence[int]], MacroPins]
    costs: Callable[[Any], MacroCosts]
    factory: str
    probes: str
    loader: str
    sampler: str
    swings: tuple[tuple[str, tuple[str, ...]], ...]
    limits: tuple[str, ...] = ()
    results: str = ""

    @property
    def about(self) -> Mapping[str, Any]:
        """What reports need, for result.json."""
        return {
            "name": self.name,
            "title": self.title,
            "swings": [{"what": what, "groups": list(groups)} for what, groups in self.swings],
            "limits": list(self.limits),
        }


def _stack_pins(design: Design, sizes: Sequence[int]) -> MacroPins:
    del design
    return MacroPins(in_w=sizes[0], out_n=sizes[-1])


def _stack_costs(design: Design) -> MacroCosts:
    macro = design.macro
    return MacroCosts(
        settle_cycles=macro.timing.settle_cycles,
        conv_cycles=macro.timing.conv_cycles,
        prog_cycles=macro.timing.prog_cycles,
        prog_word_j=macro.prog_word_j,
        standby_w=macro.standby_w,
        wires=design.wires.enabled,
    )


def _tile_pins(design: SttChip, sizes: Sequence[int]) -> MacroPins:
    return MacroPins(
        shell=2,
        in_w=sizes[0],
        aux_w=sizes[1] * design.threshold.bits,
        out_n=sizes[1],
        out_bits=1,
        aux_pin="th[{}]",
        strobe_pin="strobe",
        code_pin="spike[{}]",
        asynchronous=True,
        decided="latch",
        decided_v=DECIDED * design.latch.vdd_v,
        more=(("STEPS", design.tile.steps),),
    )


def _tile_costs(design: SttChip) -> MacroCosts:
    tile = design.tile
    return MacroCosts(
        settle_cycles=tile.settle_cycles,
        conv_cycles=tile.sense_cycles,
        prog_cycles=tile.prog_cycles,
        prog_word_j=tile.prog_word_j,
        standby_w=design.standby_most_w,
        wires=True,
    )


def _mixed_pins(design: MixedDesign, sizes: Sequence[int]) -> MacroPins:
    from cosim.mixed.shape import shape_of  # noqa: PLC0415 - as above

    shape = shape_of(sizes, design)
    return MacroPins(
        shell=1,
        in_w=sizes[0],
        aux_w=shape.aux_w,
        out_n=sizes[-1],
        out_bits=8,
        code_n=shape.converters,
        code_bits=shape.adc_bits,
        aux_pin="aux[{}]",
        more=(("MACRO_SHAPE", shape.packed),),
    )


KINDS: Mapping[str, MacroKind] = {
    IMAC: MacroKind(
        name="imac",
        title="IMAC",
        pins=_stack_pins,
        costs=_stack_costs,
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
    STT_CHIP: MacroKind(
        name="stt",
        title="STT tiles",
        pins=_tile_pins,
        costs=_tile_costs,
        factory="cosim.sttbsnn.chip:make_tile",
        probes="cosim.sttbsnn.chip:tile_probes",
        loader="cosim.sttbsnn.chip:load_stt_chip",
        sampler="cosim.sttbsnn.chip:sample_tile_die",
        swings=(
            ("cells", ("cells",)),
            ("lines", ("lines",)),
            ("latches", ("latches",)),
            ("thresholds", ("thresholds",)),
        ),
        limits=(
            "`fast` is held against ngspice by `cosim ladder`; `ideal` takes every row as nominal.",
            "Threshold ladders draw power all the time; it stands as standby.",
        ),
    ),
    MIXED: MacroKind(
        name="mixed",
        title="mixed-signal macro",
        pins=_mixed_pins,
        costs=_stack_costs,
        factory="cosim.mixed.factory:make_mixed_engine",
        probes="cosim.mixed.probes:mixed_probes",
        loader="cosim.mixed.design:load_mixed",
        sampler="cosim.mixed.die:sample_mixed_die",
        swings=(
            ("macro size: cells, lines", ("drivers", "dacs", "bias", "cells", "wires")),
            ("amplifier bias", ("amplifiers",)),
            ("converters", ("converters",)),
            ("logic between layers", ("digital",)),
        ),
        limits=(
            "`fast` is held against ngspice by tests/unit/mixed; `ideal` has no wires and no time.",
        ),
        results="cosim.mixed.reference:outputs_of",
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
    foreseen_by: Sequence[tuple[str, ...]] = (),
) -> tuple[MacroSpec, ...]:
    """`count` macros of the design that lies resolved in the file `path`.

    Every macro is an array of its own: macro m has die m million and some. What macros will get is
    the same for all in `foreseen`, or each one's own in `foreseen_by`.
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
            results=kind.results,
            die=None if die is None else die + index * DIES_A_MACRO,
            noise=noise,
            seed=seed,
            foreseen=foreseen_by[index] if foreseen_by else foreseen,
        )
        for index in range(count)
    )
