# SPDX-License-Identifier: Apache-2.0
"""test_cli_mixed : accuracy of the mixed-signal macro by command; whose network a design gets."""

from __future__ import annotations

import json

import numpy as np

from cosim.applications import application, design_for
from cosim.flow_inputs import default_model
from cosim.macros import KINDS
from cosim.mixed.design import load_mixed
from cosim.model.store import load_network

FEW = ("accuracy", "mlp_mixed", "--engine", "fast", "--images", "100")


def test_accuracy_is_of_the_macro_that_the_network_is_for(cosim) -> None:
    code, out, err = cosim(*FEW, "--json")
    found = json.loads(out)
    assert code == 0, err
    assert (found["design"], found["images"]) == ("imac_mixed", 100)
    assert found["percent"] > 82  # 90.9 on 10,000 test images, less 3 sigma of 100
    code, out, err = cosim(*FEW[:-1], "20", "--dies", "2", "--noise", "--seed", "3")
    assert code == 0, err
    assert "20 images on 2 dies, seed 3" in out


def test_a_design_for_lenet5_takes_its_weights_as_they_are(cosim) -> None:
    code, out, err = cosim(
        *("accuracy", "lenet5", "--design", "imac_mixed_lenet", "--engine", "fast"),
        *("--images", "60", "--json"),
    )
    found = json.loads(out)
    assert code == 0, err
    assert (found["design"], found["images"]) == ("imac_mixed_lenet", 60)
    assert found["percent"] > 93  # 98.9 on 1,000 training images, less 3 sigma of 60


def test_a_spot_check_is_refused(cosim) -> None:
    cosim(*FEW, "--spot-check", "0.5").complains(2, "--spot-check")
    cosim(*FEW, "--dies", "2", "--spot-check", "0.5").complains(2, "--spot-check")


def test_a_mixed_signal_design_gets_its_own_network() -> None:
    mlp = application("mlp")
    assert mlp.mixed is not None
    assert default_model(mlp, None) == default_model(mlp, "imac_mlp") == "mlp"
    assert default_model(mlp, mlp.mixed[1]) == mlp.mixed[0]
    assert default_model(application("vgg"), mlp.mixed[1]) == "vgg"  # none of its own
    assert design_for(mlp.mixed[0]) == mlp.mixed[1]
    for entry in (mlp, application("lenet5")):
        assert entry.mixed is not None
        assert load_mixed(entry.mixed[1]).kind in KINDS


def test_both_networks_have_the_same_weights_for_the_cpu() -> None:
    mixed, analog = load_network("mlp_mixed"), load_network("mlp")
    assert mixed.fc_sizes == analog.fc_sizes
    assert all(set(np.unique(weight)) == {-1, 1} for weight in mixed.fc)
    assert not np.array_equal(mixed.fc[0], analog.fc[0])
    assert all(map(np.array_equal, mixed.fc_own, analog.fc_own))
    assert all(
        np.array_equal(a.table, b.table) for a, b in zip(mixed.luts, analog.luts, strict=True)
    )
