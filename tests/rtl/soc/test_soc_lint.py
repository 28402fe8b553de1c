# SPDX-License-Identifier: Apache-2.0
"""test_soc_lint : Icarus, Verilator and Yosys have nothing to say about the chip."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rtl_runner import COPROCESSOR, GEN, ROOT, RTL, file_list

from cosim import gen
from cosim.tools import iverilog, verilator, yosys

INCLUDES = [f"-I{GEN}", f"-I{RTL / 'cpu'}"]
CHIP = ("cpu", *COPROCESSOR, "soc")
TILES = {"MACRO_KIND": 2, "IN_W": 576, "AUX_W": 384, "OUT_N": 32, "ADC_BITS": 1, "STEPS": 2}
SIZES: list[dict[str, int]] = [{}, {"N_MACRO": 2, "RAM_WORDS": 4096, "EXT_WORDS": 8192}, TILES]
LINES_MAX = 300  # per file
PARTS = ("-GPROFILE=1", "-GCALLS=1", "-GWINDOW=1", "-GEXT_WORDS=4096")  # built in on demand


def said(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """What a tool says about the sources; fails with it when the tool fails."""
    gen.write_all(GEN)
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def sources(*folders: str) -> list[str]:
    return [str(path) for path in file_list(*folders)]


def test_the_file_list_is_complete() -> None:
    listed = file_list()
    assert len(listed) == len(set(listed))
    assert set(listed) == set(RTL.rglob("*.v"))


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("top", ["soc_top", "sim_top"])
def test_icarus_says_nothing(top: str, sizes: dict[str, int]) -> None:
    folders = CHIP if top == "soc_top" else (*CHIP, "sim")
    given = [f"-P{top}.{name}={value}" for name, value in sizes.items()]
    flags = ["-g2005", "-Wall", "-Wno-timescale", *INCLUDES, "-s", top, "-o", os.devnull]
    assert said([str(iverilog()), *flags, *given, *sources(*folders)]) == ""


@pytest.mark.parametrize("sizes", SIZES)
def test_verilator_warns_of_nothing(sizes: dict[str, int]) -> None:
    tool = verilator()
    given = [f"-G{name}={value}" for name, value in sizes.items()]
    argv = [str(tool.bin), "--lint-only", "-Wall", "--language", "1364-2005", *INCLUDES]
    argv += ["--top-module", "soc_top", *given, str(RTL / "lint.vlt"), *sources(*CHIP)]
    text = said(argv, tool.env)
    assert "%Warning" not in text, text


@pytest.mark.parametrize("more", [(), ("-DSIM_CLOCK_PORT",)])
def test_verilator_warns_of_nothing_in_the_simulation_top(more: tuple[str, ...]) -> None:
    tool = verilator()
    argv = [str(tool.bin), "--lint-only", "-Wall", "--timing", "--language", "1364-2005", *more]
    argv += [*INCLUDES, "--timescale", "1ps/1ps", "--top-module", "sim_top", *PARTS]
    text = said([*argv, str(RTL / "lint.vlt"), *sources(*CHIP, "sim")], tool.env)
    assert "%Warning" not in text, text


def test_every_waiver_is_needed(tmp_path: Path) -> None:
    """Without the waivers, Verilator complains once about each; none is left over."""
    tool = verilator()
    rules = [
        line for line in (RTL / "lint.vlt").read_text().splitlines() if line.startswith("lint_off")
    ]
    for rule in rules:
        others = tmp_path / "others.vlt"
        kept = [other for other in rules if other != rule]
        others.write_text("\n".join(["`verilator_config", *kept, ""]))
        argv = [str(tool.bin), "--lint-only", "-Wall", "--language", "1364-2005", *INCLUDES]
        if '"*/sim_' in rule:
            argv += ["--timing", "--timescale", "1ps/1ps", "--top-module", "sim_top", *PARTS]
            argv += ["-Wno-fatal", str(others), *sources(*CHIP, "sim")]
        else:
            argv += ["--top-module", "soc_top", "-Wno-fatal", str(others), *sources(*CHIP)]
        assert "%Warning" in said(argv, tool.env), f"not needed: {rule}"


@pytest.mark.parametrize("ext_words", [0, 4096])
def test_yosys_finds_no_problem_and_no_latch(ext_words: int) -> None:
    files = " ".join(sources(*CHIP))
    script = (
        f"read_verilog {' '.join(INCLUDES)} {files}; chparam -set EXT_WORDS {ext_words} soc_top; "
        "hierarchy -check -top soc_top; proc; "
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr; check -assert"
    )
    text = said([str(yosys()), "-Q", "-T", "-p", script])
    assert "Found and reported 0 problems." in text
    assert not re.findall(r"^Warning: .*", text, re.MULTILINE)


def test_files_are_short_and_say_what_they_are_for() -> None:
    for path in file_list():
        lines = path.read_text().splitlines()
        assert len(lines) <= LINES_MAX, f"{path.name}: {len(lines)} lines"
        assert re.match(rf"// {path.name} : \S", lines[0]), path.name
        assert lines[1] == "// SPDX-License-Identifier: Apache-2.0", path.name
        assert "`default_nettype none" in lines, path.name
        assert lines[-1] == "`default_nettype wire", path.name
        assert "\t" not in path.read_text(), path.name
