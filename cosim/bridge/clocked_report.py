# SPDX-License-Identifier: Apache-2.0
"""clocked_report : says after a run which pins of a clocked macro never did anything."""

from __future__ import annotations

__all__ = ["PinReport"]

FEWEST = 2  # evaluations before standing still means anything


class PinReport:
    """Collects what the pins of one macro did."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.evaluations = 0
        self._first: tuple[int, ...] | None = None
        self._moved: set[int] = set()
        self._inputs_seen: set[int] = set()
        self.clipped: set[str] = set()  # converters that were out of range at least once

    def inputs(self, bits: int) -> None:
        """The input word of an evaluation."""
        self._inputs_seen.add(bits)

    def codes(self, codes: tuple[int, ...]) -> None:
        """The codes of an evaluation."""
        self.evaluations += 1
        if self._first is None:
            self._first = codes
        self._moved |= {
            j for j, (a, b) in enumerate(zip(codes, self._first, strict=True)) if a != b
        }

    def warnings(self) -> tuple[str, ...]:
        """One line for each thing that looks dead."""
        if not self.evaluations:
            return (f"macro {self.name}: was never evaluated, its strobe never rose",)
        lines = []
        if self.evaluations >= FEWEST and len(self._inputs_seen) == 1:
            lines.append(f"macro {self.name}: its inputs never changed over all evaluations")
        elif self.evaluations >= FEWEST and self._first is not None:
            stuck = [j for j in range(len(self._first)) if j not in self._moved]
            if stuck:
                pins = ", ".join(f"code[{j}]={self._first[j]}" for j in stuck)
                lines.append(
                    f"macro {self.name}: stuck over {self.evaluations} evaluations: {pins}"
                )
        if self.clipped:
            pins = ", ".join(sorted(self.clipped))
            lines.append(f"macro {self.name}: out of the converters' range: {pins}")
        return tuple(lines)
