# SPDX-License-Identifier: Apache-2.0
"""ladder : how far each engine is from the next better one, with causes that sum.

`fast` against `ngspice` runs one evaluation of the same macro in both. `ideal` against `fast` walks
from exact arithmetic to the full circuit one cause at a time; each rung's change of the outputs is
measured against the rung before, so the changes sum to the whole difference. The ideal engine's
cells depend on bias exactly, so `TMR bias` shows what the chord iteration leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.analog.factory import make_engine
from cosim.analog.fast_forward import fast_stack
from cosim.analog.ideal_column import cell_of
from cosim.analog.ideal_forward import ideal_forward
from cosim.analog.protocol import Energy, MacroEngine
from cosim.analog.variation import Die
from cosim.design import Design

__all__ = [
    "BOUNDS",
    "Bound",
    "BudgetRow",
    "Ladder",
    "error_budget",
    "fast_against_ngspice",
    "ladder",
]

Floats = NDArray[np.float64]
Stack = Sequence[NDArray[np.int8]]
LOOK_PS = 50  # outputs are compared on this grid
BAND_V = 1.6e-3  # half a converter step of 0.8 V and 8 bits
BOUNDS = {
    "node, linear cells": 1e-4,
    "amplifier": 1e-3,
    "neuron": 2e-3,
    "energy": 0.01,
    "settling": 0.05,
}
REST_RELTOL = 1e-6
STEP_PS = 20.0  # ngspice's longest: without, a small circuit settles up to 4 % early, with 0.4 %
SETTLING_STEPS = 50  # at least so many until fast has settled: with 15 ngspice is 4 % early, too
SMALL_SUPPLY = 1e-3  # groups below this share of the total are not held to the energy bound


@dataclass(frozen=True, kw_only=True)
class Bound:
    """One figure against its limit; `unit` 1 means a ratio.

    `values` are the two figures behind it where it compares two, in `values_unit`.
    """

    name: str
    value: float
    limit: float
    unit: str
    values: tuple[float, ...] = ()
    values_unit: str = ""

    @property
    def ok(self) -> bool:
        """Within its limit (NaN is not)."""
        return bool(self.value <= self.limit)


@dataclass(frozen=True, kw_only=True)
class BudgetRow:
    """What one cause does to the last layer's outputs.

    `rms_v` is its change of the outputs, `share` that change along the whole difference (shares sum
    to 1), `flipped` the share of inputs whose class it changes.
    """

    cause: str
    rms_v: float
    share: float
    flipped: float


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The whole result; `agreement` is the share of inputs that ideal and fast class alike."""

    sizes: tuple[int, ...]
    design: str
    die: int | None
    bounds: tuple[Bound, ...]
    budget: tuple[BudgetRow, ...]
    agreement: float
    difference_rms_v: float

    @property
    def ok(self) -> bool:
        """Every bound holds."""
        return all(bound.ok for bound in self.bounds)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        found = asdict(self)
        for entry, bound in zip(found["bounds"], self.bounds, strict=True):
            entry["ok"] = bound.ok
        return {**found, "ok": self.ok}


def ladder(
    design: Design,
    weights: Stack,
    bits: NDArray[np.integer],
    *,
    spice_inputs: int = 1,
    die: Die | None = None,
) -> Ladder:
    """Both rungs: the first `spice_inputs` of `bits` (n, n_in) in ngspice, all in the budget.

    `die` is the same die in fast and ngspice; the budget is that of the nominal macro.
    """
    bounds: list[Bound] = []
    for row in np.asarray(bits)[:spice_inputs]:
        bounds += fast_against_ngspice(design, weights, row, die)
    budget, agreement, rms = error_budget(design, weights, bits)
    return Ladder(
        sizes=(len(weights[0]) - 1, *(w.shape[1] for w in weights)),
        design=design.name,
        die=None if die is None else die.index,
        bounds=tuple(_worst(bounds)),
        budget=budget,
        agreement=agreement,
        difference_rms_v=rms,
    )


