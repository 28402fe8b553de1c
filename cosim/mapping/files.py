# SPDX-License-Identifier: Apache-2.0
"""files : a mapping as mapping.json (readable) beside mapping.npz (weights, program words).

The JSON holds sizes, tiles and schedule, and the hash of the .npz; loading checks all of it, so a
truncated, edited or foreign pair of files is an error and never another network.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from cosim.errors import ModelError
from cosim.mapping.packing import check_stack, unpack
from cosim.mapping.stack import Mapping, Schedule

__all__ = ["load_mapping", "save_mapping"]

FORMAT = "cosim-mapping-1"


def save_mapping(mapping: Mapping, folder: Path) -> tuple[Path, Path]:
    """Write mapping.json and mapping.npz into `folder`; returns both paths."""
    json_path, npz_path = folder / "mapping.json", folder / "mapping.npz"
    arrays: dict[str, Any] = {f"w{k}": layer for k, layer in enumerate(mapping.weights)}
    np.savez_compressed(npz_path, words=mapping.words, **arrays)
    json_path.write_text(json.dumps(_summary(mapping, _sha256(npz_path)), indent=1) + "\n")
    return json_path, npz_path


def load_mapping(folder: Path) -> Mapping:
    """The mapping that `save_mapping` wrote into `folder`."""
    json_path, npz_path = folder / "mapping.json", folder / "mapping.npz"
    try:
        head = json.loads(json_path.read_text())
        if head["format"] != FORMAT:
            raise ModelError(f"{json_path}: format must be {FORMAT}, got {head['format']}")
        if head["npz_sha256"] != _sha256(npz_path):
            raise ModelError(f"{npz_path} is not the file that {json_path} describes")
        with np.load(npz_path, allow_pickle=False) as data:
            words = data["words"]
            weights = check_stack([data[f"w{k}"] for k in range(len(head["sizes"]) - 1)])
        mapping = Mapping(
            weights=weights,
            tile_rows=int(head["tile"]["rows"]),
            tile_cols=int(head["tile"]["cols"]),
            split=head["tile"]["split"],
            schedule=Schedule(**head["schedule"]),
        )
        unpacked = unpack(words, head["sizes"])
    except (OSError, zipfile.BadZipFile, json.JSONDecodeError, EOFError) as error:
        raise ModelError(f"cannot read the mapping in {folder}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{json_path}: missing or wrong entry {error}") from error
    if _summary(mapping, head["npz_sha256"]) != head:
        raise ModelError(f"{json_path} does not describe the weights in {npz_path}")
    same = all(np.array_equal(a, b) for a, b in zip(weights, unpacked, strict=True))
    if not same:
        raise ModelError(f"{npz_path}: program words and weights differ")
    return mapping


def _summary(mapping: Mapping, npz_sha256: str) -> dict[str, Any]:
    schedule = mapping.schedule
    return {
        "format": FORMAT,
        "npz_sha256": npz_sha256,
        "sizes": list(mapping.sizes),
        "tile": {"rows": mapping.tile_rows, "cols": mapping.tile_cols, "split": mapping.split},
        "partitions": [list(mapping.layer_partitions(k)) for k in range(len(mapping.weights))],
        "tiles": [
            {"name": t.name, "rows": [t.row0, t.row1], "cols": [t.col0, t.col1]}
            for t in mapping.tiles
        ],
        "schedule": {
            "settle_cycles": schedule.settle_cycles,
            "conv_cycles": schedule.conv_cycles,
            "prog_cycles": schedule.prog_cycles,
            "prog_words": schedule.prog_words,
        },
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
