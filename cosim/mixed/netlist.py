# SPDX-License-Identifier: Apache-2.0
"""netlist : the analog part of one layer as a SPICE `.subckt`, from the analog macro's own parts.

Tiles, joins, op-amps, buffers and holds are those of cosim/analog, which lays the layer out as if
it were a stack of its own with an amplifier for each row part; in place of ties and neurons there
is a hold capacitor on every op-amp, and R-2R ladders before the buffers of hidden rows.
"""

from __future__ import annotations

from dataclasses import replace

from cosim.analog.netlist import ENABLE, input_pin
from cosim.analog.netlist_circuit import Link, MacroCircuit, Stage, build_circuit
from cosim.analog.netlist_parts import amplifier_text, macro_models, model_cards
from cosim.analog.netlist_tile import tile_text, wrapped
from cosim.analog.pins import InputPin, MacroDescription, Meter, OutputPin, Supply
from cosim.analog.variation import Die
from cosim.mapping import Mapping as Stack
from cosim.mapping import map_stack
from cosim.mixed.design import DAC_BITS, MixedDesign
from cosim.mixed.die import one_layer
from cosim.mixed.ladder_dac import ladder_text
from cosim.mixed.rest import SUPPLIES
from cosim.mixed.shape import dac_pin

__all__ = ["column_pin", "describe_layer", "layer_inputs"]

SUBCKT = "section"
ENABLE_LOAD_F = 1e-14  # gates of the power switches


def column_pin(part: int, column: int) -> str:
    """A hold capacitor."""
    return f"hold[{part}][{column}]"


def layer_inputs(layer: int, n_in: int) -> tuple[str, ...]:
    """Digital inputs of a layer's rows: bits of lines, or 8 bits of each row's DAC."""
    if layer == 0:
        return tuple(input_pin(i) for i in range(n_in))
    return tuple(dac_pin(i, bit) for i in range(n_in) for bit in range(DAC_BITS))


def describe_layer(
    stack: Stack, layer: int, design: MixedDesign, die: Die | None = None
) -> MacroDescription:
    """The circuit of one layer of a stack, on a die or nominal, with its pins and supplies."""
    alone = _alone(stack, layer, design)
    own = None if die is None else one_layer(die, layer)
    circuit = build_circuit(map_stack([stack.weights[layer]], alone), alone, own)
    height = circuit.mapping.layer_partitions(0)[0]
    n_in, n_out = circuit.mapping.sizes
    holds = [
        Stage(name=f"hold{h}_{j}", a=f"a0_{h}_{j}", out=f"hold{h}_{j}")
        for h in range(height)
        for j in range(n_out)
    ]
    supplies = _supplies(design, hidden=layer > 0)
    rows = _rows(n_in, layer, design)
    circuit = replace(
        circuit, links=_links(circuit, layer, design), holds=tuple(holds), neurons=(), buffers=()
    )
    return MacroDescription(
        subckt=SUBCKT,
        netlist=_text(circuit, design, layer, rows, supplies),
        inputs=rows,
        supplies=supplies,
        outputs=tuple(
            OutputPin(name=column_pin(h, j), node=f"hold{h}_{j}", rise_v=0.0, fall_v=0.0)
            for h in range(height)
            for j in range(n_out)
        ),
        meters=_meters(design, layer),
        models=macro_models(design),
        source=f"layer {layer} of {'-'.join(map(str, stack.sizes))}, design {design.name}",
    )


def _alone(stack: Stack, layer: int, design: MixedDesign) -> MixedDesign:
    """The design as the layer's circuit wants it: an amplifier a row part, with its gain."""
    macro = design.macro
    gain = design.gain(layer, len(stack.weights))
    return design.model_copy(
        update={
            "macro": macro.model_copy(
                update={
                    "partition": macro.partition.model_copy(update={"outputs": "tied"}),
                    "amplifier": macro.amplifier.model_copy(update={"gain_output": gain}),
                }
            )
        }
    )


