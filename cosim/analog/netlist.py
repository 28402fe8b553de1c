# SPDX-License-Identifier: Apache-2.0
"""netlist : writes the macro as one SPICE `.subckt imac` with the meaning of its ports.

Ports: `en`, `in<i>`, the supplies of each group, `wl` with access transistors, `hold<j>`.
Everything but the word line is off while `en` is 0.
"""

from __future__ import annotations

from cosim.analog.netlist_circuit import MacroCircuit, build_circuit
from cosim.analog.netlist_parts import amplifier_text, macro_models, model_cards, neuron_text
from cosim.analog.netlist_tile import tile_text, wrapped
from cosim.analog.pins import Converter, InputPin, MacroDescription, Meter, Supply
from cosim.analog.variation import Die
from cosim.design import Design
from cosim.mapping import Mapping

__all__ = ["ENABLE", "build_macro", "converters", "describe", "input_pin", "output_pin"]

ENABLE = "en"
SUBCKT = "imac"
ENABLE_LOAD_F = 1e-14  # gates of the power switches


def input_pin(index: int) -> str:
    """Name of an input bit."""
    return f"in[{index}]"


def output_pin(index: int) -> str:
    """Name of a converter."""
    return f"code[{index}]"


def build_macro(mapping: Mapping, design: Design, die: Die | None = None) -> MacroDescription:
    """The netlist of the macro with these weights, on a die or nominal; its ports' meaning."""
    return describe(build_circuit(mapping, design, die))


def describe(circuit: MacroCircuit) -> MacroDescription:
    """A structured circuit in SPICE, with pins, supplies, converters and probes."""
    mapping, design = circuit.mapping, circuit.design
    probes: dict[str, tuple[str, ...]] = {}
    for layer in range(len(mapping.weights)):
        probes[f"layer{layer}.amplifier"] = circuit.layer_nodes("a", layer)
        probes[f"layer{layer}.neuron"] = circuit.layer_nodes("y", layer)
    supplies = _supplies(design)
    return MacroDescription(
        subckt=SUBCKT,
        netlist=_text(circuit, [supply.node for supply in supplies]),
        inputs=_inputs(mapping.sizes[0], design),
        supplies=supplies,
        converters=converters(mapping.sizes[-1], design),
        meters=_meters(design),
        probes=probes,
        models=macro_models(design),
        source=f"imac {'-'.join(map(str, mapping.sizes))}, design {design.name}",
    )


def converters(n_out: int, design: Design) -> tuple[Converter, ...]:
    """The converters of the last layer's neurons."""
    converter = design.macro.converter
    return tuple(
        Converter(
            name=output_pin(j),
            node=f"hold{j}",
            bits=converter.bits,
            vmin=converter.low_v,
            vmax=converter.high_v,
            energy_j=converter.energy_j,
            port="i_macro_code",
        )
        for j in range(n_out)
    )


def _inputs(n_in: int, design: Design) -> tuple[InputPin, ...]:
    vdd, rise = design.macro.vdd_v, design.macro.driver.rise_ps
    enable = InputPin(
        name=ENABLE,
        node="en",
        voh=vdd,
        rise_ps=rise,
        fall_ps=rise,
        supply="drivers",
        port="o_macro_en",
    )
    lines = [
        InputPin(
            name=input_pin(i),
            node=f"in{i}",
            vol=-vdd,
            voh=vdd,
            rise_ps=rise,
            fall_ps=rise,
            enable=ENABLE,
            supply="drivers",
            port="o_macro_in",
        )
        for i in range(n_in)
    ]
    return (enable, *lines)


