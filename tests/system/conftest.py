# SPDX-License-Identifier: Apache-2.0
"""conftest : runs that several files look at: the README's example is made once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 1200  # on a machine that builds the SoC first and does other things besides


@pytest.fixture(scope="session")
def readme_example(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Where the README's first Python example ran; `stdout.txt` is what it printed."""

    def run(folder: Path) -> None:
        blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        assert "cosim.run(" in blocks[0]
        assert "cosim.compare(" in blocks[0]
        done = subprocess.run(
            [sys.executable, "-c", blocks[0]],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (folder / "stdout.txt").write_text(done.stdout)

    return once("readme", run)


@pytest.fixture(scope="session")
def compared(readme_example: Path) -> Path:
    """The folder of the example's comparison: runs in `cpu` and `imac`. Not to be written into."""
    last = (readme_example / "stdout.txt").read_text().splitlines()[-1]
    found = re.fullmatch(r".* % less energy, report in (.*)", last)
    assert found is not None, last
    return (readme_example / found[1]).parent
