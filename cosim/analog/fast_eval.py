# SPDX-License-Identifier: Apache-2.0
"""fast_eval : any stack of layers on a design: volts, power, settling and accuracy of a batch.

Weights: arrays `w0, b0, w1, b1, ...`, w_k (n_in, n_out) and b_k (n_out,) in {-1, 0, +1}. Inputs: an
array `inputs` (n, n_in) in volts or in units of VDD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import neuron_curve
from cosim.analog.fast_bill import heat_shares, power_by_group
from cosim.analog.fast_forward import FastStack, StackState, fast_stack
from cosim.analog.fast_window import Window, evaluate_window
from cosim.analog.ideal_forward import ideal_forward
from cosim.design import Design
from cosim.errors import ConvergenceError, ModelError, UserInputError
from cosim.model.npz import read_npz

__all__ = [
    "Evaluation",
    "Unit",
    "classify",
    "classify_ideal",
    "evaluate_stack",
    "evaluation_s",
    "read_inputs",
    "read_labels",
    "read_stack",
    "write_evaluation",
    "write_inputs",
    "write_stack",
]

Floats = NDArray[np.float64]
Unit = Literal["volts", "vdd"]
IDEAL_BATCH = 500
BATCH = 32  # windows solved together
OVERDRIVE = 1.001  # largest input over VDD: beyond, tables and drivers are out of range
BAND_LSB = 0.5  # settled means within half a converter step
SHORTEST_S, LONGEST_S = 1e-11, 1e-6  # of a window


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Per layer amplifier and neuron volts; per input power by group, settling, class."""

    amplifier_v: tuple[Floats, ...]
    neuron_v: tuple[Floats, ...]
    power_w: dict[str, Floats]
    settling_s: Floats
    classes: NDArray[np.int64]
    residual_v: float

    def accuracy(self, labels: NDArray[np.integer]) -> float:
        """Share of inputs whose largest output is the label's."""
        if labels.shape != self.classes.shape:
            raise ModelError(f"labels must be ({len(self.classes)},), got {labels.shape}")
        return float((self.classes == labels).mean())


def read_stack(path: Path) -> list[NDArray[np.int8]]:
    """Layers (n_in + 1, n_out), bias row last, from a weights file."""
    arrays = read_npz(path)
    count = sum(1 for key in arrays if key.startswith("w") and key[1:].isdigit())
    wanted = [f"{letter}{k}" for k in range(count) for letter in "wb"]
    missing = [key for key in wanted if key not in arrays]
    if not count or missing:
        has = ", ".join(arrays) or "nothing"
        raise ModelError(f"{path}: arrays must be w0, b0, w1, b1, ...; it has {has}")
    layers: list[NDArray[np.int8]] = []
    for k in range(count):
        w, b = arrays[f"w{k}"], arrays[f"b{k}"]
        if w.ndim != 2 or not w.size or b.shape != (w.shape[1],):
            raise ModelError(
                f"{path}: w{k} must be (n_in, n_out) and b{k} (n_out,), got {w.shape}, {b.shape}"
            )
        if k and layers[-1].shape[1] != w.shape[0]:
            raise ModelError(
                f"{path}: w{k} takes {w.shape[0]} inputs, w{k - 1} gives {layers[-1].shape[1]}"
            )
        both = np.vstack([w, b[None]])
        bad = both[~np.isin(both, (-1, 0, 1))]
        if bad.size:
            raise ModelError(f"{path}: w{k}, b{k}: {bad[0]} is outside {{-1, 0, +1}}")
        layers.append(both.astype(np.int8))
    return layers


def write_stack(path: Path, layers: Sequence[NDArray[np.int8]]) -> None:
    """The weights file of a stack, which `read_stack` reads."""
    arrays = {f"{key}{k}": part for k, w in enumerate(layers) for key, part in _parts(w).items()}
    _save(path, arrays)


def _parts(layer: NDArray[np.int8]) -> dict[str, NDArray[np.int8]]:
    return {"w": layer[:-1], "b": layer[-1]}


