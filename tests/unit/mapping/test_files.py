# SPDX-License-Identifier: Apache-2.0
"""test_files : a mapping survives its files; damaged or foreign files are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cosim.design import load_design
from cosim.errors import ModelError
from cosim.mapping import load_mapping, map_stack, save_mapping


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    stack = [rng.integers(-1, 2, shape, dtype=np.int8) for shape in ((34, 20), (21, 5))]
    save_mapping(map_stack(stack, load_design("imac_14nm")), tmp_path)
    return tmp_path


def edit(folder: Path, **changes: object) -> None:
    path = folder / "mapping.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_mapping_survives_its_files(folder: Path) -> None:
    loaded = load_mapping(folder)
    assert loaded.sizes == (33, 20, 5)
    rng = np.random.default_rng(5)
    for layer, shape in zip(loaded.weights, ((34, 20), (21, 5)), strict=True):
        np.testing.assert_array_equal(layer, rng.integers(-1, 2, shape, dtype=np.int8))


def test_truncated_npz_is_refused(folder: Path) -> None:
    path = folder / "mapping.npz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="is not the file that"):
        load_mapping(folder)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"format": "other"}, "format must be cosim-mapping-1"),
        ({"sizes": [33, 20, 6]}, "program words"),
        ({"tiles": []}, "does not describe"),
        ({"tile": {"rows": 16, "cols": 32, "split": "full"}}, "does not describe"),
        ({"tile": {"rows": 32, "cols": 32, "split": "even"}}, "does not describe"),
        ({"tile": {"rows": 32, "cols": 32}}, "missing or wrong entry .split."),
        ({"schedule": {}}, "missing or wrong entry"),
    ],
)
def test_edited_json_is_refused(folder: Path, changes: dict[str, object], text: str) -> None:
    edit(folder, **changes)
    with pytest.raises(ModelError, match=text):
        load_mapping(folder)


def test_missing_and_broken_files_are_one_line(folder: Path, tmp_path: Path) -> None:
    (folder / "mapping.json").write_text("{")
    with pytest.raises(ModelError, match="cannot read the mapping"):
        load_mapping(folder)
    with pytest.raises(ModelError, match="cannot read the mapping"):
        load_mapping(tmp_path / "nowhere")
