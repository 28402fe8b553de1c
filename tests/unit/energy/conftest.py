# SPDX-License-Identifier: Apache-2.0
"""conftest : lets the tests of this folder import their sample."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
