# SPDX-License-Identifier: Apache-2.0
"""upkeep : what a macro costs beside its circuit: leakage while its enable is low, and writes."""

from __future__ import annotations

from cosim.analog.protocol import Energy
from cosim.design import Design

__all__ = ["Upkeep"]


class Upkeep:
    """Stated standby power (supply `standby`, group neurons) and write energy (`write`, cells)."""

    def __init__(self, design: Design) -> None:
        self._standby_w = design.macro.standby_w
        self._word_j = design.macro.prog_word_j
        self._words = 0
        self._off_ps = 0
        self._since_ps: int | None = None

    def programmed(self, words: int) -> None:
        """`words` program words were written."""
        self._words += words

    def enable(self, t_ps: int, level: int) -> None:
        """The enable pin is at `level` from `t_ps` on."""
        if self._since_ps is not None:
            self._off_ps += t_ps - self._since_ps
        self._since_ps = None if level else t_ps

    def bill(self, energy: Energy) -> Energy:
        """`energy` with standby and writes up to its time added."""
        off_ps = self._off_ps
        if self._since_ps is not None:
            off_ps += energy.t_ps - self._since_ps
        standby_j, write_j = self._standby_w * off_ps * 1e-12, self._word_j * self._words
        by_supply, by_group = dict(energy.by_supply), dict(energy.by_group)
        for supply, group, joules in (
            ("standby", "neurons", standby_j),
            ("write", "cells", write_j),
        ):
            by_supply[supply] = by_supply.get(supply, 0.0) + joules
            by_group[group] = by_group.get(group, 0.0) + joules
        return Energy(
            t_ps=energy.t_ps,
            total_j=energy.total_j + standby_j + write_j,
            by_supply=by_supply,
            by_group=by_group,
        )
