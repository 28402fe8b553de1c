# SPDX-License-Identifier: Apache-2.0
"""conftest : puts this folder on the import path, so that every RTL test can use rtl_runner."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
