# SPDX-License-Identifier: Apache-2.0
"""test_golden : figures within their tolerances pass, all others are named, updates keep limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from cosim.errors import RunFolderError, UserInputError
from cosim.golden import Expected, differences, read_golden, write_golden


@pytest.mark.parametrize(
    ("tolerance", "limit"), [("exact", 0.0), ("2%", 4.0), ("3", 3.0), ("1e-9", 1e-9)]
)
def test_a_tolerance_is_exact_a_share_or_a_number(tolerance: str, limit: float) -> None:
    assert Expected(value=-200.0, tolerance=tolerance).limit() == pytest.approx(limit)


@pytest.mark.parametrize("tolerance", ["about", "-1", "nan%", "%"])
def test_any_other_tolerance_is_refused(tolerance: str) -> None:
    with pytest.raises(UserInputError, match="a tolerance is"):
        Expected(value=1.0, tolerance=tolerance)


def test_differences_name_what_is_off_missing_or_new() -> None:
    expected = {
        "cycles": Expected(value=100, tolerance="exact"),
        "energy": Expected(value=2.0, tolerance="1%"),
        "gone": Expected(value=1.0, tolerance="exact"),
    }
    assert differences({"cycles": 100, "energy": 2.019, "gone": 1}, expected) == []
    lines = differences({"cycles": 101, "energy": 2.03, "fresh": 7}, expected)
    assert lines == [
        "cycles: expected 100 within exact, got 101 (+1 %)",
        "energy: expected 2 within 1%, got 2.03 (+1.5 %)",
        "gone: expected 1, the run has no such figure",
        "fresh: got 7, the file has no such figure",
    ]


def test_a_figure_that_is_not_a_number_never_passes() -> None:
    assert differences({"a": float("nan")}, {"a": Expected(value=1.0, tolerance="100%")})


def test_an_update_rewrites_values_and_keeps_tolerances(tmp_path: Path) -> None:
    path = tmp_path / "golden" / "t.txt"
    write_golden(path, {"cycles": 100, "energy_j": 3.25e-8})
    assert read_golden(path)["energy_j"] == Expected(value=3.25e-8, tolerance="1%")
    assert read_golden(path)["cycles"].tolerance == "exact"
    path.write_text(path.read_text().replace("1%", "5%"))
    write_golden(path, {"cycles": 120, "energy_j": 3.5e-8, "more": 1})
    assert read_golden(path)["energy_j"] == Expected(value=3.5e-8, tolerance="5%")
    assert differences({"cycles": 120, "energy_j": 3.5e-8, "more": 1}, read_golden(path)) == []
    assert "pytest --update-golden" in path.read_text().splitlines()[0]


def test_a_wrong_line_and_a_folder_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("# head\ncycles 5\n")
    with pytest.raises(UserInputError, match=r"t\.txt:2: want `name value tolerance`"):
        read_golden(path)
    with pytest.raises(RunFolderError, match="cannot write"):
        write_golden(path / "below.txt", {"a": 1})
