# SPDX-License-Identifier: Apache-2.0
"""flow_gates : LeNet-5 on the CPU as gates: the core's energy from its switching, beside the first.

The firmware runs on the SoC with rtl/cpu replaced by its netlist; Verilator writes the switching of
a window as SAIF. Counts must be those of the RTL: the same end, to the cycle.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosim import gen, tools
from cosim.analog.gate_energy import gates_file, read_gates
from cosim.bridge.soc import SocRun, run_soc, soc_rtl
from cosim.bridge.soc_config import MacroSpec
from cosim.bridge.soc_trace import Tracing
from cosim.design import load_design
from cosim.energy.decode import read_image
from cosim.energy.ledger import digital_ledger
from cosim.energy.netlist import Gates, core_gates
from cosim.energy.profile import Profile, read_profile
from cosim.energy.switching import Switching, read_toggles, switching_energy
from cosim.errors import MismatchError
from cosim.flow_inputs import CPU_ONLY, Prepared, RunOptions, prepare
from cosim.image.regions import region_ident
from cosim.macros import macro_kind
from cosim.trace.window import Window

__all__ = ["CORE_PARTS", "PRESETS", "SecondOpinion", "second_opinion"]

CORE_PARTS = ("core", "register file", "multiplier", "divider", "clock tree")
PRESETS = ("imac_14nm", "core_14nm_small")  # of the node that the gates' figures are for
GATES_OF = "imac_14nm"
REGION = "conv2"
WINDOW_CYCLES = 20_000
MARGIN_CYCLES = 2_000  # from the opening of the region to the window


@dataclass(frozen=True, kw_only=True)
class SecondOpinion:
    """Joules a cycle of the core in one region: by its gates, and by each preset's constants."""

    region: str
    switching: Switching
    gates: int
    flops: int
    first: Mapping[str, Mapping[str, float]]


def second_opinion(folder: Path, say: Callable[[str], None]) -> SecondOpinion:
    """Run both ways; minutes. `folder` keeps profile.txt and trace.saif."""
    prepared = prepare(RunOptions(engine=CPU_ONLY, images=1))
    say("counting in the RTL")
    _run(prepared, folder / "rtl", None, None)
    profile = read_profile(folder / "rtl" / "profile.txt")
    say("synthesising the CPU")
    root, generated = tools.repo_root(), tools.build_dir() / "gen"
    gen.write_all(generated)
    gates = core_gates(
        sorted((root / "rtl" / "cpu").glob("*.v")), [generated, root / "rtl" / "cpu"]
    )
    say("running the gates")
    period_ps = prepared.design.clock.period_ps
    begin_ps = _opening_ps(folder / "rtl" / "marks.txt") + MARGIN_CYCLES * period_ps
    window = Window(from_ps=begin_ps, to_ps=begin_ps + WINDOW_CYCLES * period_ps)
    _run(prepared, folder / "gates", gates, Tracing(kind="saif", window=window))
    ends = [(folder / name / "marks.txt").read_text() for name in ("rtl", "gates")]
    if ends[0] != ends[1]:
        raise MismatchError("the gates did not run as the RTL does: their marks differ")
    toggles, length_ps = read_toggles(folder / "gates" / "trace.saif", "u_gates")
    return SecondOpinion(
        region=REGION,
        switching=switching_energy(
            gates.cells, toggles, read_gates(gates_file(GATES_OF)), cycles=length_ps // period_ps
        ),
        gates=len(gates.cells) - gates.counts["DFF"],
        flops=gates.counts["DFF"],
        first={name: _first(name, profile, prepared) for name in PRESETS},
    )


def _run(prepared: Prepared, folder: Path, gates: Gates | None, tracing: Tracing | None) -> None:
    sizes = prepared.sizes
    pins = macro_kind(prepared.design).pins(prepared.design, sizes)
    run = SocRun(
        image=prepared.image.hex,
        run_dir=folder,
        macros=(MacroSpec(name="idle", kind="ideal", sizes=sizes, pins=pins),),
        clock_ps=prepared.design.clock.period_ps,
    )
    if gates is not None and tracing is not None:
        rtl = soc_rtl(pins=pins, tracing=tracing, clock_ps=run.clock_ps)
        kept = tuple(path for path in rtl.sources if path.parent.name != "cpu")
        rtl = dataclasses.replace(rtl, sources=(*gates.sources, *kept))
        run = dataclasses.replace(run, rtl=rtl, tracing=tracing)
    run_soc(run)


def _opening_ps(marks: Path) -> int:
    """When the region was opened first."""
    wanted = ["M", "open", str(region_ident(REGION))]
    for line in marks.read_text().splitlines():
        if line.split()[:3] == wanted:
            return int(line.split()[3])
    raise MismatchError(f"{marks}: region {REGION} was never opened")


def _first(name: str, profile: Profile, prepared: Prepared) -> dict[str, float]:
    """Joules a cycle of the core's parts in the region, by the constants of a preset."""
    ident = region_ident(REGION)
    ledger = digital_ledger(profile, read_image(prepared.image.hex), load_design(name))
    cycles = profile.cycles_of(ident) if ident is not None else 0
    found = ledger.by(lambda item: f"{item.region} {item.component}")
    return {part: found.get(f"{ident} {part}", 0.0) / cycles for part in CORE_PARTS}
