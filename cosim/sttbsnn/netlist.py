# SPDX-License-Identifier: Apache-2.0
"""netlist : a tile of rows as one SPICE `.subckt stt_bsnn` with the meaning of its ports.

    in<i> --driver-- bl<i>, bb<i> --[junction]--[transistor, gate wl<r>]-- sl<r> -+- latch -- y<r>
    th<r>_<k> -- R-2R ladder --------------------------------------------- vt<r> -'

Bit lines are shared by all rows, and so are their drivers, each as wide as it has rows. The lines
are at 0 while `en` is low; `strobe` high lets every latch decide.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.analog.pins import InputPin, MacroDescription, OutputPin, Supply
from cosim.sttbsnn.cell import CARD, FETS, FIN_UM, TEMPERATURE_C, VERILOGA
from cosim.sttbsnn.design import BsnnDesign
from cosim.sttbsnn.die import BsnnDie
from cosim.sttbsnn.levels import Levels

__all__ = ["ENABLE", "STROBE", "build_bsnn", "input_pin", "models", "spike_pin", "threshold_pin"]

ENABLE = "en"
STROBE = "strobe"
SUBCKT = "stt_bsnn"
Weights = NDArray[np.int8]


def input_pin(index: int) -> str:
    """Name of an input spike."""
    return f"in[{index}]"


def threshold_pin(row: int, bit: int, bits: int) -> str:
    """Name of one of the `bits` of a row's threshold code: all rows in one bus, row 0 lowest."""
    return f"th[{row * bits + bit}]"


def spike_pin(row: int) -> str:
    """Name of a row's spike."""
    return f"spike[{row}]"


def models() -> tuple[Path, ...]:
    """Verilog-A files that the macro needs."""
    names = ("stt_mtj_read", "fet_cb", "line_driver", "rail_switch", "sense_latch")
    return tuple(VERILOGA / f"{name}.va" for name in names)


def build_bsnn(
    weights: Weights, design: BsnnDesign, levels: Levels, die: BsnnDie | None = None
) -> MacroDescription:
    """The netlist of the rows `weights` (rows, inputs) in {-1, +1}, on a die or nominal."""
    rows, inputs = weights.shape
    probes = {
        "sl": tuple(f"sl{r}" for r in range(rows)),
        "threshold": tuple(f"vt{r}" for r in range(rows)),
        "latch": tuple(f"w{r}" for r in range(rows)),  # at rest only once it has forgotten
    }
    latch = design.latch
    return MacroDescription(
        subckt=SUBCKT,
        netlist=_text(weights, design, die),
        inputs=_inputs(rows, inputs, design, levels),
        supplies=(
            Supply(name="read", node="vr", volts=design.row.read_v, group="cells"),
            Supply(name="lines", node="vline", volts=latch.vdd_v, group="lines"),
            Supply(name="word", node="vword", volts=design.device.access.gate_v, group="lines"),
            Supply(name="threshold_low", node="vlo", volts=levels.low_v, group="thresholds"),
            Supply(name="latch", node="vlatch", volts=latch.vdd_v, group="latches"),
        ),
        outputs=tuple(
            OutputPin(
                name=spike_pin(r),
                node=f"y{r}",
                rise_v=0.5 * latch.vdd_v,
                fall_v=0.5 * latch.vdd_v,
                asynchronous=True,
            )
            for r in range(rows)
        ),
        probes=probes,
        models=models(),
        temperature_c=TEMPERATURE_C,
        source=f"stt_bsnn {rows}x{inputs}, design {design.name}",
    )


def _inputs(rows: int, inputs: int, design: BsnnDesign, levels: Levels) -> tuple[InputPin, ...]:
    rise = design.row.rise_ps

    def logic(name: str, node: str, edge_ps: int) -> InputPin:
        volts, group = design.latch.vdd_v, "logic"
        return InputPin(
            name=name,
            node=node,
            voh=volts,
            rise_ps=edge_ps,
            fall_ps=edge_ps,
            supply=group,
            group=group,
        )

    pins = [logic(ENABLE, "en", rise), logic(STROBE, "clk", design.latch.edge_ps)]
    pins += [logic(input_pin(i), f"in{i}", rise) for i in range(inputs)]
    pins += [
        InputPin(
            name=threshold_pin(r, k, design.threshold.bits),
            node=f"th{r}_{k}",
            vol=levels.low_v,
            voh=levels.high_v,
            rise_ps=rise,
            fall_ps=rise,
            supply="threshold",
            group="thresholds",
        )
        for r in range(rows)
        for k in range(design.threshold.bits)
    ]
    return tuple(pins)


