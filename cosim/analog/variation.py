# SPDX-License-Identifier: Apache-2.0
"""variation : one die: spread and defects of every cell, connection, amplifier and neuron.

`sample_die(design, sizes, seed, index)` draws die `index` of the wafer `seed` from the design's
section `variation`. Every source has a stream of its own (STREAMS), named in the seed together with
the die and the layer: a changed sigma scales one source's draws and moves no other's, and a die is
the same however many are drawn, and in whichever engine.

An open connection is a resistor of `open_ohm` in place of the connection. A stuck cell keeps its
state whatever is programmed. Offsets are sources in series with an input: the op-amp sees
v(inp) + amplifier_offset_v - v(inn), MTJ-A sees v(a) + neuron_offset_v.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.design import Design
from cosim.design_variation import Variation
from cosim.errors import DesignError, UserInputError
from cosim.mapping import cell_states, partitions

__all__ = [
    "SPREADS",
    "STREAMS",
    "Die",
    "LayerDie",
    "lognormal",
    "nominal_die",
    "sample_die",
    "stream",
]

STREAMS = ("ra", "tmr", "stuck", "open", "amplifier", "neuron", "noise")
SPREADS = (
    *("ra_sigma", "tmr_sigma", "stuck_p_rate", "stuck_ap_rate", "row_open_rate", "line_open_rate"),
    *("amplifier_offset_v", "neuron_offset_v"),
)
FREE = -1  # `stuck` of a cell that can be written

Floats = NDArray[np.float64]
States = NDArray[np.int8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class LayerDie:
    """One layer of a die.

    Cell arrays are (n_in + 1, n_out, 2): row (bias last), column, line (0 is I+, 1 is I-).
    `r_factor` is R_P over its nominal value, `tmr_factor` TMR over its nominal value, `stuck` -1
    (works), 0 (always P) or 1 (always AP). `row_open` (n_in + 1, v_p): the feed of that row in
    column partition v. `line_open` (h_p, n_out, 2): the foot of that I line in row partition h.
    `amplifier_offset_v` (ports, n_out), one port, or h_p with tied partitions;
    `neuron_offset_v` (n_out,).
    """

    r_factor: Floats
    tmr_factor: Floats
    stuck: States
    row_open: Flags
    line_open: Flags
    amplifier_offset_v: Floats
    neuron_offset_v: Floats

    def __post_init__(self) -> None:
        cells = self.r_factor.shape
        n_rows, n_out = cells[:2]
        if cells != (n_rows, n_out, 2) or {self.tmr_factor.shape, self.stuck.shape} != {cells}:
            raise DesignError(f"cells of a die must be (n_in + 1, n_out, 2), got {cells}")
        if (self.r_factor <= 0).any() or (self.tmr_factor < 0).any():
            raise DesignError("a die's r_factor must be above 0 and tmr_factor at least 0")
        if not np.isin(self.stuck, (FREE, 0, 1)).all():
            raise DesignError("a die's stuck must be -1, 0 or 1")
        if len(self.row_open) != n_rows or self.line_open.shape[1:] != (n_out, 2):
            raise DesignError("a die's row_open must be (n_in + 1, v_p), line_open (h_p, n_out, 2)")
        if self.amplifier_offset_v.shape[1:] != (n_out,) or self.neuron_offset_v.shape != (n_out,):
            raise DesignError("a die's offsets must be (ports, n_out) and (n_out,)")

    @property
    def opens(self) -> bool:
        """Any connection is open."""
        return bool(self.row_open.any() or self.line_open.any())

    def part(self, row0: int, row1: int, h: int) -> LayerDie:
        """Row partition `h`, rows row0..row1, with its own amplifiers."""
        rows = slice(row0, row1)
        return replace(
            self,
            r_factor=self.r_factor[rows],
            tmr_factor=self.tmr_factor[rows],
            stuck=self.stuck[rows],
            row_open=self.row_open[rows],
            line_open=self.line_open[h : h + 1],
            amplifier_offset_v=self.amplifier_offset_v[h : h + 1],
        )

    def states(self, weights: ArrayLike, cut: tuple[slice, ...] = ()) -> States:
        """States (rows, columns, 2) that the cells take for these weights: 0 P, 1 AP.

        `cut` says which rows and columns of the layer the weights are; without it, all.
        """
        written, stuck = np.stack(cell_states(weights), axis=2), self.stuck[cut]
        if written.shape != stuck.shape:
            raise DesignError(f"die is for weights {stuck.shape[:2]}, got {written.shape[:2]}")
        return np.where(stuck == FREE, written, stuck).astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class Die:
    """All layers of one die, and where it was drawn from."""

    seed: int
    index: int
    open_ohm: float
    layers: tuple[LayerDie, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then the outputs of each layer."""
        shapes = [layer.r_factor.shape for layer in self.layers]
        return (shapes[0][0] - 1, *(shape[1] for shape in shapes))

    def check(self, sizes: Sequence[int]) -> Die:
        """This die, if it is one of that stack."""
        if self.sizes != tuple(sizes):
            raise DesignError(f"die {self.index} is for sizes {self.sizes}, got {tuple(sizes)}")
        return self


