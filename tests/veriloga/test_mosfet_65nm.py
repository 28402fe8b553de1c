# SPDX-License-Identifier: Apache-2.0
"""test_mosfet_65nm : the 65 nm cards follow the simulated curves they were fitted to."""

from __future__ import annotations

import pytest
from fit_mosfet_65nm import error_table, read_cards, read_curves

ROWS = error_table(read_cards(), read_curves())


@pytest.mark.parametrize(("what", "error", "bound", "unit"), ROWS, ids=[row[0] for row in ROWS])
def test_errors_stay_within_their_bounds(what: str, error: float, bound: float, unit: str) -> None:
    assert 0.0 <= error <= bound, f"{what}: {error} {unit}"


def test_curves_have_both_polarities_and_reach_the_supply() -> None:
    for table in read_curves().values():
        assert table["id"][:, 0].max() >= 1.1
        assert table["id"].shape[0] > 300
        assert table["cgg"].shape[0] > 10
