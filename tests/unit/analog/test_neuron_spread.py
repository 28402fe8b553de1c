# SPDX-License-Identifier: Apache-2.0
"""test_neuron_spread : the default offset is that of mismatched neurons; offsets by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.analog.neuron_spread import measure_spread
from cosim.design import load_design
from cosim.errors import DesignError

pytestmark = pytest.mark.spice

NONE = [f"variation.{key}=0.0" for key in ("ra_sigma", "tmr_sigma", "fin_vt_n_v", "fin_vt_p_v")]


def test_the_default_offset_is_the_measured_one() -> None:
    design, n = load_design("imac_14nm"), 200
    found = measure_spread(design, n, seed=9).offset_v.std(ddof=1)
    sigma = design.variation.neuron_offset_v
    assert abs(found / sigma - 1) < 4 / np.sqrt(2 * n)


def test_equal_neurons_have_no_offset() -> None:
    found = measure_spread(load_design("imac_14nm", NONE), 3)
    assert np.abs(found.offset_v).max() < 1e-6
    assert found.left_v.max() < 1e-6


def test_a_shift_of_both_thresholds_moves_the_input_alike() -> None:
    """Equal shifts of both FETs are a gate source; before MTJ-A it counts (R_A + R_B)/R_B less.

    With y fixed, x moves by the shift, and the input by the shift times (R_A + R_B)/R_B.
    """
    linear = ["device.mtj.bias_dependent=false"]
    design = load_design("imac_14nm", [*NONE[:2], *linear])
    n_only, p_only = (
        measure_spread(load_design("imac_14nm", [*NONE[:2], *linear, off]), 50).offset_v
        for off in (NONE[3], NONE[2])
    )
    both = measure_spread(design, 50).offset_v
    assert both == pytest.approx(n_only + p_only, abs=4e-4)  # first order: shifts of 6 to 20 mV
    assert n_only.std() / (0.019 / np.sqrt(10)) < (8488.0 + 25465.0 + 500.0) / (25465.0 + 250.0)


def test_other_transistors_are_refused() -> None:
    design = load_design("imac_14nm", ["device.fet.model=mine.va"])
    with pytest.raises(DesignError, match=r"device.fet.model builtin"):
        measure_spread(design, 2)
