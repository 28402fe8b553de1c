# SPDX-License-Identifier: Apache-2.0
"""near : pytest.approx without its hidden absolute tolerance of 1e-12, which hides femtofarads."""

from __future__ import annotations

from typing import Any

import pytest


def near(expected: Any, rel: float = 1e-9, abs: float = 0.0) -> Any:
    """Equal within `rel` of `expected`, or within `abs` where a value crosses zero."""
    return pytest.approx(expected, rel=rel, abs=abs)
