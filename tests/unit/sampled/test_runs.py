# SPDX-License-Identifier: Apache-2.0
"""test_runs : a short run that does not end is ended, one that cannot start is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cosim.bridge.soc import SocRun
from cosim.design import load_design
from cosim.errors import RtlError
from cosim.image.build import Image
from cosim.macros import macro_specs
from cosim.sampled.runs import alone

LIMIT_S = 0.2


def started(program: Path, folder: Path) -> None:
    design = load_design("imac_14nm")
    image = Image(elf=folder / "a.elf", hex=folder / "a.hex", manifest={})
    macros = macro_specs(design, folder / "design.yaml", (400, 120, 84, 10))
    run = SocRun(image=image.hex, run_dir=folder, macros=macros, wall_limit_s=LIMIT_S)
    alone(image, run, program)


def script(folder: Path, text: str) -> Path:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_simulator_that_does_not_end_is_ended(tmp_path: Path) -> None:
    begin_s = time.monotonic()
    with pytest.raises(RtlError, match="did not end by itself within"):
        started(script(tmp_path, "exec sleep 60"), tmp_path)
    assert time.monotonic() - begin_s < 30


def test_a_simulator_that_writes_nothing_is_told_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(RtlError, match=r"did not start: see .*sim\.log"):
        started(script(tmp_path, "echo no memory; exit 3"), tmp_path)
    assert (tmp_path / "sim.log").read_text() == "no memory\n"


def test_a_simulator_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RtlError, match="did not start"):
        started(tmp_path / "none", tmp_path)
