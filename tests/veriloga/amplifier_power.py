# SPDX-License-Identifier: Apache-2.0
"""amplifier_power : what both amplifier tests ask of the power that goes in and out of a model."""

from __future__ import annotations

from collections.abc import Mapping

from va_model import VaModel

STATE = "w"  # ground-referred signal: carries no power of the circuit


def dissipated_w(device: VaModel, volts: Mapping[str, float], **params: float) -> float:
    """Sum of v*i over the terminals: what goes in and does not come out."""
    current = device.evaluate(volts, **params).current_a
    return float(
        sum(
            volts.get(node, 0.0) * amperes
            for node, amperes in zip(device.nodes, current, strict=True)
            if node != STATE
        )
    )