def fast_against_ngspice(
    design: Design, weights: Stack, bits: NDArray[np.integer], die: Die | None = None
) -> list[Bound]:
    """One evaluation, off to settled, in both engines on the same macro."""
    sizes = (len(weights[0]) - 1, *(w.shape[1] for w in weights))
    fast = _evaluate(make_engine("fast", "fast", design, sizes, die=die), weights, bits, design)
    fine = _fine(design, fast.settling_ps / SETTLING_STEPS)
    spice = _evaluate(make_engine("ngspice", "ngspice", fine, sizes, die=die), weights, bits, fine)
    fast_v, spice_v = (
        _at_rest(make_engine(kind, kind, _tight(design), sizes, die=die), weights, bits)
        for kind in ("fast", "ngspice")
    )
    linear = bool(np.isinf(cell_of(design).v_h_v))
    found = []
    for kind in ("amplifier", "neuron"):
        worst = max(
            float(np.abs(fast_v[key] - spice_v[key]).max()) for key in spice_v if key.endswith(kind)
        )
        limit = BOUNDS["node, linear cells" if linear else kind]
        found.append(Bound(name=f"{kind} volts", value=worst, limit=limit, unit="V"))
    fast_j, spice_j = _without_wires(fast.energy), _without_wires(spice.energy)
    for group, joules in spice_j.items():
        if joules > SMALL_SUPPLY * spice.energy.total_j:
            both = (fast_j.get(group, 0.0), joules)
            found.append(_ratio(f"energy, {group}", both, joules, BOUNDS["energy"], "J"))
    times_s = (1e-12 * fast.settling_ps, 1e-12 * spice.settling_ps)
    least_s = max(times_s[1], 1e-12 * LOOK_PS)
    found.append(_ratio("settling time", times_s, least_s, BOUNDS["settling"], "s"))
    last = f"layer{len(weights) - 1}.neuron"
    differs = float(fast_v[last].argmax() != spice_v[last].argmax())
    found.append(Bound(name="class differs", value=differs, limit=0.0, unit="1"))
    return found


def _ratio(name: str, both: tuple[float, float], whole: float, limit: float, unit: str) -> Bound:
    """The difference of two figures, fast's and ngspice's, as a share of `whole`."""
    off = abs(both[0] - both[1]) / whole
    return Bound(name=name, value=off, limit=limit, unit="1", values=both, values_unit=unit)


def _without_wires(energy: Energy) -> dict[str, float]:
    """Joules by group, those of wires back among the drivers': ngspice meters none in wires."""
    found = dict(energy.by_group)
    found["drivers"] = found.get("drivers", 0.0) + found.pop("wires", 0.0)
    return found


def error_budget(
    design: Design, weights: Stack, bits: NDArray[np.integer]
) -> tuple[tuple[BudgetRow, ...], float, float]:
    """Rows by cause, agreement of classes, rms difference of the outputs (ideal to fast)."""
    rungs: list[tuple[str, Floats]] = []
    stack = fast_stack(weights, design)
    curve = stack.neuron.curve
    rungs.append(("ideal", ideal_forward(weights, bits, design, curve)[-1].neuron_v))
    for cause, changed in (
        ("TMR bias", _with(design, wires=False, exact=True, stiff=True)),
        ("amplifier", _with(design, wires=False, exact=False, stiff=True)),
        ("neuron loading", _with(design, wires=False, exact=False, stiff=False)),
        ("wires", design),
    ):
        solved = fast_stack(weights, changed, curve)
        (volts,) = solved.evaluate(solved.drive_of(bits), lambda state: (state.neuron_v[-1],))
        rungs.append((cause, volts))
    first, last = rungs[0][1], rungs[-1][1]
    whole = last - first
    power = float(np.sum(whole**2))
    rows = []
    for (_, before), (cause, after) in pairwise(rungs):
        step = after - before
        rows.append(
            BudgetRow(
                cause=cause,
                rms_v=float(np.sqrt(np.mean(step**2))),
                share=float(np.sum(step * whole) / power) if power else 0.0,
                flipped=float(np.mean(after.argmax(axis=1) != before.argmax(axis=1))),
            )
        )
    agreement = float(np.mean(first.argmax(axis=1) == last.argmax(axis=1)))
    return tuple(rows), agreement, float(np.sqrt(np.mean(whole**2)))


