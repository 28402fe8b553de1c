# SPDX-License-Identifier: Apache-2.0
"""build : turns Verilog into a simulator program, once per content.

`verilate` makes a program that runs cocotb itself, `compile_icarus` a file for vvp, `verilate_bare`
the same model without VPI, for speed comparisons. Results lie under the cache folder, named by a
hash of everything that went in: files, parameters, flags, tool and compiler versions.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from cosim import tools
from cosim.errors import RtlError, ToolError, UserInputError

__all__ = ["Rtl", "Simulator", "TraceKind", "build", "compile_icarus", "verilate", "verilate_bare"]

log = logging.getLogger(__name__)

Simulator = Literal["verilator", "icarus"]
TraceKind = Literal["fst", "saif"]  # one build writes one of them

NATIVE = Path(__file__).resolve().parent / "native"
BUILD_TIMEOUT_S = 2400.0  # a netlist of the CPU with its trace, on a busy machine
# Measured on the SoC: -O3 with the machine's own instructions; the cold code (constructors, VPI
# tables) is compiled fast instead. `--x-assign fast` and `--x-initial fast`: two-state models start
# at 0; X is Icarus's business.
MODEL_FLAGS = ("-O3", "--x-assign", "fast", "--x-initial", "fast", "--timing", "-Wno-fatal")
COMPILE_FLAGS = ("OPT_FAST=-O3 -march=native", "OPT_GLOBAL=-O2 -march=native", "OPT_SLOW=-O0")


@dataclass(frozen=True, kw_only=True)
class Rtl:
    """One design: its top module, its files, and the signals that Python reads and writes.

    `read` and `write` name signals of the top module, `module.signal` elsewhere; `*` stands for any
    text. Each costs speed on Verilator, where no other signal is visible. `timescale` holds for
    files that state none; the precision is 1 ps at least. With `clock_ps` a design whose top module
    has a port i_clk where SIM_CLOCK_PORT is defined gets its clock from the main program under
    Verilator, without a trip through the queue of events.
    """

    top: str
    sources: tuple[Path, ...]
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ("*",)
    parameters: Mapping[str, int | str] = field(default_factory=dict)
    defines: Mapping[str, int | str] = field(default_factory=dict)
    includes: tuple[Path, ...] = ()
    timescale: str = "1ns/1ps"
    trace: TraceKind | None = None
    clock_ps: int | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w+", self.top):
            raise UserInputError(f"top module must be a Verilog name, got {self.top!r}")
        for path in self.sources:
            if not path.is_file():
                raise UserInputError(f"{self.top}: there is no file {path}")


def build(simulator: Simulator, rtl: Rtl) -> Path:
    """The program (Verilator) or vvp file (Icarus) of a design."""
    return verilate(rtl) if simulator == "verilator" else compile_icarus(rtl)


def verilate(rtl: Rtl) -> Path:
    """A program that runs `rtl` under cocotb (started by launch.py)."""
    from cocotb_tools import config  # noqa: PLC0415 - cosim stays light to import

    native = sorted(NATIVE.glob("*"))
    libs = Path(config.libs_dir)
    link = f"-Wl,--export-dynamic-symbol=cosim_* -Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator"
    flags = ("--vpi", "-LDFLAGS", link, *((f"--trace-{rtl.trace}",) if rtl.trace else ()))
    mains = [NATIVE / "main.cpp", NATIVE / "bridge.cpp"]
    if rtl.trace:
        mains.append(NATIVE / "tracer.cpp")
    return _verilated(rtl, flags, mains, native, visible=True)


def verilate_bare(rtl: Rtl) -> Path:
    """The same model under a plain C++ loop: no VPI, nothing visible. Prints its loop's seconds."""
    return _verilated(
        rtl, (), [NATIVE / "bare.cpp"], [NATIVE / "bare.cpp", NATIVE / "clock.h"], visible=False
    )


def _verilated(
    rtl: Rtl, flags: Sequence[str], mains: Sequence[Path], hashed: Sequence[Path], *, visible: bool
) -> Path:
    tool = tools.verilator()
    published = _publish(rtl) if visible else ""
    settings = (flags, MODEL_FLAGS, COMPILE_FLAGS, published, tool.version, _machine())
    folder = tools.cache_dir() / "build" / f"{rtl.top}-{_key(rtl, hashed, settings)}"
    program = folder / "sim"
    if program.exists():
        return program
    if " " in str(folder):
        raise ToolError(f"Verilator cannot build in a path with spaces ({folder}): set COSIM_CACHE")
    with tools.file_lock(folder.with_suffix(".lock")):
        if program.exists():
            return program
        work = folder.with_suffix(".work")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        (work / "visible.vlt").write_text(published)
        argv = [str(tool.bin), *tool.args, "--cc", "--exe", *MODEL_FLAGS, *flags]
        argv += ["--prefix", "Vtop", "--top-module", rtl.top, "-Mdir", str(work)]
        argv += ["--timescale", rtl.timescale, "--timescale-override", "/1ps"]
        argv += [f"-G{name}={_number(value)}" for name, value in rtl.parameters.items()]
        argv += [f"-D{name}={value}" for name, value in rtl.defines.items()]
        if rtl.clock_ps is not None:
            argv += ["-DSIM_CLOCK_PORT", "-CFLAGS", f"-DCOSIM_CLOCK_PS={rtl.clock_ps}"]
        argv += [f"-I{path}" for path in rtl.includes]
        argv += [str(path) for path in mains]
        argv += [str(work / "visible.vlt")] if visible else []
        argv += [str(path) for path in rtl.sources]
        log.info("verilating %s", rtl.top)
        _run(argv, tool.env, f"{rtl.top} does not build", work)
        # The wheel was configured on another machine: every program it names is replaced.
        make = [
            "make",
            "-C",
            str(work),
            "-f",
            "Vtop.mk",
            "-j2",
            "Vtop",
            f"PYTHON3={sys.executable}",
        ]
        # Large models are compiled in parts with a common header.
        make += ["CXX=g++", "LINK=g++", "AR=ar", "CFG_CXXFLAGS_PCH_I=-include", *COMPILE_FLAGS]
        _run(make, tool.env, f"the C++ of {rtl.top} does not build", work)
        folder.mkdir(exist_ok=True)
        (work / "Vtop").replace(program)
        shutil.rmtree(work, ignore_errors=True)
    return program


