# SPDX-License-Identifier: Apache-2.0
"""spot_check : a random share of a long run solved again by ngspice, with the bounds of the ladder.

Operating points of the whole macro: every amplifier and every neuron of every layer is compared.
An equal class means equal largest code; where ngspice has both classes within one converter step
the circuit itself leaves it open, and that counts as equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.analog.fast_forward import FastStack, fast_stack
from cosim.analog.ladder import BOUNDS, Bound
from cosim.analog.netlist import build_macro
from cosim.analog.rest import rest_points
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.errors import UserInputError
from cosim.mapping import Mapping

__all__ = ["SpotCheck", "against_ngspice", "pick", "spot_check", "spot_check_dies"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BATCH = 8  # inputs that engine fast solves together


@dataclass(frozen=True, kw_only=True)
class SpotCheck:
    """`inputs` of `total` were solved again; `bounds` hold the largest differences.

    Over many dies `dies` names the die of each of these inputs, and `total` counts every input on
    every die.
    """

    inputs: tuple[int, ...]
    total: int
    seed: int
    bounds: tuple[Bound, ...]
    dies: tuple[int, ...] | None = None

    @property
    def ok(self) -> bool:
        """Every bound holds."""
        return all(bound.ok for bound in self.bounds)

    @property
    def missed(self) -> str:
        """Names of the bounds that do not hold."""
        return "; ".join(bound.name for bound in self.bounds if not bound.ok)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        found = asdict(self)
        for entry, bound in zip(found["bounds"], self.bounds, strict=True):
            entry["ok"] = bound.ok
        return {**found, "ok": self.ok}


def pick(total: int, share: float, seed: int) -> Ints:
    """Which of `total` inputs to solve again: a share of them, at least one, in order."""
    if not 0 < share <= 1:
        raise UserInputError(f"--spot-check must be a share above 0 and up to 1, got {share:g}")
    count = max(1, round(share * total))
    rng = np.random.default_rng(np.random.SeedSequence([seed, total]))
    return np.sort(rng.choice(total, size=count, replace=False)).astype(np.int64)


def spot_check(
    stack: FastStack,
    drive_v: Floats,
    classes: ArrayLike,
    *,
    share: float,
    seed: int,
    die: Die | None = None,
) -> SpotCheck:
    """Check a run that classed all of `drive_v` (n, n_in) as `classes` (n,), on `die` if it did."""
    inputs = pick(len(drive_v), share, seed)
    amplifier_v, neuron_v = _volts(stack, drive_v[inputs])
    bounds = against_ngspice(
        stack.mapping,
        stack.design,
        drive_v[inputs],
        amplifier_v=amplifier_v,
        neuron_v=neuron_v,
        classes=np.asarray(classes)[inputs],
        die=die,
    )
    return SpotCheck(
        inputs=tuple(int(k) for k in inputs), total=len(drive_v), seed=seed, bounds=bounds
    )


def spot_check_dies(
    weights: Sequence[NDArray[np.int8]],
    bits: NDArray[np.uint8],
    design: Design,
    dies: Sequence[Die],
    classes: ArrayLike,
    *,
    share: float,
    seed: int,
) -> SpotCheck:
    """Check a run that classed inputs (n, n_in) as `classes` (dies, n): a share of all of them.

    A die that none of the picked inputs falls on costs nothing.
    """
    n, found = len(bits), np.asarray(classes)
    picked = pick(len(dies) * n, share, seed)
    worst: dict[str, Bound] = {}
    for k in np.unique(picked // n):
        mine = picked[picked // n == k] % n
        stack = fast_stack(weights, design, die=dies[k])
        drive_v = stack.drive_of(bits[mine])
        amplifier_v, neuron_v = _volts(stack, drive_v)
        for bound in against_ngspice(
            stack.mapping,
            design,
            drive_v,
            amplifier_v=amplifier_v,
            neuron_v=neuron_v,
            classes=found[k, mine],
            die=dies[k],
        ):
            known = worst.get(bound.name, bound)
            worst[bound.name] = bound if bound.value > known.value else known
    return SpotCheck(
        inputs=tuple(int(p % n) for p in picked),
        total=len(dies) * n,
        seed=seed,
        bounds=tuple(worst.values()),
        dies=tuple(dies[int(p // n)].index for p in picked),
    )


def against_ngspice(
    mapping: Mapping,
    design: Design,
    drive_v: Floats,
    *,
    amplifier_v: Sequence[Floats],
    neuron_v: Sequence[Floats],
    classes: NDArray[np.integer],
    die: Die | None = None,
) -> tuple[Bound, ...]:
    """Largest differences from ngspice's operating points for the same inputs (n, n_in)."""
    spice = rest_points(build_macro(mapping, design, die), drive_v)
    linear = not design.device.mtj.bias_dependent or design.device.cell.kind == "fixed"
    found = []
    for kind, volts in (("amplifier", amplifier_v), ("neuron", neuron_v)):
        worst = max(
            float(np.abs(mine - spice[f"layer{layer}.{kind}"]).max())
            for layer, mine in enumerate(volts)
        )
        limit = BOUNDS["node, linear cells" if linear else kind]
        found.append(Bound(name=f"{kind} volts", value=worst, limit=limit, unit="V"))
    wrong = _wrong_classes(spice[f"layer{len(neuron_v) - 1}.neuron"], classes, design)
    found.append(Bound(name="class differs", value=wrong, limit=0.0, unit="1"))
    return tuple(found)


def _wrong_classes(volts: Floats, classes: NDArray[np.integer], design: Design) -> float:
    """Share of inputs whose class is not among ngspice's largest, to one converter step."""
    converter = design.macro.converter
    step_v = (converter.high_v - converter.low_v) / (2**converter.bits - 1)
    inside = np.clip(volts, converter.low_v, converter.high_v)
    chosen = inside[np.arange(len(inside)), classes]
    return float(np.mean(chosen < inside.max(axis=1) - step_v))


def _volts(stack: FastStack, drive_v: Floats) -> tuple[list[Floats], list[Floats]]:
    states = [stack.solve(drive_v[k : k + BATCH]) for k in range(0, len(drive_v), BATCH)]
    layers = range(len(stack.solvers))
    return (
        [np.concatenate([state.amplifier_v[k] for state in states]) for k in layers],
        [np.concatenate([state.neuron_v[k] for state in states]) for k in layers],
    )
