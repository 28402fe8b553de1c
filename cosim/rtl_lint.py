# SPDX-License-Identifier: Apache-2.0
"""rtl_lint : reads the RTL with three tools that disagree; a warning of any of them is an error.

Icarus and Verilator read everything under its simulation top, Yosys the chip alone: what it cannot
build as gates, or finds undriven, is not synthesisable.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cosim import gen, tools
from cosim.errors import RtlError

__all__ = ["lint_rtl", "rtl_files"]

SIM_TOP, CHIP_TOP = "sim_top", "soc_top"
PARTS = ("-GPROFILE=1", "-GCALLS=1", "-GWINDOW=1", "-GEXT_WORDS=4096")  # built in on demand
WHOLE = f"chparam -set EXT_WORDS 4096 {CHIP_TOP}; "  # with external memory
TOGETHER = {  # tops that the chip does not have by default, and their folders
    "mixed_macro": ("imac", "neuron", "mixed"),
    "stt_shell": ("imac", "stt"),
}
TIMEOUT_S = 300


def rtl_files(root: Path) -> list[Path]:
    """The files that rtl/files.f names, in its order."""
    try:
        lines = (root / "rtl" / "files.f").read_text().splitlines()
    except OSError as error:
        raise RtlError(f"cannot read {error.filename}: {error.strerror}") from error
    return [
        root / line.strip() for line in lines if line.strip() and line.lstrip()[0] not in "#/+-"
    ]


def lint_rtl(root: Path | None = None) -> Iterator[str]:
    """Each reader's name once it is content; RtlError with the first complaint otherwise."""
    root = root or tools.repo_root()
    sources = rtl_files(root)
    with tempfile.TemporaryDirectory(prefix="cosim-lint-") as folder:
        gen.write_all(Path(folder))
        folders = sorted({folder, *(str(path.parent) for path in sources)})
        includes = [f"-I{path}" for path in folders]
        names = [str(path) for path in sources]
        icarus = [str(tools.iverilog()), "-g2005", "-Wall", "-Wno-timescale", "-t", "null"]
        _quiet("icarus", [*icarus, *includes, "-s", SIM_TOP, *names], root)
        for top, parts in TOGETHER.items():
            _quiet("icarus", [*icarus, *includes, "-s", top, *_files(root, parts)], root)
        yield "Icarus"
        verilator = tools.verilator()
        read = [
            str(verilator.bin),
            "--lint-only",
            "--quiet",
            "--timing",
            "--timescale",
            "1ns/1ps",
            "-Wall",
            "--language",
            "1364-2005",
        ]
        waivers = [str(path) for path in (root / "rtl" / "lint.vlt",) if path.exists()]
        argv = [*read, *includes, "--top-module", SIM_TOP, *PARTS, *waivers, *names]
        _quiet("verilator", argv, root, verilator.env)
        for top, parts in TOGETHER.items():
            argv = [*read, *includes, "--top-module", top, *waivers, *_files(root, parts)]
            _quiet("verilator", argv, root, verilator.env)
        yield "Verilator"
        chip = " ".join(str(path) for path in sources if path.parent.name != "sim")
        tops = [(CHIP_TOP, f"{' '.join(includes)} {chip}")]
        for top, parts in TOGETHER.items():
            tops.append((top, f"{' '.join(includes)} {' '.join(_files(root, parts))}"))
        for top, files in tops:
            script = f"read_verilog {files}; {WHOLE if top == CHIP_TOP else ''}"
            script += f"hierarchy -check -top {top}; proc; check -assert"
            _quiet("yosys", [str(tools.yosys()), "-q", "-e", ".", "-p", script], root)
        yield "Yosys"


def _files(root: Path, parts: Sequence[str]) -> list[str]:
    return [str(path) for part in parts for path in sorted((root / "rtl" / part).glob("*.v"))]


def _quiet(
    reader: str, argv: Sequence[str], root: Path, env: Mapping[str, str] | None = None
) -> None:
    """Run a reader that has nothing to say about good RTL."""
    done = subprocess.run(
        list(argv),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=TIMEOUT_S,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode != 0 or lines:
        first = lines[0] if lines else f"exit {done.returncode}"
        raise RtlError(f"{reader}: {first.replace(f'{root}/', '')} ({len(lines)} lines)")
