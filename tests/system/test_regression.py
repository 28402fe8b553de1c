# SPDX-License-Identifier: Apache-2.0
"""test_regression : what LeNet-5 costs, held to golden files; an example of a user's suite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cosim import RunResult
from cosim.pytest import Golden


@pytest.mark.cosim(images=2, engine="ideal")
def test_lenet5_with_the_macro(run_firmware: Callable[..., RunResult], golden: Golden) -> None:
    golden(run_firmware("lenet5"))


@pytest.mark.cosim(images=1, cpu_only=True)
def test_lenet5_on_the_cpu_alone(run_firmware: Callable[..., RunResult], golden: Golden) -> None:
    golden(run_firmware("lenet5"))
