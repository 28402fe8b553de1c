# SPDX-License-Identifier: Apache-2.0
"""result : holds result.json against its schema, and reads it back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cosim.errors import MismatchError, RunFolderError

__all__ = ["SCHEMA_FILE", "SCHEMA_ID", "read_result", "schema", "validate"]

SCHEMA_FILE = Path(__file__).parent / "result.schema.json"
SCHEMA_ID = "cosim-result-2"


@cache
def schema() -> dict[str, Any]:
    """The shipped schema of result.json."""
    return dict(json.loads(SCHEMA_FILE.read_text()))


def validate(result: Mapping[str, Any]) -> None:
    """Raise MismatchError naming the first place where `result` breaks the schema."""
    import jsonschema  # noqa: PLC0415 - `import cosim` stays light

    validator = jsonschema.Draft202012Validator(schema())
    for error in sorted(validator.iter_errors(result), key=lambda error: list(error.path)):
        place = ".".join(str(part) for part in error.absolute_path) or "the top"
        raise MismatchError(f"result.json breaks its schema at {place}: {error.message[:160]}")


def read_result(path: Path) -> dict[str, Any]:
    """The result of a run folder (or of a result.json), validated."""
    file = path / "result.json" if path.is_dir() else path
    try:
        data = json.loads(file.read_text())
    except OSError as error:
        raise RunFolderError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise RunFolderError(f"{file} is not JSON ({error})") from error
    validate(data)
    return dict(data)
