# SPDX-License-Identifier: Apache-2.0
"""seeing_engine : a macro that fails when something comes that was not foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from fake_engines import ClosedForm
from numpy.typing import NDArray

__all__ = ["make"]


class _Seeing(ClosedForm):
    """Inputs must come as foreseen, in that order."""

    def expect(self, inputs: Sequence[NDArray[np.int64]]) -> None:
        self.left = list(inputs)

    def drive(self, t_ps: int, levels: Mapping[str, int]) -> None:
        super().drive(t_ps, levels)
        if levels.get("en"):
            bits = [self.levels[f"in[{i}]"] for i in range(self.sizes[0])]
            assert bits == self.left.pop(0).tolist(), f"not foreseen at {t_ps}"


def make(kind: str, name: str, design: object, sizes: tuple[int, ...]) -> ClosedForm:
    """What MacroSpec.factory names."""
    return _Seeing(name, sizes)
