# SPDX-License-Identifier: Apache-2.0
"""test_readme : the README's Python example runs as it stands there and says what it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.system


def test_the_first_python_example_runs_as_it_stands(readme_example: Path) -> None:
    first, second, *_ = (readme_example / "stdout.txt").read_text().splitlines()
    accuracy, _, trace = first.split(maxsplit=2)
    assert float(accuracy) == 1.0
    assert (readme_example / trace).read_bytes()
    saved, page = re.fullmatch(r"(.*) % less energy, report in (.*)", second).groups()  # type: ignore[union-attr]  # no match fails the test
    assert 0 < float(saved) < 20
    assert "<svg" in (readme_example / page).read_text()
