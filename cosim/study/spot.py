# SPDX-License-Identifier: Apache-2.0
"""spot : a random share of a study's points, one random image each, solved again by ngspice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cosim.analog.fast_eval import classify
from cosim.analog.ladder import Bound
from cosim.analog.spot_check import SpotCheck, pick, spot_check
from cosim.errors import CircuitError, UserInputError
from cosim.study.record import OK, Row, key_of
from cosim.study.study import Study, Tell
from cosim.study.subject import Subject, programmed

__all__ = ["checkable", "spot_check_study"]


def checkable(study: Study, share: float) -> None:
    """Refuse a share that is none, and a study that ngspice measures anyway."""
    if study.engine != "fast":
        raise UserInputError(f"--spot-check: study {study.name} is measured by ngspice throughout")
    pick(1, share, 0)


def spot_check_study(
    study: Study, subject: Subject, rows: Sequence[Row], *, share: float, seed: int, tell: Tell
) -> SpotCheck:
    """Largest differences over the chosen points; `inputs` are places among the solved points."""
    checkable(study, share)
    points = list(
        {key_of(row, list(study.keys)): row for row in rows if row["status"] == OK}.values()
    )
    if not points:
        raise CircuitError(f"study {study.name}: no point was solved, none can be checked")
    chosen = pick(len(points), share, seed)
    rng = np.random.default_rng(np.random.SeedSequence([seed, len(points), 1]))
    worst: dict[str, Bound] = {}
    for done, place in enumerate(chosen):
        point = points[place]
        tell(f"again in ngspice: {', '.join(key_of(point, list(study.keys)))}", done)
        stack = programmed(subject, subject.design(*study.sets(subject, point)))
        image = int(rng.integers(len(subject.bits)))
        bits = subject.bits[image : image + 1]
        check = spot_check(stack, stack.drive_of(bits), classify(stack, bits), share=1.0, seed=seed)
        for bound in check.bounds:
            # Points have bounds of their own: what counts is how much of its bound each one takes.
            old = worst.get(bound.name)
            if old is None or not bound.value * old.limit <= old.value * bound.limit:
                worst[bound.name] = bound
    return SpotCheck(
        inputs=tuple(int(place) for place in chosen),
        total=len(points),
        seed=seed,
        bounds=tuple(worst.values()),
    )
