# SPDX-License-Identifier: Apache-2.0
"""catalogue : the studies there are, and one from name to CSV and PNG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosim.study.chart import save, styled
from cosim.study.drive import DRIVE
from cosim.study.mixed_study import MIXED
from cosim.study.neuron import NEURON
from cosim.study.neuron_accuracy import NEURON_ACCURACY
from cosim.study.neuron_alternatives import NEURON_ALTERNATIVES
from cosim.study.neuron_mismatch import NEURON_MISMATCH
from cosim.study.neuron_parameters import NEURON_PARAMETERS
from cosim.study.record import OK, Origin, Record, Row
from cosim.study.resistance import RESISTANCE
from cosim.study.study import Study, Tell, run_study
from cosim.study.subject import Subject, program_digest
from cosim.study.technology import TECHNOLOGY

__all__ = ["GROUPS", "STUDIES", "Made", "make_study"]

_NEURON = (NEURON, NEURON_PARAMETERS, NEURON_MISMATCH, NEURON_ALTERNATIVES, NEURON_ACCURACY)
STUDIES: dict[str, Study] = {
    study.name: study for study in (RESISTANCE, TECHNOLOGY, DRIVE, MIXED, *_NEURON)
}
GROUPS = {"neuron": tuple(study.name for study in _NEURON)}  # one command, several files


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a study left; `refused` rows have a status that says why there is no figure."""

    csv: Path
    png: Path
    counts: dict[str, int]
    rows: list[Row]

    @property
    def refused(self) -> list[Row]:
        """Points without a figure."""
        return [row for row in self.rows if row["status"] != OK]


def make_study(
    name: str,
    subject: Subject,
    *,
    command: str,
    seed: int,
    out: Path,
    quick: bool,
    fresh: bool,
    tell: Tell,
) -> Made:
    """Solve what is not there yet, draw the figure anew."""
    study = STUDIES[name]
    identity = dict(subject.identity)
    if study.engine != "fast":
        identity = {"engine": study.engine, "design": identity["design"]}
    identity |= {"seed": str(seed), "grid": "quick" if quick else "full"}
    origin = Origin(command=command, identity={**identity, "program": program_digest(*study.code)})
    record = Record(
        path=out / f"{name}.csv", origin=origin, columns=study.columns, keys=tuple(study.keys)
    )
    record.load(fresh=fresh)
    counts = run_study(study, subject, record, quick=quick, tell=tell)
    png = out / f"{name}.png"
    with styled():
        save(study.draw(record.rows), png, study.title, origin)
    return Made(csv=record.path, png=png, counts=counts, rows=record.rows)
