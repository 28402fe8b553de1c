# SPDX-License-Identifier: Apache-2.0
"""design : a design point of the mixed-signal macro, `kind: mixed` in cosim/designs.

It is a design of the analog macro, whose cells, wires, drivers and amplifiers it keeps, and a
section `mixed`. `macro.amplifier` is then one amplifier for a column of one row part,
`macro.converter` the converter that measures it, `macro.buffer` what follows a DAC; `macro.neuron`
and `macro.partition` are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from cosim.design import Design, design_names, read_design
from cosim.design_section import Section
from cosim.design_section import quantity as _q
from cosim.errors import DesignError

__all__ = ["KIND", "Dac", "Digital", "Mixed", "MixedDesign", "load_mixed", "mixed_names"]

KIND = "mixed"
DAC_BITS = 8  # a neuron's code


class Dac(Section):
    """DAC of a hidden row: an R-2R ladder of 8 bits before the row's buffer."""

    unit_ohm: float = _q("ohm", "R of the ladder", gt=0)


class Digital(Section):
    """The logic between the layers, rtl/mixed/mixed_digital.v, mapped to the design's gates."""

    round_j: float = _q("J", "energy of one round of conversions, neurons included", ge=0)
    leakage_w: float = _q("W", "leakage, always", ge=0)
    area_m2: float = _q("m2", "area", ge=0)


class Mixed(Section):
    """What stands in the place of analog neurons."""

    lanes: int = Field(ge=1, le=256, description="columns converted at a time")
    parts: int = Field(ge=0, le=256, description="row parts converted at a time; 0: all of a layer")
    keep_on: bool = Field(
        description="rows and op-amps stay on until the layer's last conversion, not the hold"
    )
    neuron: Literal["table", "pieces"] = Field(
        description="digital sigmoid: rtl/neuron/neuron_lut.v or neuron_pwl.v"
    )
    mul_hidden: int = Field(ge=1, le=255, description="hidden layers: x = sum of codes * mul")
    shift_hidden: int = Field(ge=1, le=16, description="over 2^shift, in 1/16")
    offset_hidden: int = Field(ge=-127, le=127, description="added to x, in 1/16")
    mul_output: int = Field(ge=1, le=255, description="the same of the last layer")
    shift_output: int = Field(ge=1, le=16, description="the same of the last layer")
    offset_output: int = Field(ge=-127, le=127, description="the same of the last layer")
    dac: Dac
    digital: Digital


class MixedDesign(Design):
    """One design point of the mixed-signal macro."""

    kind: ClassVar[str] = KIND

    mixed: Mixed

    @property
    def lsb_v(self) -> float:
        """Volts of one converter code."""
        converter = self.macro.converter
        return (converter.high_v - converter.low_v) / ((1 << converter.bits) - 1)

    def gain(self, layer: int, layers: int) -> float:
        """Feedback over input resistor of a layer's amplifiers."""
        amplifier = self.macro.amplifier
        return amplifier.gain_output if layer == layers - 1 else amplifier.gain_hidden

    def resolved_yaml(self) -> str:
        """The whole design as a design file."""
        return f"kind: {KIND}\n{super().resolved_yaml()}"


def mixed_names() -> list[str]:
    """Names of the shipped designs of this kind."""
    return design_names(KIND)


def load_mixed(name_or_path: str | Path, sets: Sequence[str] = ()) -> MixedDesign:
    """The design of that name or file, with `--set` texts laid over."""
    design = read_design(MixedDesign, KIND, name_or_path, sets)
    macro, converter = design.macro, design.macro.converter
    middle = 1 << (converter.bits - 1)
    wrong = {
        "macro.amplifier.reference must be ground: 0 V is the middle code": (
            macro.amplifier.reference != "ground"
        ),
        "macro.amplifier.kind must be realisable": macro.amplifier.kind != "realisable",
        "macro.buffer.enabled must be true: DACs drive rows through buffers": (
            not macro.buffer.enabled
        ),
        "macro.access.enabled must be false: no such cells in this macro": macro.access.enabled,
        f"macro.converter.low_v must be -{middle}/{middle - 1} high_v: 0 V is the middle code": (
            abs(converter.low_v + middle * design.lsb_v) > 1e-3 * design.lsb_v
        ),
    }
    for text, holds in wrong.items():
        if holds:
            raise DesignError(f"{name_or_path}: {text}")
    return design