def write_inputs(path: Path, bits: NDArray[np.uint8], labels: NDArray[np.integer]) -> None:
    """An inputs file of bits in units of VDD (+-1), with labels."""
    _save(path, {"inputs": np.where(bits == 1, 1.0, -1.0), "labels": labels.astype(np.int64)})


def read_inputs(path: Path, n_in: int, unit: Unit, vdd_v: float) -> Floats:
    """Input line volts (n, n_in)."""
    arrays = read_npz(path)
    if "inputs" not in arrays:
        raise ModelError(f"{path}: has no array `inputs`; it has {', '.join(arrays) or 'nothing'}")
    found = arrays["inputs"]
    if found.ndim != 2 or found.shape[1] != n_in or not len(found):
        raise ModelError(f"{path}: inputs must be (n, {n_in}), got {found.shape}")
    if found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        raise ModelError(f"{path}: inputs must be finite numbers")
    volts = found.astype(np.float64) * (vdd_v if unit == "vdd" else 1.0)
    worst = float(np.abs(volts).max())
    if worst > OVERDRIVE * vdd_v:
        raise ModelError(
            f"{path}: an input is {worst:g} V, lines go to {vdd_v:g} V; are they in units of VDD?"
        )
    return volts


def evaluate_stack(
    weights: list[NDArray[np.int8]],
    drive_v: Floats,
    design: Design,
    *,
    window_s: float | None = None,
    at_rest: bool = False,
) -> Evaluation:
    """Operating points; average power and settling within a window from power-up.

    `window_s` is the design's evaluation (settle cycles) unless given. `at_rest`: power of the
    operating points instead, and no settling (NaN).
    """
    if window_s is not None and not SHORTEST_S <= window_s <= LONGEST_S:
        raise UserInputError(f"window must be {SHORTEST_S:g}..{LONGEST_S:g} s, got {window_s:g} s")
    if window_s is not None and at_rest:
        raise UserInputError("operating points have no window: give a window, or ask for rest")
    try:
        stack = fast_stack(weights, design)
        return (
            _at_rest(stack, drive_v)
            if at_rest
            else _within_window(stack, drive_v, design, window_s or evaluation_s(design))
        )
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            f"design {design.name}: a line or port is cut off: {error}"
        ) from error


def evaluation_s(design: Design) -> float:
    """Seconds from inputs to strobe."""
    return design.macro.timing.settle_cycles * design.clock.period_ps * 1e-12


def _at_rest(stack: FastStack, drive_v: Floats) -> Evaluation:
    goals = [stack.solve(drive_v[k : k + BATCH]) for k in range(0, len(drive_v), BATCH)]
    supply = {
        key: np.concatenate([goal.power_w[key] for goal in goals]) for key in goals[0].power_w
    }
    heat_w, wire_w = (
        np.concatenate([getattr(goal, key) for goal in goals]) for key in ("heat_w", "wire_w")
    )
    power_w = power_by_group(supply, heat_w, wire_w, heat_shares(stack, goals))
    return _evaluation(goals, power_w, np.full(len(drive_v), np.nan))


def _within_window(
    stack: FastStack, drive_v: Floats, design: Design, window_s: float
) -> Evaluation:
    windows = [
        evaluate_window(stack, drive_v[k : k + BATCH], window_s, _band_v(design))
        for k in range(0, len(drive_v), BATCH)
    ]
    settling_s = np.concatenate([window.settling_s for window in windows]).max(axis=1)
    goals = [window.goal for window in windows]
    power_w = _power_by_group(windows, window_s, heat_shares(stack, goals))
    return _evaluation(goals, power_w, settling_s)


