# SPDX-License-Identifier: Apache-2.0
"""test_figures : cycles and joules land on the right picture and the right layer."""

from __future__ import annotations

import io

import pytest

from cosim.errors import MismatchError
from cosim.report import tables
from cosim.report.console import parse_console
from cosim.report.figures import image_figures, mean_layers, total_figures
from cosim.trace.events import Evaluation
from cosim.trace.marks import parse_marks

NAMES = {3: "image", 5: "fc_stack", 32: "conv1", 96: "fc1", 97: "fc2"}
PERIOD_PS = 1000
CONSOLE = """\
hello
image 0 class 7 cycles 90 fc_cycles 20 instret 80
codes 0 1 2 3
checksum 0 811c9dc5
image 1 class 2 cycles 95 fc_cycles 21 instret 80
codes 1 4 5 6
image 2 cla"""


def lines(t_us: int, inner: str) -> str:
    """A picture of 100 cycles that begins at `t_us`: conv1 for 60, then `inner`."""
    t0 = t_us * 1_000_000
    return (
        f"M open 3 {t0} 0 0\nM open 32 {t0 + 1000} 1 1\nM close 32 {t0 + 61_000} 61 50\n"
        + inner.format(a=t0 + 70_000, b=t0 + 80_000, c=t0 + 90_000)
        + f"M close 3 {t0 + 100_000} 100 80\n"
    )


OFFLOAD = "M open 5 {a} 70 55\nM close 5 {c} 90 70\n"
ON_CPU = (
    "M open 5 {a} 70 55\nM open 96 {a} 70 55\nM close 96 {b} 80 60\n"
    "M open 97 {b} 80 60\nM close 97 {c} 90 70\nM close 5 {c} 90 70\n"
)


def evaluation(index: int, codes: tuple[int, ...]) -> Evaluation:
    t0 = index * 1_000_000
    return Evaluation(
        macro=0,
        index=index,
        t_start_ps=t0 + 71_000,
        t_strobe_ps=t0 + 80_000,
        t_done_ps=t0 + 82_000,
        codes=codes,
        volts=(0.1, 0.2, 0.3),
        energy_j=(index + 1) * 1e-12,
        energy_by_supply={"vdd": (index + 1) * 1e-12},
        energy_by_group={"cells": (index + 1) * 1e-12},
    )


def figures(inner: str, evaluations: tuple[Evaluation, ...]) -> list[dict[str, object]]:
    return image_figures(
        parse_console(CONSOLE),
        parse_marks((lines(0, inner) + lines(1, inner)).splitlines()),
        evaluations,
        labels=[7, 3],
        reference=[7, 2],
        period_ps=PERIOD_PS,
        name_of=NAMES.__getitem__,
    )


def by_layer(image: dict[str, object]) -> dict[str, tuple[str, float, float]]:
    layers = image["layers"]
    assert isinstance(layers, list)
    return {x["name"]: (x["unit"], x["cycles"], x["macro_energy_j"]) for x in layers}


def test_console_keeps_whole_lines_only() -> None:
    first, second = parse_console(CONSOLE)
    assert (first.label, first.codes, first.checksum) == (7, (1, 2, 3), 0x811C9DC5)
    assert (second.label, second.codes, second.checksum) == (2, (4, 5, 6), None)


def test_offloaded_stack_carries_the_macros_energy() -> None:
    first, second = figures(OFFLOAD, (evaluation(0, (1, 2, 3)), evaluation(1, (4, 5, 6))))
    assert by_layer(first) == {
        "conv1": ("cpu", 60, 0.0),
        "fc_stack": ("macro", 20, 1e-12),
        "other": ("cpu", 20, 0.0),
    }
    assert (first["correct"], second["correct"]) == (True, False)
    assert (first["cycles"], first["time_s"]) == (100, pytest.approx(1e-7))
    assert second["macro_energy_j"] == 2e-12


def test_cpu_only_run_lists_each_fc_layer_instead_of_the_stack() -> None:
    first, _ = figures(ON_CPU, ())
    assert by_layer(first) == {
        "conv1": ("cpu", 60, 0.0),
        "fc1": ("cpu", 10, 0.0),
        "fc2": ("cpu", 10, 0.0),
        "other": ("cpu", 20, 0.0),
    }
    assert first["outputs_v"] == []


def test_layers_always_add_up_to_the_picture() -> None:
    for inner in (OFFLOAD, ON_CPU):
        for image in figures(inner, ()):
            assert sum(cycles for _, cycles, _ in by_layer(image).values()) == image["cycles"]


def test_codes_that_changed_on_the_way_to_the_firmware_fail() -> None:
    with pytest.raises(MismatchError, match="image 1: the macro gave codes"):
        figures(OFFLOAD, (evaluation(0, (1, 2, 3)), evaluation(1, (4, 5, 7))))


def test_means_and_totals() -> None:
    images = figures(OFFLOAD, (evaluation(0, (1, 2, 3)), evaluation(1, (4, 5, 6))))
    stack = next(layer for layer in mean_layers(images) if layer["name"] == "fc_stack")
    assert stack["macro_energy_j"] == pytest.approx(1.5e-12)
    total = total_figures(images, [], cycles=300, period_ps=PERIOD_PS, wall_s=1.0)
    assert (total["images"], total["correct"], total["agree_reference"]) == (2, 1, 2)
    assert total["time_s"] == pytest.approx(3e-7)


def test_tables_show_every_image_and_layer() -> None:
    from rich.console import Console

    images = figures(OFFLOAD, (evaluation(0, (1, 2, 3)), evaluation(1, (4, 5, 6))))
    group = {
        "energy_by_group": {"cells": 2e-12, "neurons": 1e-12},
        "evaluation_j": 2e-12,
        "idle_j": 6e-13,
        "programming_j": 4e-13,
    }
    result = {"images": images, "layers": mean_layers(images), "macros": [group]}
    result["macro"] = {"title": "IMAC"}
    console = Console(width=160, record=True, file=io.StringIO())
    for table in (tables.image_table, tables.layer_table, tables.group_table):
        console.print(table(result))
    text = console.export_text()
    for word in (
        "0.100 0.200 0.300",
        "1.00 pJ",
        "fc_stack",
        "IMAC",
        "conv1",
        "66.7 %",
        "600 fJ",
    ):
        assert word in text
