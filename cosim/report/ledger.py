# SPDX-License-Identifier: Apache-2.0
"""ledger : adds up a macro's energy and refuses a sum that does not close.

What the supplies delivered in the whole run must be the evaluations plus the time in between
(discharge, standby, and the writing of weights, which engines bill with it), and the groups must
add up to the supplies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cosim.errors import MismatchError
from cosim.trace.events import Asleep, Evaluation, Event, Programmed

__all__ = ["Ledger", "close_ledger"]

# Sums of at most some thousand doubles in different orders: far above their rounding, far below
# what any forgotten term would make.
TOL_RELATIVE = 1e-6
TOL_J = 1e-21


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Energy of one macro over a run, joules."""

    macro: int
    evaluations: int
    evaluation_j: float
    idle_j: float
    programming_j: float
    by_supply: Mapping[str, float] = field(default_factory=dict)
    by_group: Mapping[str, float] = field(default_factory=dict)

    @property
    def energy_j(self) -> float:
        """Everything the supplies delivered."""
        return self.evaluation_j + self.idle_j + self.programming_j


def _add(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for key, value in part.items():
            total[key] = total.get(key, 0.0) + value
    return total


def _agree(macro: int, what: str, a_j: float, b_j: float) -> None:
    if not abs(a_j - b_j) <= TOL_J + TOL_RELATIVE * max(abs(a_j), abs(b_j)):
        raise MismatchError(
            f"energy ledger of macro {macro}: {what} differ: {a_j:.9e} J and {b_j:.9e} J"
        )


def close_ledger(
    macro: int,
    events: Iterable[Event],
    *,
    programming_j_per_word: float,
    totals: tuple[float, Mapping[str, float], Mapping[str, float]] | None,
) -> Ledger:
    """The macro's ledger from its events, held against the engine's `totals` (J, supplies, groups).

    Without totals (a run cut short) only the evaluations are checked, each against its own parts.
    """
    mine = [event for event in events if getattr(event, "macro", None) == macro]
    evaluations = [event for event in mine if isinstance(event, Evaluation)]
    for event in evaluations:
        for what, parts in (
            ("groups", event.energy_by_group),
            ("supplies", event.energy_by_supply),
        ):
            place = f"evaluation {event.index} and its {what}"
            _agree(macro, place, event.energy_j, sum(parts.values()))
    programmed = [event for event in mine if isinstance(event, Programmed)]
    programming_j = sum(event.words for event in programmed) * programming_j_per_word
    between_j = sum(event.energy_j for event in mine if isinstance(event, Programmed | Asleep))
    if totals is None:  # the time in between may not have been billed yet
        between_j = max(between_j, programming_j)
    if between_j < programming_j * (1 - TOL_RELATIVE):
        raise MismatchError(
            f"energy ledger of macro {macro}: {between_j:.3e} J were billed between evaluations, "
            f"writing the weights alone takes {programming_j:.3e} J"
        )
    ledger = Ledger(
        macro=macro,
        evaluations=len(evaluations),
        evaluation_j=sum(event.energy_j for event in evaluations),
        idle_j=between_j - programming_j,
        programming_j=programming_j,
        by_supply=totals[1] if totals else _add(event.energy_by_supply for event in evaluations),
        by_group=totals[2] if totals else _add(event.energy_by_group for event in evaluations),
    )
    if totals is not None:
        _agree(macro, "the run and its supplies", totals[0], sum(totals[1].values()))
        _agree(macro, "the run and its groups", totals[0], sum(totals[2].values()))
        _agree(macro, "the run and its events", totals[0], ledger.energy_j)
    return ledger
