# SPDX-License-Identifier: Apache-2.0
"""sample_profile : a small profile counted by hand, with the words of its instructions."""

from __future__ import annotations

TEXT = """cosim-profile 1
total 120 12 regions none outside 0
region 0 wait 0 0 trap 1 3 2 0 rest 0 0 0
0 1 4 4 0 0
4 2 3 3 1 0
region 5 wait 1 2 trap 0 0 0 0 rest 2 1 0
8 4 4 4 0 0
c 2 3 2 0 0
10 1 34 1 0 0
14 1 41 1 0 2
18 1 26 1 0 24
end
"""

# addi x1,x0,5; sw x1,0(x2); mul x3,x1,x2; lb x4,1(x2); div x5,x3,x1; wfi; imac.push (x0, x6)
WORDS = {
    0x00: 0x0050_0093,
    0x04: 0x0011_2023,
    0x08: 0x0220_81B3,
    0x0C: 0x0011_0203,
    0x10: 0x0211_C2B3,
    0x14: 0x1050_0073,
    0x18: 0x0063_100B & ~(31 << 15),
}