def compile_icarus(rtl: Rtl) -> Path:
    """A vvp file of `rtl`. Every signal is visible."""
    iverilog = tools.iverilog()
    settings = (str(iverilog), tools.program_version([str(iverilog), "-V"]))
    folder = tools.cache_dir() / "build" / f"{rtl.top}-{_key(rtl, (), settings)}"
    program = folder / "sim.vvp"
    if program.exists():
        return program
    with tools.file_lock(folder.with_suffix(".lock")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.f").write_text(f"+timescale+{rtl.timescale}\n")
        partial = folder / "sim.part"
        argv = [str(iverilog), "-g2012", "-o", str(partial), "-s", rtl.top]
        argv += ["-c", str(folder / "settings.f")]
        argv += [f"-P{rtl.top}.{name}={_icarus_value(v)}" for name, v in rtl.parameters.items()]
        argv += [f"-D{name}={value}" for name, value in rtl.defines.items()]
        argv += [f"-I{path}" for path in rtl.includes]
        argv += [str(path) for path in rtl.sources]
        _run(argv, {}, f"{rtl.top} does not build", folder)
        partial.replace(program)
    return program


def _icarus_value(value: int | str) -> str:
    return _number(value) if isinstance(value, int) else f'"{value}"'


def _number(value: int | str) -> str:
    """As Verilog takes it: unsized numbers have 32 bits."""
    if isinstance(value, int) and value.bit_length() > 31:
        return f"{value.bit_length()}'h{value:x}"
    return str(value)


def _publish(rtl: Rtl) -> str:
    """The Verilator control file that makes exactly the asked signals visible to VPI."""
    lines = ["`verilator_config"]
    for verb, names in (("public_flat_rd", rtl.read), ("public_flat_rw", rtl.write)):
        for name in names:
            module, _, signal = name.rpartition(".")
            lines.append(f'{verb} -module "{module or rtl.top}" -var "{signal}"')
    return "\n".join(lines) + "\n"


def _key(rtl: Rtl, native: Iterable[Path], settings: object) -> str:
    digest = hashlib.sha256(
        repr(
            (
                rtl.top,
                sorted(rtl.parameters.items()),
                sorted(rtl.defines.items()),
                rtl.timescale,
                rtl.trace,
                rtl.clock_ps,
                settings,
            )
        ).encode()
    )
    headers = [path for folder in rtl.includes for path in sorted(folder.glob("*.*v*h"))]
    for path in (*rtl.sources, *headers, *native):
        data = path.read_bytes()
        digest.update(f"{path.name} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


@cache
def _machine() -> tuple[str, ...]:
    """What `-march=native` and the linked libraries depend on."""
    lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    flags = next((line for line in lines if line.startswith("flags")), "")
    gxx = shutil.which("g++")
    if gxx is None:
        raise ToolError("g++ is not on PATH: run `make setup`, or `apt-get install g++`")
    if shutil.which("make") is None:
        raise ToolError("make is not on PATH: `apt-get install make`")
    version = tools.program_version([gxx, "-dumpfullversion"])
    return (platform.machine(), flags, version, metadata.version("cocotb"), sys.prefix)


def _run(argv: Sequence[str], env: Mapping[str, str], what: str, folder: Path) -> None:
    """Run a build step; its output is kept beside the result, its first complaint is the error."""
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, **env},
            timeout=BUILD_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise RtlError(f"{what}: no end after {BUILD_TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise ToolError(f"cannot start {argv[0]}: {error.strerror}") from error
    output = done.stdout + done.stderr
    with (folder / "build.log").open("a") as handle:
        handle.write(" ".join(argv) + "\n" + output)
    if done.returncode != 0:
        raise RtlError(f"{what}: {_first_error(output)} (all of it in {folder / 'build.log'})")


def _first_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        if re.search(r"\berror\b|%Error|undefined reference|No such file", line, re.IGNORECASE):
            return line
    return lines[-1] if lines else "no message"
