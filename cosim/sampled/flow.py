# SPDX-License-Identifier: Apache-2.0
"""flow : a run on the CPU alone from samples of its loop nests: cycles and digital energy.

Four short runs of the same program on the RTL stand for the complete one; features and classes are
the integer reference's, which complete runs are held against bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosim.applications import application
from cosim.bridge.soc import SocRun, run_soc
from cosim.design import Design, load_design
from cosim.energy.decode import read_image
from cosim.energy.ledger import Ledger, digital_ledger
from cosim.energy.profile import Profile, read_profile
from cosim.errors import MismatchError
from cosim.flow_inputs import external_memory
from cosim.image.build import APPS_EXTERNAL, Image, build_image
from cosim.image.emit import Settings
from cosim.image.sample import Sample
from cosim.macros import macro_specs
from cosim.model.colour import load_for
from cosim.model.datasets import Dataset
from cosim.model.integer import feature_bits, features
from cosim.model.network import Network
from cosim.model.store import load_network
from cosim.model.twin import argmax_class, twin_codes
from cosim.sampled.combine import combine
from cosim.sampled.nests import POINTS, nests_of

__all__ = ["Sampled", "sample_run", "simulate"]

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """What the complete run would give. `simulated` are the cycles that were run for it."""

    application: str
    images: int
    ledger: Ledger
    classes: tuple[int, ...]
    labels: tuple[int, ...]
    simulated: int
    wall_s: float  # of the four simulations

    @property
    def profile(self) -> Profile:
        return self.ledger.profile

    @property
    def cycles(self) -> int:
        """From reset to the exit store, all images."""
        return self.profile.cycles

    @property
    def factor(self) -> float:
        """Cycles of the complete run for each simulated one."""
        return self.cycles / self.simulated


def sample_run(
    name: str,
    folder: Path,
    *,
    images: int,
    design: str | None = None,
    sets: Sequence[str] = (),
    model: str | None = None,
    data: Path | None = None,
    network: Network | None = None,
    pictures: Dataset | None = None,
    progress: Progress = lambda _: None,
) -> Sampled:
    """Samples application `name` on the CPU alone; `network` and `pictures` go before names."""
    default = application(name)
    point_of = load_design(design or default.design, sets)
    net = network or load_network(model or default.model)
    dataset = (pictures or load_for(net, data)).first(images)
    program = f"{name}_cpu"
    profiles, built, wall_s = {}, {}, 0.0
    for index, point in enumerate(POINTS):
        progress(f"sample {index + 1} of {len(POINTS)}: {point.rows} rows, {point.channels} deep")
        image = _image(program, net, dataset, point_of, point)
        profile, took_s = simulate(image, point_of, net, folder / f"sample{index + 1}")
        profiles[point], built[point], wall_s = profile, image, wall_s + took_s
    words = read_image(built[POINTS[0]].hex)
    _same_program(built)
    whole = combine(profiles, nests_of(net, grouped=program in APPS_EXTERNAL), images)
    bits = feature_bits(features(net, dataset.images))
    return Sampled(
        application=name,
        images=images,
        ledger=digital_ledger(whole, words, point_of),
        classes=tuple(int(c) for c in argmax_class(twin_codes(net, bits))),
        labels=tuple(int(label) for label in dataset.labels),
        simulated=sum(profile.cycles for profile in profiles.values()),
        wall_s=wall_s,
    )


def _image(
    program: str, network: Network, dataset: Dataset, design: Design, point: Sample
) -> Image:
    timing = design.macro.timing
    settings = Settings(
        n_macro=design.soc.n_macro,
        settle_cycles=timing.settle_cycles,
        conv_cycles=timing.conv_cycles,
        prog_cycles=timing.prog_cycles,
        print_checksum=True,
    )
    return build_image(program, network, dataset.images[:1], settings=settings, sample=point)


def simulate(image: Image, design: Design, network: Network, folder: Path) -> tuple[Profile, float]:
    """Profile of a CPU-only image on the RTL, and the seconds that its simulation took."""
    folder.mkdir(parents=True, exist_ok=True)
    resolved = folder / "config.resolved.yaml"
    resolved.write_text(design.resolved_yaml())
    outcome = run_soc(
        SocRun(
            image=image.hex,
            run_dir=folder,
            # there, and never started
            macros=macro_specs(design, resolved, network.fc_sizes, count=design.soc.n_macro),
            clock_ps=design.clock.period_ps,
            external=external_memory(image, design),
        )
    )
    if outcome.exit_code != 0:
        raise MismatchError(f"a sampled run ended with code {outcome.exit_code}")
    return read_profile(folder / "profile.txt"), outcome.wall_s


def _same_program(built: dict[Sample, Image]) -> None:
    """Instructions lie at the same addresses in every run, or their counts cannot be joined."""
    sizes = {image.manifest["sections_bytes"][".text"] for image in built.values()}
    if len(sizes) != 1:
        raise MismatchError(f"sampled programs differ in size: {sorted(sizes)} bytes")
