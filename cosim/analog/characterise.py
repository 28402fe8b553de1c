# SPDX-License-Identifier: Apache-2.0
"""characterise : the neuron's transfer curve, measured with ngspice from the Verilog-A devices.

A curve belongs to a key: the hash of everything that shapes it (device and neuron values, supply,
Verilog-A text without comments, FET card). `neuron_curve` takes a shipped curve with that key, else
one from the cache, else measures. `python -m cosim.analog.characterise DESIGN` writes the shipped
file anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim import tools
from cosim.analog import spline
from cosim.analog.netlist_parts import model_cards, neuron_models, neuron_text
from cosim.analog.ngspice_run import run_deck
from cosim.design import Design, load_design
from cosim.errors import ConvergenceError, RangeError

__all__ = [
    "DATA_DIR",
    "NeuronCurve",
    "curve_key",
    "input_range_v",
    "measure_curve",
    "neuron_curve",
    "read_curve",
]

DATA_DIR = Path(__file__).parent / "data"
COLUMNS = ("vin_v", "vout_v", "vx_v", "i_vdd_a", "i_in_a")
STEP_V = 2.5e-3
WIDE_STEP_V = 0.01  # of amplifiers without rails
WIDE_V = 3.0
REACH_V = 6.0  # of amplifiers without rails; the FET's model holds no further
MARGIN_V = 0.05
TIMEOUT_S = 120.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NeuronCurve:
    """Unloaded neuron at DC: rows of `table` are inputs, columns are COLUMNS.

    `vin_v` is the amplifier's signal; MTJ-A sees vin_v plus the design's shift. `i_vdd_a` flows
    from the supply, `i_in_a` into MTJ-A.
    """

    key: str
    table: Floats

    def __post_init__(self) -> None:
        if self.table.ndim != 2 or self.table.shape[1] != len(COLUMNS) or len(self.table) < 2:
            raise RangeError(
                f"neuron curve must have rows of {len(COLUMNS)}, got {self.table.shape}"
            )
        if not np.isfinite(self.table).all() or (np.diff(self.table[:, 0]) <= 0).any():
            raise RangeError("neuron curve must be finite with rising inputs")

    @cached_property
    def vin_v(self) -> Floats:
        """Inputs, rising."""
        return np.ascontiguousarray(self.table[:, 0])

    @cached_property
    def vout_v(self) -> Floats:
        """Outputs at `vin_v`."""
        return np.ascontiguousarray(self.table[:, 1])

    def output_v(self, vin_v: Floats) -> Floats:
        """Neuron outputs; RangeError outside the measured inputs."""
        return self._at(vin_v, 1)

    def supply_a(self, vin_v: Floats) -> Floats:
        """Supply currents."""
        return self._at(vin_v, 3)

    def input_a(self, vin_v: Floats) -> Floats:
        """Currents into the neurons' inputs."""
        return self._at(vin_v, 4)

    def _at(self, vin_v: Floats, column: int) -> Floats:
        low, high = self.table[0, 0], self.table[-1, 0]
        values = np.asarray(vin_v, dtype=np.float64)
        good = (values >= low) & (values <= high)  # NaN is not good
        if not good.all():
            worst = values[~good].ravel()[0]
            raise RangeError(
                f"neuron input {worst:.4g} V is outside its curve, {low:g}..{high:g} V"
            )
        return spline.at(self.vin_v, self._parts, values)[..., column - 1]

    @cached_property
    def _parts(self) -> Floats:
        return spline.smooth(self.vin_v, self.table[:, 1:])


def curve_key(design: Design) -> str:
    """Hash of all that the curve of a design depends on."""
    macro = design.macro
    values = {
        "device": design.device.model_dump(include={"mtj", "fet"}),
        "neuron": macro.neuron.model_dump(),
        "vdd_v": macro.vdd_v,
        "range_v": input_range_v(design),
        "step_v": _step_v(design),
    }
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for path in neuron_models(design):
        digest.update(_model_text(path).encode())
    cards = [line for line in _cards(design).splitlines() if not line.startswith("*")]
    digest.update("\n".join(cards).encode())
    return digest.hexdigest()[:16]


