# SPDX-License-Identifier: Apache-2.0
"""flow : one inference run from options to result.json: every stage called in data-flow order.

The run checks itself: features against the NumPy reference by checksum, codes read by the firmware
against codes given by the macro, CPU-only codes against the integer reference, and the energy
ledger. A difference is a MismatchError, not a figure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from cosim.applications import application
from cosim.bridge.soc import SocOutcome, SocRun, read_outcome, run_soc
from cosim.errors import CosimError, FirmwareError, MismatchError, RunFolderError
from cosim.flow_energy import account_energy
from cosim.flow_inputs import (
    CPU_ONLY,
    Prepared,
    RunOptions,
    prepare,
    write_inputs,
)
from cosim.flow_macro import write_macro
from cosim.flow_spiking import check_spikes, prepare_spiking, spike_checksums
from cosim.flow_traces import region_passes, tracing_of, window_of, write_traces
from cosim.image.regions import region_name
from cosim.macros import macro_kind, macro_specs
from cosim.report.console import Picture, parse_console
from cosim.report.figures import image_figures, macro_figures, mean_layers, total_figures
from cosim.report.ledger import Ledger, close_ledger
from cosim.trace.events import Evaluation, Event, Finish, Programmed, to_json
from cosim.trace.perf import perf_figures
from cosim.trace.result import SCHEMA_ID
from cosim.trace.run_folder import RunFolder

__all__ = ["Progress", "run_application"]

log = logging.getLogger(__name__)

Progress = Callable[[str, int], None]  # what happens now, images done
OFTEN = 100  # evaluations between two signs of life within an image
WALL_LIMIT_S = 1800.0  # of one image with wires, with a margin of three


def run_application(
    options: RunOptions,
    open_folder: Callable[[], RunFolder],
    *,
    progress: Progress | None = None,
    clock: Callable[[], float],
) -> tuple[RunFolder, dict[str, Any]]:
    """Run, write the run folder, return it with the result.

    `open_folder` is called once the inputs are known to be good. Whatever ends the run early, what
    was finished is in result.json with `complete` false and the reason, and the error goes on.
    """
    begin_s = clock()

    def tell(text: str, images: int) -> None:
        log.info("%s", text)
        if progress is not None:
            progress(text, images)

    tell("building firmware", 0)
    window_of(options)  # a window that cannot be is found before the rest is worked out
    spiking = application(options.application).spiking
    prepared = prepare_spiking(options) if spiking else prepare(options)
    folder = open_folder()
    with folder.logging():
        write_inputs(folder, prepared)
        inputs_s = clock() - begin_s
        try:
            tell("building the SoC (a minute the first time), starting", 0)
            outcome = _simulate(prepared, folder, tell)
            simulated_s = clock()
            for line in (*outcome.console.splitlines(), *outcome.warnings):
                log.info("%s", line)
            result = _result(prepared, outcome, clock() - begin_s, reason=None)
            result["warnings"] += _check(prepared, outcome)
            ledgers = _ledgers(prepared, outcome)
            result["energy"] = account_energy(folder, prepared, outcome, ledgers)
        except BaseException as error:
            refused = _keep_partial(folder, prepared, clock() - begin_s, _reason(error))
            if refused is not None and isinstance(error, CosimError):
                raise refused from error  # a full disk shows first as one of its consequences
            raise
        _write_events(folder, outcome)
        write_traces(folder, prepared, outcome)
        write_macro(folder, prepared)
        ended_s = clock()
        parts = {**outcome.parts_s, "inputs_s": inputs_s, "results_s": ended_s - simulated_s}
        result["perf"] = perf_figures(parts, ended_s - begin_s, outcome.cycles)
        folder.write_json("perf.json", result["perf"])
        folder.write_result(result)
    return folder, result


def _simulate(prepared: Prepared, folder: RunFolder, tell: Progress) -> SocOutcome:
    design = prepared.design
    cpu_only = prepared.options.engine == CPU_ONLY
    engine = "ideal" if cpu_only else prepared.options.engine  # it is there but never started
    seen, images = 0, prepared.options.images
    each = max(sum(map(len, prepared.foreseen_by)) // images, 1)  # evaluations of an image

    def follow(event: Event) -> None:
        nonlocal seen
        if isinstance(event, Programmed):
            tell(f"macro {event.macro}: {event.words} program words written", seen // each)
        elif isinstance(event, Evaluation):
            seen += 1
            if seen % each == 0 or seen % OFTEN == 0:
                place = f"macro {event.macro}: evaluation {event.index + 1}"
                tell(f"{place} solved", seen // each)

    run = SocRun(
        image=prepared.image.hex,
        run_dir=folder.path,
        macros=macro_specs(
            design,
            folder.path / "config.resolved.yaml",
            prepared.sizes,
            engine=engine,
            count=design.soc.n_macro,
            die=prepared.options.die,
            noise=prepared.options.noise,
            seed=prepared.options.seed,
            foreseen=prepared.foreseen,
            foreseen_by=prepared.foreseen_by,
        ),
        clock_ps=design.clock.period_ps,
        external=prepared.external,
        wall_limit_s=WALL_LIMIT_S * max(prepared.options.images, 4),
        tracing=tracing_of(prepared),
    )
    outcome = run_soc(run, progress=follow)
    if outcome.exit_code != 0:
        last = (outcome.console.strip() or "nothing").splitlines()[-1]
        raise FirmwareError(f"the firmware ended with code {outcome.exit_code}, it said: {last}")
    return outcome


def _ledgers(prepared: Prepared, outcome: SocOutcome) -> list[Ledger]:
    if prepared.options.engine == CPU_ONLY:
        return []
    ledgers = []
    kind = macro_kind(prepared.design)
    name, costs = kind.name, kind.costs(prepared.design)
    for index in range(prepared.design.soc.n_macro):
        parts = outcome.energies.get(f"{name}{index}", ())
        totals = None
        if outcome.complete:
            supplies: dict[str, float] = {}
            groups: dict[str, float] = {}
            for part in parts:
                for sums, more in ((supplies, part.by_supply), (groups, part.by_group)):
                    for key, joules in more.items():
                        sums[key] = sums.get(key, 0.0) + joules
            totals = (sum(part.total_j for part in parts), supplies, groups)
        ledgers.append(
            close_ledger(
                index,
                outcome.events,
                programming_j_per_word=costs.prog_word_j,
                totals=totals,
            )
        )
    return ledgers


def _result(
    prepared: Prepared, outcome: SocOutcome, wall_s: float, *, reason: str | None
) -> dict[str, Any]:
    options, design = prepared.options, prepared.design
    cpu_only = options.engine == CPU_ONLY
    images = image_figures(
        parse_console(outcome.console),
        outcome.marks,
        () if cpu_only else outcome.evaluations,
        labels=prepared.data.labels.tolist(),
        reference=prepared.reference,
        period_ps=design.clock.period_ps,
        name_of=region_name,
    )
    macros = macro_figures(_ledgers(prepared, outcome), options.engine)
    cycles = outcome.cycles or max((r.t_end_ps for r in outcome.marks.regions), default=0) // (
        design.clock.period_ps
    )
    return {
        "schema": SCHEMA_ID,
        "complete": reason is None,
        "reason": reason,
        "application": options.application,
        "engine": options.engine,
        "model": {"name": prepared.network.name, "sha256": prepared.model_sha256},
        "design": {
            "name": design.name,
            "digest": design.digest(),
            "wires": macro_kind(design).costs(design).wires,
        },
        "data": {"source": prepared.data.source, "asked": options.images},
        "clock_period_s": design.clock.period_ps * 1e-12,
        "n_macro": 0 if cpu_only else design.soc.n_macro,
        "macro": macro_kind(design).about,
        "images": images,
        "layers": mean_layers(images),
        "totals": total_figures(
            images, macros, cycles=cycles, period_ps=design.clock.period_ps, wall_s=wall_s
        ),
        "macros": macros,
        "energy": None,
        "warnings": [] if cpu_only else list(outcome.warnings),
    }


def _check(prepared: Prepared, outcome: SocOutcome) -> list[str]:
    """The firmware did what the reference does, bit by bit where both are integers.

    Returned: how far macros that may differ do so.
    """
    pictures = parse_console(outcome.console)
    if len(pictures) != prepared.options.images:
        raise MismatchError(
            f"the firmware reported {len(pictures)} of {prepared.options.images} images"
        )
    checksums = spike_checksums(prepared, outcome.evaluations)
    for picture in pictures:
        _check_picture(prepared, picture, checksums[picture.index])
    return list(check_spikes(prepared, outcome.evaluations))


def _check_picture(prepared: Prepared, picture: Picture, want: int) -> None:
    if picture.checksum != want:
        got = "none" if picture.checksum is None else f"{picture.checksum:08x}"
        raise MismatchError(
            f"image {picture.index}: checksum of the firmware's features is {got}, "
            f"the NumPy reference's {want:08x}"
        )
    if prepared.codes is not None and picture.codes != tuple(prepared.codes[picture.index]):
        raise MismatchError(
            f"image {picture.index}: the CPU's output codes are {list(picture.codes)}, "
            f"the integer reference's {prepared.codes[picture.index].tolist()}"
        )


def _write_events(folder: RunFolder, outcome: SocOutcome) -> None:
    """events.jsonl again, now with the firmware's regions and the end, in order of time."""
    timed: list[tuple[int, Event]] = [(_time_of(event), event) for event in outcome.events]
    timed += [(event.t_end_ps, event) for event in region_passes(outcome)]
    end = outcome.marks.exit
    if end is not None:
        timed.append((end.t_ps, Finish(t_ps=end.t_ps, code=end.code)))
    timed.sort(key=lambda item: item[0])
    folder.write_text("events.jsonl", "".join(to_json(event) + "\n" for _, event in timed))


def _time_of(event: Event) -> int:
    for name in ("t_done_ps", "t_end_ps", "t_ps"):
        if hasattr(event, name):
            return int(getattr(event, name))
    return 0


def _reason(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or repr(error)


def _keep_partial(
    folder: RunFolder, prepared: Prepared, wall_s: float, reason: str
) -> RunFolderError | None:
    """Write what was finished; returns the refusal of a disk that takes nothing any more."""
    log.error("the run ended early: %s", reason)
    try:
        outcome = read_outcome(folder.path)
        folder.write_result(_result(prepared, outcome, wall_s, reason=reason))
        write_traces(folder, prepared, outcome)
    except RunFolderError as error:
        return error
    except (CosimError, OSError) as error:
        log.error("no partial result: %s", error)
    return None
