# SPDX-License-Identifier: Apache-2.0
"""test_bsimcmg : a user's own BSIM-CMG file compiles and takes the place of fet_cb.

The file is looked for in COSIM_BSIMCMG (path of bsimcmg.va), then in the package vajax.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from va_deck import run_deck

from cosim import tools


def bsimcmg_file() -> Path | None:
    """The model's main file, if this machine has one."""
    if given := os.environ.get("COSIM_BSIMCMG"):
        return Path(given)
    spec = find_spec("vajax")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "devices" / "models" / "bsimcmg" / "bsimcmg.va"
    return path if path.is_file() else None


def test_an_inverter_of_bsimcmg_devices_switches(tmp_path: Path) -> None:
    source = bsimcmg_file()
    if source is None:
        pytest.skip("optional: no BSIM-CMG file (set COSIM_BSIMCMG, or install vajax)")
    got = run_deck("bsimcmg.cir", tmp_path, {"MODEL": tools.compile_va(source)})
    assert 1e-4 < got["i_on"][0] < 5e-3  # 10 fins: 1.4 mA with a 14 nm HP card
    assert got["v_high"][0] > 0.79
    assert got["v_low"][0] < 0.01
    assert 0.2 < got["threshold"][0] < 0.6
    assert got["steepest"][0] < 0.5  # an inverting curve: never rises
