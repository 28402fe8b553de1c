# SPDX-License-Identifier: Apache-2.0
"""fast : the engine of the reduced circuit: operating points exact, motions of the slow states.

A change of inputs is one operating point (fast_forward.py) and then steps towards it
(fast_motion.py), alone or beside others that were foreseen (fast_course.py). At rest time passes at
constant power, without steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.characterise import NeuronCurve
from cosim.analog.fast_course import Course
from cosim.analog.fast_forward import GROUPS, fast_stack
from cosim.analog.lockstep import Boundary, bill, sampled
from cosim.analog.netlist import converters
from cosim.analog.protocol import Advance, Energy, Sample
from cosim.analog.upkeep import Upkeep
from cosim.analog.variation import Die
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
        self,
        name: str,
        design: Design,
        sizes: tuple[int, ...],
        curve: NeuronCurve | None = None,
        die: Die | None = None,
    ) -> None:
        self.name, self.design, self.sizes = name, design, tuple(sizes)
        self._curve, self._die = curve, die
        self._course: Course | None = None
        self._foreseen: tuple[NDArray[np.generic], ...] = ()
        self._pins = Boundary(name, self.sizes[0])
        self._converters = converters(self.sizes[-1], design)
        self._changed = self._from_off = False
        self._settled = self._at_rest = True
        self._seen_ps, self._moved_v = 0, 0.0  # since the last verdict
        self._joules: dict[str, float] = dict.fromkeys((*GROUPS, "converters"), 0.0)
        self._taken: dict[str, float] = {}  # from drivers
        if design.macro.meter_cells:
            self._taken = {"cells": 0.0, "wires": 0.0} if design.wires.enabled else {"cells": 0.0}
        self._upkeep = Upkeep(design)

    def program(self, weights: tuple[Floats, ...]) -> None:
        stack = fast_stack(weights, self.design, self._curve, self._die)
        if stack.sizes != self.sizes:
            raise CircuitError(
                f"weights are {stack.sizes}, the macro is {self.sizes}", macro=self.name
            )
        self.close()
        self._course = Course(stack, self._foreseen)
        self._upkeep.programmed(stack.mapping.schedule.prog_words)
        self._changed, self._from_off = bool(self._pins.enabled), True
        self._restless()

    def expect(self, inputs: Sequence[NDArray[np.generic]]) -> None:
        """Bits (n_in,) that will probably come, in this order, in evaluations after `program`."""
        self._foreseen = tuple(inputs)

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        course = self._programmed()
        self._pins.now_ps = t_ps
        self._pins.set(levels)
        self._upkeep.enable(t_ps, self._pins.enabled)
        if self._pins.enabled:
            course.rest(self._pins.bits)
        else:
            course.off()
        self._changed, self._settled, self._at_rest = False, True, True

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        pins = self._pins
        pins.at(t_ps)
        before, bits = pins.enabled, pins.bits.copy()
        pins.set(levels)
        self._upkeep.enable(t_ps, pins.enabled)
        if pins.enabled and not before:
            self._changed, self._from_off = True, True
        elif pins.enabled and (bits != pins.bits).any():
            self._changed = True
        elif before and not pins.enabled:
            self._switch_off()
        if self._changed:
            self._restless()

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        now_ps, enabled = self._pins.until(until_ps), self._pins.enabled
        if enabled and until_ps > now_ps:
            self._follow_inputs()
        course = self._programmed()
        while enabled and now_ps < until_ps:
            left_ps = until_ps - now_ps
            if self._at_rest:
                left_s, now = left_ps * 1e-12, course.now
                rest_j = {supply: watts * left_s for supply, watts in now.power_w().items()}
                self._pay(rest_j, now.heat_w * left_s, now.wire_w * left_s)
                break
            slice_ps = min(left_ps, SETTLE_PS)
            try:
                report = course.advance(slice_ps * 1e-12)
            except ConvergenceError as error:
                raise ConvergenceError(str(error), macro=self.name, t_ps=now_ps) from error
            self._pay(report.energy_j, report.heat_j, report.wire_j)
            self._watch(slice_ps, report.moved_v, course.now.ramping)
            now_ps += slice_ps
            self._pins.now_ps = now_ps
        self._pins.now_ps = until_ps
        return Advance(t_ps=until_ps, settled=not enabled or self._settled)

    def propose(self, until_ps: int) -> int:
        return max(until_ps, self._pins.now())

    def sleep(self, t_ps: int) -> None:
        if self._pins.enabled and (self._changed or not self._settled):
            raise ConvergenceError(
                "asked to sleep before the circuit had settled",
                macro=self.name,
                t_ps=self._pins.now_ps,
            )
        self.advance(t_ps)

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        self._pins.now()
        held_v = self._programmed().now.held_v
        found, joules = sampled(self._pins, held_v, self._converters, pins, self.snapshot())
        self._joules["converters"] += joules
        return found

    def energy(self) -> Energy:
        groups = {**GROUPS, "converters": "converters"}
        return self._upkeep.bill(bill(self._pins.now(), self._joules, groups, self._taken))

    def snapshot(self) -> Mapping[str, Floats]:
        now = self._programmed().now
        shot: dict[str, Floats] = {}
        for layer in range(len(self.sizes) - 1):
            shot[f"layer{layer}.amplifier"] = now.amplifier_v(layer)
            shot[f"layer{layer}.neuron"] = now.neuron_v(layer)
        return shot

    def close(self) -> None:
        """Nothing is worked out ahead any more."""
        if self._course is not None:
            self._course.close()

    # -- helpers -------------------------------------------------------------------------------

    def _programmed(self) -> Course:
        if self._course is None:
            raise CircuitError("not programmed", macro=self.name, t_ps=self._pins.now_ps)
        return self._course

    def _pay(self, energy_j: Mapping[str, float], heat_j: float, wire_j: float) -> None:
        for supply, joules in energy_j.items():
            self._joules[supply] += joules
        for group, joules in (("cells", heat_j), ("wires", wire_j)):
            if group in self._taken:
                self._taken[group] += joules

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
        try:
            self._programmed().head_for(self._pins.bits, from_off=self._from_off)
        except ConvergenceError as error:
            raise ConvergenceError(str(error), macro=self.name, t_ps=self._pins.now_ps) from error
        self._changed = self._from_off = False

    def _switch_off(self) -> None:
        """Supplies and inputs ramp to 0: power falls with the square of the ramp."""
        course = self._programmed()
        now = course.now
        third_s = self.design.macro.driver.rise_ps * 1e-12 / 3
        ramp_j = {supply: watts * third_s for supply, watts in now.power_w().items()}
        self._pay(ramp_j, now.heat_w * third_s, now.wire_w * third_s)
        course.off()
        self._changed = self._from_off = False
        self._settled = self._at_rest = True
