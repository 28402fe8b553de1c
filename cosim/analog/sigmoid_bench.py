# SPDX-License-Identifier: Apache-2.0
"""sigmoid_bench : curve, power, delay and energy of one sigmoid circuit, by ngspice.

The input comes from an ideal source, what that source delivers is counted with the supply. An
evaluation is a step of the input from one end of its range to the other (0.1 to 0.9 VDD) and back,
each held for WINDOW_S; its energy is the mean of both windows, its dynamic part what a window takes
above the power at which it ends. Static power is the mean over inputs spread evenly over 0..VDD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import Plot, run_plots
from cosim.analog.sigmoid_circuits import NOMINAL, Corner, Sigmoid
from cosim.design import Design
from cosim.errors import ConvergenceError

__all__ = ["WINDOW_S", "SigmoidFigures", "measure_sigmoid"]

WINDOW_S = 1e-9  # an image's time in the published circuits
RISE_S = 5e-12
STEP_V = 5e-3
LOW, HIGH = 0.1, 0.9  # of VDD
ROOM_C = 26.85  # 300 K
MIN_SWING_V = 0.02
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SigmoidFigures:
    """`vin_v`, `vout_v`, `power_w` (n,) at rest; `fit_v` is a logistic curve's distance, rms."""

    vin_v: Floats
    vout_v: Floats
    power_w: Floats
    slope: float
    swing_v: float
    fit_v: float
    static_w: float
    middle_w: float
    delay_s: float
    energy_j: float
    dynamic_j: float


def measure_sigmoid(
    circuit: Sigmoid,
    design: Design,
    *,
    corner: Corner = NOMINAL,
    temperature_c: float = ROOM_C,
) -> SigmoidFigures:
    """Sweep it, step it; ConvergenceError if its output hardly moves."""
    vdd = design.macro.vdd_v
    models = neuron_models(design)
    text = _deck(circuit, design, corner, temperature_c)
    curve, steps = run_plots(text, models=models, name=f"sigmoid {circuit.name}")
    vin, vout = curve["v(in)"], curve["v(out)"]
    if np.ptp(vout) < MIN_SWING_V:
        raise ConvergenceError(
            f"output moves {np.ptp(vout) * 1e3:.3g} mV over 0..VDD", node=circuit.name
        )
    watts = -vdd * curve["i(vdd)"] - vin * curve["i(vin)"]
    delay_s, energy_j, dynamic_j = _timing(steps, vdd, circuit.name)
    return SigmoidFigures(
        vin_v=vin,
        vout_v=vout,
        power_w=watts,
        slope=float(np.max(np.abs(np.gradient(vout, vin)))),
        swing_v=float(np.ptp(vout)),
        fit_v=_fit(vin, vout, circuit.name),
        static_w=float(watts.mean()),
        middle_w=float(np.interp(vdd / 2, vin, watts)),
        delay_s=delay_s,
        energy_j=energy_j,
        dynamic_j=dynamic_j,
    )


def _deck(circuit: Sigmoid, design: Design, corner: Corner, temperature_c: float) -> str:
    vdd = design.macro.vdd_v
    low, high = LOW * vdd, HIGH * vdd
    pulse = f"{low!r} {high!r} {WINDOW_S!r} {RISE_S!r} {RISE_S!r} {WINDOW_S - RISE_S!r}"
    return "\n".join(
        [
            model_cards(design, whole_macro=False),
            circuit.subckt(design, corner),
            f".temp {temperature_c!r}",
            f"vdd vdd 0 {vdd!r}",
            f"vin in 0 dc 0 pulse({pulse} {4 * WINDOW_S!r})",
            "xs in out vdd sigmoid",
            ".options klu reltol=1e-5 abstol=1e-13 vntol=1e-9 noacct",
            ".save v(in) v(out) i(vdd) i(vin)",
            f".dc vin 0 {vdd + STEP_V / 4!r} {STEP_V!r}",
            f".tran 0.1p {3 * WINDOW_S!r} 0 1p",
        ]
    )


def _fit(vin: Floats, vout: Floats, name: str) -> float:
    """Rms distance of the best logistic curve."""
    slopes = np.gradient(vout, vin)
    place = int(np.argmax(np.abs(slopes)))
    start = (float(vout.mean()), float(np.ptp(vout)), float(vin[place]))
    rate = float(4 * slopes[place] / start[1])
    try:
        best, _ = curve_fit(_logistic, vin, vout, p0=(*start, rate))
    except RuntimeError as error:
        raise ConvergenceError("no logistic curve comes near the output", node=name) from error
    return float(np.sqrt(np.mean((vout - _logistic(vin, *best)) ** 2)))


def _logistic(vin: Floats, middle: float, swing: float, centre: float, rate: float) -> Floats:
    return np.asarray(middle + swing / 2 * np.tanh(rate / 2 * (vin - centre)))


def _timing(plot: Plot, vdd: float, name: str) -> tuple[float, float, float]:
    """Mean of both edges: input's to output's half-way times; joules; joules above the rest."""
    time, vin, vout = plot["time"], plot["v(in)"], plot["v(out)"]
    watts = -vdd * plot["i(vdd)"] - vin * plot["i(vin)"]
    delays, energies, extras = [], [], []
    for start in (WINDOW_S, 2 * WINDOW_S):
        grid = np.unique(np.concatenate([[start, start + WINDOW_S], time]))
        grid = grid[(grid >= start) & (grid <= start + WINDOW_S)]
        power, output = np.interp(grid, time, watts), np.interp(grid, time, vout)
        energy = float(np.trapezoid(power, grid))
        energies.append(energy)
        extras.append(energy - float(power[-1]) * WINDOW_S)
        half = (output[0] + output[-1]) / 2
        passed = np.nonzero((output[:-1] - half) * (output[1:] - half) <= 0)[0]
        if len(passed) == 0 or abs(output[-1] - output[0]) < MIN_SWING_V:
            raise ConvergenceError("output does not follow the step", node=name)
        k = int(passed[0])
        share = (half - output[k]) / (output[k + 1] - output[k])
        delays.append(float(grid[k] + share * (grid[k + 1] - grid[k])) - start - RISE_S / 2)
    return float(np.mean(delays)), float(np.mean(energies)), float(np.mean(extras))
