# SPDX-License-Identifier: Apache-2.0
"""network : a whole spiking network whose layers' decisions are the circuit's.

Each layer is a tile with one row per output channel and a cell per weight; positions of an image
use it one after the other. The neuron's membrane is the mean of its source line over the steps so
far (a capacitor a step, ideal here: the netlist has the single step), its reset, skip and batch
norm are in the threshold:

    sum over steps of acc >= threshold + reset*spikes so far - skips so far     (spiking.py)
    mean source line      >= volts of that bound / steps                        (here)

Encoder and readout are digital and exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError
from cosim.model.spiking import KERNEL, SpikingLayer, SpikingNetwork, run_steps
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie, sample_bsnn_die
from cosim.sttbsnn.levels import Levels, match_levels
from cosim.sttbsnn.quick import QuickRows
from cosim.sttbsnn.tile import build_tile

__all__ = ["CircuitNetwork", "CircuitRun", "layer_design"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Spikes = NDArray[np.uint8]
CHUNK = 25  # images at a time: bounds memory, not results


@dataclass(frozen=True, kw_only=True)
class CircuitRun:
    """Scores (n, classes); decisions of the circuit, and those that exact sums decide otherwise."""

    scores: Ints
    decisions: int
    wrong: int


def layer_design(design: BsnnDesign, inputs: int) -> BsnnDesign:
    """The design with rows of `inputs` cells; a read voltage's current a cell stays."""
    return design.model_copy(update={"row": design.row.model_copy(update={"inputs": inputs})})


@dataclass(kw_only=True)
class _State:
    """One layer's neurons for a chunk of images, all (n, channels, rows, cols)."""

    volts: Floats | float = 0.0  # sums over steps
    sums: Ints | int = 0
    skips: Ints | int = 0
    fired: Ints | int = 0


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """A layer on its tile."""

    layer: SpikingLayer
    rows: QuickRows
    levels: Levels
    negative: Ints  # -1 weights of each row
    die: BsnnDie | None


