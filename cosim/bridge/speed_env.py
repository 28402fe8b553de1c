# SPDX-License-Identifier: Apache-2.0
"""speed_env : names of the environment variables between speed.py and speed_child.py."""

from __future__ import annotations

__all__ = ["CYCLES_ENV", "RESULT_ENV"]

CYCLES_ENV = "COSIM_SPEED_CYCLES"
RESULT_ENV = "COSIM_SPEED_RESULT"  # JSON file with the seconds of the loop
