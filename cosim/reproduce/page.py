# SPDX-License-Identifier: Apache-2.0
"""page : reproduction.html: all figures at a glance, then each with conditions and reason."""

from __future__ import annotations

from collections.abc import Sequence

from cosim.report.page import Cell, Chart, Page, Row, Section, Table
from cosim.reproduce.chart import ratio_chart
from cosim.reproduce.entry import Finding
from cosim.reproduce.run import Outcome
from cosim.reproduce.text import TITLE

__all__ = ["page_of"]

HEADS = ("result", "published", "ours", "deviation", "engine")


def page_of(outcomes: Sequence[Outcome], command: str, program: str) -> Page:
    """A section a system; what failed is told at the top."""
    made = [outcome for outcome in outcomes if outcome.error is None]
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    rows = [finding for outcome in made for finding in outcome.findings]
    beside = sum(row.published is not None and row.ours is not None for row in rows)
    return Page(
        title=TITLE,
        summary=f"{len(rows)} results of {len(made)} systems, simulated here from circuit or RTL "
        f"up; {beside} of them stand beside a published figure. Nothing is tuned to those: where "
        f"ours differs, the reason stands below it. Program {program}.",
        command=command,
        sections=(*_glance(made), *(_section(outcome) for outcome in made)),
        warnings=tuple(f"{outcome.entry.title}: failed: {outcome.error}" for outcome in failed),
    )


def _glance(made: Sequence[Outcome]) -> tuple[Section, ...]:
    svg = ratio_chart([(outcome.entry.title, outcome.findings) for outcome in made])
    if not svg:
        return ()
    chart = Chart(
        svg=svg,
        caption="Ours over published, logarithmic. Grey: published, up to the upper end where it "
        "is a range. Blue dots lie inside it or near 1. Right: ours.",
    )
    return (Section(id="glance", title="At a glance", charts=(chart,)),)


def _section(outcome: Outcome) -> Section:
    entry = outcome.entry
    table = Table(
        id=f"table-{entry.name}",
        caption=f"{entry.source}; cosim reproduce {entry.name}, {outcome.wall_s / 60:.1f} minutes",
        heads=HEADS,
        rows=tuple(_row(finding) for finding in outcome.findings),
        fold=False,
    )
    return Section(id=entry.name, title=entry.title, tables=(table,))


def _row(finding: Finding) -> Row:
    notes = [("Conditions", finding.conditions), ("Reason", finding.reason)]
    if finding.published:
        notes.append(("Published", finding.published.source))
    return Row(
        name=finding.result,
        cells=(
            Cell(text=finding.published_text),
            Cell(text=finding.ours_text, value=finding.ours),
            Cell(text=finding.deviation),
            Cell(text=finding.engine),
        ),
        notes=tuple(notes),
    )
