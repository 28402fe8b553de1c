# SPDX-License-Identifier: Apache-2.0
"""neuron_spread : how far mismatch moves a neuron's curve, by Monte Carlo in ngspice.

`python -m cosim.analog.neuron_spread DESIGN [N]` draws N neurons (default 1000): thresholds of both
FETs (fin_vt over the root of the fins), R_P and TMR of both MTJs. The offset of one is the shift of
the input at which its output is VDD/2; what is left after that shift is stated as volts at the
output. The sigma of the offsets is `variation.neuron_offset_v` of a design.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.netlist_parts import model_cards, neuron_models
from cosim.analog.ngspice_run import run_deck
from cosim.analog.variation import lognormal, stream
from cosim.design import Design, load_design
from cosim.errors import DesignError

__all__ = ["PER_DECK", "Spread", "measure_spread"]

Floats = NDArray[np.float64]
PER_DECK = 100
SWING_V, STEP_V = 0.6, 5e-3  # signal range around the shift, and its step
SLOPE_SHARE = 0.1  # inputs where the slope is above this share of the steepest are judged


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of n neurons: offsets (n,), steepest slopes, output's rms that a pure offset leaves out."""

    offset_v: Floats
    slope: Floats
    left_v: Floats


def measure_spread(design: Design, n: int, seed: int = 1) -> Spread:
    """Sweep `n` neurons with mismatch, and a nominal one, in ngspice."""
    if design.device.fet.model != "builtin":
        raise DesignError("neuron_spread needs device.fet.model builtin: it moves its `dvt`")
    parameters = _draw(design, n, seed)
    vin, nominal = None, None
    curves = []
    for start in range(0, n, PER_DECK):
        batch = np.vstack([[1, 1, 1, 1, 0, 0], parameters[start : start + PER_DECK]])
        plot = run_deck(_deck(design, batch), models=neuron_models(design), name="neuron mismatch")
        vin, nominal = plot["v(in)"], plot["v(o0)"]
        curves += [plot[f"v(o{k})"] for k in range(1, len(batch))]
    if vin is None or nominal is None:
        raise DesignError(f"neuron_spread needs at least 1 neuron, got {n}")
    return _fit(vin, nominal, np.array(curves), design.macro.vdd_v)


def _fit(vin: Floats, nominal: Floats, curves: Floats, vdd_v: float) -> Spread:
    middle = np.interp(-0.5 * vdd_v, -nominal, vin)
    offset_v = np.array([middle - np.interp(-0.5 * vdd_v, -curve, vin) for curve in curves])
    slope = np.abs(np.gradient(nominal, vin))
    steep = slope > SLOPE_SHARE * slope.max()
    left = [
        np.sqrt(np.mean((curve - np.interp(vin + shift, vin, nominal))[steep] ** 2))
        for curve, shift in zip(curves, offset_v, strict=True)
    ]
    steepest = np.abs(np.gradient(curves, vin, axis=1)).max(axis=1)
    return Spread(offset_v=offset_v, slope=steepest, left_v=np.array(left))


def _draw(design: Design, n: int, seed: int) -> Floats:
    """(n, 6): factors on R_P of MTJ-A, MTJ-B, on their TMR; threshold shifts of n and p FET."""
    spread, neuron = design.variation, design.macro.neuron
    normal = stream(seed, 0, "neuron").standard_normal((n, 6))
    fin_v = np.array(
        [spread.fin_vt_n_v / np.sqrt(neuron.nfin_n), spread.fin_vt_p_v / np.sqrt(neuron.nfin_p)]
    )
    return np.hstack(
        [
            lognormal(normal[:, :2], spread.ra_sigma),
            np.maximum(1 + spread.tmr_sigma * normal[:, 2:4], 0.0),
            fin_v * normal[:, 4:],
        ]
    )


def _deck(design: Design, parameters: Floats) -> str:
    neuron, fet = design.macro.neuron, design.device.fet
    lines = [
        model_cards(design, whole_macro=False),
        f"vdd vdd 0 {design.macro.vdd_v!r}",
        "vin in 0 0",
    ]
    for k, (ra_a, ra_b, tmr_a, tmr_b, vt_n, vt_p) in enumerate(parameters.tolist()):
        lines += [
            f"na{k} in x{k} cell state=0 f_ra={ra_a!r} f_tmr={tmr_a!r}",
            f"nb{k} x{k} o{k} cell state=1 f_ra={ra_b!r} f_tmr={tmr_b!r}",
            f"nn{k} o{k} x{k} 0 0 {fet.n_name} nfin={neuron.nfin_n} dvt={vt_n!r}",
            f"np{k} o{k} x{k} vdd vdd {fet.p_name} nfin={neuron.nfin_p} dvt={vt_p!r}",
        ]
    low, high = neuron.shift_v - SWING_V, neuron.shift_v + SWING_V
    saved = " ".join(f"v(o{k})" for k in range(len(parameters)))
    lines += [
        ".options klu reltol=1e-6 abstol=1e-13 vntol=1e-9 noacct",
        f".save v(in) {saved}",
        f".dc vin {low!r} {high + STEP_V / 4!r} {STEP_V!r}",
    ]
    return "\n".join(lines)


def _rms(volts: Floats) -> float:
    return float(np.sqrt(np.mean(volts**2)))


def _report(design: Design, n: int) -> str:
    found = measure_spread(design, n)
    spread = design.variation
    only = {
        "FET thresholds alone": {"ra_sigma": 0.0, "tmr_sigma": 0.0},
        "MTJ pair alone": {"fin_vt_n_v": 0.0, "fin_vt_p_v": 0.0},
    }
    few = max(n // 5, 2)
    lines = [
        f"# python -m cosim.analog.neuron_spread {design.name} {n}",
        f"neurons                         {n}",
        f"sigma of one fin, n and p       {spread.fin_vt_n_v * 1e3:.3g} and "
        f"{spread.fin_vt_p_v * 1e3:.3g} mV, {design.macro.neuron.nfin_n} and "
        f"{design.macro.neuron.nfin_p} fins",
        f"sigma of R_P and TMR            {spread.ra_sigma:.3g} and {spread.tmr_sigma:.3g}",
        f"offset at the input, mean       {found.offset_v.mean() * 1e3:.3g} mV",
        f"offset at the input, sigma      {found.offset_v.std(ddof=1) * 1e3:.3g} mV "
        f"+- {found.offset_v.std(ddof=1) * 1e3 / np.sqrt(2 * n):.2g} mV",
        f"a pure offset leaves out, rms   {_rms(found.left_v) * 1e3:.3g} mV at the output",
        f"  worst neuron                  {found.left_v.max() * 1e3:.3g} mV",
    ]
    for name, change in only.items():
        part = design.model_copy(update={"variation": spread.model_copy(update=change)})
        sub = measure_spread(part, few)
        lines.append(
            f"{name:32}{sub.offset_v.std(ddof=1) * 1e3:.3g} mV offset, "
            f"{_rms(sub.left_v) * 1e3:.3g} mV left out ({few} neurons)"
        )
    return "\n".join(lines) + "\n"


def _main(arguments: list[str]) -> None:
    design = load_design(arguments[0])
    text = _report(design, int(arguments[1]) if len(arguments) > 1 else 1000)
    path = Path(__file__).parent / "data" / f"neuron_spread_{design.name}.txt"
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    _main(sys.argv[1:])
