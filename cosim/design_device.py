# SPDX-License-Identifier: Apache-2.0
"""design_device : sections of a design that describe devices: MTJ, crossbar cell, FET, wires."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cosim.design_section import Section
from cosim.design_section import quantity as _q

__all__ = ["BitCell", "Device", "Fet", "Mtj", "Wires"]


class Mtj(Section):
    """SOT-MTJ read path (veriloga/sot_cell_read.va) of neurons, and of cells of kind mtj."""

    ra_ohm_um2: float = _q("ohm.um2", "resistance-area product, parallel state", gt=0)
    tmr0: float = _q("1", "tunnel magnetoresistance at zero bias; 2 = 200 %", gt=0)
    length_nm: float = _q("nm", "long axis of the ellipse", gt=0)
    width_nm: float = _q("nm", "short axis of the ellipse", gt=0)
    v_h_v: float = _q("V", "voltage that halves the TMR", gt=0)
    r_hm_ohm: float = _q("ohm", "heavy-metal strip, end to end; one half is read", ge=0)
    bias_dependent: bool = Field(description="TMR falls with bias; false: linear cells")


class BitCell(Section):
    """Memory device of the crossbars: `device.mtj`, or a resistor of two values."""

    kind: Literal["mtj", "fixed"] = Field(
        default="mtj", description="mtj: as device.mtj; fixed: r_low_ohm or r_high_ohm, linear"
    )
    r_low_ohm: float = _q(
        "ohm", "kind fixed: resistance of the low state", default=8500.0, ge=1, le=1e12
    )
    r_high_ohm: float = _q(
        "ohm", "kind fixed: resistance of the high state", default=25500.0, ge=1, le=1e12
    )

    @model_validator(mode="after")
    def _states_differ(self) -> BitCell:
        if self.r_high_ohm <= self.r_low_ohm:
            raise ValueError(f"r_high_ohm must be above r_low_ohm = {self.r_low_ohm:g}")
        return self


class Fet(Section):
    """FinFET of inverters and access transistors."""

    model: str = Field(min_length=1, description="`builtin` (fet_cb) or a Verilog-A file, `.va`")
    card: str | None = Field(description="file of .model lines for `model`; null for builtin")
    n_name: str = Field(min_length=1, description="model name of the n FET in `card`")
    p_name: str = Field(min_length=1, description="model name of the p FET in `card`")


class Device(Section):
    """Devices the macro is made of. A file without `cell` has cells of kind mtj."""

    mtj: Mtj
    cell: BitCell = Field(default_factory=BitCell)
    fet: Fet


class Wires(Section):
    """Wire geometry of a tile; R and C per cell follow (cosim/mapping/wires.py)."""

    enabled: bool = Field(description="wire R and C in every tile")
    capacitance: bool = Field(default=True, description="false: enabled wires have R alone")
    lambda_nm: float = _q("nm", "half of the metal pitch rule", ge=1, le=1e6)
    rho_ohm_m: float = _q("ohm.m", "bulk resistivity", gt=0)
    mean_free_path_nm: float = _q("nm", "electron mean free path", gt=0)
    specularity: float = _q("1", "fraction of specular surface scattering", ge=0, lt=1)
    reflection: float = _q("1", "grain boundary reflection", gt=0, lt=1)
    thickness_nm: float = _q("nm", "metal thickness", ge=0.1, le=1e6)
    spacing_nm: float = _q("nm", "distance to the layers above and below", gt=0)
    eps_r: float = _q("1", "relative permittivity of the dielectric", gt=0)
    width_lambda: float = _q("lambda", "wire width", gt=0)
    cell_x_lambda: float = _q("lambda", "cell pitch along the input lines", gt=0)
    cell_y_lambda: float = _q("lambda", "cell pitch along the I lines", gt=0)
    pair_lambda: float = _q("lambda", "distance between I+ and I- of one column", gt=0)
