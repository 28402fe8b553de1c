# SPDX-License-Identifier: Apache-2.0
"""conftest : puts this folder and the fit's equations on the import path of the model tests."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "veriloga" / "fit")]
