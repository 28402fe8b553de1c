# SPDX-License-Identifier: Apache-2.0
"""ngspice_failure : turns what ngspice printed before it gave up into one clear error."""

from __future__ import annotations

import re

from cosim.analog.ngspice_world import Status
from cosim.errors import CircuitError, ConvergenceError, NetlistError

__all__ = ["circuit_error", "first_complaint", "ignored_lines"]

_PREFIX = re.compile(r"^(?:stdout|stderr) ?", re.MULTILINE)
_NOISE = re.compile(
    r"^(?:\*\*|Note:|Doing analysis|Using .* as Direct|Circuit:|Reset|No\. of|Warning: .*temp)"
)
_COMPLAINT = re.compile(
    r"error|unknown|undefined|can't|cannot|could not|unable|no such|unrecognized|missing|invalid"
    r"|out of bounds|mismatch|too few|too many|not found|abort",
    re.IGNORECASE,
)
_TROUBLE = re.compile(r"trouble with (?:node \"?([^\"\s]+)\"?|(\S+) ?- ?instance (\S+)|(.+))")
_SINGULAR = re.compile(r"singular matrix:?\s*(?:check nodes? (\S+)(?: and (\S+))?)?", re.IGNORECASE)
_STARRED = re.compile(r"^(\S+)\s+[-+.\deE]+(?:nan|inf)?\s+[-+.\deE]+(?:nan|inf)?\s+\*", re.M)

_IGNORED = re.compile(
    r"is not a valid .* line, ignored|unrecognized parameter|can't find model", re.I
)


def _plain(log: str) -> list[str]:
    return [line.strip() for line in _PREFIX.sub("", log).splitlines() if line.strip()]


def first_complaint(log: str) -> str:
    """The first line in which ngspice complains, with the line after it where that explains it."""
    lines = _plain(log)
    for place, line in enumerate(lines):
        if _NOISE.match(line) or not _COMPLAINT.search(line):
            continue
        more = lines[place + 1] if line.endswith((":", "line")) and place + 1 < len(lines) else ""
        return f"{line} {more}".strip()
    return lines[-1] if lines else "ngspice said nothing"


def ignored_lines(log: str) -> str:
    """The first netlist line that ngspice left out with no more than a warning, '' if none."""
    return next((line for line in _plain(log) if _IGNORED.search(line)), "")


def _outer(node: str | None) -> str | None:
    """A node as the macro's author knows it: without the names this engine and ngspice add."""
    if node is None:
        return None
    return re.sub(r"^(?:\w\.)?xmacro\.|^p_|#branch$", "", node.strip("\"'"))


_FIXED = {
    Status.NAN: (ConvergenceError, "the solution is not a number"),
    Status.HUNT: (ConvergenceError, "a crossing could not be located"),
    Status.HORIZON: (CircuitError, "the run is longer than horizon_s"),
}


def circuit_error(
    *,
    name: str,
    status: Status,
    loads: int,
    accepted: int,
    t_ps: int,
    log: str,
    bad_node: str | None = None,
) -> CircuitError:
    """The error for a worker that reported `status` after so many Newton loads and points."""
    if status in _FIXED:
        kind, reason = _FIXED[status]
        return kind(reason, macro=name, t_ps=t_ps, node=_outer(bad_node))
    ignored = ignored_lines(log) if accepted == 0 else ""
    if ignored or loads == 0:
        complaint = ignored or first_complaint(log)
        return NetlistError(f"ngspice rejects the netlist: {complaint}", macro=name)
    text = "\n".join(_plain(log))
    trouble = _TROUBLE.search(text)
    node = trouble.group(1) if trouble else None
    if accepted > 0:
        reason = f"the step fell to its floor: {trouble.group(0) if trouble else 'no node named'}"
    else:
        reason = "no operating point found"
        singular = _SINGULAR.search(text)
        starred = _STARRED.search(text)
        if singular:
            reason, node = f"{reason}: singular matrix", singular.group(1) or node
        elif starred:
            node = node or starred.group(1)
    return ConvergenceError(reason, macro=name, t_ps=t_ps, node=_outer(node))