def _links(circuit: MacroCircuit, layer: int, design: MixedDesign) -> tuple[Link, ...]:
    """Feeds of rows, no ties; hidden rows are fed by buffers."""
    found = [link for link in circuit.links if not link.name.startswith("t")]
    if layer == 0:
        return tuple(found)
    ohm, driver_ohm = design.macro.buffer.r_row_ohm, design.macro.driver.r_ohm
    return tuple(
        replace(link, ohm=ohm)
        if link.a.startswith("in") and link.ohm == driver_ohm  # the others are a die's open rows
        else link
        for link in found
    )


def _rows(n_in: int, layer: int, design: MixedDesign) -> tuple[InputPin, ...]:
    vdd, rise = design.macro.vdd_v, design.macro.driver.rise_ps
    low, supply, letter = (-vdd, "drivers", "in") if layer == 0 else (0.0, "dac", "d")
    names = layer_inputs(layer, n_in)
    nodes = [f"{letter}{i}" for i in range(n_in)]
    if layer:
        nodes = [f"{node}_{bit}" for node in nodes for bit in range(DAC_BITS)]
    enable = InputPin(
        name=ENABLE,
        node="en",
        voh=vdd,
        rise_ps=rise,
        fall_ps=rise,
        supply=supply,
        group=SUPPLIES[supply],
    )
    return (
        enable,
        *(
            InputPin(
                name=name,
                node=node,
                vol=low,
                voh=vdd,
                rise_ps=rise,
                fall_ps=rise,
                enable=ENABLE,
                supply=supply,
                group=SUPPLIES[supply],
            )
            for name, node in zip(names, nodes, strict=True)
        ),
    )


def _supplies(design: MixedDesign, *, hidden: bool) -> tuple[Supply, ...]:
    macro = design.macro
    rail_v = macro.amplifier.rail_v
    volts = {"bias": macro.vdd_v, "amp_vdd": rail_v, "amp_vss": -rail_v}
    if hidden:
        volts["buffer_vdd"] = macro.vdd_v
    return tuple(
        Supply(
            name=name,
            node=name,
            volts=value,
            gate=ENABLE,
            rise_ps=macro.driver.rise_ps,
            fall_ps=macro.driver.rise_ps,
            group=SUPPLIES[name],
        )
        for name, value in volts.items()
    )


def _meters(design: MixedDesign, layer: int) -> tuple[Meter, ...]:
    if not design.macro.meter_cells:
        return ()
    return (Meter(group="cells", node="meter", taken_from="dacs" if layer else "drivers"),)


def _text(
    circuit: MacroCircuit,
    design: MixedDesign,
    layer: int,
    rows: tuple[InputPin, ...],
    supplies: tuple[Supply, ...],
) -> str:
    gain = circuit.amplifiers[0].gain
    ports = [pin.node for pin in rows]
    ports += [supply.node for supply in supplies]
    ports += [meter.node for meter in _meters(design, layer)]
    ports += [hold.out for hold in circuit.holds]
    lines = [
        model_cards(design, whole_macro=True),
        amplifier_text("amplifier", gain, design),
        *(
            amplifier_text(f"op{amp.name}", gain, design, amp.offset_v)
            for amp in circuit.amplifiers
            if amp.offset_v
        ),
        *(tile_text(use.circuit, design.device.fet.n_name) for use in circuit.tiles),
        wrapped([".subckt", SUBCKT, *ports]),
        f"cen en 0 {ENABLE_LOAD_F!r}",
    ]
    for use in circuit.tiles:
        name = use.circuit.tile.name
        lines.append(wrapped([f"x{name}", *use.nodes, name]))
    lines += [f"r{link.name} {link.a} {link.b} {link.ohm!r}" for link in circuit.links]
    lines += [
        f"x{amp.name} {amp.minus} {amp.plus} {amp.out} amp_vdd amp_vss 0 "
        + (f"op{amp.name}" if amp.offset_v else "amplifier")
        for amp in circuit.amplifiers
    ]
    if layer:
        for i in range(circuit.mapping.sizes[0]):
            lines += ladder_text(i, f"dac{i}", design)
            lines.append(f"nb{i} dac{i} in{i} buffer_vdd 0 follower")
    lines += [f"n{hold.name} {hold.a} {hold.out} 0 holder" for hold in circuit.holds]
    lines.append(".ends")
    return "\n".join(lines) + "\n"
