# SPDX-License-Identifier: Apache-2.0
"""ngspice_options : how finely ngspice solves a macro, and how long its worker may be silent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["NgspiceOptions"]

MANY_LINES = 3000  # a deck of so many lines is a large circuit


@dataclass(frozen=True, kw_only=True)
class NgspiceOptions:
    """Solver settings; `trtol` and `chgtol` suit the circuit's size when left at 0.

    Small circuits: steps that resolve charges of 1 fF nodes (ngspice's own chgtol of 1e-14 C is
    more than such a node ever holds). Large ones: coarser steps, a third as many; joules stay
    within 1e-5, settled volts are the same (README.md). One thread: a second one made the full
    macro a quarter slower wherever another program wanted the core.

    A macro has settled when for `settle_ps` no watched node has moved by more than `settle_v` and
    no source's current by more than `settle_a + settle_rel * |i|`.
    """

    reltol: float = 1e-3
    abstol: float = 1e-12
    vntol: float = 1e-6
    chgtol: float = 0.0
    trtol: float = 0.0
    gmin: float = 1e-12
    method: str = "trap"
    klu: bool = True
    threads: int = 1
    first_step_s: float = 1e-12
    max_step_ps: float = 0.0
    horizon_s: float = 1e-2
    settle_ps: float = 100.0
    settle_v: float = 1e-4
    settle_a: float = 1e-8
    settle_rel: float = 1e-3
    hang_s: float = 7.0
    log: Path | None = None
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in ("reltol", "abstol", "vntol", "first_step_s", "horizon_s", "hang_s"):
            value = getattr(self, key)
            if value <= 0.0:
                raise ValueError(f"{key} must be positive, got {value}")
        if self.threads < 1:
            raise ValueError(f"threads must be positive, got {self.threads}")
        for key in ("chgtol", "trtol", "max_step_ps"):
            value = getattr(self, key)
            if value < 0:
                raise ValueError(f"{key} must not be negative, got {value}")
        if self.method not in ("trap", "gear"):
            raise ValueError(f"method must be trap or gear, got {self.method}")

    def fitted(self, lines: int) -> NgspiceOptions:
        """These options with every 0 replaced by what suits a deck of so many lines."""
        large = lines > MANY_LINES
        return replace(
            self,
            trtol=self.trtol or (7.0 if large else 1.0),
            chgtol=self.chgtol or (1e-15 if large else 1e-17),
        )
