# SPDX-License-Identifier: Apache-2.0
"""test_soc_pins : the macro ports of the chip are the pins of the register map."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rtl_runner import GEN, RTL

from cosim import gen, regmap

MACRO_PORT = re.compile(r"[io]_macro_")
READER = Path(__file__).parent / "module_ports.py"


def module(path: Path, **parameters: int) -> Any:
    """Parameters and ports of a module, as pyverilog reads them."""
    gen.write_all(GEN)
    settings = [f"{name}={value}" for name, value in parameters.items()]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(READER), str(path), str(GEN), *settings],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("top", ["soc/soc_top.v", "sim/sim_top.v"])
@pytest.mark.parametrize("n_macro", [1, 3])
def test_macro_ports_are_the_pins_of_the_register_map(top: str, n_macro: int) -> None:
    found = module(RTL / top, N_MACRO=n_macro)
    parameters = found["parameters"]
    assert {name: parameters[name] for name in regmap.DEFAULT_PARAMETERS} == {
        **regmap.DEFAULT_PARAMETERS,
        "N_MACRO": n_macro,
    }
    ports = {name: port for name, port in found["ports"].items() if MACRO_PORT.match(name)}
    assert ports == {
        pin.name: [pin.direction, n_macro * regmap.pin_width(pin, parameters)]
        for pin in regmap.MACRO_PINS
    }


def test_a_renamed_pin_is_noticed(tmp_path: Path) -> None:
    changed = tmp_path / "soc_top.v"
    text = (RTL / "soc/soc_top.v").read_text()
    changed.write_text(text.replace("o_macro_strobe", "o_macro_sample"))
    missing = {pin.name for pin in regmap.MACRO_PINS} - set(module(changed)["ports"])
    assert missing == {"o_macro_strobe"}
