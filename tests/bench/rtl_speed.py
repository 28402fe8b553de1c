# SPDX-License-Identifier: Apache-2.0
"""rtl_speed : prints how fast the SoC with an idle macro runs under cocotb, and in a bare program.

python tests/bench/rtl_speed.py [CYCLES [ROUNDS]]
"""

from __future__ import annotations

import sys

from cosim.bridge.speed import rtl_speed

__all__ = ["main"]


def main() -> int:
    """Measure and print; 1 if a figure misses what the README promises."""
    values = [int(word) for word in sys.argv[1:]]
    speed = rtl_speed(*values)
    print(
        f"{speed.cycles} cycles, best of {speed.rounds}: under cocotb {speed.cocotb_wall_s:.3f} s "
        f"({speed.cycles_per_s / 1e6:.2f} M cycles/s), bare {speed.bare_wall_s:.3f} s; "
        f"ratio {speed.wall_ratio:.3f} by wall time, {speed.ratio:.3f} by processor time"
    )
    return 0 if speed.ratio >= 0.9 and speed.cycles_per_s >= 1e6 else 1


if __name__ == "__main__":
    raise SystemExit(main())
