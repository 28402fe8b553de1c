# SPDX-License-Identifier: Apache-2.0
"""mixed : the fully analog macro beside mixed-signal ones on the same crossbars: time, energy.

One evaluation each of the same weights and inputs in engine `fast` (or another), from the enable's
rise to the outputs' capture: the analog stack with its converters at the end, and macros with
converters between the layers, whose logic is mapped to gates (mixed_logic.py). Firmware and its bus
are outside and the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.analog.factory import make_engine
from cosim.analog.gate_energy import GateTiming, measure_gates, measure_timing
from cosim.design import Design, load_design
from cosim.errors import DesignError
from cosim.mapping import map_stack
from cosim.mixed.design import MixedDesign, load_mixed
from cosim.mixed.evaluation import Evaluated, start_macro, step_macro
from cosim.mixed.factory import make_mixed_engine
from cosim.mixed.shape import Shape, shape_of
from cosim.study.mixed_logic import LogicFigures, logic_figures

__all__ = [
    "ANALOG",
    "PUBLISHED",
    "VARIANTS",
    "MacroFigures",
    "analog_macro",
    "compare",
    "mixed_macro",
    "variant",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tell = Callable[[str], None]
PUBLISHED = {"power": 1.1, "latency": 12.0, "energy": 13.3}  # arXiv:2204.09918, mixed over analog
ANALOG = "fully analog"
_MEASURED: dict[str, tuple[dict[str, float], dict[str, GateTiming]]] = {}
VARIANTS: Mapping[str, Mapping[str, int]] = {
    "a converter for each row part": {"lanes": 1, "parts": 0, "keep_on": 0},
    "the same, rows on until the last conversion": {"lanes": 1, "parts": 0, "keep_on": 1},
    "a converter for each column of each part": {"lanes": 0, "parts": 0, "keep_on": 0},
    "one converter for all": {"lanes": 1, "parts": 1, "keep_on": 0},
    "one converter, rows on until the last": {"lanes": 1, "parts": 1, "keep_on": 1},
}


@dataclass(frozen=True, kw_only=True)
class MacroFigures:
    """Means over the inputs: seconds, joules and joules by group of one evaluation."""

    name: str
    converters: int
    latency_s: float
    energy_j: float
    by_group: Mapping[str, float]

    @property
    def power_w(self) -> float:
        """Mean over the evaluation."""
        return self.energy_j / self.latency_s

    def over(self, other: MacroFigures) -> dict[str, float]:
        """Ratios to another macro, with the keys of PUBLISHED."""
        return {
            "power": self.power_w / other.power_w,
            "latency": self.latency_s / other.latency_s,
            "energy": self.energy_j / other.energy_j,
        }


def compare(
    weights: Sequence[NDArray[np.int8]],
    bits: Ints,
    *,
    own: Sequence[NDArray[np.int8]] | None = None,
    analog: str = "imac_mlp",
    mixed: str = "imac_mixed",
    engine: str = "fast",
    variants: Sequence[str] = tuple(VARIANTS),
    tell: Tell = lambda text: None,
) -> tuple[MacroFigures, ...]:
    """The analog macro first, then the mixed-signal variants, for input bits (n, n_in).

    `own` are weights of the mixed-signal macros, where they differ.
    """
    floats, own_floats = (
        tuple(np.asarray(layer, dtype=np.float64) for layer in stack)
        for stack in (weights, own or weights)
    )
    tell("the analog macro")
    found = [analog_macro(floats, bits, load_design(analog), engine)]
    for name in variants:
        tell(name)
        base = load_mixed(mixed)
        design = variant(base, map_stack(weights, base).sizes, name)
        found.append(mixed_macro(own_floats, bits, design, name=name, engine=engine)[0])
    return tuple(found)


def mixed_macro(
    weights: tuple[Floats, ...], bits: Ints, design: MixedDesign, *, name: str, engine: str
) -> tuple[MacroFigures, LogicFigures]:
    """One macro with the logic of its own shape in the place of what its design states."""
    sizes = (weights[0].shape[0] - 1, *(layer.shape[1] for layer in weights))
    shape = shape_of(sizes, design)
    seen = _mixed(weights, bits, design, shape, engine)
    joules, timing = _gates(design)
    logic = logic_figures(
        shape,
        [np.stack([one.codes[k] for one in seen]) for k in range(shape.layers)],
        conv_cycles=design.macro.timing.conv_cycles,
        joules=joules,
        timing=timing,
    )
    period_s = design.clock.period_ps * 1e-12
    if logic.delay_s > period_s:
        raise DesignError(f"the logic takes {logic.delay_s:.3g} s, a clock cycle is {period_s:g} s")
    return _figures(name, shape, seen, logic), logic


def _gates(design: MixedDesign) -> tuple[dict[str, float], dict[str, GateTiming]]:
    """Joules and timing of the design's gates, measured once."""
    key = design.digest("device")
    if key not in _MEASURED:
        _MEASURED[key] = measure_gates(design), measure_timing(design)
    return _MEASURED[key]


