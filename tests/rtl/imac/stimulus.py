# SPDX-License-Identifier: Apache-2.0
"""stimulus : random macro instructions that mostly work, and reach every error now and then."""

from __future__ import annotations

import random

from imac.model import INDEX, MacroModel, Op, config_limits
from xif.bench import maybe

from cosim import regmap

__all__ = ["random_op"]

BLIND_SHARE = 0.12  # share of instructions chosen without regard to the macro's state


def random_config(rng: random.Random, model: MacroModel) -> Op:
    """A register write: short cycle counts, sizes over the whole range, now and then nonsense."""
    limits = config_limits(model.sizes)
    name = "CTRL" if maybe(rng, 0.3) else rng.choice(list(limits))
    low, high = limits[name]
    if name == "CTRL":
        value = rng.choice((0, 1, 1, rng.randint(0, high)))
    elif name.endswith("_CYCLES"):
        value = min(high, rng.choice((1, 1, 2, 3, rng.randint(1, 12))))
    elif name == "PROG_PTR":
        value = rng.choice((0, high, high - 1, rng.randint(low, high)))
    else:
        value = rng.choice((high, high, rng.randint(low, high)))
    if maybe(rng, 0.06):
        return Op("cfg", rng.choice((INDEX["ID"], 11, 255, INDEX[name])), rng.getrandbits(32))
    return Op("cfg", INDEX[name], value)


def random_op(rng: random.Random, model: MacroModel) -> Op:
    """Next instruction for a macro in the state of `model`."""
    word = rng.getrandbits(32)
    if maybe(rng, BLIND_SHARE):
        name = rng.choice(("push", "start", "pop", "prog", "stat", "wait", "rdcfg"))
        return Op(name, rng.randrange(regmap.CONFIG_REGS[-1].index + 3), word)
    if maybe(rng, 0.1):
        return random_config(rng, model)
    full = 32 * len(model.pushed) >= model.regs["N_IN"]
    useful = [
        (model.busy, Op(rng.choice(("wait", "stat", "rdcfg")), rng.randrange(10))),
        (bool(model.outputs) and maybe(rng, 0.8), Op("pop")),
        (maybe(rng, 0.1), Op("prog", value=word)),
        (full, Op("start")),
    ]
    return next((op for holds, op in useful if holds), Op("push", value=word))
