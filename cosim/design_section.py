# SPDX-License-Identifier: Apache-2.0
"""design_section : what every section of a design has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Section", "quantity"]


def quantity(unit: str, text: str, **limits: Any) -> Any:
    """A physical constant: its unit is checked against the file's, its source kept."""
    return Field(description=text, json_schema_extra={"unit": unit}, **limits)


class Section(BaseModel):
    """Frozen; unknown keys, wrong types and infinite numbers are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
