# SPDX-License-Identifier: Apache-2.0
"""conftest : puts the sample networks and the counted programs on the import path."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "model")]
