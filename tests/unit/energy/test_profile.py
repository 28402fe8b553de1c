# SPDX-License-Identifier: Apache-2.0
"""test_profile : profile.txt is read as written, and what does not add up is refused."""

from __future__ import annotations

import pytest
from sample_profile import TEXT

from cosim.energy.profile import parse_profile
from cosim.errors import FirmwareError, MismatchError, RtlError


def test_counts_come_back_by_region_and_instruction() -> None:
    profile = parse_profile(TEXT.splitlines())
    assert (profile.cycles, profile.retired) == (120, 12)
    division = next(cell for cell in profile.cells if cell.pc == 0x10)
    assert (division.region, division.retired, division.cycles) == (5, 1, 34)
    inner = profile.regions[1]
    assert (inner.id, inner.fetch_wait, inner.data_wait, inner.rest_cycles) == (5, 1, 2, 2)
    assert profile.cycles_of(0) + profile.cycles_of(5) == 120


def test_a_lost_cycle_is_a_mismatch() -> None:
    with pytest.raises(MismatchError, match=r"119 cycles were counted, .* says 120"):
        parse_profile(TEXT.replace("c 2 3 2", "c 2 2 2").splitlines())


def test_a_lost_instruction_is_a_mismatch() -> None:
    with pytest.raises(MismatchError, match=r"13 instructions .* says 12"):
        parse_profile(TEXT.replace("8 4 4 4", "8 5 4 4").splitlines())


def test_a_file_cut_short_is_named() -> None:
    with pytest.raises(RtlError, match="not a whole profile"):
        parse_profile(TEXT.splitlines()[:-1])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("regions none", "regions crossed"), "must nest"),
        (("regions none", "regions many"), "too many"),
        (("outside 0", "outside 7"), "7 instructions ran beyond"),
    ],
)
def test_what_could_not_be_counted_is_an_error(change: tuple[str, str], text: str) -> None:
    with pytest.raises(FirmwareError, match=text):
        parse_profile(TEXT.replace(*change).splitlines())


def test_garbage_names_its_line() -> None:
    with pytest.raises(RtlError, match="line 4"):
        parse_profile(TEXT.replace("0 1 4 4 0 0", "0 1 4").splitlines())
