# SPDX-License-Identifier: Apache-2.0
"""test_noise : decisions near their thresholds go wrong as often as a Gaussian's tail says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from cosim.errors import UserInputError
from cosim.sttbsnn.chip import load_stt_chip, make_tile
from cosim.sttbsnn.design import BsnnDesign, load_bsnn
from cosim.sttbsnn.factory import make_bsnn_engine
from cosim.sttbsnn.ladder import random_tile
from cosim.sttbsnn.levels import match_levels
from cosim.sttbsnn.netlist import ENABLE, STROBE, input_pin, spike_pin
from cosim.sttbsnn.rows import layer_of
from cosim.sttbsnn.step import threshold_levels
from cosim.sttbsnn.tile import build_tile

SIGMA_V, ROWS = 3e-3, 64
SETTLE_PS, SENSE_PS, RESET_PS = 800, 260, 200
FAR = 2.5  # thresholds lie within so many sigma of the source lines
SURE = 1e-3  # right code would fail with this share of all seeds


@pytest.fixture(scope="module")
def fine() -> BsnnDesign:
    """Short rows, threshold codes of ten microvolts."""
    sets = ["row.inputs=24", "threshold.bits=14", f"variation.noise_v={SIGMA_V}"]
    return load_bsnn("stt_bsnn_65nm", sets)


def decided(
    design: BsnnDesign, kind: str, seed: int | None, *, name: str = "tile", strobes: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Decisions (strobes, rows), and volts (rows,) of the source lines above their thresholds."""
    weights, spikes = random_tile(design, ROWS, 1, np.random.default_rng(3))
    levels, lines_v = match_levels(design), build_tile(weights, design).rest(spikes[0]).sl_v
    wanted_v = lines_v - SIGMA_V * np.linspace(-FAR, FAR, ROWS)
    codes = np.rint((wanted_v - levels.low_v) / levels.lsb_v).astype(np.int64)
    engine = make_bsnn_engine(kind, name, design, ROWS, noise_seed=seed)
    engine.program((layer_of(weights),))
    pins = {input_pin(i): int(bit) for i, bit in enumerate(spikes[0])}
    pins |= threshold_levels(codes, design.threshold.bits)
    engine.start(0, {ENABLE: 1, STROBE: 0, **pins})
    engine.advance(SETTLE_PS)
    t_ps, found = SETTLE_PS, []
    for _ in range(strobes):
        engine.drive(t_ps, {STROBE: 1})
        seen = engine.advance(t_ps + SENSE_PS, stop_on_crossing=False).crossings
        fired = {crossing.pin for crossing in seen if crossing.level}
        found.append([int(spike_pin(r) in fired) for r in range(ROWS)])
        engine.drive(t_ps + SENSE_PS, {STROBE: 0})
        t_ps += SENSE_PS + RESET_PS
        engine.advance(t_ps, stop_on_crossing=False)
    return np.array(found), lines_v - levels.code_v(codes)


@pytest.mark.parametrize(("kind", "strobes"), [("ideal", 40), ("fast", 100)])
def test_decisions_follow_the_gaussian_s_tail(fine: BsnnDesign, kind: str, strobes: int) -> None:
    found, margin_v = decided(fine, kind, seed=5, strobes=strobes)
    far = margin_v / SIGMA_V
    share = norm.sf(-far)  # of spikes
    spread = strobes * share * (1 - share)
    off = found.sum(axis=0) - strobes * share
    # each row on its own, as many independent decisions as there were strobes
    assert chi2.isf(1 - SURE, ROWS) < float(np.sum(off**2 / spread)) < chi2.isf(SURE, ROWS)
    # all rows together: the width of the noise, by the slope of the likelihood
    slope = -far * norm.pdf(far) / (share * (1 - share))
    score = float(np.sum(slope * off) / np.sqrt(np.sum(slope**2 * spread)))
    assert abs(score) < norm.isf(SURE / 2)
    wrong = found != (far > 0)
    assert 0.1 < wrong.mean() < 0.2  # mean of Q over +-2.5 sigma: 0.16


def test_without_a_seed_nothing_is_noisy(fine: BsnnDesign) -> None:
    found, margin_v = decided(fine, "fast", None, strobes=2)
    assert np.array_equal(found, np.tile(margin_v > 0, (2, 1)))


def test_noise_is_the_seed_s_and_the_tile_s_whatever_the_engine(fine: BsnnDesign) -> None:
    first, _ = decided(fine, "fast", 5, strobes=6)
    assert np.array_equal(decided(fine, "fast", 5, strobes=6)[0], first)
    ideal, _ = decided(fine, "ideal", 5, strobes=6)
    assert np.mean(ideal != first) < 0.05  # lines shared by rows move them by microvolts
    assert np.mean(decided(fine, "fast", 6, strobes=6)[0] != first) > 0.05
    assert np.mean(decided(fine, "fast", 5, name="other", strobes=6)[0] != first) > 0.05


def test_a_tile_of_the_chip_is_noisy_in_ideal_and_fast_alone() -> None:
    design = load_stt_chip("snn_65nm")
    sizes = (design.row.inputs, design.tile.rows)
    for kind in ("ideal", "fast"):
        make_tile(kind, "stt0", design, sizes, noise_seed=1)
    with pytest.raises(UserInputError, match="leave --noise out of ngspice"):
        make_tile("ngspice", "stt0", design, sizes, noise_seed=1)
