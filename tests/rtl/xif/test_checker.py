# SPDX-License-Identifier: Apache-2.0
"""test_checker : the protocol checker passes a legal exchange and names every broken rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from xif.checker import ProtocolError, XifChecker, XifWires

ID_W = 4
IDLE = XifWires(**dict.fromkeys(XifWires.__dataclass_fields__, 0))
WORD = 5 << 7 | 0x0B  # rd = x5
OFFER = replace(
    IDLE,
    issue_valid=1,
    issue_instr=WORD,
    issue_id=3,
    issue_accept=1,
    issue_writeback=1,
    issue_register_read=1,
    register_rs1=7,
    register_rs_valid=1,
)
TAKEN = replace(OFFER, issue_ready=1)
COMMIT = replace(IDLE, commit_valid=1, commit_id=3)
KILL = replace(COMMIT, commit_kill=1)
RESULT = replace(IDLE, result_valid=1, result_id=3, result_rd=5, result_we=1, result_data=9)
DONE = replace(RESULT, result_ready=1)
BROKEN = {
    "issue_instr changed": [OFFER, replace(OFFER, issue_instr=0x10B)],
    "an operand became invalid": [OFFER, replace(OFFER, register_rs_valid=0)],
    "register_rs1 changed": [OFFER, replace(OFFER, register_rs1=8)],
    "runs back": [TAKEN, COMMIT, DONE, replace(OFFER, issue_id=2)],
    "not in flight": [COMMIT],
    "with a rejection": [replace(TAKEN, issue_accept=0)],
    "without its operands": [replace(TAKEN, register_rs_valid=0)],
    "result before its commit": [TAKEN, RESULT],
    "result for id 3, not in flight": [TAKEN, KILL, RESULT],
    "result for id 4": [TAKEN, COMMIT, replace(RESULT, result_id=4)],
    "fell without": [TAKEN, COMMIT, RESULT, IDLE],
    "result_data changed": [TAKEN, COMMIT, RESULT, replace(RESULT, result_data=8)],
    "result_we is not writeback": [TAKEN, COMMIT, replace(RESULT, result_we=0)],
    "result_rd is not": [TAKEN, COMMIT, replace(RESULT, result_rd=6)],
    "no result for committed": [TAKEN, COMMIT, IDLE],
}
LEGAL = {
    "late commit, stalled result": [OFFER, TAKEN, IDLE, COMMIT, RESULT, RESULT, DONE, IDLE],
    "commit with the handshake": [replace(TAKEN, commit_valid=1, commit_id=3), DONE],
    "commit before the answer": [replace(OFFER, commit_valid=1, commit_id=3), TAKEN, DONE],
    "kill before the answer": [
        replace(OFFER, commit_valid=1, commit_id=3, commit_kill=1),
        TAKEN,
        IDLE,
    ],
    "retracted, then another": [OFFER, IDLE, replace(TAKEN, issue_id=4)],
    "rejected": [
        replace(TAKEN, issue_accept=0, issue_writeback=0, issue_register_read=0),
        KILL,
        IDLE,
    ],
}


def run(cycles: list[XifWires]) -> XifChecker:
    """Feed a checker to the end."""
    checker = XifChecker(ID_W)
    for wires in cycles:
        checker.cycle(wires)
    checker.finish()
    return checker


@pytest.mark.parametrize("name", LEGAL)
def test_legal_exchanges_pass(name: str) -> None:
    run(LEGAL[name])


@pytest.mark.parametrize("rule", BROKEN)
def test_each_broken_rule_is_named(rule: str) -> None:
    with pytest.raises(ProtocolError, match=rule):
        run(BROKEN[rule])
