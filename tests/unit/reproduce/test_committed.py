# SPDX-License-Identifier: Apache-2.0
"""test_committed : rows are kept an entry at a time; what is kept is refused if it was touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cosim.cli import main
from cosim.errors import UserInputError
from cosim.reproduce.committed import check, read, store
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.reproduce.readme import ROWS, block, placed, update
from cosim.reproduce.run import Outcome, plan, reproduce

SOURCE = "arXiv:0000.00000"
ORDER = ("a", "b")


def finding(result: str = "energy saved", ours: float | None = 7.123456789) -> Finding:
    published = Published(value=6.5, source=SOURCE)
    return Finding(
        result=result, unit="%", ours=ours, conditions="one image", engine="fast", reason="why",
        published=published,
    )  # fmt: skip


def outcome(name: str, *findings: Finding) -> Outcome:
    entry = Entry(
        name=name, title=name.upper(), source=SOURCE, minutes=1.0, quick_minutes=0.1,
        run=lambda task: [], uses=("mnist",),
    )  # fmt: skip
    return Outcome(entry=entry, findings=findings or (finding(),), wall_s=990.0, cpu_s=90.0)


def test_an_entry_replaces_its_own_rows_alone(tmp_path: Path) -> None:
    store(outcome("b"), "1.0 x", ORDER, tmp_path)
    store(outcome("a", finding("first"), finding("second", None)), "1.0 y", ORDER, tmp_path)
    before = read(tmp_path / "reproduction.json")
    assert list(before) == ["a", "b"]
    store(outcome("a", finding("third")), "1.0 z", ORDER, tmp_path)
    after = read(tmp_path / "reproduction.json")
    assert after["b"] == before["b"]
    assert [row.result for row in after["a"].findings] == ["third"]
    assert (after["a"].program, after["a"].cpu_minutes) == ("1.0 z", 1.5)
    assert after["a"].findings[0].ours == 7.12346
    assert after["a"].command == "cosim reproduce a --mnist DIR"
    text = (tmp_path / "reproduction.md").read_text()
    assert text.splitlines()[0].startswith("<!-- cosim reproduce all")
    assert "| A | third | 6.5 %, arXiv:0000.00000 | 7.123 % | +0.62 points | fast |" in text
    store(outcome("a"), "1.0 z", ["a"], tmp_path)  # an entry that is no more goes
    assert list(read(tmp_path / "reproduction.json")) == ["a"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data["entries"][0]["rows"][0].update(ours=8.0),  # its deviation is another
        lambda data: data["entries"][0]["rows"][0].update(more=1),
        lambda data: data["entries"][0]["rows"][0].pop("reason"),
        lambda data: data["entries"][0]["rows"][0].update(conditions=" "),
        lambda data: data["entries"][0].update(rows=[]),
        lambda data: data["entries"][0].update(title=3),
        lambda data: data["entries"][0]["made"].update(cpu_minutes="1.0"),
        lambda data: data["entries"].append(data["entries"][0]),
        lambda data: data["entries"][0]["rows"].append(data["entries"][0]["rows"][0]),
        lambda data: data.update(format="another"),
        lambda data: data.update(more=[]),
    ],
)
def test_a_table_edited_by_hand_is_refused(
    harm: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    store(outcome("a"), "1.0 x", ORDER, tmp_path)
    path = tmp_path / "reproduction.json"
    data = json.loads(path.read_text())
    harm(data)
    path.write_text(json.dumps(data, indent=1) + "\n")
    with pytest.raises(UserInputError, match="is no table of reproductions"):
        read(path)


def test_only_full_rows_of_test_images_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = outcome("a").entry
    check([entry], quick=False, given={"mnist": tmp_path, "cifar10": None})
    with pytest.raises(UserInputError, match="give --mnist DIR"):
        check([entry], quick=False, given={"mnist": None, "cifar10": tmp_path})
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", "neuron", "--quick", "--write"])
    assert ended.value.code == 2
    assert "leave --quick away" in capsys.readouterr().err


def test_the_readme_takes_chosen_rows_between_its_marks(tmp_path: Path) -> None:
    name, wanted = next(iter(ROWS.items()))
    rows = tuple(finding(result) for result in (*wanted, "another"))
    store(replace(outcome(name), findings=rows), "1.0 x", [name], tmp_path)
    kept = read(tmp_path / "reproduction.json")
    made = block(kept)
    lines = made.splitlines()
    assert len(lines) == 4 + len(wanted)
    assert f"`cosim reproduce {name}`" in lines[3]
    page = tmp_path / "README.md"
    page.write_text(f"above\n{lines[0]}\nold | table\n{lines[-1]}\nbelow\n")
    update(kept, page)
    assert page.read_text() == f"above\n{made}\nbelow\n"
    assert placed(page.read_text(), made) == page.read_text()
    for text in ("none", made + made, lines[0]):
        with pytest.raises(UserInputError, match="needs one pair of lines"):
            placed(text, made)
    store(replace(outcome(name), findings=rows[1:]), "1.0 x", [name], tmp_path)
    with pytest.raises(UserInputError, match=f"has no result {wanted[0]!r}"):
        block(read(tmp_path / "reproduction.json"))


def test_folders_of_data_sets_are_not_told(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()

    def run(task: Task) -> list[Finding]:
        said = f"5 of the test split in {task.mnist}; {task.mnist}/a"
        return [replace(finding(), conditions=said, reason=f"see {task.mnist}")]

    entry = replace(outcome("a").entry, run=run)
    plans = plan(
        [entry], tmp_path, quick=False, fresh=True, mnist=folder, cifar10=None, tell=lambda _: None
    )
    (made,) = reproduce(plans, clock=lambda: 0.0, spent=lambda: 0.0, done=lambda _: None)
    assert made.findings[0].conditions == "5 of the test split; DIR/a"
    assert made.findings[0].reason == "see DIR"
