# SPDX-License-Identifier: Apache-2.0
"""netlist_parts : models and small subcircuits of the macro: amplifier, neuron, buffer, holds.

`neuron_text` is also what characterise.py sweeps, so the measured curve is the macro's own neuron.
"""

from __future__ import annotations

import math
from pathlib import Path

from cosim.design import Design
from cosim.errors import DesignError

__all__ = [
    "VERILOGA",
    "amplifier_text",
    "macro_models",
    "model_cards",
    "neuron_models",
    "neuron_text",
]

VERILOGA = Path(__file__).resolve().parents[2] / "veriloga"
BUILTIN_CARDS = VERILOGA / "cards" / "finfet_14nm_hp.lib"
IDEAL_GAIN = 1e9  # of the exact op-amp: error of a closed loop with noise gain 100 is 1e-7


def _fet_model(design: Design) -> Path:
    fet = design.device.fet
    if fet.model == "builtin":
        return VERILOGA / "fet_cb.va"
    path = Path(fet.model)
    if not path.is_file():
        raise DesignError(f"device.fet.model: {path} does not exist (or is not `builtin`)")
    if fet.card is None:
        raise DesignError(f"device.fet.card: {path} needs a card with models n_name and p_name")
    return path


def neuron_models(design: Design) -> tuple[Path, ...]:
    """Verilog-A files that a neuron needs."""
    return (VERILOGA / "sot_cell_read.va", _fet_model(design))


def _synapse(design: Design) -> str:
    return "sot_synapse_meter" if design.macro.meter_cells else "sot_synapse_read"


def macro_models(design: Design) -> tuple[Path, ...]:
    """Verilog-A files that the macro needs."""
    macro = design.macro
    models = [*neuron_models(design), VERILOGA / "sample_hold.va"]
    if not macro.access.enabled:
        models.append(VERILOGA / f"{_synapse(design)}.va")
    if macro.amplifier.kind == "realisable":
        models.append(VERILOGA / "diff_amp.va")
    if macro.buffer.enabled:
        models.append(VERILOGA / "buffer_amp.va")
    return tuple(models)


def _card_text(design: Design) -> str:
    fet = design.device.fet
    path = BUILTIN_CARDS if fet.card is None else Path(fet.card)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DesignError(f"device.fet.card: cannot read {path}: {error}") from error
    for key, name in (("n_name", fet.n_name), ("p_name", fet.p_name)):
        if f".model {name.lower()} " not in text.lower():
            raise DesignError(f"device.fet.{key}: {path} has no .model {name}")
    return text.rstrip()


def _mtj_values(design: Design) -> str:
    mtj = design.device.mtj
    return (
        f"ra={mtj.ra_ohm_um2!r} tmr0={mtj.tmr0!r} length={mtj.length_nm * 1e-9!r} "
        f"width={mtj.width_nm * 1e-9!r} v_h={mtj.v_h_v!r} r_hm={mtj.r_hm_ohm!r} "
        f"bias={int(mtj.bias_dependent)}"
    )


def _cell_values(design: Design) -> str:
    """The crossbars' cell: the MTJ, or a resistor of two values as an MTJ of 1 um2."""
    cell = design.device.cell
    if cell.kind == "mtj":
        return _mtj_values(design)
    tmr = cell.r_high_ohm / cell.r_low_ohm - 1
    side_m = 2e-6 / math.sqrt(math.pi)
    return f"ra={cell.r_low_ohm!r} tmr0={tmr!r} length={side_m!r} width={side_m!r} r_hm=0.0 bias=0"


def model_cards(design: Design, *, whole_macro: bool) -> str:
    """`.model` lines: the neuron's MTJ, FETs; for the whole macro cells, amplifiers, holds too."""
    macro = design.macro
    cards = [f".model cell sot_cell_read {_mtj_values(design)}", _card_text(design)]
    if not whole_macro:
        return "\n".join(cards)
    if macro.access.enabled:
        cards.append(f".model bitcell sot_cell_read {_cell_values(design)}")
    else:
        cards.append(f".model synapse {_synapse(design)} {_cell_values(design)}")
    converter = macro.converter
    cards.append(
        f".model holder sample_hold r_on={converter.ron_ohm!r} c_hold={converter.hold_f!r}"
    )
    amplifier, buffer = macro.amplifier, macro.buffer
    if amplifier.kind == "realisable":
        cards.append(
            f".model opamp diff_amp a0={amplifier.a0!r} gbw={amplifier.gbw_hz!r} "
            f"sr={amplifier.slew_v_per_s!r} r_out={amplifier.rout_ohm!r} i_q={amplifier.iq_a!r} "
            f"i_ab={amplifier.iab_a!r} v_head={amplifier.head_v!r}"
        )
    if buffer.enabled:
        cards.append(
            f".model follower buffer_amp gain={buffer.gain!r} bw={buffer.bw_hz!r} "
            f"sr={buffer.slew_v_per_s!r} r_out={buffer.rout_ohm!r} i_max={buffer.imax_a!r} "
            f"i_q={buffer.iq_a!r} i_ab={buffer.iab_a!r}"
        )
    return "\n".join(cards)


def neuron_text(design: Design) -> str:
    """`.subckt neuron in out vdd`: MTJ-A (P) to x, inverter, MTJ-B (AP) back from its output."""
    neuron, fet = design.macro.neuron, design.device.fet
    return "\n".join(
        [
            ".subckt neuron in out vdd",
            "nmtja in x cell state=0",
            "nmtjb x out cell state=1",
            f"nfetn out x 0 0 {fet.n_name} nfin={neuron.nfin_n}",
            f"nfetp out x vdd vdd {fet.p_name} nfin={neuron.nfin_p}",
            f"cload out 0 {neuron.load_f!r}",
            ".ends",
        ]
    )


def amplifier_text(name: str, gain: float, design: Design, offset_v: float = 0.0) -> str:
    """`.subckt NAME minus plus out vdd vss ref`: four resistors and an op-amp.

    The exact op-amp has no supplies: its output `y` closes the loop and `out` is y clipped to the
    rails, so the clipping disturbs nothing. `offset_v` adds to what the op-amp sees.
    """
    amplifier = design.macro.amplifier
    r1, r3, rail = amplifier.r1_ohm, gain * amplifier.r1_ohm, amplifier.rail_v
    lines = [
        f".subckt {name} minus plus out vdd vss ref",
        f"r1 minus inn {r1!r}",
        f"r2 plus inp {r1!r}",
        f"r4 inp ref {r3!r}",
    ]
    if amplifier.kind == "realisable":
        offset = f" v_os={offset_v!r}" if offset_v else ""
        lines += [f"r3 inn out {r3!r}", f"nop inp inn out vdd vss opamp{offset}"]
    else:
        plus = "inp"
        if offset_v:
            plus = "inq"
            lines.append(f"vos inq inp {offset_v!r}")
        lines += [
            f"r3 inn y {r3!r}",
            f"e1 y 0 {plus} inn {IDEAL_GAIN!r}",
            f"b1 out 0 v = min(max(v(y), {-rail!r}), {rail!r})",
        ]
    return "\n".join([*lines, ".ends"])
