# SPDX-License-Identifier: Apache-2.0
"""tables_delay : how long a neuron's output lags its input, measured with ngspice.

A small step around the middle of the curve; the delay is the first moment of the answer (the area
between it and its end, over its height), less that of the input's ramp. Cached by content hash.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog.characterise import curve_key, neuron_curve
from cosim.analog.netlist_parts import model_cards, neuron_models, neuron_text
from cosim.analog.ngspice_run import run_deck
from cosim.design import Design
from cosim.errors import ConvergenceError

__all__ = [
    "AMPLIFIER_INPUT_F",
    "BUFFER_INPUT_F",
    "TRACK_F",
    "NeuronLags",
    "neuron_delay_s",
    "neuron_lags",
]

TRACK_F = 2e-15  # c_par of sample_hold.va
Floats = NDArray[np.float64]
AMPLIFIER_INPUT_F = 1e-15  # c_in of diff_amp.va, between its inputs
BUFFER_INPUT_F = 2e-15  # c_in of buffer_amp.va
CLOSE_V = (0.03, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5)
SIGNALS_V = (*(-v for v in reversed(CLOSE_V)), 0.0, *CLOSE_V)
STEP_V, RISE_S, START_S, END_S = 0.01, 1e-12, 20e-12, 600e-12
TIMEOUT_S = 60.0
LEAST_GAIN = 0.01  # of the largest: a saturated neuron's output hardly moves, and says no delay
LONGEST_S = 1e-9


def neuron_delay_s(design: Design, *, last: bool, signal_v: float = 0.0) -> float:
    """Delay of a neuron that feeds a buffer, or (`last`) a tracking converter input.

    `signal_v` is the amplifier signal around which the small step is.
    """
    load = [f"cb out 0 {BUFFER_INPUT_F!r}"]
    if last:
        converter = design.macro.converter
        load = [
            f"cp out 0 {TRACK_F!r}",
            f"rh out hold {converter.ron_ohm!r}",
            f"ch hold 0 {converter.hold_f!r}",
        ]
    return _measured(curve_key(design), tuple(load), signal_v, design)


@dataclass(frozen=True, kw_only=True)
class NeuronLags:
    """At signals `signal_v`: delay of the output, and what a hold adds to it.

    The latter is the output's resistance times hold_f.
    """

    signal_v: Floats
    delay_s: Floats
    hold_s: Floats


def neuron_lags(design: Design) -> NeuronLags:
    """Delays over the neuron's curve: it is slowest where it switches."""
    amplifier, shift_v = design.macro.amplifier, design.macro.neuron.shift_v
    low_v = -amplifier.rail_v - (shift_v if amplifier.reference == "shifted" else 0.0)
    signals = np.array([v for v in SIGNALS_V if low_v <= v <= amplifier.rail_v])
    signals = signals[_moves(signals, neuron_curve(design).table)]
    bare, held = (
        np.array([neuron_delay_s(design, last=last, signal_v=float(v)) for v in signals])
        for last in (False, True)
    )
    return NeuronLags(signal_v=signals, delay_s=bare, hold_s=np.maximum(held - bare, 0.0))


def _moves(signal_v: Floats, curve: Floats) -> NDArray[np.bool_]:
    """Where a small step moves the output enough for its delay to mean anything."""
    ends = np.array([-STEP_V, STEP_V])[:, None] + signal_v
    gain = np.abs(np.diff(np.interp(ends, curve[:, 0], curve[:, 1]), axis=0)[0])
    return np.asarray(gain > LEAST_GAIN * gain.max())


@lru_cache(maxsize=64)
def _cached(key: str) -> float | None:
    path = tools.cache_dir() / "neuron" / f"delay-{key}.json"
    if not path.is_file():
        return None
    return float(json.loads(path.read_text(encoding="utf-8"))["delay_s"])


def _measured(curve: str, load: tuple[str, ...], signal_v: float, design: Design) -> float:
    values = (STEP_V, RISE_S, *([signal_v] if signal_v else []))
    key = sha256("\n".join((curve, *load, repr(values))).encode()).hexdigest()[:20]
    known = _cached(key)
    if known is not None:
        return known
    delay = _measure(load, signal_v, design)
    path = tools.cache_dir() / "neuron" / f"delay-{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps({"delay_s": delay, "load": load}), encoding="utf-8")
    temporary.replace(path)
    _cached.cache_clear()
    return delay


def _measure(load: tuple[str, ...], signal_v: float, design: Design) -> float:
    middle = design.macro.neuron.shift_v + signal_v
    low, high = middle - STEP_V, middle + STEP_V
    deck = [
        model_cards(design, whole_macro=False),
        neuron_text(design),
        f"vdd vdd 0 {design.macro.vdd_v!r}",
        f"vin in 0 pwl(0 {low!r} {START_S!r} {low!r} {START_S + RISE_S!r} {high!r})",
        "xn in out vdd neuron",
        *load,
        ".options reltol=1e-5 abstol=1e-12 vntol=1e-8 chgtol=1e-19 trtol=1 noacct",
        ".save v(in) v(out)",
        f".tran 1p {END_S!r} 0 1p",
    ]
    plot = run_deck(
        "\n".join(deck), models=neuron_models(design), timeout_s=TIMEOUT_S, name="neuron delay"
    )
    t_s, out_v = plot["time"], plot["v(out)"]
    height = float(out_v[-1] - out_v[0])
    area = float(np.trapezoid(out_v[-1] - out_v, t_s)) if height else float("nan")
    delay = area / height - START_S - 0.5 * RISE_S if height else float("nan")
    if not 0 < delay < LONGEST_S:
        raise ConvergenceError(f"neuron delay measured as {delay:.3g} s", node="neuron")
    return delay
