# SPDX-License-Identifier: Apache-2.0
"""test_stt_steps : the step sequencer with a spiking tile behind it, spikes at their own times.

The cases are in stt_cases.py: the bridge knows nothing of this macro but its description.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cosim import tools
from cosim.bridge.build import Rtl, Simulator, build
from cosim.bridge.launch import run_cocotb

HERE = Path(__file__).resolve().parent
RTL = tools.repo_root() / "rtl" / "stt" / "stt_steps.v"


@pytest.mark.system
@pytest.mark.parametrize(
    ("simulator", "engine"),
    [
        ("icarus", "fast"),
        pytest.param("verilator", "fast", marks=pytest.mark.slow),
        pytest.param("icarus", "ngspice", marks=[pytest.mark.slow, pytest.mark.spice]),
    ],
)
def test_a_tile_spikes_as_whole_numbers_say(
    simulator: Simulator, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STT_ENGINE", engine)
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])
    rtl = Rtl(top="stt_dut", sources=(RTL, HERE / "stt_dut.v"), write=("*",))
    program = build(simulator, rtl)
    run_cocotb(
        simulator, program, top="stt_dut", module="stt_cases", folder=tmp_path, wall_limit_s=300
    )
    cases = list(ElementTree.parse(tmp_path / "results.xml").iter("testcase"))
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert not failed, f"{failed}\n{(tmp_path / 'sim.log').read_text()[-4000:]}"
    assert len(cases) == 1