@dataclass(kw_only=True)
class CircuitNetwork:
    """`network` on tiles of `design`, nominal or (with `die`) each layer on its own die."""

    network: SpikingNetwork
    design: BsnnDesign
    seed: int = 1
    die: int | None = None
    trimmed: bool = True
    _layers: list[_Layer] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, layer in enumerate(self.network.layers):
            weights = layer.rows()
            design = layer_design(self.design, weights.shape[1])
            die = None
            if self.die is not None:
                spawned = self.die * 1000 + index
                die = sample_bsnn_die(design, len(weights), self.seed, spawned)
            self._layers.append(
                _Layer(
                    layer=layer,
                    rows=QuickRows(tile=build_tile(weights, design, die)),
                    levels=match_levels(design),
                    negative=(weights < 0).sum(axis=1),
                    die=die,
                )
            )

    def run(self, images: NDArray[np.uint8], rng: np.random.Generator | None = None) -> CircuitRun:
        """Images (n, c, rows, cols) or (n, rows, cols); `rng` makes decisions noisy."""
        parts, decisions, wrong = [], 0, 0
        for at in range(0, len(images), CHUNK):
            found = self._chunk(images[at : at + CHUNK], rng)
            parts.append(found.scores)
            decisions, wrong = decisions + found.decisions, wrong + found.wrong
        return CircuitRun(scores=np.concatenate(parts), decisions=decisions, wrong=wrong)

    def _chunk(self, images: NDArray[np.uint8], rng: np.random.Generator | None) -> CircuitRun:
        network = self.network
        encoder = [step.out for step in run_steps(network, images) if step.layer == 0]
        states = [_State() for _ in self._layers]
        counts = np.zeros((len(images), len(network.readout)), np.int64)
        decisions = wrong = 0
        for step, encoded in enumerate(encoder):
            spikes = encoded
            for one, state in zip(self._layers, states, strict=True):
                fired, differs = self._step(one, state, spikes, step, rng)
                decisions, wrong = decisions + fired.size, wrong + differs
                spikes = _or_pool(fired) if one.layer.neurons.pool else fired
            counts += spikes.reshape(len(images), -1)
        scores = counts @ network.readout.astype(np.int64) + network.readout_bias
        return CircuitRun(scores=scores, decisions=decisions, wrong=wrong)

    def _step(
        self,
        one: _Layer,
        state: _State,
        spikes: Spikes,
        step: int,
        rng: np.random.Generator | None,
    ) -> tuple[Spikes, int]:
        """Spikes (n, channels, rows, cols) of one layer in one step, and how many are wrong."""
        neurons = one.layer.neurons
        n, _, height, width = spikes.shape
        patches = _patches(spikes)
        shape = (n, height, width, len(one.negative))

        volts = one.rows.volts(patches).reshape(shape)
        sums = np.rint(patches @ one.layer.rows().T.astype(np.float32)).astype(np.int64)
        state.volts = state.volts + np.moveaxis(volts, -1, 1)
        state.sums = state.sums + np.moveaxis(sums.reshape(shape), -1, 1)
        if one.layer.skip is not None:
            skip = one.layer.skip.astype(np.int64)[:, None, None]
            state.skips = state.skips + skip * spikes.astype(np.int64)
        reset = neurons.reset.astype(np.int64)[:, None, None]
        bound = neurons.threshold[step].astype(np.int64)[:, None, None] - state.skips
        bound = bound + reset * state.fired
        steps = step + 1
        mean_v = state.volts / steps
        if one.die is not None:
            mean_v = mean_v + one.die.offset_v[:, None, None]
        if rng is not None:
            noise = self.design.variation.noise_v * rng.standard_normal(mean_v.shape)
            mean_v = mean_v + noise
        threshold_v = self._threshold_v(one, bound, steps)
        fired = (mean_v > threshold_v).astype(np.uint8)
        exact = state.sums >= bound
        state.fired = state.fired + fired.astype(np.int64)
        return fired, int((fired != exact).sum())

    def _threshold_v(self, one: _Layer, bound: Ints, steps: int) -> Floats:
        """What the ladder gives for a bound on the sum over `steps` steps."""
        levels, n = one.levels, len(one.levels.row_v) - 1
        matches = (bound - 0.5) / steps + one.negative[:, None, None]
        below = levels.row_v[0] - levels.step_v * np.maximum(-matches, 0.0)
        above = levels.row_v[-1] + levels.step_v * np.maximum(matches - n, 0.0)
        inside = np.interp(matches, np.arange(n + 1), levels.row_v)
        wanted = np.where(matches < 0, below, np.where(matches > n, above, inside))
        code = np.rint((wanted - levels.low_v) / levels.lsb_v)
        if one.die is not None and self.trimmed:
            code = code + levels.trim(one.die.offset_v)[:, None, None]
        return levels.code_v(np.clip(code, 0, (1 << levels.bits) - 1))


def _patches(spikes: Spikes) -> NDArray[np.float32]:
    """3x3 surroundings (n*rows*cols, 9*channels), channel first, of spikes (n, c, rows, cols)."""
    n, c, height, width = spikes.shape
    edged = np.pad(spikes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    found = np.empty((n, height, width, c, KERNEL, KERNEL), np.float32)
    for i in range(KERNEL):
        for j in range(KERNEL):
            part = edged[:, :, i : i + height, j : j + width]
            found[..., i, j] = np.moveaxis(part, 1, -1)
    return found.reshape(n * height * width, -1)


def _or_pool(fired: Spikes) -> Spikes:
    n, c, height, width = fired.shape
    if height % 2 or width % 2:
        raise ModelError(f"2x2 pooling needs even sides, got {height}x{width}")
    found: Spikes = fired.reshape(n, c, height // 2, 2, width // 2, 2).max(axis=(3, 5))
    return found
