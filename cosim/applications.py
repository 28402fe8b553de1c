# SPDX-License-Identifier: Apache-2.0
"""applications : what `cosim run` and `cosim compare` can run, and what each runs by default."""

from __future__ import annotations

from dataclasses import dataclass

from cosim.errors import UserInputError

__all__ = [
    "APPLICATIONS",
    "CPU_ONLY",
    "DESIGN",
    "MIXED",
    "Application",
    "application",
    "design_for",
]

CPU_ONLY = "none"  # in the place of an engine: all layers on the CPU
DESIGN = "imac_14nm"  # of networks that no application ships
MIXED = "mixed"  # kind of the designs of a mixed-signal macro


@dataclass(frozen=True, kw_only=True)
class Application:
    """Firmware `name` (`name`_cpu without macro) with its shipped network and design.

    `mixed` are those of a mixed-signal macro, if the application has them.
    """

    name: str
    model: str
    design: str
    spiking: bool = False
    mixed: tuple[str, str] | None = None

    def model_for(self, kind: str) -> str:
        """The shipped network for designs of that kind."""
        return self.mixed[0] if self.mixed and kind == MIXED else self.model


APPLICATIONS = (
    Application(
        name="lenet5", model="lenet5", design="imac_14nm", mixed=("lenet5", "imac_mixed_lenet")
    ),
    Application(name="mlp", model="mlp", design="imac_mlp", mixed=("mlp_mixed", "imac_mixed")),
    Application(name="vgg", model="vgg", design="vgg_14nm"),
    Application(name="snn", model="snn_mnist", design="snn_65nm", spiking=True),
)


def application(name: str) -> Application:
    """The application of that name."""
    for entry in APPLICATIONS:
        if entry.name == name:
            return entry
    names = " or ".join(entry.name for entry in APPLICATIONS)
    raise UserInputError(f"application must be {names}, got {name!r}")


def design_for(model: str) -> str:
    """The design of the application that ships that network."""
    pairs = [(entry.model, entry.design) for entry in APPLICATIONS]
    pairs += [entry.mixed for entry in APPLICATIONS if entry.mixed]
    return next((design for name, design in pairs if name == model), DESIGN)
