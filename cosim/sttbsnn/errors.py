# SPDX-License-Identifier: Apache-2.0
"""errors : how often a tile decides otherwise than exact sums, and what a decision costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import sample_bsnn_die
from cosim.sttbsnn.factory import make_bsnn_engine
from cosim.sttbsnn.ladder import random_tile
from cosim.sttbsnn.levels import match_levels, matches
from cosim.sttbsnn.quick import QuickRows
from cosim.sttbsnn.step import one_step
from cosim.sttbsnn.tile import build_tile

__all__ = ["Cost", "ErrorRate", "error_rate", "step_cost"]

RATE = 0.3  # of input spikes
OPERATIONS = 2  # a cell's step is a multiplication and an addition


@dataclass(frozen=True, kw_only=True)
class ErrorRate:
    """Share of decisions that differ from exact sums, and the same of those near the threshold.

    `near` are decisions whose sum is one of the two next to the threshold.
    """

    wrong: float
    near: float
    decisions: int


def error_rate(
    design: BsnnDesign,
    *,
    seed: int,
    rows: int,
    inputs: int,
    dies: int,
    trimmed: bool = True,
) -> ErrorRate:
    """Over `dies` tiles of random weights and `inputs` random spike patterns on each.

    Thresholds are spread as the sums are. With `trimmed` each row's threshold takes its latch's
    offset up, in whole codes.
    """
    levels = match_levels(design)
    wrong = near = wrong_near = total = 0
    for index in range(dies):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
        weights, _ = random_tile(design, rows, 1, rng)
        spikes = (rng.random((inputs, design.row.inputs)) < RATE).astype(np.int64)
        found = matches(weights, spikes)
        spread = found.std(axis=0)
        least = np.rint(found.mean(axis=0) + spread * rng.standard_normal(rows)).astype(np.int64)
        die = sample_bsnn_die(design, rows, seed, index)
        codes = levels.code(least)
        if trimmed:
            codes = np.clip(codes + levels.trim(die.offset_v), 0, (1 << levels.bits) - 1)
        volts = QuickRows(tile=build_tile(weights, design, die)).volts(spikes)
        volts = volts + die.offset_v
        volts = volts + design.variation.noise_v * rng.standard_normal(volts.shape)
        differs = (volts > levels.code_v(codes)) != (found >= least)
        close = (found == least) | (found == least - 1)
        wrong += int(differs.sum())
        near += int(close.sum())
        wrong_near += int((differs & close).sum())
        total += differs.size
    return ErrorRate(wrong=wrong / total, near=wrong_near / max(near, 1), decisions=total)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One time step of a tile: joules by group and row, and operations per joule.

    An operation is half of what a cell does in a step (a multiplication and an addition); the
    joules are all that the supplies deliver from enable to the end of the reset.
    """

    group_j: dict[str, float]
    tops_per_w: float


def step_cost(design: BsnnDesign, *, rows: int, seed: int, kind: str = "fast") -> Cost:
    """Random weights, half of the inputs spiking, thresholds at the sums."""
    rng = np.random.default_rng(seed)
    weights, spikes = random_tile(design, rows, 1, rng)
    codes = match_levels(design).code(matches(weights, spikes[0]))
    engine = make_bsnn_engine(kind, "tile", design, rows)
    energy = one_step(engine, design, weights, codes, spikes[0]).energy
    operations = OPERATIONS * rows * design.row.inputs
    return Cost(
        group_j={group: joules / rows for group, joules in energy.by_group.items()},
        tops_per_w=operations / energy.total_j * 1e-12,
    )
