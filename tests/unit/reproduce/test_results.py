# SPDX-License-Identifier: Apache-2.0
"""test_results : the table kept with the source is whole, and all texts are made from it."""

from __future__ import annotations

import re

from cosim import tools
from cosim.reproduce.catalogue import entries
from cosim.reproduce.committed import FOLDER, command_of, markdown, read
from cosim.reproduce.readme import ROWS, block


def test_every_reproduction_is_in_the_table_in_its_order() -> None:
    kept, known = read(), entries()
    assert list(kept) == list(known)
    for name, entry in known.items():
        assert kept[name].title == entry.title
        assert kept[name].command == command_of(entry)


def test_texts_are_made_from_the_rows() -> None:
    kept = read()
    assert (FOLDER / "reproduction.md").read_text() == markdown(kept.values())
    page = (tools.repo_root() / "README.md").read_text()
    assert block(kept) in page, "`python -m cosim.reproduce.readme` makes it again"
    assert set(ROWS) <= set(kept)


def test_rows_say_nothing_of_the_machine() -> None:
    """Folders of data sets, home or temporary ones; dates."""
    text = (FOLDER / "reproduction.json").read_text()
    assert not re.findall(r"(?:^|[\s\"(])/(?:work|tmp|home|root|usr|data)\b\S*", text)
    assert not re.findall(r"\b20\d\d-\d\d-\d\d\b", text)


def test_full_runs_fit_into_ninety_minutes() -> None:
    """Processor minutes where they were made: on two idle cores no run takes longer."""
    assert sum(system.cpu_minutes for system in read().values()) <= 90
