# SPDX-License-Identifier: Apache-2.0
"""test_regions : region ids are unique, fit the mark register, and the header says the same."""

from __future__ import annotations

import re

import pytest

from cosim.image.regions import LAYER_REGIONS, MAX_LAYERS, REGIONS, header_text, region_name


def test_every_id_has_one_name() -> None:
    names: dict[int, str] = {}
    for ident in range(2**8):
        try:
            names[ident] = region_name(ident)
        except ValueError as error:
            assert str(ident) in str(error)  # noqa: PT017  most ids have no name
    assert len(set(names.values())) == len(names)
    assert len(names) == len(REGIONS) + MAX_LAYERS * len(LAYER_REGIONS)


def test_names_of_layers_count_from_one() -> None:
    conv = next(region for region in LAYER_REGIONS if region.name == "conv")
    assert [region_name(conv.ident + k) for k in (0, 1, 15)] == ["conv1", "conv2", "conv16"]


def test_ids_fit_the_mark_register() -> None:
    assert max(region.ident for region in LAYER_REGIONS) + MAX_LAYERS <= 2**16


def test_the_header_has_every_region() -> None:
    text = header_text()
    plain = {name: int(v) for name, v in re.findall(r"#define REGION_(\w+) +(\d+)u", text)}
    layered = {n: int(v) for n, v in re.findall(r"#define REGION_(\w+)\(index\) +\((\d+)u", text)}
    assert plain == {region.name.upper(): region.ident for region in REGIONS}
    assert layered == {region.name.upper(): region.ident for region in LAYER_REGIONS}


@pytest.mark.parametrize("ident", [0, 8, 31, 128, 65535])
def test_unknown_ids_are_refused(ident: int) -> None:
    with pytest.raises(ValueError, match=rf"got {ident}"):
        region_name(ident)
