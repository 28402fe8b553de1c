# SPDX-License-Identifier: Apache-2.0
"""units : how physical values become text, and how picoseconds become seconds."""

from __future__ import annotations

import math

__all__ = ["PS_PER_S", "seconds", "si"]

PS_PER_S = 1_000_000_000_000
PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


def seconds(t_ps: int) -> float:
    """A time of the bridge, an integer of picoseconds, in seconds."""
    return t_ps / PS_PER_S


def si(value: float, unit: str, digits: int = 3) -> str:
    """`value` with `digits` significant digits and a prefix: si(1.234e-12, "J") is "1.23 pJ"."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    power = min(max(3 * (exponent // 3), min(PREFIXES)), max(PREFIXES))
    decimals = max(digits - 1 - (exponent - power), 0)
    return f"{value / 10.0**power:.{decimals}f} {PREFIXES[power]}{unit}"