def variant(design: MixedDesign, sizes: Sequence[int], name: str) -> MixedDesign:
    """One of VARIANTS; `lanes` 0 are as many as the widest layer has columns."""
    settings = VARIANTS[name]
    return design.model_copy(
        update={
            "mixed": design.mixed.model_copy(
                update={
                    "lanes": settings["lanes"] or max(sizes[1:]),
                    "parts": settings["parts"],
                    "keep_on": bool(settings["keep_on"]),
                }
            )
        }
    )


def analog_macro(
    weights: tuple[Floats, ...], bits: Ints, design: Design, kind: str
) -> MacroFigures:
    timing, period = design.macro.timing, design.clock.period_ps
    sizes = (weights[0].shape[0] - 1, *(layer.shape[1] for layer in weights))
    settle, whole = timing.settle_cycles, timing.settle_cycles + timing.conv_cycles
    pins = tuple(f"code[{j}]" for j in range(sizes[-1]))
    energies, groups, t_ps = [], [], 0
    engine = make_engine(kind, "analog", design, sizes)
    try:
        engine.program(weights)
        engine.start(0, {"en": 0, **{f"in[{i}]": 0 for i in range(sizes[0])}})
        for row in bits:
            before = engine.energy()
            engine.drive(t_ps, {"en": 1, **{f"in[{i}]": int(b) for i, b in enumerate(row)}})
            engine.advance(t_ps + settle * period, grid_ps=period, stop_on_crossing=False)
            engine.sample(pins)
            t_ps += whole * period
            engine.advance(t_ps, grid_ps=period, stop_on_crossing=False)
            after = engine.energy()
            engine.drive(t_ps, {"en": 0})
            t_ps += whole * period
            engine.advance(t_ps, stop_on_crossing=False)
            energies.append(after.total_j - before.total_j)
            groups.append({k: v - before.by_group.get(k, 0.0) for k, v in after.by_group.items()})
    finally:
        engine.close()
    return MacroFigures(
        name=ANALOG,
        converters=sizes[-1],
        latency_s=whole * period * 1e-12,
        energy_j=float(np.mean(energies)),
        by_group=_mean(groups),
    )


def _mixed(
    weights: tuple[Floats, ...], bits: Ints, design: MixedDesign, shape: Shape, kind: str
) -> list[Evaluated]:
    found, t_ps, period = [], 0, design.clock.period_ps
    engine = make_mixed_engine(kind, "mixed", design, shape.sizes)
    try:
        start_macro(engine, weights, shape)
        for row in bits:
            found.append(step_macro(engine, design, shape.sizes, row, t_ps))
            t_ps = -(-engine.energy().t_ps // period) * period
    finally:
        engine.close()
    return found


def _figures(
    name: str, shape: Shape, seen: Sequence[Evaluated], logic: LogicFigures
) -> MacroFigures:
    """With this shape's own logic in the place of what the design file states of its default."""
    latency_s = seen[0].duration_s
    digital_j = logic.evaluation_j + logic.leakage_w * latency_s
    groups = {**_mean([one.by_group for one in seen]), "digital": digital_j}
    return MacroFigures(
        name=name,
        converters=shape.converters,
        latency_s=latency_s,
        energy_j=sum(groups.values()),
        by_group=groups,
    )


def _mean(groups: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([one[key] for one in groups])) for key in groups[0]}
