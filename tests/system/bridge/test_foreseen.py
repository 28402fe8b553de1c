# SPDX-License-Identifier: Apache-2.0
"""test_foreseen : what a run says will come is what the firmware pushes into the macro."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cosim.bridge.soc import SocOutcome, SocRun, run_soc
from cosim.bridge.soc_config import MacroSpec
from cosim.errors import WorkerLostError
from cosim.flow_inputs import Prepared, RunOptions, prepare

IMAGES = 2


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(RunOptions(images=IMAGES))


def run(prepared: Prepared, foreseen: tuple[str, ...], folder: Path) -> SocOutcome:
    macro = MacroSpec(
        name="imac0",
        kind="seeing",
        sizes=prepared.network.fc_sizes,
        factory="seeing_engine:make",
        foreseen=foreseen,
    )
    return run_soc(SocRun(image=prepared.image.hex, run_dir=folder, macros=(macro,)))


def test_lenet5_pushes_what_was_foreseen(prepared: Prepared, tmp_path: Path) -> None:
    outcome = run(prepared, prepared.foreseen, tmp_path)
    assert len(outcome.evaluations) == IMAGES
    spent_s = outcome.evaluations_cpu_s
    assert len(spent_s) == IMAGES
    assert 0 < spent_s[0] < spent_s[1]
    wrong = replace(prepared, foreseen=prepared.foreseen[::-1])
    with pytest.raises(WorkerLostError, match="not foreseen"):
        run(wrong, wrong.foreseen, tmp_path / "wrong")
