# SPDX-License-Identifier: Apache-2.0
"""lag_child : the cocotb side of `cosim lag`: one macro on one DUT, as any user would write it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import cocotb

from cosim.bridge.lag_env import MACRO_ENV, RESULT_ENV
from cosim.bridge.macro import attach

__all__ = ["lag"]


@cocotb.test()
async def lag(dut: Any) -> None:
    """Couple the buffer to the DUT until the DUT has done its edges."""
    macro = await attach(dut, os.environ[MACRO_ENV])
    began_s = time.perf_counter()
    if not dut.done.value:
        await dut.done.rising_edge
    wall_s = time.perf_counter() - began_s
    result = {
        "wall_s": wall_s,
        "exchanges": macro.live.exchanges,
        "energy_j": macro.energy().total_j,
        "warnings": macro.warnings(),
    }
    Path(os.environ[RESULT_ENV]).write_text(json.dumps(result))
