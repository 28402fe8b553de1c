# SPDX-License-Identifier: Apache-2.0
"""bridge : RTL and circuits in lockstep: simulators, the SoC run, macros on any DUT.

`attach` and `Macro` are for cocotb tests; cocotb is imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cosim.bridge.macro import Macro, attach

__all__ = ["Macro", "attach"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from cosim.bridge import macro  # noqa: PLC0415 - needs a running simulation

        return getattr(macro, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