def _text(weights: Weights, design: BsnnDesign, die: BsnnDie | None) -> str:
    rows, inputs = weights.shape
    bits = design.threshold.bits
    ports = ["en", "clk", *(f"in{i}" for i in range(inputs))]
    ports += [f"th{r}_{k}" for r in range(rows) for k in range(bits)]
    ports += ["vlo", "vr", "vline", "vword", "vlatch", *(f"y{r}" for r in range(rows))]
    lines = [_models(rows, design), _wrapped([".subckt", SUBCKT, *ports])]
    row = design.row
    for i in range(inputs):
        lines.append(f"nd{i} in{i} en bl{i} bb{i} vr vline 0 driver")
        if row.bl_cell_f:
            lines.append(f"cb{i} bl{i} 0 {rows * row.bl_cell_f!r}")
            lines.append(f"cc{i} bb{i} 0 {rows * row.bl_cell_f!r}")
    for r in range(rows):
        lines += _row(r, weights[r], design, die)
    lines.append(".ends")
    return "\n".join(lines) + "\n"


def _models(rows: int, design: BsnnDesign) -> str:
    mtj, row, latch = design.device.mtj, design.row, design.latch
    fets = FETS.read_text(encoding="utf-8").rstrip()
    return "\n".join(
        [
            fets,
            f".model junction stt_mtj_read ra={mtj.ra_ohm_um2!r} tmr0={mtj.tmr0!r} "
            f"diameter={mtj.diameter_nm * 1e-9!r} v_h={mtj.v_h_v!r} bias={int(mtj.bias_dependent)}",
            f".model driver line_driver r={row.driver_ohm / rows!r} v_on={latch.on_v!r} "
            f"c_pre={rows * row.predriver_f!r} r_pre={latch.drive_ohm / rows!r} "
            f"c_line={rows * row.bl_driver_f!r}",
            f".model word rail_switch r={row.wl_ohm!r} v_m={0.5 * latch.vdd_v!r} "
            f"v_on={latch.on_v!r}",
            f".model ground rail_switch r={row.ground_ohm!r} v_m={0.5 * latch.vdd_v!r} "
            f"v_on={latch.on_v!r}",
            f".model latch sense_latch tau={latch.tau_ps * 1e-12!r} gain={latch.gain!r} "
            f"t_reset={latch.reset_ps * 1e-12!r} v_on={latch.on_v!r} r_out={latch.drive_ohm!r} "
            f"c_int={latch.internal_f!r} c_in={latch.input_f!r}",
        ]
    )


def _row(r: int, weights: Weights, design: BsnnDesign, die: BsnnDie | None) -> list[str]:
    """Cells, word line, ladder and latch of one row; an MTJ of a +1 is parallel on bl."""
    row, access = design.row, design.device.access
    fins = access.width_um / FIN_UM
    inputs = len(weights)
    lines = [f"nw{r} en wl{r} vword 0 word", f"cw{r} wl{r} 0 {inputs * row.wl_cell_f!r}"]
    lines.append(f"cs{r} sl{r} 0 {inputs * row.sl_cell_f!r}")
    lines.append(f"nx{r} en sl{r} sl{r} 0 ground")  # to ground alone, while en is low
    for i, weight in enumerate(weights):
        for side, line in enumerate(("bl", "bb")):
            antiparallel = int((weight > 0) == (side == 1))
            shift = access.body_shift_v
            spread = ""
            if die is not None:
                shift += float(die.shift_v[r, i, side])
                spread = (
                    f" f_r={float(die.f_r[r, i, side])!r} f_tmr={float(die.f_tmr[r, i, side])!r}"
                )
            node = f"m{r}_{i}_{side}"
            lines.append(f"nj{r}_{i}_{side} {line}{i} {node} junction state={antiparallel}{spread}")
            lines.append(
                f"na{r}_{i}_{side} {node} wl{r} sl{r} 0 {CARD} nfin={fins!r} dvt={shift!r}"
            )
    offset = 0.0 if die is None else float(die.offset_v[r])
    lines += _ladder(r, design)
    lines.append(f"nl{r} sl{r} vt{r} clk y{r} vlatch 0 w{r} latch v_os={offset!r}")
    lines.append(f"cy{r} y{r} 0 {design.latch.load_f!r}")
    return lines


def _ladder(r: int, design: BsnnDesign) -> list[str]:
    """R-2R from bit 0 up, its far end on the low reference: low + (high - low)*code/2^bits."""
    unit, bits = design.threshold.unit_ohm, design.threshold.bits
    lines = [f"re{r} vlo l{r}_0 {2 * unit!r}"]
    for k in range(bits):
        node = f"vt{r}" if k == bits - 1 else f"l{r}_{k}"
        lines.append(f"rt{r}_{k} th{r}_{k} {node} {2 * unit!r}")
        if k:
            lines.append(f"rl{r}_{k} l{r}_{k - 1} {node} {unit!r}")
    lines.append(f"ct{r} vt{r} 0 {design.threshold.load_f!r}")
    return lines


def _wrapped(words: list[str], per_line: int = 16) -> str:
    lines = [" ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
    return "\n+ ".join(lines)