def _fine(design: Design, step_ps: float) -> Design:
    """ngspice's time steps short enough for the bound on settling."""
    step_ps = min(design.solver.max_step_ps, STEP_PS, max(1.0, step_ps))
    solver = design.solver.model_copy(update={"max_step_ps": step_ps})
    return design.model_copy(update={"solver": solver})


def _tight(design: Design) -> Design:
    """The solver as exact as operating points need: the default's reltol leaves millivolts."""
    solver = design.solver.model_copy(update={"reltol": REST_RELTOL})
    return design.model_copy(update={"solver": solver})


def _at_rest(engine: MacroEngine, weights: Stack, bits: NDArray[np.integer]) -> dict[str, Floats]:
    """Operating point: a transient's end carries its time steps' tolerance."""
    try:
        engine.program(tuple(layer.astype(np.float64) for layer in weights))
        engine.start(0, {"en": 1, **{f"in[{i}]": int(bit) for i, bit in enumerate(bits)}})
        return {key: np.array(volts) for key, volts in engine.snapshot().items()}
    finally:
        engine.close()


@dataclass(frozen=True, kw_only=True)
class _Run:
    energy: Energy
    settling_ps: float


def _evaluate(
    engine: MacroEngine, weights: Stack, bits: NDArray[np.integer], design: Design
) -> _Run:
    timing = design.macro.timing
    end_ps = max(4000, timing.settle_cycles * design.clock.period_ps)
    levels = {f"in[{i}]": int(bit) for i, bit in enumerate(bits)}
    last = f"layer{len(weights) - 1}.neuron"
    try:
        engine.program(tuple(layer.astype(np.float64) for layer in weights))
        engine.start(0, {"en": 0})
        engine.drive(0, {"en": 1, **levels})
        seen = []
        for t_ps in range(LOOK_PS, end_ps + 1, LOOK_PS):
            engine.advance(t_ps)
            seen.append(np.array(engine.snapshot()[last]))
        energy = engine.energy()
        advance = engine.advance(end_ps + 2000)
        while not advance.settled and advance.t_ps < 10 * end_ps:
            advance = engine.advance(advance.t_ps + 1000)
        final = np.array(engine.snapshot()[last])
    finally:
        engine.close()
    return _Run(energy=energy, settling_ps=_settling(seen, final))


def _settling(seen: list[Floats], final: Floats) -> float:
    """When the last output enters its band for good, on straight lines between looks."""
    gap = np.abs(np.array([np.zeros_like(final), *seen]) - final)
    latest = 0.0
    for column in gap.T:
        outside = np.nonzero(column > BAND_V)[0]
        if outside.size == 0:
            continue
        k = int(outside[-1])
        if k + 1 == len(column):
            return float("inf")
        share = (column[k] - BAND_V) / (column[k] - column[k + 1])
        latest = max(latest, (k + share) * LOOK_PS)
    return latest


def _worst(bounds: list[Bound]) -> list[Bound]:
    """The largest value of each figure."""
    found: dict[str, Bound] = {}
    for bound in bounds:
        if bound.name not in found or not bound.value <= found[bound.name].value:
            found[bound.name] = bound
    return list(found.values())


def _with(design: Design, *, wires: bool, exact: bool, stiff: bool) -> Design:
    """A design with some causes left out: wires, finite amplifiers, drivers' resistances."""
    macro = design.macro
    little = 1e-3  # ohm: nothing, and still no singular matrix
    if stiff:
        macro = macro.model_copy(
            update={
                "driver": macro.driver.model_copy(update={"r_ohm": little}),
                "buffer": macro.buffer.model_copy(
                    update={"r_row_ohm": little, "rout_ohm": little, "gain": 1.0}
                ),
            }
        )
    if exact:
        macro = macro.model_copy(
            update={"amplifier": macro.amplifier.model_copy(update={"kind": "ideal"})}
        )
    update: dict[str, Any] = {"macro": macro}
    if not wires:
        update["wires"] = design.wires.model_copy(update={"enabled": False})
    return design.model_copy(update=update)
