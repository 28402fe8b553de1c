# SPDX-License-Identifier: Apache-2.0
"""test_macros : what a kind of macro is stands in one place; bridge and reports know none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cosim import regmap
from cosim.bridge.soc_config import named
from cosim.design import IMAC, load_design
from cosim.errors import DesignError
from cosim.macros import KINDS, macro_kind, macro_specs
from cosim.mixed.design import KIND as MIXED
from cosim.sttbsnn.chip import KIND as STT_CHIP
from cosim.sttbsnn.chip import load_stt_chip
from cosim.sttbsnn.design import load_bsnn

PACKAGE = Path(__file__).resolve().parents[2] / "cosim"
GENERAL = ("bridge", "report", "energy", "trace")


@pytest.mark.parametrize("folder", GENERAL)
def test_bridge_ledger_and_report_name_no_kind_of_macro(folder: str) -> None:
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        found = re.search(r"(?i)\b(imac|stt|bsnn|mixed_)\w*", path.read_text())
        assert found is None, f"{path.name} says {found[0]}"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_function_that_a_kind_names_is_there(kind: str) -> None:
    about = KINDS[kind]
    for function in (about.factory, about.probes, about.loader, about.sampler):
        assert callable(named(function))
    assert set(about.about) == {"name", "title", "swings", "limits"}


def test_kinds_are_those_of_their_design_files() -> None:
    assert set(KINDS) == {IMAC, MIXED, STT_CHIP}


def test_a_macro_of_the_cpu_alone_loads_no_engine_of_another() -> None:
    code = "import sys, cosim.macros; print(*sorted(m for m in sys.modules if 'cosim' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name for name in done.stdout.split() if re.search("sttbsnn|mixed", name)}


def test_pins_of_a_stack_are_those_that_the_chip_has_by_default() -> None:
    design = load_design("imac_14nm")
    parameters = macro_kind(design).pins(design, (400, 120, 84, 10)).parameters
    assert {name: regmap.DEFAULT_PARAMETERS[name] for name in parameters} == parameters


def test_pins_of_a_tile_are_its_rows_and_codes() -> None:
    design = load_stt_chip("snn_65nm")
    pins = macro_kind(design).pins(design, (576, 32))
    assert pins.widths["aux"] == 32 * design.threshold.bits
    assert pins.widths["code"] == 32
    assert pins.input_pins(576)[-1] == "strobe"
    assert pins.code_pins[31] == "spike[31]"


def test_macros_get_what_each_of_them_will_see(tmp_path: Path) -> None:
    design = load_stt_chip("snn_65nm")
    specs = macro_specs(design, tmp_path, (576, 32), count=2, foreseen_by=[("1",), ("2",)], die=3)
    assert [spec.name for spec in specs] == ["stt0", "stt1"]
    assert [spec.foreseen for spec in specs] == [("1",), ("2",)]
    assert specs[0].die != specs[1].die


def test_a_design_without_a_chip_is_refused() -> None:
    with pytest.raises(DesignError, match="no macro of kind stt_bsnn fits into the chip"):
        macro_kind(load_bsnn("stt_bsnn_65nm"))
