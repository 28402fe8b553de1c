# SPDX-License-Identifier: Apache-2.0
"""ngspice_options : how finely ngspice solves a macro, and how long its worker may be silent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["NgspiceOptions"]

MANY_INSTANCES = 3000  # from here on a second thread pays for itself


@dataclass(frozen=True, kw_only=True)
class NgspiceOptions:
    """Solver settings. `chgtol` is far below ngspice's 1e-14 C, more than a 1 fF node ever holds.

     `threads` and the limits scale with the circuit when left at 0.

    A macro has settled when for `settle_ps` no watched node has moved by more than `settle_v` and
    no source's current by more than `settle_a + settle_rel * |i|`.
    """

    reltol: float = 1e-3
    abstol: float = 1e-12
    vntol: float = 1e-6
    chgtol: float = 1e-17
    trtol: float = 1.0
    gmin: float = 1e-12
    method: str = "trap"
    klu: bool = True
    threads: int = 0
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
        for key in ("reltol", "abstol", "vntol", "trtol", "first_step_s", "horizon_s", "hang_s"):
            value = getattr(self, key)
            if value <= 0.0:
                raise ValueError(f"{key} must be positive, got {value}")
        if self.method not in ("trap", "gear"):
            raise ValueError(f"method must be trap or gear, got {self.method}")

    def threads_for(self, lines: int) -> int:
        return self.threads or (2 if lines > MANY_INSTANCES else 1)
