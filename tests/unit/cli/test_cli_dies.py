# SPDX-License-Identifier: Apache-2.0
"""test_cli_dies : accuracy over dies by command, and one line for options that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FEW = ["accuracy", "--engine", "ideal", "--images", "4"]


def test_dies_print_their_spread(cosim) -> None:
    code, out, err = cosim(*FEW, "--dies", "2", "--seed", "7", "--json")
    found = json.loads(out)
    assert code == 0, err
    assert (found["dies"], found["seed"], found["images"], found["noise"]) == (2, 7, 4, False)
    assert len(found["percent"]) == 2
    assert found["min"] <= found["mean"] <= found["max"]
    code, out, _ = cosim(*FEW, "--dies", "2", "--seed", "7")
    assert code == 0
    assert "4 images on 2 dies, seed 7" in out
    assert f"mean {found['mean']:.2f} %" in out


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["accuracy", "--dies", "2"], "--engine"),
        (["accuracy", "--noise"], "--engine"),
        ([*FEW, "--dies", "0"], "--dies"),
        ([*FEW, "--dies", "2", "--seed", "-1"], "--seed"),
        ([*FEW, "--dies", "2", "--spot-check", "0.5"], "--spot-check"),
        (["accuracy", "--engine", "fast", "--dies", "2", "--spot-check", "2"], "--spot-check"),
        (["accuracy", "--engine", "fast", "--noise", "--spot-check", "0.1"], "--spot-check"),
        ([*FEW, "--dies", "2", "--set", "variation.ra_sigma=-0.1"], "variation.ra_sigma"),
        ([*FEW, "--dies", "2", "--set", "variation.stuck_p_rate=1.5"], "variation.stuck_p_rate"),
        ([*FEW, "--noise", "--set", "macro.amplifier.kind=ideal"], "macro.amplifier.kind"),
        (["run", "lenet5", "--die", "-1"], "--die"),
        (["run", "lenet5", "--cpu-only", "--die", "1"], "cpu_only"),
        (["run", "lenet5", "--die", "1", "--spot-check", "1"], "--spot-check"),
    ],
)
def test_wrong_options_are_one_line(cosim, args: list[str], word: str) -> None:
    cosim(*args).complains(2, word)
    assert not Path("runs").exists()
