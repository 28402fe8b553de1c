# SPDX-License-Identifier: Apache-2.0
"""neuron : the MRAM sigmoid neuron: its curve beside BSIM-CMG, and other sigmoids beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cosim.analog.sigmoid_bench import measure_sigmoid
from cosim.analog.sigmoid_circuits import CIRCUITS
from cosim.design import load_design
from cosim.reproduce.entry import Entry, Finding, Published, Task
from cosim.reproduce.neurons import alternatives
from cosim.study.neuron_alternatives import DIGITAL, PUBLISHED
from cosim.study.record import Value

__all__ = ["ENTRY"]

SOURCE = "arXiv:2204.09918"
BSIM = "the public netlists' neuron with BSIM-CMG and the PTM 14 nm HP card in ngspice 44.2"
# our own simulation of the published netlist with the industry's FET model
REFERENCE = {"slope": (2.35, "V/V"), "middle_w": (204e-6, "W")}
WORDS = {"slope": "steepest slope of the curve", "middle_w": "supply power at mid input"}
GIVEN = "design imac_14nm: 10 + 10 fins, 0.8 V, RA 10 ohm.um2, TMR 200 %"
SHORT = {
    "cmos": "CMOS without resistors",
    "pair": "differential pair",
    "lut": "digital table",
    "pwl": "digital straight pieces",
}
WHY = {
    "power_w": "Same FETs, one evaluation a nanosecond; the inverter of the MRAM neuron draws its "
    "crossover current all the time, so smaller alternatives take less than the published ones, "
    "which were of other technologies",
    "area_m2": "Areas by one stated rule, MTJs in the metal above the FETs; the published upper "
    "end compares with digital neurons of other technologies",
}


def _run(task: Task) -> Sequence[Finding]:
    task.tell("curve, step and power of the MRAM neuron")
    design = load_design("imac_14nm")
    mine = measure_sigmoid(CIRCUITS["mram"], design)
    found = [
        Finding(
            result=words,
            unit=REFERENCE[key][1],
            ours=float(getattr(mine, key)),
            published=Published(value=REFERENCE[key][0], source=BSIM, reference=True),
            conditions=GIVEN,
            engine="ngspice",
            reason="Our charge-based FET was fitted to that card's currents, not to this figure",
        )
        for key, words in WORDS.items()
    ]
    found.append(
        Finding(
            result="delay of the neuron",
            unit="s",
            ours=mine.delay_s,
            published=Published(
                value=6.4e-12, high=6.7e-12, source=f"{BSIM}, into 1 fF", reference=True
            ),
            conditions=f"{GIVEN}; input steps of 0.1 to 0.9 VDD in 5 ps, no load but its own",
            engine="ngspice",
            reason="The reference drives 1 fF and steps from -0.3 to 0.3 V around the middle",
        )
    )
    return [*found, *_alternatives(task)]


def _alternatives(task: Task) -> list[Finding]:
    """Others over the MRAM neuron."""
    rows = alternatives(task)
    base = rows.pop("mram")
    found = []
    for name, row in rows.items():
        short = SHORT[name]
        found.append(_ratio(row, base, "power_w", f"power over the MRAM neuron's: {short}"))
        if name in DIGITAL:
            words = f"power over the MRAM neuron's: {short} and its converter"
            found.append(_ratio(row, base, "with_converter_w", words))
        found.append(_ratio(row, base, "area_m2", f"area over the MRAM neuron's: {short}"))
    return found


def _ratio(row: Mapping[str, Value], base: Mapping[str, Value], key: str, words: str) -> Finding:
    kind = "area_m2" if key == "area_m2" else "power_w"
    low, high = PUBLISHED[kind]
    return Finding(
        result=words,
        unit="x",
        ours=float(row[key]) / float(base[kind]),
        published=Published(value=low, high=high, source=f"{SOURCE}, over several earlier designs"),
        conditions=f"{row['text']}; same FETs, 0.8 V, one evaluation a nanosecond"
        + ("; converter of 8 bits" if key == "with_converter_w" else ""),
        engine="ngspice and Yosys" if row["circuit"] in DIGITAL else "ngspice",
        reason=WHY[kind],
    )


ENTRY = Entry(
    name="neuron",
    title="Analog sigmoid neuron of two SOT-MRAM devices and an inverter",
    source=SOURCE,
    minutes=1.0,
    quick_minutes=0.3,
    run=_run,
    place=20,
)
