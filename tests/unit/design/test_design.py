# SPDX-License-Identifier: Apache-2.0
"""test_design : design files load, say where a number is from, and refuse what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cosim.design import design_names, load_design
from cosim.errors import DesignError


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", design_names())
def test_every_shipped_design_loads_and_states_every_source(name: str) -> None:
    design = load_design(name)
    assert design.name == name
    assert len(design.sources) > 40
    unstated = [key for key, source in design.sources.items() if source.startswith("not stated")]
    assert unstated == []


@pytest.mark.parametrize("name", design_names())
def test_the_resolved_file_is_the_same_design(name: str, tmp_path: Path) -> None:
    design = load_design(name, ["macro.vdd_v=0.75"])
    again = load_design(write(tmp_path, design.resolved_yaml()))
    assert again == design
    assert again.sources["macro.vdd_v"] == "--set macro.vdd_v=0.75"
    entry = yaml.safe_load(design.resolved_yaml())["device"]["mtj"]["ra_ohm_um2"]
    assert entry["value"] == 10.0
    assert entry["unit"] == "ohm.um2"
    assert "2204.09918" in entry["source"]


def test_a_file_may_hold_only_what_differs(tmp_path: Path) -> None:
    path = write(tmp_path, "base: imac_14nm\nname: mine\nmacro:\n  tile: {rows: 64}\n")
    design = load_design(path)
    assert (design.name, design.macro.tile.rows, design.macro.tile.cols) == ("mine", 64, 32)


def test_numbers_may_be_written_as_everyone_writes_them(tmp_path: Path) -> None:
    text = "base: imac_14nm\nmacro:\n  converter:\n    energy_j: 1e-12\n"
    design = load_design(write(tmp_path, text))
    assert design.macro.converter.energy_j == 1e-12
    assert "line 4" in design.sources["macro.converter.energy_j"]


@pytest.mark.parametrize(
    ("body", "line", "text"),
    [
        ("macro:\n  vdd: 0.8", 3, "unknown key macro.vdd (did you mean vdd_v?)"),
        ("macroo:\n  vdd_v: 0.8", 3, "unknown key macroo (did you mean macro?)"),
        ("macro:\n  vdd_v: high", 3, "macro.vdd_v: input should be a valid number, got 'high'"),
        ("macro:\n  vdd_v: -1", 3, "macro.vdd_v: input should be greater than 0, got -1"),
        ("macro:\n  vdd_v: .nan", 3, "macro.vdd_v: input should be a finite number"),
        ("macro:\n  vdd_v: {value: 800, unit: mV}", 3, "macro.vdd_v has unit V, got mV"),
        ("macro:\n  tile: 32", 3, "macro.tile must be a section of keys"),
        ("macro:\n  vdd_v:\n    x: 1", 4, "macro.vdd_v must be a value"),
        ("macro:\n  tile:\n    rows: 2.5", 4, "macro.tile.rows: input should be a valid integer"),
        ("macro:\n  tile:\n    rows: 0", 4, "greater than or equal to 1, got 0"),
        ("macro:\n  tile:\n    rows: true", 4, "macro.tile.rows: input should be a valid integer"),
        ("wires:\n  enabled: 1", 3, "wires.enabled: input should be a valid boolean"),
        ("macro:\n  vdd_v: 1.0\n  vdd_v: 0.8", 4, "macro.vdd_v is given twice"),
        ("macro:\n  vdd_v: [0.8", 4, "not valid YAML"),
    ],
)
def test_errors_name_file_line_and_key(tmp_path: Path, body: str, line: int, text: str) -> None:
    path = write(tmp_path, f"base: imac_14nm\n{body}\n")
    with pytest.raises(DesignError) as caught:
        load_design(path)
    assert text in str(caught.value)
    assert f"{path}, line {line}" in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    tree = yaml.safe_load(load_design("imac_14nm").resolved_yaml())
    del tree["macro"]["vdd_v"]
    with pytest.raises(DesignError, match=r"macro\.vdd_v is missing"):
        load_design(write(tmp_path, yaml.safe_dump(tree)))


@pytest.mark.parametrize(
    ("sets", "text"),
    [
        ("macro.vdd_v", "expected key=value"),
        ("=3", "expected key=value"),
        ("macro..vdd_v=3", "expected key=value"),
        ("macro.partition.outputs=tie", "'summed' or 'tied', got 'tie'"),
        ("macro.converter.high_v=-1", "high_v must be above low_v"),
    ],
)
def test_errors_of_set_name_the_option(sets: str, text: str) -> None:
    with pytest.raises(DesignError) as caught:
        load_design("imac_14nm", [sets])
    assert text in str(caught.value)


def test_set_takes_sections_and_later_ones_win() -> None:
    design = load_design("imac_14nm", ["macro.tile={rows: 8, cols: 4}", "macro.tile.rows=16"])
    assert (design.macro.tile.rows, design.macro.tile.cols) == (16, 4)


def test_unknown_names_list_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match=r"did you mean imac_14nm\?.*shipped: .*imac_sim"):
        load_design("imac_14mn")
    with pytest.raises(DesignError, match="does not exist"):
        load_design(tmp_path / "none.yaml")


def test_a_base_that_leads_back_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "base: mine.yaml\n")
    with pytest.raises(DesignError, match="leads back"):
        load_design(path)


def test_digest_follows_values_not_sources() -> None:
    plain = load_design("imac_14nm")
    same = load_design("imac_14nm", ["macro.vdd_v=0.8"])
    other = load_design("imac_14nm", ["macro.vdd_v=0.81"])
    assert plain.digest() == same.digest() != other.digest()
    assert plain.digest("device") == other.digest("device")
