# SPDX-License-Identifier: Apache-2.0
"""test_run_mixed : unchanged firmware on the mixed-signal macro, on the whole chip.

The run itself compares the codes that firmware popped with the integer reference of every converter
code; here it is the classes, the time and the joules.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import cosim
from cosim.errors import MismatchError
from cosim.macros import KINDS
from cosim.mixed import reference
from cosim.mixed.design import load_mixed
from cosim.mixed.forward import mixed_forward
from cosim.mixed.shape import shape_of
from cosim.model.datasets import load_images
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network
from cosim.trace.events import Evaluation, read_events

IMAGES = 2


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.parametrize(
    ("application", "name", "model"),
    [("mlp", "imac_mixed", "mlp_mixed"), ("lenet5", "imac_mixed_lenet", "lenet5")],
)
def test_a_network_runs_on_the_mixed_signal_macro(
    tmp_path: Path, application: str, name: str, model: str
) -> None:
    result = cosim.run(application, design=name, images=IMAGES, run_dir=tmp_path / "run")
    design, network = load_mixed(name), load_network(model)
    shape = shape_of(network.fc_sizes, design)
    events = [e for e in read_events(tmp_path / "run" / "events.jsonl") if type(e) is Evaluation]
    assert len(events) == IMAGES
    timing = design.macro.timing
    cycles = shape.cycles(timing.settle_cycles, timing.conv_cycles)
    data = load_images(None).first(IMAGES)
    bits = feature_bits(features(network, data.images))
    batch = mixed_forward(network.fc, bits, design)
    for event, codes in zip(events, batch.codes[-1], strict=True):
        assert event.t_done_ps - event.t_start_ps == cycles * design.clock.period_ps
        assert np.abs(np.array(event.codes) - codes).max() <= 2  # a batch solves to 5 uV
        conversions = sum(shape.conversions(k) for k in range(shape.layers))
        joules = conversions * design.macro.converter.energy_j
        assert event.energy_by_group["converters"] == pytest.approx(joules)
        assert event.energy_j == pytest.approx(sum(event.energy_by_group.values()))
    written = json.loads((tmp_path / "run" / "result.json").read_text())
    assert written["macro"]["title"] == "mixed-signal macro"
    assert [tuple(image.codes) for image in result.images] == [e.codes for e in events]


@pytest.mark.system
@pytest.mark.slow
def test_logic_that_adds_wrongly_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round: the run's check expects another sigmoid than the RTL's."""
    text = Path(reference.__file__).read_text().replace("STEP = 16.0", "STEP = 17.0")
    (tmp_path / "other_sigmoid.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    other = replace(KINDS["mixed"], results="other_sigmoid:outputs_of")
    monkeypatch.setitem(KINDS, "mixed", other)  # type: ignore[arg-type]
    with pytest.raises(MismatchError, match="the macro gave codes"):
        cosim.run("mlp", design="imac_mixed", images=1, run_dir=tmp_path / "run")
