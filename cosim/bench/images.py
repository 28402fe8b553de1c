# SPDX-License-Identifier: Apache-2.0
"""images : what an image after the first costs, over the RTL of its cycles in a bare program.

Two runs of different length, subtracted, so start, boot and programming drop out. The bare program
runs the same firmware on the same model with its converters at 0, which changes no branch but those
of the class. Processor time, the best of each, turn by turn.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cosim.bench.figure import Bench, Figure
from cosim.bridge.build import verilate_bare
from cosim.bridge.soc import SocRun, run_soc, soc_rtl
from cosim.bridge.soc_config import MacroSpec
from cosim.errors import RtlError
from cosim.flow_inputs import Prepared, RunOptions, prepare

__all__ = ["images"]

FEW, MANY, ROUNDS = 1, 5, 3  # 55 s of processor time; a start costs as much as four images
IMAGE_MAX = 1.1
LIMIT_S = 600.0


def images(bench: Bench) -> Iterator[Figure]:
    """LeNet-5 with engine fast: an image over the bare RTL of its cycles."""
    bench.say(f"LeNet-5, engine fast, {FEW} and {MANY} images")
    few, many = (prepare(RunOptions(images=count, engine="fast")) for count in (FEW, MANY))
    ours: dict[int, list[float]] = {FEW: [], MANY: []}
    theirs: dict[int, list[float]] = {FEW: [], MANY: []}
    with tempfile.TemporaryDirectory(prefix="cosim-images-") as scratch:
        folder = Path(scratch)
        for _ in range(ROUNDS):
            for count, prepared in ((FEW, few), (MANY, many)):
                ours[count].append(_coupled_s(prepared, folder))
                theirs[count].append(_bare_s(prepared, folder))
    rest = MANY - FEW
    image_s = (min(ours[MANY]) - min(ours[FEW])) / rest
    bare_s = (min(theirs[MANY]) - min(theirs[FEW])) / rest
    yield Figure(
        name="LeNet-5 image after the first, engine fast, over the bare RTL of its cycles",
        value=image_s / bare_s,
        unit="x",
        bound=IMAGE_MAX,
        at_least=False,
    )


def _coupled_s(prepared: Prepared, folder: Path) -> float:
    """Processor seconds of the simulator's process."""
    design = prepared.design
    (folder / "design.yaml").write_text(design.resolved_yaml())
    macro = MacroSpec(
        name="imac0",
        kind="fast",
        sizes=prepared.network.fc_sizes,
        design=str(folder / "design.yaml"),
    )
    before_s = _children_s()
    run_soc(
        SocRun(
            image=prepared.image.hex,
            run_dir=folder / "run",
            macros=(macro,),
            clock_ps=design.clock.period_ps,
        )
    )
    return _children_s() - before_s


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _bare_s(prepared: Prepared, folder: Path) -> float:
    """Processor seconds of the same firmware on the same model alone."""
    program = verilate_bare(soc_rtl(clock_ps=prepared.design.clock.period_ps, profile=True))
    files = {"console": "console.txt", "events": "marks.txt", "profile": "profile.txt"}
    argv = [str(program), f"+image={prepared.image.hex}"]
    argv += [f"+{name}={folder / file}" for name, file in files.items()]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RtlError(f"bench: the bare program failed: {(done.stdout + done.stderr)[-300:]}")
    return float(json.loads(lines[-1])["cpu_s"])
