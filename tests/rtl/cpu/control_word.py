# SPDX-License-Identifier: Apache-2.0
"""control_word : names of the control word's bits, read from rv_defs.vh."""

from __future__ import annotations

import re

from rtl_runner import RTL

_TEXT = (RTL / "cpu/rv_defs.vh").read_text()
_DEFINES = re.findall(r"`define RV_CTL_(\w+)[ ]+(\d+)(?=\s)", _TEXT)
BITS = {name: int(bit) for name, bit in _DEFINES if name != "W"}


def bits_of(word: int) -> set[str]:
    """Names of the single bits set in a control word."""
    return {name for name, bit in BITS.items() if word >> bit & 1}
