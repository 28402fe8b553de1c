# SPDX-License-Identifier: Apache-2.0
"""test_layering : imports follow the data flow, and `import cosim` stays light.

Every import is read from the source, those inside functions too; an arrow that is not in ALLOWED
fails. To add one, change the table and say why beside it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "cosim"

BASE = {"errors", "units", "regmap", "gen", "tools"}
# stage -> the stages it may import besides itself, in data-flow order
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "units": set(),
    "regmap": set(),
    "gen": {"regmap"},
    "tools": {"errors"},
    "setup": set(),  # runs before anything is installed
    "design_file": {"errors"},
    "design_section": set(),
    "design_device": {"design_section"},
    "design_energy": {"design_section"},
    "design_macro": {"design_section", "design_energy"},
    "design_memory": {"design_section"},
    "design_variation": {"design_section"},
    "design": {"errors", "design_file", "design_section"}
    | {"design_device", "design_energy", "design_macro", "design_memory", "design_variation"},
    "model": BASE,
    "mapping": BASE | {"design", "design_device", "model"},
    "image": BASE | {"model", "mapping"},
    "analog": BASE | {"design", "design_variation", "model", "mapping"},
    "sttbsnn": BASE
    | {"design", "design_section", "mapping", "model", "analog"},  # another macro's circuits
    "mixed": BASE
    | {"design", "design_section", "model", "mapping", "analog"},  # crossbars, converters
    # training with the circuit in the loop: torch in model, circuits in analog, this joins them
    "train_circuit": BASE | {"applications", "design", "model", "analog"},
    "train_mlp": BASE | {"design", "model", "analog"},
    "train_mixed": BASE | {"model", "mixed", "train_mlp"},  # the same for the other macro
    "trace": {"errors", "units"},  # the records that the bridge writes and reports read
    "bridge": BASE | {"design", "mapping", "analog", "trace"},
    "report": {"errors", "units", "trace"},
    "study": BASE
    | {"design", "model", "mapping", "analog", "sttbsnn", "mixed"}
    | {"api", "applications"},  # what firmware costs is measured in runs
    "energy": BASE | {"design", "trace"},  # activity of the RTL times the design's constants
    "macros": BASE | {"design", "bridge", "sttbsnn", "mixed"},  # kinds of macro
    "rtl_lint": BASE,
    "applications": {"errors"},
    "doctor": BASE | {"model", "rtl_lint"},
    "flow": BASE
    | {"design", "model", "mapping", "image", "analog", "bridge", "trace", "energy", "report"}
    | {"applications", "design_memory", "macros", "mixed", "sttbsnn"},
    "sampled": BASE
    | {"macros", "report", "trace"}
    | {"applications", "bridge", "design", "energy", "flow", "image", "model"},
    "api": {"applications", "errors", "flow", "trace", "report"},  # the commands as calls
    "golden": {"errors"},
    "macro_bench": {"errors", "design", "analog"},
    "pytest": BASE | {"api", "bridge", "golden", "macro_bench"},  # the plugin
    "bench": BASE
    | {"design", "model", "mapping", "image", "analog", "bridge", "trace", "flow"}
    | {"study"},  # its charts
    # one module a published system: each may use whatever makes its figures
    "reproduce": BASE
    | {"design", "model", "mapping", "analog", "sttbsnn", "bridge", "trace", "report", "flow"}
    | {"api", "applications", "energy", "mixed", "sampled", "study"},
    "cli": BASE
    | {"design", "model", "mapping", "image", "analog", "bridge", "trace", "report"}
    | {"applications", "doctor", "flow", "rtl_lint", "bench", "study", "api"}
    | {"reproduce", "sampled", "sttbsnn", "mixed"},
}
# package -> the stages that may import it
GUARDED: dict[str, set[str]] = {
    "cocotb": {"bridge"},
    "cocotb_tools": {"bridge"},
    "torch": {"model"},
    "mlxtend": {"model"},
    "matplotlib": {"study"},
    "plotly": set(),
    "jinja2": {"report"},
    "openvaf_py": set(),
    "badcrossbar": {"bench"},
    "rich": {"cli", "report"},
    "typer": {"cli"},
    "jsonschema": {"trace"},
    "pytest": {"pytest"},
}
HEAVY = ("cocotb", "matplotlib", "torch", "mlxtend", "pandas", "scipy", "numpy", "pydantic", "rich")


def stage_of(path: Path) -> str:
    """`cosim/doctor_probes.py` belongs to doctor, `cosim/trace/events.py` to trace."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return next((stage for stage in ("doctor", "flow", "cli") if first.startswith(stage)), first)


