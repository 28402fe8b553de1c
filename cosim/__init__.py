# SPDX-License-Identifier: Apache-2.0
"""cosim : trained CNNs as RISC-V firmware in lockstep with an analog in-memory macro.

`cosim.run(...)` and the rest of `__all__` are the commands as calls, loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cosim.api import ImageResult, LayerResult, RunResult, compare, load, run, table

__all__ = ["ImageResult", "LayerResult", "RunResult", "compare", "load", "run", "table"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from cosim import api  # noqa: PLC0415 - `import cosim` stays light

        return getattr(api, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
