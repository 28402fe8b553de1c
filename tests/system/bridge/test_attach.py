# SPDX-License-Identifier: Apache-2.0
"""test_attach : any macro on any design, on both simulators; the cases are in attach_cases.py."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from cosim.bridge.build import Rtl, Simulator, build
from cosim.bridge.launch import run_cocotb

HERE = Path(__file__).resolve().parent
CASES = 9  # tests in attach_cases.py that run on both simulators


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_free_running_macros(simulator: Simulator, tmp_path: Path) -> None:
    rtl = Rtl(top="attach_dut", sources=(HERE / "attach_dut.v",), write=("*",))
    program = build(simulator, rtl)
    run_cocotb(
        simulator,
        program,
        top="attach_dut",
        module="attach_cases",
        folder=tmp_path,
        wall_limit_s=120,
    )
    log = (tmp_path / "sim.log").read_text()
    cases = list(ElementTree.parse(tmp_path / "results.xml").iter("testcase"))
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    skipped = [case.get("name") for case in cases if case.find("skipped") is not None]
    assert not failed, f"{failed}\n{log[-4000:]}"
    assert len(cases) - len(skipped) == CASES + (simulator == "icarus")
