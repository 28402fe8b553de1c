# SPDX-License-Identifier: Apache-2.0
"""test_reproduce : rows say all they must, are kept until something changes, reach three files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cosim.cli import main
from cosim.errors import CircuitError, CosimError
from cosim.reproduce import record
from cosim.reproduce.catalogue import chosen, entries
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.reproduce.run import Outcome, plan, reproduce
from cosim.reproduce.write import markdown, write_all

SOURCE = "arXiv:0000.00000"


def finding(ours: float | None = 7.5, unit: str = "%", **more: object) -> Finding:
    given = {"published": Published(value=6.5, source=SOURCE), **more}
    return Finding(
        result="energy saved",
        unit=unit,
        ours=ours,
        conditions="one image",
        engine="fast",
        reason="another CPU",
        **given,  # type: ignore[arg-type]  # fields of the test's choice
    )


@pytest.mark.parametrize(
    ("unit", "ours", "low", "high", "said"),
    [
        ("%", 7.5, 6.5, None, "+1.00 points"),
        ("W", 3.0, 3.25, None, "-7.7 %"),
        ("W", 6.5e-3, 3.25e-3, None, "2 times"),
        ("x", 3.0, 1.8, 27.0, "inside"),
        ("x", 54.0, 1.8, 27.0, "2 times"),
        ("x", 0.9, 1.8, 27.0, "0.5 times"),
        ("x", 28.0, 1.8, 27.0, "+3.7 %"),
        ("s", None, 1e-9, None, "–"),
        ("V", 0.5, 0.0, None, "0.5 V"),
    ],
)
def test_deviations_are_told_in_the_units_of_the_figure(
    unit: str, ours: float | None, low: float, high: float | None, said: str
) -> None:
    published = Published(value=low, high=high, source=SOURCE)
    assert finding(ours, unit, published=published).deviation == said


def test_figures_have_prefixes_where_their_unit_takes_them() -> None:
    assert finding(0.526, "W").ours_text == "526.0 mW"
    assert finding(7.5).ours_text == "7.5 %"
    assert finding(4931.0, "x").ours_text == "4931 x"
    assert finding(10_000.0, "x").ours_text == "10,000 x"
    assert finding(None).ours_text == "not simulated"
    both = Published(value=1.8, high=27.0, source=SOURCE, reference=True)
    assert finding(2.0, "x", published=both).published_text == "1.8 x to 27 x (reference)"


@pytest.mark.parametrize(
    "wrong",
    [{"reason": " "}, {"conditions": ""}, {"engine": ""}, {"ours": float("nan")}, {"result": ""}],
)
def test_a_row_that_does_not_say_everything_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must (say something|be a number)"):
        replace(finding(), **wrong)  # type: ignore[arg-type]  # one field, wrong on purpose
    with pytest.raises(ValueError, match="needs its source"):
        Published(value=1.0, source="")
    with pytest.raises(ValueError, match="go up, got 2 to 1"):
        Published(value=2.0, high=1.0, source=SOURCE)


class Counted:
    """Entries that count their runs; the second one fails while `broken`."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.broken = True

    def entry(self, name: str) -> Entry:
        def run(task: Task) -> Sequence[Finding]:
            self.runs.append(name)
            task.tell("under way")
            if name == "b" and self.broken:
                raise CircuitError("no convergence")
            return [finding()]

        return Entry(
            name=name, title=name, source=SOURCE, minutes=5.0, quick_minutes=0.5, run=run,
            uses=("mnist",),
        )  # fmt: skip


def make(counted: Counted, out: Path, **more: object) -> list[Outcome]:
    given = {"quick": True, "fresh": False, "mnist": None, "cifar10": None, **more}
    plans = plan([counted.entry(n) for n in "abc"], out, tell=lambda text: None, **given)  # type: ignore[arg-type]
    seen: list[int] = []
    outcomes = reproduce(
        plans, clock=lambda: 0.0, spent=lambda: 0.0, done=lambda all_: seen.append(len(all_))
    )
    assert seen == [1, 2, 3]
    return outcomes


def test_finished_rows_are_kept_and_failed_ones_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted()
    outcomes = make(counted, tmp_path)
    assert counted.runs == ["a", "b", "c"]
    assert [isinstance(o.error, CosimError) for o in outcomes] == [False, True, False]
    counted.broken = False
    again = make(counted, tmp_path)
    assert counted.runs == ["a", "b", "c", "b"]
    assert [o.findings for o in again] == [(finding(),)] * 3
    make(counted, tmp_path, quick=False)
    assert len(counted.runs) == 7
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images").write_bytes(b"1")
    make(counted, tmp_path, mnist=tmp_path / "data")
    assert len(counted.runs) == 10
    monkeypatch.setattr(record, "program_digest", lambda: "another program")
    make(counted, tmp_path, mnist=tmp_path / "data")
    make(counted, tmp_path, mnist=tmp_path / "data")
    assert len(counted.runs) == 13
    make(counted, tmp_path, mnist=tmp_path / "data", fresh=True)
    assert len(counted.runs) == 16


def test_a_file_of_rows_that_was_cut_short_counts_as_none(tmp_path: Path) -> None:
    counted = Counted()
    make(counted, tmp_path)
    path = tmp_path / "quick" / "a.json"
    path.write_text(path.read_text()[:-30])
    make(counted, tmp_path)
    assert counted.runs == ["a", "b", "c", "a", "b"]


def test_all_three_files_hold_every_row_and_the_failure(tmp_path: Path) -> None:
    outcomes = make(Counted(), tmp_path)
    write_all(tmp_path, outcomes, "cosim reproduce all", "0.0 abc")
    text = (tmp_path / "reproduction.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert [re.split(r"(?<!\\)\|", row)[1].strip() for row in rows] == ["a", "b", "c"]
    assert all(row.count("|") == 9 for row in rows)
    assert "no convergence" in rows[1]
    data = json.loads((tmp_path / "reproduction.json").read_text())
    assert [entry["error"] for entry in data["entries"]] == [None, "no convergence", None]
    assert data["entries"][0]["rows"][0]["ours"] == 7.5
    page = (tmp_path / "reproduction.html").read_text()
    assert page.count("+1.00 points") == 2
    assert "b: failed: no convergence" in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert SOURCE in text
    assert SOURCE in page


def test_text_cannot_break_the_table() -> None:
    odd = replace(finding(), reason="a | b\nc")
    entry = Counted().entry("a")
    text = markdown([Outcome(entry=entry, findings=(odd,))], "cosim", "0")
    assert "a \\| b c |" in text


def test_entries_have_different_names_and_state_their_minutes() -> None:
    found = entries()
    assert list(found) == [entry.name for entry in chosen("all")]
    for entry in found.values():
        assert 0 < entry.quick_minutes <= entry.minutes
        assert entry.source.strip()
        assert entry.title.strip()
    # on two cores, of the whole: what the command promises
    assert sum(entry.quick_minutes for entry in found.values()) <= 6
    assert sum(entry.minutes for entry in found.values()) <= 90


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", *words])
    return int(ended.value.code or 0)


def test_the_command_lists_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--list") == 0
    assert "lenet-saving" in capsys.readouterr().out
    assert command("nothing", "--quick") == 2
    assert "no reproduction 'nothing' (there are all, " in capsys.readouterr().err
    assert command("--mnist", "no/such") == 2
    assert "there is no folder no/such" in capsys.readouterr().err
