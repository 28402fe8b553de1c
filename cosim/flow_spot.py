# SPDX-License-Identifier: Apache-2.0
"""flow_spot : a finished run's macro solved again by ngspice for a random share of its images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosim.analog.fast_forward import fast_stack
from cosim.analog.spot_check import SpotCheck, spot_check
from cosim.applications import application
from cosim.design import load_design
from cosim.errors import RunFolderError
from cosim.model.colour import load_for
from cosim.model.integer import feature_bits, features
from cosim.model.store import load_network

__all__ = ["spot_check_run"]

FILE = "spot_check.json"


def spot_check_run(
    folder: Path,
    result: Mapping[str, Any],
    *,
    model: str | None,
    data: Path | None,
    share: float,
    seed: int,
) -> SpotCheck:
    """Hold the run's classes, and engine fast's volts for its images, against ngspice.

    The check is written to the run folder as spot_check.json.
    """
    network = load_network(model or application(str(result["application"])).model)
    classes = [image["class"] for image in result["images"]]
    bits = feature_bits(features(network, load_for(network, data).first(len(classes)).images))
    stack = fast_stack(network.fc, load_design(folder / "config.resolved.yaml"))
    check = spot_check(stack, stack.drive_of(bits), classes, share=share, seed=seed)
    try:
        (folder / FILE).write_text(json.dumps(check.as_dict(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write {folder / FILE}: {error.strerror}") from error
    return check
