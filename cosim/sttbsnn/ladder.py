# SPDX-License-Identifier: Apache-2.0
"""ladder : how far the spiking macro's engines are from each other, as analog/ladder.py says it.

`fast` against `ngspice` runs one time step of the same tile in both. `ideal` against `fast` walks
from exact arithmetic to a die one cause at a time, over many inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cosim.analog.ladder import BOUNDS, Bound, BudgetRow, Ladder
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie, sample_bsnn_die
from cosim.sttbsnn.factory import make_bsnn_engine
from cosim.sttbsnn.levels import match_levels, matches
from cosim.sttbsnn.step import Step, one_step
from cosim.sttbsnn.tile import build_tile

__all__ = ["bsnn_ladder", "near_codes", "random_tile"]

Floats = NDArray[np.float64]
Weights = NDArray[np.int8]
Spikes = NDArray[np.int64]
SMALL = 1e-3  # groups below this share of the total are not held to the energy bound
NEAR = 2  # thresholds lie within so many matches of what the inputs give


def random_tile(
    design: BsnnDesign, rows: int, inputs: int, rng: np.random.Generator
) -> tuple[Weights, Spikes]:
    """Rows (rows, n) of random weights and inputs (inputs, n) of random spikes."""
    n = design.row.inputs
    weights = rng.choice(np.array([-1, 1], dtype=np.int8), (rows, n))
    return weights, rng.integers(0, 2, (inputs, n))


def near_codes(
    design: BsnnDesign, weights: Weights, spikes: Spikes, rng: np.random.Generator
) -> Spikes:
    """Codes (rows,) within a few matches of where inputs `spikes` (n,) put the rows.

    The first row spikes by the least there is, so that there is a time to compare.
    """
    found = matches(weights, spikes)
    away = rng.integers(1 - NEAR, NEAR + 1, len(found))
    away[0] = 0
    return match_levels(design).code(found + away)


def bsnn_ladder(
    design: BsnnDesign,
    weights: Weights,
    spikes: Spikes,
    *,
    rng: np.random.Generator,
    spice_inputs: int = 1,
    die: BsnnDie | None = None,
) -> Ladder:
    """Both rungs: the first `spice_inputs` of `spikes` (n, inputs) in ngspice, all in the budget.

    `die` is the same die in fast and ngspice; the budget ends at it, or at die 0.
    """
    bounds: dict[str, Bound] = {}
    for one in spikes[:spice_inputs]:
        codes = near_codes(design, weights, one, rng)
        runs = [
            one_step(
                make_bsnn_engine(kind, kind, design, len(weights), die=die),
                design,
                weights,
                codes,
                one,
            )
            for kind in ("fast", "ngspice")
        ]
        for bound in _bounds(design, *runs):
            if bound.name not in bounds or not bound.value <= bounds[bound.name].value:
                bounds[bound.name] = bound
    budget, agreement, rms = _budget(design, weights, spikes, die, rng)
    return Ladder(
        sizes=(weights.shape[1], len(weights)),
        design=design.name,
        die=None if die is None else die.index,
        bounds=tuple(bounds.values()),
        budget=budget,
        agreement=agreement,
        difference_rms_v=rms,
    )


def _bounds(design: BsnnDesign, fast: Step, spice: Step) -> list[Bound]:
    """One step in both engines."""
    bent = design.device.mtj.bias_dependent
    limit_v = BOUNDS["amplifier" if bent else "node, linear cells"]
    volts = [
        ("source line volts", fast.sl_v, spice.sl_v),
        ("threshold volts", fast.threshold_v, spice.threshold_v),
    ]
    found = [
        Bound(name=name, value=float(np.abs(a - b).max()), limit=limit_v, unit="V")
        for name, a, b in volts
    ]
    for group, joules in spice.energy.by_group.items():
        if joules > SMALL * spice.energy.total_j:
            mine = float(fast.energy.by_group.get(group, 0.0))
            found.append(_ratio(f"energy, {group}", mine, joules, BOUNDS["energy"], "J"))
    both = np.isfinite(fast.spike_s) & np.isfinite(spice.spike_s)
    if both.any():
        off = np.abs(fast.spike_s - spice.spike_s)[both] / spice.spike_s[both]
        worst = int(off.argmax())
        times = float(fast.spike_s[both][worst]), float(spice.spike_s[both][worst])
        found.append(_ratio("spike time", *times, BOUNDS["settling"], "s"))
    differ = float((fast.spikes != spice.spikes).sum())
    found.append(Bound(name="spikes differ", value=differ, limit=0.0, unit="1"))
    return found


def _ratio(name: str, mine: float, theirs: float, limit: float, unit: str) -> Bound:
    off = abs(mine - theirs) / theirs
    return Bound(
        name=name, value=off, limit=limit, unit="1", values=(mine, theirs), values_unit=unit
    )


def _budget(
    design: BsnnDesign,
    weights: Weights,
    spikes: Spikes,
    die: BsnnDie | None,
    rng: np.random.Generator,
) -> tuple[tuple[BudgetRow, ...], float, float]:
    """Rows by cause, spikes that ideal and the die decide alike, rms volts between them."""
    levels = match_levels(design)
    found = matches(weights, spikes)
    codes = levels.code(np.round(found.mean(axis=0)).astype(np.int64))
    threshold_v = levels.code_v(codes)
    drawn = die or sample_bsnn_die(design, len(weights), int(rng.integers(1 << 31)), 0)
    rungs: Sequence[tuple[str, Floats]] = (
        ("ideal", levels.row_v[found]),
        ("shared bit lines", build_tile(weights, design).batch(spikes)[0]),
        ("cells of a die", build_tile(weights, design, drawn).batch(spikes)[0]),
    )
    offset_v = drawn.offset_v
    rungs = (
        *rungs,
        ("latch offsets", rungs[-1][1] + offset_v),
        ("their trimming", rungs[-1][1] + offset_v - levels.lsb_v * levels.trim(offset_v)),
    )
    whole = rungs[-1][1] - rungs[0][1]
    power = float(np.sum(whole**2))
    rows = []
    for (_, before), (cause, after) in pairwise(rungs):
        step = after - before
        flipped = np.mean((after > threshold_v) != (before > threshold_v))
        rows.append(
            BudgetRow(
                cause=cause,
                rms_v=float(np.sqrt(np.mean(step**2))),
                share=float(np.sum(step * whole) / power) if power else 0.0,
                flipped=float(flipped),
            )
        )
    alike = np.mean((rungs[0][1] > threshold_v) == (rungs[-1][1] > threshold_v))
    return tuple(rows), float(alike), float(np.sqrt(np.mean(whole**2)))