def _evaluation(
    goals: list[StackState], power_w: dict[str, Floats], settling_s: Floats
) -> Evaluation:
    layers = range(len(goals[0].layers))
    if not all(np.isfinite(watts).all() for watts in power_w.values()):
        raise ConvergenceError("the solution is not a number: a value of the design is extreme")
    neuron_v = tuple(np.concatenate([g.neuron_v[k] for g in goals]) for k in layers)
    return Evaluation(
        amplifier_v=tuple(np.concatenate([g.amplifier_v[k] for g in goals]) for k in layers),
        neuron_v=neuron_v,
        power_w=power_w,
        settling_s=settling_s,
        classes=neuron_v[-1].argmax(axis=1),
        residual_v=max(goal.residual_v for goal in goals),
    )


def classify(stack: FastStack, bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Classes by converter codes (lowest index among equals), operating points only."""

    def outputs(state: StackState) -> tuple[Floats, ...]:
        return (state.neuron_v[-1],)

    (volts,) = stack.evaluate(stack.drive_of(bits), outputs)
    return _classes(volts, stack.design)


def classify_ideal(
    weights: Sequence[NDArray[np.int8]], bits: NDArray[np.uint8], design: Design
) -> NDArray[np.int64]:
    """The same in exact arithmetic."""
    curve = neuron_curve(design)
    parts = [
        ideal_forward(weights, bits[k : k + IDEAL_BATCH], design, curve)[-1].neuron_v
        for k in range(0, len(bits), IDEAL_BATCH)
    ]
    return _classes(np.concatenate(parts), design)


def _classes(volts: Floats, design: Design) -> NDArray[np.int64]:
    converter = design.macro.converter
    span_v = converter.high_v - converter.low_v
    share = np.clip((volts - converter.low_v) / span_v, 0.0, 1.0)
    codes = np.floor(share * (2**converter.bits - 1) + 0.5)
    return np.asarray(codes.argmax(axis=1))


def read_labels(path: Path, n: int, n_classes: int) -> NDArray[np.int64]:
    """Labels (n,) of an inputs file."""
    arrays = read_npz(path)
    if "labels" not in arrays:
        raise ModelError(f"{path}: has no array `labels`; it has {', '.join(arrays) or 'nothing'}")
    found = arrays["labels"]
    if found.shape != (n,) or found.dtype.kind not in "iu":
        raise ModelError(f"{path}: labels must be integers ({n},), got {found.dtype} {found.shape}")
    if found.min() < 0 or found.max() >= n_classes:
        raise ModelError(
            f"{path}: labels must be 0..{n_classes - 1}, got {found.min()}..{found.max()}"
        )
    return found.astype(np.int64)


def write_evaluation(path: Path, evaluation: Evaluation, design: Design) -> None:
    """Everything as one .npz; SI units are in the names."""
    arrays: dict[str, NDArray[np.generic] | Floats] = {}
    for k, (a_v, y_v) in enumerate(zip(evaluation.amplifier_v, evaluation.neuron_v, strict=True)):
        arrays[f"layer{k}_amplifier_v"], arrays[f"layer{k}_neuron_v"] = a_v, y_v
    arrays |= {f"power_{group}_w": watts for group, watts in evaluation.power_w.items()}
    arrays |= {"settling_s": evaluation.settling_s, "classes": evaluation.classes}
    arrays["design_yaml"] = np.array(design.resolved_yaml())
    _save(path, arrays)


def _save(path: Path, arrays: Mapping[str, NDArray[np.generic] | Floats]) -> None:
    try:
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # stubs know no str keys
    except OSError as error:
        raise UserInputError(f"cannot write {path}: {error.strerror or error}") from error


def _band_v(design: Design) -> float:
    converter = design.macro.converter
    return float(BAND_LSB * (converter.high_v - converter.low_v) / (2**converter.bits - 1))


def _power_by_group(
    windows: list[Window], window_s: float, shares: dict[str, Floats]
) -> dict[str, Floats]:
    """Average watts over the window."""
    supply = {
        key: np.concatenate([w.energy_j[key] for w in windows]) / window_s
        for key in windows[0].energy_j
    }
    cells, wires = (
        np.concatenate([getattr(w, key) for w in windows]) / window_s
        for key in ("heat_j", "wire_j")
    )
    return power_by_group(supply, cells, wires, shares)
