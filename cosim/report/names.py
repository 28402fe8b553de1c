# SPDX-License-Identifier: Apache-2.0
"""names : what a result calls its macro."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["macro_title"]


def macro_title(result: Mapping[str, Any]) -> str:
    """The kind's title for a reader; "macro" in results that do not say."""
    return str(result.get("macro", {}).get("title", "macro"))
