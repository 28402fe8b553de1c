# SPDX-License-Identifier: Apache-2.0
"""dies : many inputs on many dies: classes by converter codes, and what accuracy they give."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from cosim.analog.characterise import NeuronCurve, neuron_curve
from cosim.analog.fast_forward import StackState, fast_stack
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.noise import output_noise
from cosim.analog.variation import Die, sample_die, stream
from cosim.design import Design
from cosim.errors import UserInputError

__all__ = ["DieAccuracy", "classify_dies", "die_accuracy", "sample_dies"]

Floats = NDArray[np.float64]
Stack = Sequence[NDArray[np.int8]]
IDEAL_BATCH = 500
THREADS = 2
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class DieAccuracy:
    """Accuracy of each die on the same inputs; dies are numbers 0, 1, ... of `seed`."""

    seed: int
    inputs: int
    noise: bool
    right: NDArray[np.int64]

    @property
    def share(self) -> Floats:
        """Rightly classed share of the inputs, (dies,)."""
        return self.right / self.inputs

    def as_dict(self) -> dict[str, Any]:
        """Mean, sigma, extremes, and the 95 % interval of the mean (Student), in percent."""
        percent = 100 * self.share
        n = len(percent)
        sigma = float(percent.std(ddof=1)) if n > 1 else None
        half = None if sigma is None else float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * sigma / n**0.5
        mean = float(percent.mean())
        return {
            "dies": n,
            "seed": self.seed,
            "noise": self.noise,
            "mean": mean,
            "sigma": sigma,
            "min": float(percent.min()),
            "max": float(percent.max()),
            "interval": None if half is None else [max(mean - half, 0.0), min(mean + half, 100.0)],
            "percent": percent.tolist(),
        }


def die_accuracy(
    classes: NDArray[np.int64], labels: NDArray[np.integer], *, seed: int, noise: bool
) -> DieAccuracy:
    """Accuracy of `classes` (dies, n) against `labels` (n,)."""
    if classes.shape[1:] != labels.shape:
        raise UserInputError(f"labels must be ({classes.shape[1]},), got {labels.shape}")
    return DieAccuracy(
        inputs=len(labels), right=(classes == labels).sum(axis=1), seed=seed, noise=noise
    )


def classify_dies(
    weights: Stack,
    bits: NDArray[np.uint8],
    design: Design,
    dies: Sequence[Die | None],
    *,
    engine: str = "fast",
    noise_seed: int | None = None,
) -> NDArray[np.int64]:
    """Classes (dies, n) of inputs (n, n_in) on each die; None is the nominal circuit.

    With `noise_seed` every sample has the noise of its die's stream. Engine fast takes one die
    after another, each on all threads; engine ideal takes a die a thread.
    """
    if engine not in ("fast", "ideal"):
        raise UserInputError(f"dies are evaluated by engine fast or ideal, got {engine}")
    if not dies:
        raise UserInputError("at least one die must be asked for")
    curve = neuron_curve(design)
    solve = _fast if engine == "fast" else _ideal

    def one(die: Die | None) -> NDArray[np.int64]:
        volts, signal_v = solve(weights, bits, design, curve, die)
        if noise_seed is not None:
            noise = output_noise(weights, bits, design, curve, die=die)
            rng = stream(noise_seed, die.index if die else 0, "noise")
            volts = volts + noise.draw(signal_v, rng)
        return _classes(volts, design)

    with ThreadPoolExecutor(1 if engine == "fast" else THREADS) as pool:
        return np.array(list(pool.map(one, dies)))


def sample_dies(design: Design, sizes: Sequence[int], seed: int, count: int) -> list[Die]:
    """Dies 0..count-1 of `seed`."""
    if count < 1:
        raise UserInputError(f"dies must be at least 1, got {count}")
    return [sample_die(design, sizes, seed, index) for index in range(count)]


def _fast(
    weights: Stack, bits: NDArray[np.uint8], design: Design, curve: NeuronCurve, die: Die | None
) -> tuple[Floats, Floats]:
    stack = fast_stack(weights, design, curve, die)
    bank = stack.solvers[-1].bank

    def outputs(state: StackState) -> tuple[Floats, ...]:
        return state.neuron_v[-1], bank.signal_v(state.amplifier_v[-1])

    volts, signal_v = stack.evaluate(stack.drive_of(bits), outputs)
    return volts, signal_v


def _ideal(
    weights: Stack, bits: NDArray[np.uint8], design: Design, curve: NeuronCurve, die: Die | None
) -> tuple[Floats, Floats]:
    found = [
        ideal_forward(weights, bits[k : k + IDEAL_BATCH], design, curve, die=die)[-1]
        for k in range(0, len(bits), IDEAL_BATCH)
    ]
    return (
        np.concatenate([layer.neuron_v for layer in found]),
        np.concatenate([layer.signal_v for layer in found]),
    )


def _classes(volts: Floats, design: Design) -> NDArray[np.int64]:
    """Lowest index of the largest converter code."""
    converter = design.macro.converter
    top = 2**converter.bits - 1
    exact = (volts - converter.low_v) / (converter.high_v - converter.low_v) * top
    codes = np.clip(np.floor(exact + 0.5), 0, top)
    found: NDArray[np.int64] = codes.argmax(axis=1)
    return found
