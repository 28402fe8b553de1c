# SPDX-License-Identifier: Apache-2.0
"""fast_bill : who pays for the heat of cells and wires, and so the power of every group.

Drivers (behind them buffers or bare neurons), the bias and the amplifiers all feed a layer's lines,
x i and -u s; each that delivers pays for the layer's heat in proportion. A group's power is what
its supplies deliver less what it pays, so all groups add up to the supplies; what takes power from
the lines pays nothing. Exact op-amps have no supply that could pay: what they feed is heat beyond
the supplies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.analog.fast_forward import FastStack, StackState

__all__ = ["PAYERS", "heat_shares", "power_by_group"]

Floats = NDArray[np.float64]
PAYERS = ("drivers", "bias", "neurons", "amplifiers")


def heat_shares(stack: FastStack, goals: Sequence[StackState]) -> dict[str, Floats]:
    """Shares (n,) of all cells' and wires' heat that each group pays."""
    parts = [_shares(stack, goal) for goal in goals]
    return {group: np.concatenate([part[group] for part in parts]) for group in PAYERS}


def _shares(stack: FastStack, goal: StackState) -> dict[str, Floats]:
    paid_w = {group: np.zeros(len(goal.heat_w)) for group in PAYERS}
    for index, (solver, state) in enumerate(zip(stack.solvers, goal.layers, strict=True)):
        line_w = state.source_v * state.source_a
        bank, u = solver.bank, state.u[..., : solver.layer.n_out]
        plus_w = u[:, :, 0] * (u[:, :, 0] - bank.ref_v)
        minus_w = u[:, :, 1] * (u[:, :, 1] - state.out_v)
        into_w = {
            "neurons" if index and stack.loaded is not None else "drivers": line_w[:, :-1].sum(1),
            "bias": line_w[:, -1],
            "amplifiers": -(plus_w + minus_w).sum(axis=(1, 2)) / (bank.r1 + bank.r3),
        }
        gives_w = {group: np.maximum(watts, 0.0) for group, watts in into_w.items()}
        all_w = np.sum(list(gives_w.values()), axis=0)
        heat_w = state.heat_w + state.wire_w
        for group, watts in gives_w.items():
            paid_w[group] += heat_w * watts / np.where(all_w > 0, all_w, 1.0)
    total_w = np.sum(list(paid_w.values()), axis=0)
    total_w[total_w == 0] = 1.0
    shares = {group: watts / total_w for group, watts in paid_w.items()}
    if stack.solvers[0].bank.ideal:
        shares["amplifiers"][:] = 0.0
    return shares


def power_by_group(
    supply: dict[str, Floats], cells: Floats, wires: Floats, shares: dict[str, Floats]
) -> dict[str, Floats]:
    """Watts by group from watts by supply and the heat of cells and wires."""
    heat = cells + wires
    delivered = {
        "drivers": supply["drivers"] + supply["buffer_vdd"],
        "bias": supply["bias"],
        "neurons": supply["neuron_vdd"],
        "amplifiers": supply["amp_vdd"] + supply["amp_vss"] + supply["amp_ref"],
    }
    left = {group: delivered[group] - shares[group] * heat for group in PAYERS}
    order = ("drivers", "bias", "cells", "wires", "neurons", "amplifiers")
    return {group: {**left, "cells": cells, "wires": wires}[group] for group in order}
