# SPDX-License-Identifier: Apache-2.0
"""speed_child : the cocotb side of the speed figure: the SoC's coordinator, with nothing to do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

from cosim.bridge.soc_child import Coordinator, Reporter
from cosim.bridge.soc_config import CONFIG_ENV, load_config
from cosim.bridge.speed_env import CYCLES_ENV, RESULT_ENV

__all__ = ["idle_macro"]


@cocotb.test()
async def idle_macro(dut: Any) -> None:
    """Couple the macro as in any run, and time the cycles in which it does nothing."""
    config = load_config(Path(os.environ[CONFIG_ENV]))
    reporter = Reporter(Path(config.events), os.open(os.devnull, os.O_WRONLY))
    coordinator = Coordinator(dut, config, reporter)
    cocotb.start_soon(coordinator.run())
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    await Timer(int(os.environ[CYCLES_ENV]) * config.clock_ps, unit="ps")
    result = {"wall_s": time.perf_counter() - wall_s, "cpu_s": time.process_time() - cpu_s}
    Path(os.environ[RESULT_ENV]).write_text(json.dumps(result))
    coordinator.close()
    reporter.close()