def _model_text(path: Path) -> str:
    """Verilog-A without comments and spacing, the files beside it that it includes appended."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    beside = [path.parent / name for name in re.findall(r'`include\s+"([^"]+)"', text)]
    return " ".join([*text.split(), *(_model_text(file) for file in beside if file.is_file())])


def neuron_curve(design: Design) -> NeuronCurve:
    """The curve of the design's neuron: shipped, cached, or measured now with ngspice."""
    key = curve_key(design)
    cached = tools.cache_dir() / "neuron" / f"{key}.csv"
    for path in [*sorted(DATA_DIR.glob("neuron_*.csv")), cached]:
        if path.is_file() and _header_key(path) == key:
            return read_curve(path)
    curve = measure_curve(design)
    cached.parent.mkdir(parents=True, exist_ok=True)
    _write(curve, cached, f"measured for design {design.name}")
    return curve


def read_curve(path: Path) -> NeuronCurve:
    """A curve that this module wrote."""
    try:
        table = np.loadtxt(path, delimiter=",", comments="#", ndmin=2)
    except (OSError, ValueError) as error:
        raise RangeError(f"cannot read neuron curve {path}: {error}") from error
    return NeuronCurve(key=_header_key(path), table=table)


def measure_curve(design: Design) -> NeuronCurve:
    """Sweep one neuron at DC in ngspice."""
    plot = run_deck(
        _deck(design), models=neuron_models(design), timeout_s=TIMEOUT_S, name="neuron sweep"
    )
    table = np.column_stack(
        [
            plot["v(in)"] - design.macro.neuron.shift_v,
            plot["v(out)"],
            plot["v(xn.x)"],
            -plot["i(vdd)"],
            -plot["i(vin)"],
        ]
    )
    low, high = input_range_v(design)
    if len(table) != round((high - low) / _step_v(design)) + 1:
        raise ConvergenceError(f"neuron sweep ended after {len(table)} points", node="neuron")
    return NeuronCurve(key=curve_key(design), table=table)


def input_range_v(design: Design) -> tuple[float, float]:
    """Amplifier signals that can occur: within the rails, or REACH_V where these are far away."""
    amplifier, shift_v = design.macro.amplifier, design.macro.neuron.shift_v
    rail_v = min(amplifier.rail_v, REACH_V)
    low = -rail_v - (shift_v if amplifier.reference == "shifted" else 0.0)
    span, step_v = rail_v - low + 2 * MARGIN_V, _step_v(design)
    steps = int(np.ceil(span / step_v))
    start = np.floor((low - MARGIN_V) / step_v) * step_v
    return round(float(start), 6), round(float(start + steps * step_v), 6)


def _step_v(design: Design) -> float:
    return STEP_V if design.macro.amplifier.rail_v <= WIDE_V else WIDE_STEP_V


def _cards(design: Design) -> str:
    return model_cards(design, whole_macro=False)


def _deck(design: Design) -> str:
    low, high = input_range_v(design)
    shift_v, step_v = design.macro.neuron.shift_v, _step_v(design)
    return "\n".join(
        [
            _cards(design),
            neuron_text(design),
            f"vdd vdd 0 {design.macro.vdd_v!r}",
            "vin in 0 0",
            "xn in out vdd neuron",
            ".options reltol=1e-6 abstol=1e-13 vntol=1e-9 noacct",
            ".save v(in) v(out) v(xn.x) i(vdd) i(vin)",
            f".dc vin {low + shift_v!r} {high + shift_v + step_v / 4!r} {step_v!r}",
        ]
    )


def _header_key(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        match = re.search(r"key=([0-9a-f]{16})", lines.readline())
    return match.group(1) if match else ""


def _write(curve: NeuronCurve, path: Path, how: str) -> None:
    rows = [",".join(f"{value:.6e}" for value in row) for row in curve.table]
    head = f"# {how} ; key={curve.key}\n# {','.join(COLUMNS)}\n"
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    temporary.replace(path)


def _main(names: list[str]) -> None:
    for name in names:
        curve = measure_curve(load_design(name))
        _write(
            curve, DATA_DIR / f"neuron_{name}.csv", f"python -m cosim.analog.characterise {name}"
        )


if __name__ == "__main__":
    _main(sys.argv[1:])