def _supplies(design: Design) -> tuple[Supply, ...]:
    """Gated supplies: name, volts, group. Buffers drive lines, so they count as drivers."""
    macro = design.macro
    amplifier = macro.amplifier
    rows: list[tuple[str, float, str, bool]] = [("bias", macro.vdd_v, "bias", True)]
    if amplifier.kind == "realisable":
        rows.append(("amp_vdd", amplifier.rail_v, "amplifiers", True))
        rows.append(("amp_vss", -amplifier.rail_v, "amplifiers", True))
    rows.append(("amp_ref", macro.neuron.shift_v, "amplifiers", True))
    rows.append(("neuron_vdd", macro.vdd_v, "neurons", True))
    if macro.buffer.enabled:
        rows.append(("buffer_vdd", macro.vdd_v, "drivers", True))
    if macro.access.enabled:
        rows.append(("wl", macro.access.gate_v, "drivers", False))
    return tuple(
        Supply(
            name=name,
            node=name,
            volts=volts,
            gate=ENABLE if gated else None,
            rise_ps=macro.driver.rise_ps,
            fall_ps=macro.driver.rise_ps,
            group=group,
        )
        for name, volts, group, gated in rows
    )


def _meters(design: Design) -> tuple[Meter, ...]:
    """The cells' heat, which nearly all comes from the line drivers."""
    if not design.macro.meter_cells:
        return ()
    return (Meter(group="cells", node="meter", taken_from="drivers"),)


def _text(circuit: MacroCircuit, supply_nodes: list[str]) -> str:
    design = circuit.design
    fet = design.device.fet
    gains = sorted({amplifier.gain for amplifier in circuit.amplifiers})
    amplifier_names = {gain: f"amplifier{k}" for k, gain in enumerate(gains)}
    lines = [
        f"* macro {'-'.join(map(str, circuit.mapping.sizes))}, design {design.name}",
        model_cards(design, whole_macro=True),
        neuron_text(design),
    ]
    lines += [amplifier_text(name, gain, design) for gain, name in amplifier_names.items()]
    own = {amp.name: amp for amp in circuit.amplifiers if amp.offset_v}
    lines += [amplifier_text(f"op{n}", a.gain, design, a.offset_v or 0.0) for n, a in own.items()]
    lines += [tile_text(use.circuit, fet.n_name) for use in circuit.tiles]
    holds = [hold.out for hold in circuit.holds]
    driven = [*supply_nodes, *(meter.node for meter in _meters(design))]
    lines.append(wrapped([".subckt", SUBCKT, "en", *circuit.inputs, *driven, *holds]))
    lines.append(f"cen en 0 {ENABLE_LOAD_F!r}")
    for use in circuit.tiles:
        name = use.circuit.tile.name
        lines.append(wrapped([f"x{name}", *use.nodes, name]))
    lines += [f"r{link.name} {link.a} {link.b} {link.ohm!r}" for link in circuit.links]
    rails = "amp_vdd amp_vss" if design.macro.amplifier.kind == "realisable" else "0 0"
    shifted = design.macro.amplifier.reference == "shifted"
    ref = "amp_ref" if shifted else "0"
    lines += [
        f"x{amp.name} {amp.minus} {amp.plus} {amp.out} {rails} {ref} "
        + (f"op{amp.name}" if amp.name in own else amplifier_names[amp.gain])
        for amp in circuit.amplifiers
    ]
    for neuron in circuit.neurons:
        source = neuron.a
        if not shifted:  # the publications' ideal shift: a floating source from the gated reference
            source = f"s{neuron.a[1:]}"
            lines.append(f"e{neuron.name} {source} {neuron.a} amp_ref 0 1")
        if neuron.offset_v:
            lines.append(f"v{neuron.name} t{neuron.a[1:]} {source} {neuron.offset_v!r}")
            source = f"t{neuron.a[1:]}"
        lines.append(f"x{neuron.name} {source} {neuron.out} neuron_vdd neuron")
    lines += [
        f"n{buffer.name} {buffer.a} {buffer.out} buffer_vdd 0 follower"
        for buffer in circuit.buffers
    ]
    lines += [f"n{hold.name} {hold.a} {hold.out} 0 holder" for hold in circuit.holds]
    lines.append(".ends")
    return "\n".join(lines) + "\n"
