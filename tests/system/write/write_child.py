# SPDX-License-Identifier: Apache-2.0
"""write_child : the cocotb side: four cells on the DUT until it has written them twice."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cocotb

from cosim.bridge.macro import attach


@cocotb.test()
async def write(dut: Any) -> None:
    macro = await attach(dut, os.environ["WRITE_MACRO"])
    await dut.done.rising_edge
    energy = macro.energy()
    volts = [macro.volts(f"y[{k}]") for k in range(4)]
    result = {"by_supply": dict(energy.by_supply), "total_j": energy.total_j, "m_z": volts}
    Path(os.environ["WRITE_RESULT"]).write_text(json.dumps(result))
