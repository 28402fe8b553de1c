# SPDX-License-Identifier: Apache-2.0
"""write : report.html and compare.json in their folders."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from cosim.report.compare import Comparison, compare_sides
from cosim.report.page import Page, render
from cosim.report.page_compare import compare_page, difference_page
from cosim.report.page_run import run_page
from cosim.report.read import read_run, read_side
from cosim.trace.run_folder import RunFolder

__all__ = ["COMPARE_FILE", "REPORT_FILE", "write_comparison", "write_difference", "write_report"]

REPORT_FILE = "report.html"
COMPARE_FILE = "compare.json"


def write_report(folder: Path, command: str) -> Path:
    """The page of one run, in its folder."""
    return _write(folder, run_page(read_run(folder), command))


def write_difference(old: Path, new: Path, command: str) -> Path:
    """The page of two runs' differences, in the second one's folder, named after the first."""
    page = difference_page(read_run(old), read_run(new), command)
    return _write(new, page, f"report-against-{old.resolve().name}.html")


def write_comparison(folder: Path, old: Path, new: Path, command: str) -> Comparison:
    """compare.json and report.html of two finished runs, in `folder`."""
    views = read_run(old), read_run(new)
    found = compare_sides(*map(read_side, views))
    RunFolder.at(folder).write_json(COMPARE_FILE, found.as_dict())
    _write(folder, compare_page(found, *views, command))
    return found


def _write(folder: Path, page: Page, name: str = REPORT_FILE) -> Path:
    text = render(page, metadata.version("cosim"))
    return RunFolder.at(folder).write_text(name, text)
