# SPDX-License-Identifier: Apache-2.0
"""conftest : lets the simulator import the cocotb side of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

if str(Path(__file__).resolve().parent) not in sys.path:
    sys.path.insert(0, str(Path(__file__).resolve().parent))
