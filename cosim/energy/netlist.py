# SPDX-License-Identifier: Apache-2.0
"""netlist : the CPU as gates, by Yosys: a netlist to simulate, and its cells to count.

The gates come as module `rv_core_gates`; a shell of the name rv_core gives them the ports of the
RTL, the retirement port silent. Kept in build/gates-<hash>, named by everything that went in.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cosim import tools
from cosim.errors import RtlError, ToolError

__all__ = ["Cell", "Gates", "core_gates", "parse_gates"]

TOP = "rv_core"
GATES = "rv_core_gates"
SILENT = "rvfi_"  # ports that serve checking benches and are open in the chip
TIMEOUT_S = 900.0
# Cells of Yosys -> cells of cosim/analog/gate_energy.py; every kind of flip-flop is one.
FLOP = re.compile(r"\$_S?DFF")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One gate or flip-flop and the name of the net it drives."""

    kind: str
    net: str


@dataclass(frozen=True, kw_only=True)
class Gates:
    """`sources` replace rtl/cpu in a simulation; `cells` are what they hold."""

    sources: tuple[Path, ...]
    cells: tuple[Cell, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(cell.kind for cell in self.cells)


def core_gates(sources: Sequence[Path], includes: Sequence[Path]) -> Gates:
    """The CPU's Verilog `sources` as gates; seconds the first time, nothing after."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in (*sources, *(p for folder in includes for p in sorted(folder.glob("*.vh")))):
        digest.update(path.name.encode() + path.read_bytes())
    folder = tools.build_dir() / f"gates-{digest.hexdigest()[:16]}"
    names = [folder / name for name in ("gates.v", "rv_core.v", "gates.json")]
    if not all(path.is_file() for path in names):
        folder.mkdir(parents=True, exist_ok=True)
        _synthesise(sources, includes, folder)
    gates, shell, listing = names
    return Gates(sources=(gates, shell), cells=parse_gates(json.loads(listing.read_text())))


def _synthesise(sources: Sequence[Path], includes: Sequence[Path], folder: Path) -> None:
    flags = " ".join(f"-I{path}" for path in includes)
    script = "; ".join(
        [
            f"read_verilog {flags} {' '.join(map(str, sources))}",
            f"hierarchy -check -top {TOP}",
            "proc; flatten",
            f"write_json {folder / 'ports.json'}",
            f"delete -port {TOP}/w:{SILENT}*",
            f"opt_clean -purge; synth -top {TOP}; splitnets; opt_clean -purge",
            f"rename {TOP} {GATES}; rename -hide w:*; rename -enumerate -pattern g%",
            f"write_verilog -noattr {folder / 'gates.v'}; write_json {folder / 'gates.json'}",
        ]
    )
    argv = [str(tools.yosys()), "-q", "-p", script]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"yosys did not end in {TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise RtlError(f"yosys: {lines[-1] if lines else 'no message'}")
    listing = json.loads((folder / "ports.json").read_text())
    (folder / "rv_core.v").write_text(_shell(listing["modules"][TOP]["ports"]))


def _shell(ports: dict[str, dict[str, object]]) -> str:
    """Module rv_core around the gates."""
    lines, pins, ties = [], [], []
    for name, port in ports.items():
        bits = port["bits"]
        width = len(bits) if isinstance(bits, list) else 1
        lines.append(f"   {port['direction']} wire [{width - 1}:0] {name}")
        if name.startswith(SILENT):
            ties.append(f"   assign {name} = {width}'d0;")
        else:
            pins.append(f"      .{name} ({name})")
    parameters = "parameter RESET_PC = 0, parameter HART_ID = 0, parameter ID_W = 4"
    text = [f"module {TOP} #({parameters}) (", ",\n".join(lines), ");"]
    text += [f"   {GATES} u_gates (", ",\n".join(pins), "   );", *ties, "endmodule", ""]
    return "\n".join(text)


def parse_gates(listing: dict[str, object]) -> tuple[Cell, ...]:
    """The cells of the JSON that Yosys wrote, with the names that its Verilog has."""
    modules = listing["modules"]
    assert isinstance(modules, dict)
    module = modules[GATES]
    names: dict[int, str] = {}
    for name, net in module["netnames"].items():
        for index, bit in enumerate(net["bits"]):
            if isinstance(bit, int):
                full = f"{name}[{index}]" if len(net["bits"]) > 1 else name
                names.setdefault(bit, full)
    cells = []
    for cell in module["cells"].values():
        kind = "DFF" if FLOP.match(cell["type"]) else str(cell["type"]).strip("$_")
        outputs = cell["connections"].get("Y") or cell["connections"].get("Q")
        if outputs is None or not isinstance(outputs[0], int):
            raise RtlError(f"gates: cell {cell['type']} drives no net")
        cells.append(Cell(kind=kind, net=names[outputs[0]]))
    return tuple(cells)
