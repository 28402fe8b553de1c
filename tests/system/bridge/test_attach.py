# SPDX-License-Identifier: Apache-2.0
"""test_attach : any macro on any design, and cocotb itself, on both simulators.

The cases are in attach_cases.py and kernel_cases.py.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from cosim.bridge.build import Rtl, Simulator, build
from cosim.bridge.launch import run_cocotb

HERE = Path(__file__).resolve().parent
ATTACH_CASES, KERNEL_CASES = 9, 6  # tests that run on both simulators


def run_cases(simulator: Simulator, top: str, module: str, folder: Path) -> int:
    """Run the cocotb tests of `module`; the number that ran. Fails with the log if one failed."""
    rtl = Rtl(top=top, sources=(HERE / f"{top}.v",), write=("*",))
    program = build(simulator, rtl)
    run_cocotb(simulator, program, top=top, module=module, folder=folder, wall_limit_s=120)
    log = (folder / "sim.log").read_text()
    cases = list(ElementTree.parse(folder / "results.xml").iter("testcase"))
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert not failed, f"{failed}\n{log[-4000:]}"
    return sum(case.find("skipped") is None for case in cases)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_free_running_macros(simulator: Simulator, tmp_path: Path) -> None:
    ran = run_cases(simulator, "attach_dut", "attach_cases", tmp_path)
    assert ran == ATTACH_CASES + (simulator == "icarus")


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_cocotb_works_as_it_says(simulator: Simulator, tmp_path: Path) -> None:
    assert run_cases(simulator, "kernel_dut", "kernel_cases", tmp_path) == KERNEL_CASES


def test_a_build_with_traces_writes_an_fst(tmp_path: Path) -> None:
    rtl = Rtl(top="kernel_dut", sources=(HERE / "kernel_dut.v",), write=("*",), trace="fst")
    run_cocotb(
        "verilator",
        build("verilator", rtl),
        top="kernel_dut",
        module="kernel_cases",
        folder=tmp_path,
        plusargs=[f"trace={tmp_path / 'trace.fst'}"],
        wall_limit_s=120,
    )
    data = (tmp_path / "trace.fst").read_bytes()
    assert len(data) > 200
    assert data[:1] == b"\0"  # an FST begins with its header block
