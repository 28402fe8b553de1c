# SPDX-License-Identifier: Apache-2.0
"""test_imac_lint : no simulator warns about the co-processor, at any size, without a waiver."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

import pytest
from rtl_runner import COPROCESSOR, GEN, RTL

from cosim import gen
from cosim.tools import iverilog, verilator

SIZES: list[dict[str, int]] = [
    {},
    {"N_MACRO": 2},
    {"N_MACRO": 3, "IN_W": 40, "OUT_N": 5, "ADC_BITS": 6, "PROG_AW": 4, "CYC_W": 5, "ID_W": 3},
    {"IN_W": 1, "OUT_N": 1, "ADC_BITS": 1},
]


def sources() -> list[str]:
    """The co-processor's files."""
    return [str(p) for block in COPROCESSOR for p in sorted((RTL / block).glob("*.v"))]


def output_of(argv: list[str], env: Mapping[str, str] | None = None) -> str:
    """What a tool says; fails with it when the tool fails."""
    gen.write_all(GEN)
    full_env = {**os.environ, **(env or {})}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=full_env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("sizes", SIZES)
def test_icarus_says_nothing(sizes: dict[str, int]) -> None:
    given = [f"-Pimac_xif.{name}={value}" for name, value in sizes.items()]
    argv = [str(iverilog()), "-g2005", "-Wall", f"-I{GEN}", "-s", "imac_xif", "-o", os.devnull]
    assert output_of([*argv, *given, *sources()]) == ""


@pytest.mark.parametrize("sizes", SIZES)
def test_verilator_warns_of_nothing(sizes: dict[str, int]) -> None:
    tool = verilator()
    given = [f"-G{name}={value}" for name, value in sizes.items()]
    argv = [str(tool.bin), "--lint-only", "-Wall", "--language", "1364-2005", f"-I{GEN}"]
    said = output_of([*argv, "--top-module", "imac_xif", *given, *sources()], tool.env)
    assert "%Warning" not in said, said
