# SPDX-License-Identifier: Apache-2.0
"""tables_delay : how long a neuron's output lags its input, from its resistors and capacitances."""

from __future__ import annotations

from cosim.analog.ideal_column import cell_of
from cosim.design import Design

__all__ = ["neuron_delay_s"]

GATE_F_PER_FIN = 1.04e-16  # c_g + c_ov of veriloga/cards/finfet_14nm_hp.lib


def neuron_delay_s(design: Design, *, last: bool) -> float:
    """First moment of the step response."""
    neuron, cell = design.macro.neuron, cell_of(design.device.mtj)
    r_x = 1 / (cell.g_p_s + cell.g_ap_s)
    return r_x * GATE_F_PER_FIN * (neuron.nfin_n + neuron.nfin_p)
