# SPDX-License-Identifier: Apache-2.0
"""va_model : evaluates one Verilog-A file inside Python: currents, charges, their derivatives.

openvaf-py interprets the compiled model. Currents are those that flow from a node into the device.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import openvaf_py

VERILOGA = Path(__file__).resolve().parents[2] / "veriloga"
ROOM_K = 300.15  # 27 C, the simulators' default
TEMPERATURE = "$temperature"  # in kelvin, given like a parameter
STEP_V = 1e-6  # of the central differences

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Per node: current in A and charge in C; per pair of nodes: their derivatives."""

    current_a: Floats
    charge_c: Floats
    conductance_s: Floats
    capacitance_f: Floats


class VaModel:
    """One compiled model; parameters not named take their defaults."""

    def __init__(self, name: str) -> None:
        # openvaf-py takes "was it given" of an instance parameter for false whatever is passed, so
        # the mark is removed: the equations stay. The decks run the file as it is.
        # Integers are read as the low half of the number's bits.
        text = (VERILOGA / f"{name}.va").read_text().replace(', type="instance"', "")
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.va"
            path.write_text(text)
            self.module: Any = openvaf_py.compile_va(str(path))[0]
        self.integers = set(re.findall(r"parameter integer (\w+)", text))
        described = self.module.get_osdi_descriptor()
        self.nodes: list[str] = [node["name"] for node in described["nodes"]]
        self.n_terminals: int = self.module.num_terminals
        self.defaults: dict[str, float] = self.module.get_param_defaults()
        self._voltages = [
            (key, [self.nodes.index(n) for n in re.findall(r"\w+", key[1:])])
            for key, kind in zip(self.module.param_names, self.module.param_kinds, strict=True)
            if kind == "voltage"
        ]

    def evaluate(self, volts: Mapping[str, float], **params: float) -> Answer:
        """At node voltages `volts` (a node not named is at 0 V)."""
        unknown = set(params) - {*self.defaults, TEMPERATURE} | set(volts) - set(self.nodes)
        if unknown:
            raise KeyError(f"{self.module.name} has no {sorted(unknown)}")
        at = [volts.get(node, 0.0) for node in self.nodes]
        values = {**self.defaults, TEMPERATURE: ROOM_K, "mfactor": 1.0, **params}
        for key in self.integers:
            values[key] = struct.unpack("<d", struct.pack("<iI", int(values[key]), 0))[0]
        for key, nodes in self._voltages:
            values[key] = at[nodes[0]] - (at[nodes[1]] if len(nodes) == 2 else 0.0)
        residuals, jacobian = self.module.run_init_eval(values)
        n = len(self.nodes)
        flows = np.array(residuals, dtype=float)
        slopes = np.zeros((2, n, n))
        for row, col, resist, react in jacobian:
            slopes[:, row, col] = resist, react
        return Answer(
            current_a=flows[:, 0],
            charge_c=flows[:, 1],
            conductance_s=slopes[0],
            capacitance_f=slopes[1],
        )

    def differences(self, volts: Mapping[str, float], **params: float) -> tuple[Floats, Floats]:
        """Derivatives of current and charge by central differences, as in `Answer`."""
        columns = []
        for node in self.nodes:
            high, low = (
                self.evaluate({**volts, node: volts.get(node, 0.0) + sign * STEP_V}, **params)
                for sign in (1, -1)
            )
            columns.append((high.current_a - low.current_a, high.charge_c - low.charge_c))
        slopes = np.array(columns) / (2 * STEP_V)
        return slopes[:, 0].T, slopes[:, 1].T


@cache
def model(name: str) -> VaModel:
    """`veriloga/<name>.va`, compiled once per test process."""
    return VaModel(name)


def sweep(function: Callable[[float], float], points: Floats) -> Floats:
    """`function` at each point."""
    return np.array([function(float(point)) for point in points])
