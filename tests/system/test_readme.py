# SPDX-License-Identifier: Apache-2.0
"""test_readme : the README's Python example runs as it stands there and says what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 600


def test_the_first_python_example_runs_as_it_stands(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "cosim.run(" in blocks[0]
    done = subprocess.run(
        [sys.executable, "-c", blocks[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    accuracy, _, trace = done.stdout.splitlines()[0].split(maxsplit=2)
    assert float(accuracy) == 1.0
    assert (tmp_path / trace).read_bytes()
    saved, page = re.fullmatch(
        r"(.*) % less energy, report in (.*)", done.stdout.splitlines()[1]
    ).groups()  # type: ignore[union-attr]  # no match fails the test
    assert 0 < float(saved) < 20
    assert "<svg" in (tmp_path / page).read_text()
