# SPDX-License-Identifier: Apache-2.0
"""flow_traces : what a run records on request, and the files that come of it.

Every run gets timeline.json and perf.json; `--trace` trace.fst, `--saif` trace.saif,
`--trace-functions` calls.txt, stacks.txt, flame.svg and the function stack in the timeline.
"""

from __future__ import annotations

from collections.abc import Sequence

from cosim.bridge.soc import SocOutcome
from cosim.bridge.soc_trace import CALLS_FILE, Tracing
from cosim.errors import UserInputError
from cosim.flow_inputs import CPU_ONLY, Prepared, RunOptions
from cosim.image.regions import region_ident, region_name
from cosim.macros import macro_kind
from cosim.regmap import INSTRUCTIONS
from cosim.trace.calls import CallTrace, folded, read_calls
from cosim.trace.events import RegionPass
from cosim.trace.flame import flame_svg
from cosim.trace.phases import STACK_REGION
from cosim.trace.run_folder import RunFolder
from cosim.trace.symbols import read_functions
from cosim.trace.timeline import check_timeline, timeline, timeline_text
from cosim.trace.window import Window, parse_window

__all__ = ["region_passes", "tracing_of", "window_of", "write_traces"]


def window_of(options: RunOptions) -> Window | None:
    """The window that the user asked for, checked; None without one."""
    text = options.trace or options.saif
    if options.trace and options.saif:
        raise UserInputError("--trace and --saif need different builds: give one of them")
    if text is None:
        return None
    offload = options.engine != CPU_ONLY

    def ident(name: str) -> int | None:
        """With a macro all fully-connected layers are one region."""
        stacked = offload and name.startswith("fc") and name[2:].isdecimal()
        return region_ident(STACK_REGION if stacked else name)

    return parse_window(text, ident)


def tracing_of(prepared: Prepared) -> Tracing:
    """What the simulation records beside its events."""
    options = prepared.options
    window = window_of(options)
    return Tracing(
        kind=None if window is None else "fst" if options.trace else "saif",
        window=window,
        grid_ps=options.trace_grid_ps,
        functions=read_functions(prepared.image.elf) if options.trace_functions else None,
    )


def region_passes(outcome: SocOutcome) -> tuple[RegionPass, ...]:
    """The firmware's regions as events, in the order in which they closed."""
    return tuple(
        RegionPass(
            id=region.id,
            name=region_name(region.id),
            t_begin_ps=region.t_begin_ps,
            t_end_ps=region.t_end_ps,
            cycles=region.cycles,
            instructions=region.instructions,
        )
        for region in outcome.marks.regions
    )


def write_traces(folder: RunFolder, prepared: Prepared, outcome: SocOutcome) -> None:
    """timeline.json, and what comes of the function trace."""
    regions = region_passes(outcome)
    t_end_ps = _last_ps(outcome, regions)
    options, period_ps = prepared.options, prepared.design.clock.period_ps
    kind = macro_kind(prepared.design)
    names = [f"{kind.name}{index}" for index in range(prepared.design.soc.n_macro)]
    calls: CallTrace | None = None
    if options.trace_functions:
        functions = read_functions(prepared.image.elf)
        calls = read_calls(folder.path / CALLS_FILE, functions, t_end_ps)
        folder.write_text("stacks.txt", folded(calls, period_ps))
        cycles = {names: ps / period_ps for names, ps in calls.self_ps.items()}
        title = f"{folder.path.name}: clock cycles by function"
        folder.write_text("flame.svg", flame_svg(cycles, title=title, unit="cycles"))
    data = timeline(
        outcome.events,
        regions,
        max(t_end_ps, calls.t_end_ps) if calls else t_end_ps,
        macros=[] if options.engine == CPU_ONLY else names,
        calls=calls,
        mnemonics={each.funct3: f"imac.{each.name}" for each in INSTRUCTIONS},
        about={"application": options.application, "engine": options.engine},
    )
    check_timeline(data)
    folder.write_text("timeline.json", timeline_text(data))


def _last_ps(outcome: SocOutcome, regions: Sequence[RegionPass]) -> int:
    """When the run ended, or the last thing that is known of one cut short."""
    if outcome.marks.exit is not None:
        return outcome.marks.exit.t_ps
    times = [region.t_end_ps for region in regions]
    for event in outcome.events:
        times += [getattr(event, name, 0) for name in ("t_ps", "t_end_ps", "t_done_ps")]
    return max(times, default=0)