def stream(seed: int, index: int, name: str, *more: int) -> np.random.Generator:
    """Random numbers of one source (STREAMS) on one die; `more` numbers what has several."""
    if name not in STREAMS:
        raise UserInputError(f"no random stream {name!r}; streams: {', '.join(STREAMS)}")
    if seed < 0 or index < 0:
        raise UserInputError(f"seed and die must be at least 0, got {seed} and {index}")
    key = (index, zlib.crc32(name.encode()), *more)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def sample_die(design: Design, sizes: Sequence[int], seed: int, index: int = 0) -> Die:
    """Die `index` of seed `seed` for a stack of these sizes (inputs, outputs of each layer)."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise UserInputError(f"sizes must be inputs and outputs of each layer, got {tuple(sizes)}")
    return Die(
        seed=seed,
        index=index,
        open_ohm=design.variation.open_ohm,
        layers=tuple(
            _layer(design, pair, {name: stream(seed, index, name, layer) for name in STREAMS})
            for layer, pair in enumerate(itertools.pairwise(sizes))
        ),
    )


def nominal_die(design: Design, sizes: Sequence[int]) -> Die:
    """A die without spread and defects."""
    spread = design.variation.model_copy(update=dict.fromkeys(SPREADS, 0.0))
    return sample_die(design.model_copy(update={"variation": spread}), sizes, 0)


def _layer(design: Design, pair: tuple[int, int], rngs: dict[str, np.random.Generator]) -> LayerDie:
    spread, tile = design.variation, design.macro.tile
    n_in, n_out = pair
    h_p, v_p = partitions(n_in, n_out, tile.rows, tile.cols)
    cells = (n_in + 1, n_out, 2)
    row_draw = rngs["open"].random((n_in + 1, v_p))
    line_draw = rngs["open"].random((h_p, n_out, 2))
    ports = h_p if design.macro.partition.outputs == "tied" else 1
    amplifier, neuron = (
        rngs["amplifier"].standard_normal((ports, n_out)),
        rngs["neuron"].standard_normal(n_out),
    )
    return LayerDie(
        r_factor=lognormal(rngs["ra"].standard_normal(cells), spread.ra_sigma),
        tmr_factor=np.maximum(1 + spread.tmr_sigma * rngs["tmr"].standard_normal(cells), 0.0),
        stuck=_stuck(rngs["stuck"].random(cells), spread),
        row_open=row_draw < spread.row_open_rate,
        line_open=line_draw < spread.line_open_rate,
        amplifier_offset_v=spread.amplifier_offset_v * amplifier,
        neuron_offset_v=spread.neuron_offset_v * neuron,
    )


def lognormal(normal: Floats, sigma: float) -> Floats:
    """Mean 1, standard deviation `sigma`: RA is exponential in the barrier's thickness."""
    width = np.sqrt(np.log1p(sigma * sigma))
    return np.asarray(np.exp(width * normal - 0.5 * width * width))


def _stuck(draw: Floats, spread: Variation) -> States:
    p_rate, ap_rate = spread.stuck_p_rate, spread.stuck_ap_rate
    found = np.where(draw < p_rate, 0, np.where(draw < p_rate + ap_rate, 1, FREE))
    return found.astype(np.int8)
