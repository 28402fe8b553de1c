# SPDX-License-Identifier: Apache-2.0
"""test_compare : savings, break-even and swings of two small runs worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from cosim.errors import MismatchError, RunFolderError
from cosim.report.compare import Side, compare_sides, read_grid

LAYER = {"in_image": True, "analog_j": 0.0}


def result(
    layers: list[dict[str, Any]], cycles: int, *, evaluation_j: float, standby_j: float
) -> dict[str, Any]:
    """Two images of `cycles` each in a run four times as long as one of them."""
    inside = [entry for entry in layers if entry["in_image"]]
    image = {"label": 7, "cycles": cycles, "energy_by_group": {"cells": evaluation_j}}
    return {
        "complete": True,
        "application": "lenet5",
        "macro": {"swings": [{"what": "macro size", "groups": ["cells", "drivers"]}]},
        "data": {"source": "made up"},
        "clock_period_s": 1e-9,
        "images": [image, image],
        "totals": {"correct": 2, "time_s": 4 * cycles * 1e-9},
        "energy": {
            "image_j": sum(x["digital_j"] + x["analog_j"] for x in inside) / 2,
            "layers": layers,
            "phases": [{"macro": "imac0", "standby": standby_j}],
            "constants": [
                {"component": "core", "energy_j": 6.0, "uncertainty": 0.5},
                {"component": "core", "energy_j": 2.0, "uncertainty": 0.1},
            ],
        },
    }


def sides() -> tuple[Side, Side]:
    """Joules in round numbers: an image is 10 J on the CPU, 6 J with the macro."""
    cpu = result(
        [
            {"name": "conv1", "cycles": 200, "digital_j": 8.0, **LAYER},
            {"name": "fc1", "cycles": 100, "digital_j": 7.0, **LAYER},
            {"name": "fc2", "cycles": 60, "digital_j": 5.0, **LAYER},
        ],
        200,
        evaluation_j=0.0,
        standby_j=0.0,
    )
    imac = result(
        [
            {"name": "program", "cycles": 50, "digital_j": 3.0, "analog_j": 1.0, "in_image": False},
            {"name": "conv1", "cycles": 200, "digital_j": 8.0, **LAYER},
            {"name": "fc_stack", "cycles": 20, "digital_j": 1.0, "analog_j": 2.0, "in_image": True},
        ],
        100,
        evaluation_j=1.0,
        standby_j=2.0,
    )
    cpu_grid = {"core": {"conv1": 4.0, "fc1": 4.0, "fc2": 2.0}}
    imac_grid = {
        "core": {"conv1": 4.0, "fc_stack": 0.4, "program": 9.0},
        "imac0": {"fc_stack": 2.0},
    }
    return (
        Side(name="CPU only", result=cpu, grid=cpu_grid),
        Side(name="CPU + IMAC", result=imac, grid=imac_grid),
    )


def test_means_of_an_image_take_standby_by_its_time() -> None:
    old, new = sides()
    assert old.energy_j == pytest.approx(10.0)
    assert new.standby_j == pytest.approx(2.0 / 4)  # an image is a quarter of the run
    assert new.energy_j == pytest.approx((8 + 3) / 2 + 0.5)


def test_saving_break_even_and_amortisation_follow_by_hand() -> None:
    found = compare_sides(*sides())
    assert found.saving == pytest.approx(0.4)
    assert found.programming_j == pytest.approx(4.0)
    assert found.break_even == pytest.approx(4.0 / (10 - 6))
    assert dict(found.amortised)[10] == pytest.approx(1 - (6 + 0.4) / 10)
    assert found.figures["energy_delay_js"] == pytest.approx((10 * 200e-9, 6 * 100e-9))
    assert found.figures["power_w"] == pytest.approx((10 / 200e-9, 6 / 100e-9))


def test_layers_meet_their_counterparts() -> None:
    found = {layer.name: layer for layer in compare_sides(*sides()).layers}
    assert list(found) == ["conv1", "fully connected"]
    assert found["fully connected"].cycles == (80.0, 10.0)
    assert found["fully connected"].energy_j == pytest.approx((6.0, 1.5))
    old, new = sides()
    for side, index in ((old, 0), (new, 1)):
        whole = sum(layer.energy_j[index] for layer in found.values())
        assert whole + side.standby_j == pytest.approx(side.energy_j)


def test_swings_move_both_runs_by_the_components_uncertainty() -> None:
    swings = {swing.what: swing for swing in compare_sides(*sides()).swings}
    sigma = (6 * 0.5 + 2 * 0.1) / 8
    up = 1 - (6 + sigma * 2.2) / (10 + sigma * 5)
    assert swings["core energy"].high == pytest.approx(up)
    assert swings["macro size"].low == pytest.approx(1 - 5.5 / 10)
    assert swings["macro size"].high == pytest.approx(1 - 7 / 10)
    assert swings["weights written"].low == pytest.approx(1 - (6 + 4) / 10)


def test_a_macro_that_costs_more_never_pays() -> None:
    old, new = sides()
    assert compare_sides(new, old).break_even is None


def test_runs_of_other_images_are_refused() -> None:
    old, new = sides()
    other = {**new.result, "data": {"source": "other"}}
    with pytest.raises(MismatchError, match="same images"):
        compare_sides(old, Side(name="b", result=other, grid=new.grid))


def test_a_run_cut_short_is_refused() -> None:
    old, _ = sides()
    with pytest.raises(RunFolderError, match="not complete"):
        Side(name="a", result={**old.result, "complete": False}, grid={})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must begin with component"),
        ("component,a\ncore,x\n", "energy.csv: could not convert"),
        ("component,a\ncore,1,2\n", "energy.csv: zip"),
    ],
)
def test_a_damaged_energy_table_is_one_line(text: str, complaint: str) -> None:
    with pytest.raises(RunFolderError, match=complaint):
        read_grid(text)
