# SPDX-License-Identifier: Apache-2.0
"""fake_engines : clocked macros with closed-form answers and deliberate faults."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import subprocess
import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cosim.analog.protocol import Advance, Energy, MacroEngine, Sample
from cosim.errors import WorkerLostError

__all__ = ["SETTLE_PS", "ClosedForm", "expected_codes", "make"]

SETTLE_PS = 300  # after a change of its inputs the fake macro moves for so long
ON_W, STANDBY_W = 2e-3, 1e-6

Floats = NDArray[np.float64]


def expected_codes(weights: tuple[NDArray[np.int8], ...], bits: NDArray[np.int64]) -> list[int]:
    """Codes of a stack: signed sums, sign activation inside, 128 + 4*sum at the end."""
    values = np.where(bits > 0, 1, -1)
    for layer in weights[:-1]:
        values = np.where(np.append(values, 1) @ layer.astype(np.int64) >= 0, 1, -1)
    sums = np.append(values, 1) @ weights[-1].astype(np.int64)
    return [int(np.clip(128 + 4 * total, 0, 255)) for total in sums]


class ClosedForm:
    """A macro whose answer is `expected_codes`; complains about every broken rule of time."""

    engine = "closed-form"

    def __init__(self, name: str, sizes: tuple[int, ...], fault: str = "") -> None:
        self.name, self.sizes, self.fault = name, sizes, fault
        self.weights: tuple[Floats, ...] = ()
        self.levels: dict[str, int] = {}
        self.t_ps, self.moved_ps, self.total_j = -1, -1, 0.0
        self.calls: list[tuple[str, int]] = []
        self.clipped: set[str] = set()
        self.child: subprocess.Popen[bytes] | None = None
        if fault in ("process", "killed"):
            self.child = subprocess.Popen(
                ["sleep", "1000"],
                preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL),  # noqa: PLW1509 - dies with us
            )

    @property
    def pid(self) -> int:
        return self.child.pid if self.child is not None else -1

    def program(self, weights: tuple[Floats, ...]) -> None:
        self.weights = weights

    def start(self, t_ps: int, levels: Mapping[str, int]) -> None:
        self.t_ps = self.moved_ps = t_ps
        self.levels = dict(levels)

    def _spend(self, t_ps: int) -> None:
        self.total_j += (ON_W if self.levels["en"] else STANDBY_W) * (t_ps - self.t_ps) * 1e-12
        self.t_ps = t_ps

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        assert t_ps == self.t_ps, f"driven at {t_ps}, time is {self.t_ps}"
        assert set(levels) <= set(self.levels), sorted(set(levels) - set(self.levels))
        self.calls.append(("drive", t_ps))
        self.levels.update(levels)
        self.moved_ps = t_ps

    def advance(self, until_ps: int, *, grid_ps: int = 0, stop_on_crossing: bool = True) -> Advance:
        assert until_ps >= self.t_ps, f"back from {self.t_ps} to {until_ps}"
        self.calls.append(("advance", until_ps))
        if self.fault == "slow":
            time.sleep(1.0)
        if self.child is not None and self.child.poll() is not None:
            raise WorkerLostError("the worker is gone", macro=self.name, t_ps=self.t_ps)
        self._spend(until_ps)
        if self.fault == "never settles" and not self.levels["en"]:
            return Advance(t_ps=until_ps)
        return Advance(
            t_ps=until_ps - (self.fault == "short"),
            settled=until_ps >= self.moved_ps + SETTLE_PS,
        )

    def propose(self, until_ps: int) -> int:
        raise NotImplementedError("a clocked macro is never asked to propose")

    def sleep(self, t_ps: int) -> None:
        assert self.t_ps >= self.moved_ps + SETTLE_PS, "asleep before it settled"
        self.calls.append(("sleep", t_ps))
        self._spend(t_ps)

    def sample(self, pins: tuple[str, ...] = ()) -> Sample:
        assert self.levels["en"] == 1, "sampled while off"
        if self.fault == "killed" and self.child is not None:
            os.kill(self.child.pid, signal.SIGKILL)
        bits = np.array([self.levels[f"in[{i}]"] for i in range(self.sizes[0])])
        codes = expected_codes(tuple(w.astype(np.int8) for w in self.weights), bits)
        volts = {f"code[{j}]": code / 255 * 0.8 for j, code in enumerate(codes)}
        if self.fault == "nan":
            volts["code[1]"] = math.nan
        named = {f"code[{j}]": code for j, code in enumerate(codes)}
        if self.fault == "missing":
            del named["code[0]"]
        return Sample(
            t_ps=self.t_ps - (10 if self.fault == "stale" else 0), volts=volts, codes=named
        )

    def energy(self) -> Energy:
        groups = {"drivers": self.total_j / 4, "neurons": self.total_j * 3 / 4}
        return Energy(
            t_ps=self.t_ps, total_j=self.total_j, by_supply={"vdd": self.total_j}, by_group=groups
        )

    def snapshot(self) -> Mapping[str, Floats]:
        return {}

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()


def make(kind: str, name: str, design: object, sizes: tuple[int, ...]) -> MacroEngine:
    """Factory for `MacroSpec.factory`; `kind` is the fault, `good` for none."""
    return ClosedForm(name, sizes, "" if kind == "good" else kind)
