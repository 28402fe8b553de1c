# SPDX-License-Identifier: Apache-2.0
"""conftest : lets tests of the bridge, and simulators they start, import their fakes."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parents[1] / "unit" / "bridge"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
