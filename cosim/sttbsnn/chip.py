# SPDX-License-Identifier: Apache-2.0
"""chip : a design point of a chip whose macros are spiking tiles, `kind: stt_chip`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cosim.analog.probes import ProbeNames
from cosim.analog.protocol import Energy, MacroEngine
from cosim.design import ChipDesign, read_design
from cosim.design_section import Section
from cosim.design_section import quantity as _q
from cosim.errors import DesignError
from cosim.mapping.packing import word_count
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie, sample_bsnn_die
from cosim.sttbsnn.factory import make_bsnn_engine
from cosim.sttbsnn.levels import match_levels

__all__ = ["KIND", "SttChip", "load_stt_chip", "make_tile", "sample_tile_die", "tile_probes"]

KIND = "stt_chip"
WRITE = "write"  # supply and group


class TileInChip(Section):
    """A tile and its sequencer; times in clock cycles."""

    rows: int = Field(ge=1, le=256, description="rows of a tile")
    steps: int = Field(ge=1, le=8, description="time steps, each with a copy of the cells")
    settle_cycles: int = Field(ge=1, le=65535, description="lines on to strobe")
    sense_cycles: int = Field(ge=1, le=65535, description="strobe to capture")
    prog_cycles: int = Field(ge=1, le=65535, description="one program word")
    prog_word_j: float = _q("J", "write energy of one program word (16 cells)", ge=0)


class SttChip(BsnnDesign, ChipDesign):
    """One design point of the chip."""

    kind: ClassVar[str] = KIND

    tile: TileInChip

    @model_validator(mode="after")
    def _steps_share_the_row(self) -> SttChip:
        if self.row.inputs % self.tile.steps:
            raise ValueError(f"row.inputs {self.row.inputs} are not {self.tile.steps} equal steps")
        return self

    def resolved_yaml(self) -> str:
        """The whole design as a design file."""
        text = super().resolved_yaml()
        return f"kind: {KIND}\n{text.partition(chr(10))[2]}"

    @property
    def standby_most_w(self) -> float:
        """More than a tile's ladders can draw between evaluations."""
        levels, threshold = match_levels(self), self.threshold
        return self.tile.rows * levels.high_v**2 / threshold.unit_ohm


def load_stt_chip(name_or_path: str | Path, sets: Sequence[str] = ()) -> SttChip:
    """The design of that name or file, with `--set` texts laid over."""
    return read_design(SttChip, KIND, name_or_path, sets)


def make_tile(
    kind: str,
    name: str,
    design: SttChip,
    sizes: Sequence[int],
    *,
    die: BsnnDie | None = None,
    noise_seed: int | None = None,
) -> MacroEngine:
    """An engine for one tile of the chip; `sizes` are its inputs and its rows."""
    if sizes[0] != design.row.inputs:
        raise DesignError(f"row.inputs is {design.row.inputs}, the network's rows have {sizes[0]}")
    engine = make_bsnn_engine(kind, name, design, sizes[1], die=die, noise_seed=noise_seed)
    return cast("MacroEngine", _Written(engine, design.tile.prog_word_j * word_count(sizes)))


class _Written:
    """An engine that bills the writing of its cells as well; all else is passed through."""

    def __init__(self, engine: MacroEngine, write_j: float) -> None:
        self._engine, self._write_j = engine, write_j
        self._writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def program(self, weights: tuple[NDArray[np.float64], ...]) -> None:
        self._engine.program(weights)
        self._writes += 1

    def energy(self) -> Energy:
        known, joules = self._engine.energy(), self._writes * self._write_j
        return Energy(
            t_ps=known.t_ps,
            total_j=known.total_j + joules,
            by_supply={**known.by_supply, WRITE: joules},
            by_group={**known.by_group, WRITE: joules},
        )


def sample_tile_die(design: SttChip, sizes: Sequence[int], seed: int, index: int) -> BsnnDie:
    """Die `index` of `seed` of one tile."""
    return sample_bsnn_die(design, sizes[1], seed, index)


def tile_probes(sizes: Sequence[int], design: SttChip | None) -> ProbeNames:
    """Source lines, thresholds and latches of every row."""
    arrays = dict.fromkeys(("sl", "threshold", "latch"), sizes[1])
    volts = {} if design is None else {"read": design.row.read_v, "latch": design.latch.vdd_v}
    return ProbeNames(arrays, volts, ("lines", "threshold", WRITE))