def imports(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything imported anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def complaints(path: Path, text: str) -> list[str]:
    stage = stage_of(path)
    where = path.relative_to(ROOT)
    if stage == "__init__":
        return []
    if stage not in ALLOWED:
        return [f"{where}: stage {stage} is not in the table"]
    found = []
    for line, name in imports(ast.parse(text), path.parent.relative_to(ROOT).parts):
        top, *rest = name.split(".")
        if top == "cosim" and rest:
            target = stage_of(PACKAGE / rest[0])
            if target in ALLOWED and target != stage and target not in ALLOWED[stage]:
                found.append(f"{where}:{line}: {stage} must not import {target}")
        elif top in GUARDED and stage not in GUARDED[top]:
            found.append(f"{where}:{line}: {stage} must not import {top}")
        elif stage == "setup" and top not in sys.stdlib_module_names:
            found.append(f"{where}:{line}: setup runs before {top} is installed")
    return found


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_data_flow(path: Path) -> None:
    assert complaints(path, path.read_text()) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("model/x.py", "import cosim.bridge.soc"),
        ("trace/x.py", "from cosim import bridge"),
        ("mapping/x.py", "def f():\n    from cosim.image.build import build_image"),
        ("image/x.py", "from ..analog import ngspice"),
        ("analog/x.py", "import cocotb"),
        ("setup/x.py", "import numpy"),
        ("unheard_of.py", "import os"),
    ],
)
def test_a_wrong_arrow_is_found(file: str, text: str) -> None:
    assert len(complaints(PACKAGE / file, text)) == 1


def test_only_analog_and_doctor_start_a_circuit_simulator() -> None:
    users = {
        stage_of(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "ngspice"
        and isinstance(node.value, ast.Name)
        and node.value.id == "tools"
    }
    # bridge: plain `ngspice -b` as the yardstick of its lag figure; flow: only notes the version
    assert users <= {"analog", "doctor", "bridge", "flow"}, users


def test_only_the_command_line_and_set_up_print() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and stage_of(path) not in {"cli", "setup"}
    }
    assert users == set()


LIGHT: dict[str, set[str]] = {  # module -> what of HEAVY it may load
    "cosim": set(),
    "cosim.cli": {"rich"},  # typer itself loads it
    "cosim.flow": {"numpy", "pydantic"},  # every run pays for this, and its simulator's process:
    "cosim.analog.fast": {"numpy", "pydantic"},  # SciPy would cost both a second
    "cosim.report.write": {"numpy", "pydantic", "rich"},
}


@pytest.mark.parametrize("module", sorted(LIGHT))
def test_import_is_light(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded <= LIGHT[module]


def test_every_public_list_is_sorted_and_true() -> None:
    for path in sources():
        tree = ast.parse(path.read_text())
        names = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        if "__all__" not in names:
            continue
        public = ast.literal_eval(names["__all__"])
        defined = set(names) | {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        }
        defined |= {
            node.target.id
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        }
        defined |= {
            alias.asname or alias.name
            for node in ast.walk(tree)  # also those a module hands out lazily
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        where = path.relative_to(ROOT)
        assert set(public) <= defined, f"{where}: {sorted(set(public) - defined)}"
        upper_first = sorted(public, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
        assert list(public) in (sorted(public), upper_first), f"{where}: __all__ is not sorted"
