# SPDX-License-Identifier: Apache-2.0
"""flow_macro : macro.json, what a report draws of the macro: one evaluation, a neuron's curve."""

from __future__ import annotations

import logging

from cosim.analog.characterise import neuron_curve
from cosim.analog.factory import make_engine
from cosim.analog.waveform import evaluation_waveform
from cosim.design import IMAC, Design
from cosim.errors import DesignError
from cosim.flow_inputs import CPU_ONLY, Prepared
from cosim.flow_spiking import spiking_drawing
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.report.read import MACRO_FILE
from cosim.sttbsnn.chip import SttChip
from cosim.trace.run_folder import RunFolder

__all__ = ["write_macro"]

log = logging.getLogger(__name__)

FAST = "fast"  # solves the waveform in a blink whatever solved the run


def write_macro(folder: RunFolder, prepared: Prepared) -> None:
    """Solve the first image's evaluation once more, this time looking at it; none on the CPU."""
    if prepared.options.engine == CPU_ONLY:
        return
    design, network = prepared.design, prepared.network
    if isinstance(design, SttChip):
        folder.write_json(MACRO_FILE, {"waveform": spiking_drawing(prepared, design, FAST)})
    if not isinstance(design, Design) or not isinstance(network, Network):
        return
    if design.kind != IMAC:
        return  # no drawing of this kind
    bits = feature_bits(features(network, prepared.data.images[:1]))[0]
    try:
        engine = make_engine(FAST, "waveform", design, network.fc_sizes)
        waveform = evaluation_waveform(engine, FAST, design, network.fc, bits)
        curve = neuron_curve(design)
    except DesignError as error:
        log.warning("the report has no picture of the macro: %s", error)
        return
    drawn = {
        "id": "neuron",
        "x": curve.vin_v.tolist(),
        "y": curve.vout_v.tolist(),
        "axes": ("amplifier output, V", "neuron output, V"),
        "title": "The neuron's transfer curve",
        "caption": "Measured by ngspice on the design's Verilog-A devices.",
    }
    caption = (
        f"The first image's evaluation, solved again by engine {FAST}: outputs of the last "
        "neurons (the largest is the class) and power by group."
    )
    folder.write_json(
        MACRO_FILE, {"waveform": {**waveform.as_dict(), "caption": caption}, "curves": [drawn]}
    )
