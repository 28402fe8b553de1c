# SPDX-License-Identifier: Apache-2.0
"""test_firmware : what a study takes from a run's result: cycles and joules of the FC layers."""

from __future__ import annotations

from typing import Any

import pytest

from cosim.errors import DesignError
from cosim.study.firmware import application_of, fc_layers


def layer(name: str, cycles: int, *, in_image: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "cycles": cycles,
        "digital_j": 1e-9 * cycles,
        "analog_j": 5e-9,
        "in_image": in_image,
    }


def result(*layers: dict[str, Any]) -> dict[str, Any]:
    return {
        "images": [{}, {}],
        "totals": {"cycles": 4000, "time_s": 8e-6},
        "energy": {"layers": list(layers)},
    }


def test_fc_layers_are_one_in_the_macro_and_several_on_the_cpu() -> None:
    others = (layer("boot", 900, in_image=False), layer("image", 700), layer("argmax", 300))
    one = fc_layers(result(*others, layer("fc_stack", 400)))
    assert (one.cycles, one.seconds) == (200, pytest.approx(200 * 2e-9))
    assert one.joules == pytest.approx((400e-9 + 5e-9) / 2)
    several = fc_layers(result(*others, layer("fc1", 600), layer("fc2", 200)))
    assert several.cycles == 400
    assert several.joules == pytest.approx((800e-9 + 10e-9) / 2)


def test_a_run_without_fc_layers_is_refused() -> None:
    with pytest.raises(DesignError, match="no FC layers"):
        fc_layers(result(layer("image", 700)))


def test_networks_find_their_application_for_either_macro() -> None:
    assert application_of("mlp").name == application_of("mlp_mixed").name == "mlp"
    with pytest.raises(DesignError, match="no application ships random"):
        application_of("random")
