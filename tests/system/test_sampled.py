# SPDX-License-Identifier: Apache-2.0
"""test_sampled : samples of loop nests give the cycles and joules of complete runs."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from cosim import tools
from cosim.errors import MismatchError
from cosim.sampled.check import TOLERANCE
from cosim.sampled.flow import sample_run
from cosim.sampled.job import Job
from cosim.sampled.measure import Measured, measure

pytestmark = [pytest.mark.system, pytest.mark.slow]

FACTOR_MIN = 20.0


def timed(job: Job, folder: Path) -> Measured:
    return measure(job, folder, clock=time.perf_counter, cpu=time.process_time, say=lambda _: None)


def check(figures: Measured) -> None:
    """All within the tolerance, by every component that matters, from a twentieth of the cycles."""
    verdict = figures.verdict
    parts = (verdict.cycles, verdict.energy, verdict.analog, verdict.component_energy)
    assert max(map(abs, parts)) <= TOLERANCE
    assert verdict.good
    assert verdict.factor >= FACTOR_MIN
    assert figures.run.check.share <= TOLERANCE


@pytest.mark.parametrize("engine", ["none", "fast"])
def test_lenet_is_within_one_percent_at_a_twentieth(engine: str, tmp_path: Path) -> None:
    check(timed(Job(name="lenet5", images=10, engine=engine), tmp_path))


def test_a_block_of_vgg_is_within_one_percent_at_a_twentieth(tmp_path: Path) -> None:
    figures = timed(Job(name="vgg", images=1, block=3), tmp_path)
    check(figures)
    assert abs(figures.verdict.layer_cycles) <= TOLERANCE


def test_a_convolution_that_skips_zeros_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time depends on the picture: no part of it stands for the rest."""
    root = tmp_path / "tree"
    shutil.copytree(tools.repo_root() / "firmware", root / "firmware")
    source = root / "firmware" / "lib" / "nn_conv.c"
    text = source.read_text()
    loop = "const int32_t pixel = x[i];\n"
    assert loop in text
    source.write_text(text.replace(loop, loop + "if (pixel == 0) { continue; }\n"))
    monkeypatch.setattr("cosim.image.build.repo_root", lambda: root)
    with pytest.raises(MismatchError, match=r"conv1 does not follow .* block, .*nn_conv\.c"):
        sample_run("lenet5", tmp_path / "runs", images=1)
