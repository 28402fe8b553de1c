# SPDX-License-Identifier: Apache-2.0
"""test_pins_file : a user's YAML becomes pins, or one line that names file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.analog.ngspice import NgspiceEngine
from cosim.analog.pins_file import expand_bus, load_macro
from cosim.errors import MacroFileError

NETLIST = """.subckt dac en d3 d2 d1 d0 vdd y
r3 d3 y 10k
r2 d2 y 20k
r1 d1 y 40k
r0 d0 y 80k
rv vdd y 1meg
re en 0 1meg
.ends
"""
GOOD = """subckt: dac
file: dac.sp
inputs:
  en: {voh: 0.8}
  d[3:0]: {voh: 0.8, rise_ps: 5, fall_ps: 7, enable: en, group: drivers}
supplies:
  vdd: {volts: 0.8, gate: en, group: bias}
outputs:
  y: {threshold: 0.4, hysteresis: 0.1, async: true, port: o_y}
converters:
  code: {node: y, bits: 8, vmin: 0, vmax: 0.8, energy_j: 1e-15}
probes:
  node: [y]
"""


def write(folder: Path, text: str = GOOD, netlist: str = NETLIST) -> Path:
    (folder / "dac.sp").write_text(netlist)
    path = folder / "dac.yaml"
    path.write_text(text)
    return path


def test_a_file_becomes_a_description(tmp_path: Path) -> None:
    macro = load_macro(write(tmp_path))
    assert [pin.name for pin in macro.inputs] == ["en", "d[3]", "d[2]", "d[1]", "d[0]"]
    assert [pin.node for pin in macro.inputs] == ["en", "d3", "d2", "d1", "d0"]
    assert macro.inputs[1].port == "d"
    assert (macro.inputs[1].rise_ps, macro.inputs[1].fall_ps) == (5, 7)
    (output,) = macro.outputs
    assert (output.rise_v, output.fall_v) == pytest.approx((0.45, 0.35))
    assert (output.asynchronous, output.port) == (True, "o_y")
    assert macro.converters[0].energy_j == 1e-15
    assert macro.supplies[0].gate == "en"
    assert macro.probes == {"node": ("y",)}


def test_vil_and_vih_are_the_other_way_to_say_a_threshold(tmp_path: Path) -> None:
    text = GOOD.replace("threshold: 0.4, hysteresis: 0.1", "vil: 0.2, vih: 0.6")
    (output,) = load_macro(write(tmp_path, text)).outputs
    assert (output.rise_v, output.fall_v) == (0.6, 0.2)


@pytest.mark.parametrize(
    ("name", "bits"),
    [("d[1:0]", ["d[1]", "d[0]"]), ("d[0:1]", ["d[0]", "d[1]"]), ("en", ["en"])],
)
def test_a_bus_is_written_out_in_its_own_order(name: str, bits: list[str]) -> None:
    assert [bit for bit, _ in expand_bus(name)] == bits


def test_a_node_pattern_names_the_ports_of_a_bus(tmp_path: Path) -> None:
    netlist = NETLIST.replace("d3 d2 d1 d0", "b.3 b.2 b.1 b.0")
    text = GOOD.replace("d[3:0]: {", 'd[3:0]: {node: "b.{i}", ')
    macro = load_macro(write(tmp_path, text, netlist))
    assert [pin.node for pin in macro.inputs[1:]] == ["b.3", "b.2", "b.1", "b.0"]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("subckt: dac", "subckt: adc", r"dac\.yaml:1: .*no \.subckt adc"),
        ("file: dac.sp", "file: nosuch.sp", r"dac\.yaml:2: cannot read nosuch\.sp"),
        ("  en: {voh: 0.8}", "  en: {voh: 0.8, volts: 1}", r"dac\.yaml:4: en: unknown key volts"),
        ("  en: {voh: 0.8}", "  en: {vol: 0.0}", r"dac\.yaml:4: en: key voh is missing"),
        ("rise_ps: 5", "rise_ps: fast", r"dac\.yaml:5: d\[3:0\]: rise_ps must be int, got 'fast'"),
        ("rise_ps: 5", "rise_ps: 0", r"dac\.yaml:5: .*rise_ps must be at least 1, got 0"),
        ("d[3:0]", "d[4:0]", r"dac\.yaml:5: d\[4\]: the subckt has no port d\[4\] or d4 or d_4"),
        ("d[3:0]", "d[2:0]", r"ports without a pin: d3"),
        ("volts: 0.8", "volts: high", r"dac\.yaml:7: vdd: volts must be a number, got 'high'"),
        ("async: true", "async: 1", r"dac\.yaml:9: y: async must be bool, got 1"),
        ("threshold: 0.4, ", "", r"dac\.yaml:9: y: give vil and vih, or threshold"),
        ("hysteresis: 0.1", "hysteresis: -0.1", r"dac\.yaml:9: y: hysteresis must not be neg"),
        ("bits: 8", "bits: 77", r"dac\.yaml:11: .*bits must be 1\.\.16, got 77"),
        ("outputs:", "output:", r"dac\.yaml:8: unknown key output"),
        ("  vdd: {", "  vdd: {gate: en, ", r"dac\.yaml:7: key gate stands here twice"),
        ("supplies:\n", "supplies: []\n#", r"dac\.yaml:6: supplies must be a mapping"),
        ("subckt: dac\n", "subckt: [dac\n", r"dac\.yaml:\d+: not YAML"),
        ("subckt: dac\n", "", r"dac\.yaml:1: key subckt is missing"),
        ("probes:\n", "models: [nosuch.va]\nprobes:\n", r"dac\.yaml:12: models: nosuch\.va does"),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(
    tmp_path: Path, old: str, new: str, text: str
) -> None:
    assert old in GOOD
    with pytest.raises(MacroFileError, match=text) as caught:
        load_macro(write(tmp_path, GOOD.replace(old, new, 1)))
    assert "\n" not in str(caught.value)


def test_an_empty_or_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MacroFileError, match=r"dac\.yaml:1: the file is empty"):
        load_macro(write(tmp_path, ""))
    with pytest.raises(MacroFileError, match=r"cannot read .*none\.yaml"):
        load_macro(tmp_path / "none.yaml")


@pytest.mark.spice
def test_the_described_macro_converts_every_code(tmp_path: Path) -> None:
    """A resistor ladder: the output is the superposition of its inputs."""
    with NgspiceEngine("dac0", load_macro(write(tmp_path))) as engine:
        engine.start(0, {"en": 1})
        siemens = {"d[3]": 1e-4, "d[2]": 5e-5, "d[1]": 2.5e-5, "d[0]": 1.25e-5}
        total = sum(siemens.values()) + 1e-6
        for code in (0, 5, 10, 15):
            levels = {pin: code >> (3 - k) & 1 for k, pin in enumerate(siemens)}
            engine.drive(engine.t_ps, levels)
            until = engine.t_ps + 200
            while engine.t_ps < until:
                engine.advance(until)
            on = sum(siemens[pin] for pin, level in levels.items() if level) + 1e-6
            sample = engine.sample(("code",))
            assert sample.volts["y"] == pytest.approx(0.8 * on / total, rel=1e-5)
            assert sample.codes["code"] == round(255 * on / total)
