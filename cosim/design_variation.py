# SPDX-License-Identifier: Apache-2.0
"""design_variation : section of a design on spread from device to device, defects and noise."""

from __future__ import annotations

from cosim.design_section import Section
from cosim.design_section import quantity as _q

__all__ = ["Variation"]


class Variation(Section):
    """Nothing varies until a die is asked for, and no sample is noisy until noise is."""

    ra_sigma: float = _q("1", "relative spread of a cell's R_P (RA and area)", ge=0, le=0.5)
    tmr_sigma: float = _q("1", "relative spread of a cell's TMR", ge=0, le=0.5)
    stuck_p_rate: float = _q("1", "share of cells that stay parallel", ge=0, le=0.5)
    stuck_ap_rate: float = _q("1", "share of cells that stay antiparallel", ge=0, le=0.5)
    row_open_rate: float = _q("1", "share of tile rows cut off from their driver", ge=0, le=1)
    line_open_rate: float = _q("1", "share of tile I lines cut off at their foot", ge=0, le=1)
    open_ohm: float = _q("ohm", "what an open connection still conducts through", ge=1e6)
    amplifier_offset_v: float = _q("V", "sigma of an amplifier's input offset", ge=0, le=0.05)
    neuron_offset_v: float = _q("V", "sigma of a neuron's offset, at its input", ge=0, le=0.02)
    fin_vt_n_v: float = _q("V", "threshold sigma of one n fin; behind neuron_offset_v", ge=0)
    fin_vt_p_v: float = _q("V", "threshold sigma of one p fin; behind neuron_offset_v", ge=0)
    temperature_k: float = _q("K", "temperature of the noise sources", gt=0)
    amplifier_noise_v: float = _q("V/rtHz", "white noise at an op-amp's input", ge=0)
    fet_noise_gamma: float = _q("1", "channel noise over 4kT gm", ge=0)
