# SPDX-License-Identifier: Apache-2.0
"""va_deck : runs one ngspice deck of this folder with models compiled from veriloga/.

A deck prints `name = value` lines (`meas`, `print`); the test asserts on them. In a deck,
`@VA@name` becomes the path of the compiled model, `@CARDS@` the folder of the cards, `@KEY@` what
the test gives.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from va_model import VERILOGA

from cosim import tools

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 120


def run_deck(
    deck: str, folder: Path, values: Mapping[str, object] | None = None
) -> dict[str, list[float]]:
    """Results by name, in the order printed; a failed measurement or any error line raises."""
    text = (HERE / deck).read_text()
    text = re.sub(r"@VA@(\w+)", lambda m: str(tools.compile_va(VERILOGA / f"{m[1]}.va")), text)
    for key, value in {"CARDS": VERILOGA / "cards", **(values or {})}.items():
        text = text.replace(f"@{key}@", str(value))
    left = re.findall(r"@\w+@", text)
    if left:
        raise KeyError(f"{deck}: nothing given for {left}")
    path = folder / deck
    path.write_text(text)
    tool = tools.ngspice()
    done = subprocess.run(
        tool.batch("-b", str(path)),
        cwd=folder,
        env={**os.environ, **tool.env},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT_S,
        check=False,
    )
    output = done.stdout + done.stderr
    bad = re.findall(r"^.*(?:[Ee]rror|failed|aborted|NaN|\bnan\b).*$", output, re.MULTILINE)
    if bad or done.returncode != 0:
        raise AssertionError(f"{deck} exit {done.returncode}: {bad[:5]}\n{output[-2000:]}")
    results: dict[str, list[float]] = {}
    for name, value in re.findall(
        r"^([\w()#.]+)\s*=\s*([-+]?\d[\d.]*(?:e[-+]?\d+)?)", output, re.MULTILINE
    ):
        results.setdefault(name, []).append(float(value))
    return results
