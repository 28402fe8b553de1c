# SPDX-License-Identifier: Apache-2.0
"""fast : the engine of the reduced circuit: operating points exact, motions of the slow states.

A change of inputs is one operating point (fast_forward.py) and then steps towards it
(fast_motion.py). At rest time passes at constant power, without steps.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve
from cosim.analog.fast_forward import GROUPS, FastStack, fast_stack
from cosim.analog.fast_motion import Motion
from cosim.analog.netlist import ENABLE, converters, input_pin
from cosim.analog.protocol import Advance, Energy, Sample
from cosim.analog.upkeep import Upkeep
from cosim.design import Design
from cosim.errors import CircuitError, ConvergenceError

__all__ = ["FastEngine"]

Floats = NDArray[np.float64]
SETTLE_PS = 100  # as the ngspice engine: this long without movement is settled
REST_V = 2e-6  # no node moves more than this in SETTLE_PS: time passes without steps


class FastEngine:
    """One macro on the reduced circuit."""

    engine = "fast"

    def __init__(
        self, name: str, design: Design, sizes: tuple[int, ...], curve: NeuronCurve | None = None
    ) -> None:
        self.name, self.design, self.sizes = name, design, tuple(sizes)
        self._curve = curve
        self._stack: FastStack | None = None
        self._motion: Motion | None = None
        self._inputs = {input_pin(i): i for i in range(self.sizes[0])}
        self._converters = converters(self.sizes[-1], design)
        self._bits = np.zeros(self.sizes[0], dtype=np.int64)
        self._enabled = 0
        self._changed = self._from_off = False
        self._settled = self._at_rest = True
        self._seen_ps, self._moved_v = 0, 0.0  # since the last verdict
        self._now_ps: int | None = None
        self._joules: dict[str, float] = dict.fromkeys((*GROUPS, "converters"), 0.0)
        self._heat_j = 0.0  # of the cells
        self._upkeep = Upkeep(design)

    def program(self, weights: tuple[Floats, ...]) -> None:
        stack = fast_stack(weights, self.design, self._curve)
        if stack.sizes != self.sizes:
            raise CircuitError(
                f"weights are {stack.sizes}, the macro is {self.sizes}", macro=self.name
            )
        self._stack, self._motion = stack, Motion(stack, 1)
        self._upkeep.programmed(stack.mapping.schedule.prog_words)
        self._changed, self._from_off = bool(self._enabled), True
        self._restless()

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        stack, motion = self._programmed()
        self._now_ps = t_ps
        self._set(levels)
        self._upkeep.enable(t_ps, self._enabled)
        if self._enabled:
            motion.rest(stack.solve(stack.drive_of(self._bits)))
        else:
            motion.off()
        self._changed, self._settled, self._at_rest = False, True, True

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        if t_ps != self._now():
            raise ValueError(f"{self.name}: drive at {t_ps} ps, but the time is {self._now_ps} ps")
        before, bits = self._enabled, self._bits.copy()
        self._set(levels)
        self._upkeep.enable(t_ps, self._enabled)
        if self._enabled and not before:
            self._changed, self._from_off = True, True
        elif self._enabled and (bits != self._bits).any():
            self._changed = True
        elif before and not self._enabled:
            self._switch_off()
        if self._changed:
            self._restless()

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        now_ps = self._now()
        if until_ps < now_ps:
            raise ValueError(f"{self.name}: cannot go back from {now_ps} to {until_ps} ps")
        if self._enabled and until_ps > now_ps:
            self._follow_inputs()
        _, motion = self._programmed()
        while self._enabled and self._now_ps is not None and self._now_ps < until_ps:
            left_ps = until_ps - self._now_ps
            if self._at_rest:
                for supply, watts in motion.power_w().items():
                    self._joules[supply] += float(watts[0]) * left_ps * 1e-12
                self._heat_j += float(motion.heat_w[0]) * left_ps * 1e-12
                break
            slice_ps = min(left_ps, SETTLE_PS)
            report = motion.advance(slice_ps * 1e-12)
            for supply, joules in report.energy_j.items():
                self._joules[supply] += float(joules[0])
            self._heat_j += float(report.heat_j[0])
            self._watch(slice_ps, report.moved_v, motion.ramping)
            self._now_ps += slice_ps
        self._now_ps = until_ps
        return Advance(t_ps=until_ps, settled=not self._enabled or self._settled)

    def propose(self, until_ps: int) -> int:
        return max(until_ps, self._now())

    def sleep(self, t_ps: int) -> None:
        if self._enabled and (self._changed or not self._settled):
            raise ConvergenceError(
                "asked to sleep before the circuit had settled", macro=self.name, t_ps=self._now_ps
            )
        self.advance(t_ps)

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        now_ps = self._now()
        _, motion = self._programmed()
        held = motion.held_v[0]
        volts = {c.name: float(v) for c, v in zip(self._converters, held, strict=True)}
        unknown = [pin for pin in pins if pin not in volts]
        if unknown:
            raise KeyError(f"{self.name}: no output pin {unknown[0]}")
        codes: dict[str, int] = {}
        for converter in self._converters:
            if converter.name in pins:
                codes[converter.name], _ = converter.code(volts[converter.name])
                self._joules["converters"] += converter.energy_j
        return Sample(t_ps=now_ps, volts=volts, codes=codes, layers=self.snapshot())

    def energy(self) -> Energy:
        groups = {**GROUPS, "converters": "converters"}
        by_group: dict[str, float] = {}
        for supply, joules in self._joules.items():
            by_group[groups[supply]] = by_group.get(groups[supply], 0.0) + joules
        if self.design.macro.meter_cells:
            by_group["drivers"] -= self._heat_j
            by_group["cells"] = self._heat_j
        return self._upkeep.bill(
            Energy(
                t_ps=self._now(),
                total_j=sum(self._joules.values()),
                by_supply=dict(self._joules),
                by_group=by_group,
            )
        )

    def snapshot(self) -> Mapping[str, Floats]:
        _, motion = self._programmed()
        shot: dict[str, Floats] = {}
        for layer in range(len(self.sizes) - 1):
            shot[f"layer{layer}.amplifier"] = motion.amplifier_v(layer)[0].copy()
            shot[f"layer{layer}.neuron"] = motion.neuron_v(layer)[0].copy()
        return shot

    def close(self) -> None:
        """Nothing runs, so nothing ends."""

    # -- helpers -------------------------------------------------------------------------------

    def _programmed(self) -> tuple[FastStack, Motion]:
        if self._stack is None or self._motion is None:
            raise CircuitError("not programmed", macro=self.name, t_ps=self._now_ps)
        return self._stack, self._motion

    def _now(self) -> int:
        if self._now_ps is None:
            raise CircuitError("the engine has not been started", macro=self.name)
        return self._now_ps

    def _set(self, levels: Mapping[str, int]) -> None:
        for name, level in levels.items():
            if name == ENABLE:
                self._enabled = int(level)
            elif name in self._inputs:
                self._bits[self._inputs[name]] = int(level)
            else:
                raise KeyError(f"{self.name}: no input pin {name}")

    def _restless(self) -> None:
        self._settled = self._at_rest = False
        self._seen_ps, self._moved_v = 0, 0.0

    def _watch(self, slice_ps: int, moved_v: float, ramping: bool) -> None:
        """A verdict every SETTLE_PS, however short the slices are."""
        if ramping:
            self._restless()
            return
        self._seen_ps += slice_ps
        self._moved_v += moved_v
        if self._seen_ps >= SETTLE_PS:
            self._settled = self._moved_v < self.design.solver.settle_tol_v
            self._at_rest = self._moved_v < REST_V
            self._seen_ps, self._moved_v = 0, 0.0

    def _follow_inputs(self) -> None:
        """The operating point the inputs now ask for; solved once however many pins moved."""
        if not self._changed:
            return
        stack, motion = self._programmed()
        try:
            goal = stack.solve(stack.drive_of(self._bits))
        except ConvergenceError as error:
            raise ConvergenceError(str(error), macro=self.name, t_ps=self._now_ps) from error
        motion.head_for(goal, from_off=self._from_off)
        self._changed = self._from_off = False

    def _switch_off(self) -> None:
        """Supplies and inputs ramp to 0: power falls with the square of the ramp."""
        _, motion = self._programmed()
        rise_s = self.design.macro.driver.rise_ps * 1e-12
        for supply, watts in motion.power_w().items():
            self._joules[supply] += float(watts[0]) * rise_s / 3
        self._heat_j += float(motion.heat_w[0]) * rise_s / 3
        motion.off()
        self._changed = self._from_off = False
        self._settled = self._at_rest = True
