# SPDX-License-Identifier: Apache-2.0
"""neurons : the MRAM neuron and other sigmoids, measured once for all reproductions that ask.

The study's file lies beside the entries' folders, under the program that made it, so a second entry
reads what the first one solved and an interrupted one goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from cosim.reproduce.entry import Task
from cosim.reproduce.record import program_digest
from cosim.study.catalogue import make_study
from cosim.study.record import Value
from cosim.study.subject import load_subject

__all__ = ["alternatives"]

STUDY = "neuron_alternatives"


def alternatives(task: Task) -> dict[str, Mapping[str, Value]]:
    """Rows of the study by circuit; "mram" is the neuron that others stand beside."""
    program = program_digest().split()[-1]
    made = make_study(
        STUDY,
        load_subject(model="lenet5", data=None, images=1, design="imac_14nm", sets=()),
        command=f"cosim study {STUDY}",
        seed=1,
        out=task.folder.parent / f"{STUDY}-{program}",
        quick=False,
        fresh=False,
        tell=lambda text, done: task.tell(f"{text}, {done} done"),
    )
    return {str(row["circuit"]): row for row in made.rows}
