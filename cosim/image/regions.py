# SPDX-License-Identifier: Apache-2.0
"""regions : ids and names of the firmware regions that SIM_MARK opens and closes.

Regions nest by time: `image` holds `load`, every `conv` and `pool`, `fc` and `argmax`; `fc` holds
`fc1`... of a CPU-only run. `header_text()` is the firmware's view of the same table.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "LAYER_REGIONS",
    "MAX_LAYERS",
    "REGIONS",
    "Region",
    "header_text",
    "region_ident",
    "region_name",
]

MAX_LAYERS = 32  # of one kind


@dataclass(frozen=True, kw_only=True)
class Region:
    """One region. In LAYER_REGIONS `ident` is layer 1's; the name gets the layer's number."""

    ident: int
    name: str
    text: str


REGIONS = (
    Region(ident=1, name="boot", text="reset to the start of main"),
    Region(ident=2, name="program", text="macros configured and their weights written"),
    Region(ident=3, name="image", text="one picture, from its pixels to its class"),
    Region(ident=4, name="load", text="pixels padded into the input buffer"),
    Region(ident=5, name="fc_stack", text="fully-connected stack; macro: first push to last pop"),
    Region(ident=6, name="argmax", text="class from the output codes"),
    Region(ident=7, name="report", text="printing"),
)
LAYER_REGIONS = (
    Region(ident=32, name="conv", text="convolution sums of one stage"),
    Region(
        ident=64, name="pool", text="pooling, requantisation and, last, sign packing of one stage"
    ),
    Region(ident=96, name="fc", text="one fully-connected layer on the CPU"),
)


def region_name(ident: int) -> str:
    """Name of a region id; ValueError when nobody has that id."""
    for region in REGIONS:
        if region.ident == ident:
            return region.name
    for region in LAYER_REGIONS:
        if region.ident <= ident < region.ident + MAX_LAYERS:
            return f"{region.name}{ident - region.ident + 1}"
    raise ValueError(f"region id must be one of regions.py, got {ident}")


def region_ident(name: str) -> int | None:
    """Id of a region by its name; None when there is none."""
    for region in REGIONS:
        if region.name == name:
            return region.ident
    for region in LAYER_REGIONS:
        number = name.removeprefix(region.name)
        if number != name and number.isdecimal() and 1 <= int(number) <= MAX_LAYERS:
            return region.ident + int(number) - 1
    return None


def header_text() -> str:
    """regions.h."""
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* regions.h : generated from cosim/image/regions.py; do not edit */",
        "#ifndef REGIONS_H",
        "#define REGIONS_H",
        "",
    ]
    for region in REGIONS:
        name = f"REGION_{region.name.upper()}"
        lines.append(f"#define {name:<24} {region.ident}u /* {region.text} */")
    for region in LAYER_REGIONS:
        name = f"REGION_{region.name.upper()}(index)"
        lines.append(f"#define {name:<24} ({region.ident}u + (index)) /* {region.text} */")
    return "\n".join([*lines, "", "#endif", ""])
