# SPDX-License-Identifier: Apache-2.0
"""lag_env : names of the environment variables between lag.py and lag_child.py."""

from __future__ import annotations

__all__ = ["MACRO_ENV", "RESULT_ENV"]

MACRO_ENV = "COSIM_LAG_MACRO"  # pin description of the macro
RESULT_ENV = "COSIM_LAG_RESULT"  # JSON file that the simulation writes at its end
