# SPDX-License-Identifier: Apache-2.0
"""technologies : memory cells as resistors of two values, and drivers sized to feed them."""

from __future__ import annotations

from dataclasses import dataclass

from cosim.design import Design

__all__ = ["TECHNOLOGIES", "Technology", "cell_sets"]

SIZED_FOR_OHM = 8500.0  # cells that the shipped designs' drivers and buffers are sized for


@dataclass(frozen=True, kw_only=True)
class Technology:
    """Resistances of a cell's two states."""

    name: str
    r_low_ohm: float
    r_high_ohm: float


# arXiv:2201.12480 and arXiv:2304.09252
TECHNOLOGIES = (
    Technology(name="MRAM", r_low_ohm=8.5e3, r_high_ohm=25.5e3),
    Technology(name="RRAM", r_low_ohm=2.5e3, r_high_ohm=100e3),
    Technology(name="CBRAM", r_low_ohm=10e3, r_high_ohm=1e6),
    Technology(name="PCM", r_low_ohm=78e3, r_high_ohm=202e3),
)


def cell_sets(base: Design, r_low_ohm: float, r_high_ohm: float) -> tuple[str, ...]:
    """Cells of these values; drivers and buffers keep their strength against the cells.

    So a point shows cells and wires, not drivers that were sized for other cells.
    """
    scale = r_low_ohm / SIZED_FOR_OHM
    macro = base.macro
    return (
        "device.cell.kind=fixed",
        f"device.cell.r_low_ohm={r_low_ohm!r}",
        f"device.cell.r_high_ohm={r_high_ohm!r}",
        f"macro.driver.r_ohm={macro.driver.r_ohm * scale!r}",
        f"macro.buffer.r_row_ohm={macro.buffer.r_row_ohm * scale!r}",
        f"macro.buffer.rout_ohm={macro.buffer.rout_ohm * scale!r}",
        f"macro.buffer.imax_a={macro.buffer.imax_a / scale!r}",
        f"macro.buffer.iab_a={macro.buffer.iab_a / scale!r}",
    )
