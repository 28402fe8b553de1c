# SPDX-License-Identifier: Apache-2.0
"""test_packing : weights survive the program words, and wrong words are refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosim.errors import ModelError
from cosim.mapping import check_stack, pack, unpack, word_count


def random_stack(rng: np.random.Generator, sizes: list[int]) -> list[np.ndarray]:
    pairs = itertools.pairwise(sizes)
    return [rng.integers(-1, 2, (n_in + 1, n_out), dtype=np.int8) for n_in, n_out in pairs]


def test_bits_stand_where_the_contract_says() -> None:
    # 17 synapses: input 0 is +1 (01), input 1 is -1 (10), input 15 is -1, bias (16) is +1.
    column = np.zeros((17, 1), dtype=np.int8)
    column[0], column[1], column[15], column[16] = 1, -1, -1, 1
    assert [hex(w) for w in pack([column])] == ["0x80000009", "0x1"]


def test_columns_follow_one_another() -> None:
    layer = np.array([[1, -1, 0], [0, 0, -1]], dtype=np.int8)
    assert pack([layer]).tolist() == [0b0001, 0b0010, 0b1000]


def test_lenet_stack_has_3852_words() -> None:
    assert word_count((400, 120, 84, 10)) == 120 * 26 + 84 * 8 + 10 * 6 == 3852


@settings(deadline=None, max_examples=60)
@given(sizes=st.lists(st.integers(1, 70), min_size=2, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_unpack_inverts_pack(sizes: list[int], seed: int) -> None:
    stack = random_stack(np.random.default_rng(seed), sizes)
    words = pack(stack)
    assert words.dtype == np.uint32
    assert words.size == word_count(sizes)
    for before, after in zip(stack, unpack(words, sizes), strict=True):
        np.testing.assert_array_equal(before, after)


def test_illegal_code_is_named() -> None:
    words = pack(random_stack(np.random.default_rng(1), [20, 3]))
    words[3] |= 0b11 << 6  # column 1, synapse 16 + 3 is on the second word of that column
    words[3] |= 0b11
    with pytest.raises(ModelError, match=r"program word 3 .*: synapse 16 of column 1 holds code 3"):
        unpack(words, [20, 3])


def test_a_bit_beyond_the_bias_is_refused() -> None:
    words = pack([np.zeros((3, 1), dtype=np.int8)])
    words[0] |= 1 << 6
    with pytest.raises(ModelError, match="synapse 3 of column 0"):
        unpack(words, [2, 1])


def test_wrong_number_of_words_is_refused() -> None:
    with pytest.raises(ModelError, match="a 4-3-2 stack has 5 program words, got 4"):
        unpack(np.zeros(4, dtype=np.uint32), [4, 3, 2])


@pytest.mark.parametrize(
    ("stack", "text"),
    [
        ([], "at least one layer"),
        ([np.zeros(3)], r"got shape \(3,\)"),
        ([np.full((3, 2), 2)], r"weight \[0, 0\] is 2"),
        ([np.full((3, 2), 0.5)], r"weight \[0, 0\] is 0.5"),
        ([np.full((3, 2), np.nan)], r"weight \[0, 0\] is nan"),
        ([np.zeros((3, 2)), np.zeros((4, 2))], "layer 1 takes 3 inputs, but layer 0 has 2 outputs"),
    ],
)
def test_stacks_that_are_no_stacks_are_refused(stack: list[np.ndarray], text: str) -> None:
    with pytest.raises(ModelError, match=text):
        check_stack(stack)
