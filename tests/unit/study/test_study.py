# SPDX-License-Identifier: Apache-2.0
"""test_study : points resume, refusals become rows, and figures say which command made them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from cosim.design import load_design
from cosim.errors import CircuitError, ConvergenceError, RunFolderError, UserInputError
from cosim.study import catalogue
from cosim.study.catalogue import STUDIES, make_study
from cosim.study.chart import canvas, label_ends
from cosim.study.record import OK, Origin, Record, Row
from cosim.study.spot import spot_check_study
from cosim.study.study import Study
from cosim.study.subject import Subject
from cosim.study.technologies import SIZED_FOR_OHM, TECHNOLOGIES, cell_sets

COMMAND = "cosim study squares --seed 1"
CELLS_PER_POINT = 2
# what changes here is not in the design alone
ONE_DESIGN = {"neuron_parameters", "neuron_mismatch", "neuron_alternatives"}
SAMPLE = 11  # of the points: reading a design file takes a tenth of a second


def tiny_subject() -> Subject:
    rng = np.random.default_rng(1)
    return Subject(
        design_name="imac_14nm",
        sets=("macro.tile.rows=16",),
        weights=(rng.integers(-1, 2, (21, 10), dtype=np.int8),),
        bits=rng.integers(0, 2, (6, 20), dtype=np.uint8),
        labels=np.arange(6, dtype=np.uint8),
        identity={"engine": "fast", "design": "imac_14nm x"},
    )


class Counted:
    """A study of squares that refuses negative numbers and counts what it solved."""

    def __init__(self, points: Sequence[int]) -> None:
        self.solved: list[int] = []

        def solve(subject: Subject, design: object, point: object) -> list[Row]:
            del subject, design
            x = int(point["x"])  # type: ignore[index]
            self.solved.append(x)
            if x < 0:
                raise ConvergenceError("no operating point,\nnone at all", node="a")
            return [{"side": side, "square": float(x * x)} for side in range(CELLS_PER_POINT)]

        def draw(rows: Sequence[Row]) -> Figure:
            figure, (axes,) = canvas(4, 3, 1, 1)
            axes.plot([float(row["x"]) for row in rows])
            return figure

        self.study = Study(
            name="squares",
            title="Squares",
            keys={"x": int},
            figures={"side": int, "square": float},
            points=lambda subject, quick: [{"x": x} for x in points],
            sets=lambda subject, point: (),
            solve=solve,
            draw=draw,
        )


def make(
    counted: Counted, out: Path, monkeypatch: pytest.MonkeyPatch, **changed: object
) -> catalogue.Made:
    monkeypatch.setitem(STUDIES, "squares", counted.study)
    monkeypatch.setattr(catalogue, "program_digest", lambda: "1.0 abc")
    options = {"command": COMMAND, "seed": 1, "quick": False, "fresh": False, **changed}
    return make_study("squares", tiny_subject(), out=out, tell=lambda text, done: None, **options)  # type: ignore[arg-type]


def table(path: Path) -> list[dict[str, str]]:
    lines = path.read_text().splitlines()
    return list(csv.DictReader(io.StringIO("\n".join(lines[2:]))))


def test_csv_and_png_say_which_command_made_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(Counted([1, 2]), tmp_path, monkeypatch)
    head = made.csv.read_text().splitlines()[:2]
    assert head[0] == f"# {COMMAND}"
    identity = json.loads(head[1].removeprefix("# "))
    assert identity["engine"] == "fast"
    assert (identity["seed"], identity["program"]) == ("1", "1.0 abc")
    assert [row["square"] for row in table(made.csv)] == ["1", "1", "4", "4"]
    data = made.png.read_bytes()
    assert COMMAND.encode() in data
    assert b"design imac_14nm x" in data
    assert matplotlib.image.imread(made.png).shape[1] == 800


def test_interrupted_study_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(Counted([1, 3]), tmp_path, monkeypatch)
    second = Counted([1, 2, 3])
    made = make(second, tmp_path, monkeypatch)
    assert second.solved == [2]
    assert made.counts == {"points": 3, "kept": 2, "solved": 1, "refused": 0}
    assert [row["x"] for row in table(made.csv)] == ["1", "1", "2", "2", "3", "3"]
    third = Counted([1, 2, 3])
    make(third, tmp_path, monkeypatch, fresh=True)
    assert third.solved == [1, 2, 3]


def test_refused_point_is_a_row_that_says_why_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(Counted([1, -2]), tmp_path, monkeypatch)
    assert made.counts["refused"] == 1
    assert [row["status"] for row in made.refused] == [
        "ConvergenceError: no operating point, none at all [node=a]"
    ]
    assert [row["status"] for row in table(made.csv)][:2] == [OK, OK]
    again = Counted([1, -2])
    make(again, tmp_path, monkeypatch)
    assert again.solved == [-2]


@pytest.mark.parametrize("changed", [{"seed": 2}, {"quick": True}])
def test_file_of_other_figures_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    make(Counted([1]), tmp_path, monkeypatch)
    with pytest.raises(UserInputError, match=r"squares\.csv has other figures .*--fresh"):
        make(Counted([1]), tmp_path, monkeypatch, **changed)


@pytest.mark.parametrize("text", ["", "# a\n", "# a\n# {}\nx,y\n"])
def test_file_that_is_no_study_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "squares.csv").write_text(text)
    with pytest.raises(UserInputError, match=r"squares\.csv"):
        make(Counted([1]), tmp_path, monkeypatch)


def test_damaged_row_is_refused(tmp_path: Path) -> None:
    origin = Origin(command="c", identity={})
    text = "\n".join([*origin.lines, "x,status", "one,ok"])
    (tmp_path / "s.csv").write_text(text)
    record = Record(
        path=tmp_path / "s.csv", origin=origin, columns={"x": int, "status": str}, keys=("x",)
    )
    with pytest.raises(UserInputError, match="one"):
        record.load(fresh=False)


def test_folder_in_the_way_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="--out"):
        make(Counted([1]), tmp_path / "file", monkeypatch)


def test_designs_of_every_study_are_valid_and_differ() -> None:
    subject = tiny_subject()
    for study in STUDIES.values():
        points = study.points(subject, False)[::SAMPLE]
        designs = {subject.design(*study.sets(subject, point)).digest() for point in points}
        if study.name not in ONE_DESIGN:
            assert len(designs) == len(points), study.name


def test_resistance_and_drive_cover_what_they_promise() -> None:
    subject = tiny_subject()
    kinds = {point["wires"] for point in STUDIES["resistance"].points(subject, False)}
    assert kinds == {"ideal wires", "wires", "partitions"}
    whole = {"wires": "wires", "r_low_ohm": 1e4, "r_high_ohm": 1e5}
    design = subject.design(*STUDIES["resistance"].sets(subject, whole))
    assert (design.macro.tile.rows, design.wires.enabled) == (21, True)
    ohms = {point["r_row_ohm"] for point in STUDIES["drive"].points(subject, False)}
    assert {0.0, 500.0, 1500.0} <= ohms


def test_drivers_keep_their_strength_against_the_cells() -> None:
    base = load_design("imac_14nm")
    assert [t.name for t in TECHNOLOGIES] == ["MRAM", "RRAM", "CBRAM", "PCM"]
    sized = load_design("imac_14nm", cell_sets(base, 10 * SIZED_FOR_OHM, 1e6))
    assert sized.macro.driver.r_ohm == pytest.approx(10 * base.macro.driver.r_ohm)
    assert sized.macro.buffer.imax_a == pytest.approx(base.macro.buffer.imax_a / 10)
    assert sized.device.cell.kind == "fixed"


def test_names_at_line_ends_do_not_overlap() -> None:
    figure, (axes,) = canvas(4, 3, 1, 1)
    axes.set_ylim(0, 100)
    label_ends(axes, [(1.0, 99.0, str(k), "black") for k in range(5)], 5.0)
    places = sorted(text.get_position()[1] for text in axes.texts)
    assert np.diff(places) == pytest.approx(5.0, abs=0.2)
    assert places[-1] <= 100.0
    del figure


def small_subject() -> Subject:
    rng = np.random.default_rng(2)
    return Subject(
        design_name="imac_14nm",
        sets=(),
        weights=tuple(rng.integers(-1, 2, s, dtype=np.int8) for s in ((41, 12), (13, 5))),
        bits=rng.integers(0, 2, (8, 40), dtype=np.uint8),
        labels=rng.integers(0, 5, 8).astype(np.uint8),
        identity={"engine": "fast", "design": "imac_14nm"},
    )


@pytest.mark.parametrize("name", ["resistance", "technology", "drive"])
def test_quick_study_solves_and_draws(name: str, tmp_path: Path) -> None:
    subject = small_subject()
    made = make_study(
        name,
        subject,
        command=f"cosim study {name} --quick",
        seed=1,
        out=tmp_path,
        quick=True,
        fresh=False,
        tell=lambda text, done: None,
    )
    assert made.counts["solved"] >= 2
    assert all(0 <= float(row["accuracy"]) <= 1 for row in made.rows if row["status"] == OK)
    assert made.png.stat().st_size > 10_000


@pytest.mark.spice
@pytest.mark.parametrize("name", ["technology", "resistance"])
def test_points_of_a_study_are_what_ngspice_finds(name: str) -> None:
    subject, study = small_subject(), STUDIES[name]
    rows: list[Row] = [{**point, "status": OK} for point in study.points(subject, True)]
    check = spot_check_study(study, subject, rows, share=0.5, seed=1, tell=lambda text, done: None)
    assert check.ok, check.as_dict()
    assert (check.total, len(check.inputs)) == (len(rows), len(rows) // 2)


def test_study_without_a_solved_point_cannot_be_checked() -> None:
    with pytest.raises(CircuitError, match="no point was solved"):
        spot_check_study(
            STUDIES["drive"],
            small_subject(),
            [{"driver": "buffer", "tile": 16, "r_row_ohm": 0.0, "status": "DesignError: no"}],
            share=1.0,
            seed=1,
            tell=lambda text, done: None,
        )
