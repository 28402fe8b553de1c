# SPDX-License-Identifier: Apache-2.0
"""npz : reads the arrays of an .npz file; whatever is wrong with it is one ModelError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import ModelError

__all__ = ["read_npz"]


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Every array by name; nothing in the file is run."""
    try:
        with path.open("rb") as file:  # numpy leaves it open when the archive is broken
            loaded = np.load(file, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise ModelError(f"{path}: not an .npz file (a single array)")
            return {key: loaded[key] for key in loaded.files}
    except ModelError:
        raise
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # damaged archives meet errors of zipfile, zlib, struct and pickle
        # NumPy takes what it does not know for pickled objects, and says how to run them.
        reason = "it holds no plain numbers" if "pickle" in str(error) else error
        raise ModelError(f"{path}: not a readable .npz file, or truncated ({reason})") from None
