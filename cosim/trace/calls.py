# SPDX-License-Identifier: Apache-2.0
"""calls : reads the function trace of the RTL: who ran when, called by whom, and for how long.

The lines are those of rtl/sim/sim_calls.v. A return is matched by its address, so a function that
leaves several frames at once (longjmp, a tail call) closes all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosim.errors import RtlError
from cosim.trace.symbols import Functions

__all__ = ["CallTrace", "Instruction", "Span", "folded", "parse_calls", "read_calls"]

_WORDS = {"C": 4, "R": 3, "J": 3, "T": 3, "E": 3, "I": 4}


@dataclass(frozen=True, kw_only=True)
class Span:
    """One activation of a function; `depth` 0 is the bottom of the stack."""

    name: str
    depth: int
    t_begin_ps: int
    t_end_ps: int


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One co-processor instruction, from the retirement before it to its own."""

    f3: int
    t_begin_ps: int
    t_end_ps: int


@dataclass(frozen=True, kw_only=True)
class CallTrace:
    """Spans in the order in which they began; `self_ps` is the time of each stack by itself.

    A stack is the names from the bottom up. The self times add up to `t_end_ps`.
    """

    spans: tuple[Span, ...]
    instructions: tuple[Instruction, ...]
    self_ps: Mapping[tuple[str, ...], int]
    t_end_ps: int


@dataclass(kw_only=True)
class _Frame:
    name: str
    t_begin_ps: int
    back: int | None = None  # return address; None: left by mret or never
    trap: bool = False


@dataclass(kw_only=True)
class _Stack:
    """The stack as it is, and what was seen of it."""

    frames: list[_Frame]
    spans: list[Span] = field(default_factory=list)
    self_ps: dict[tuple[str, ...], int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    since_ps: int = 0

    def account(self, t_ps: int) -> None:
        """Everything since the last change belonged to the present stack."""
        self.self_ps[self.names] = self.self_ps.get(self.names, 0) + t_ps - self.since_ps
        self.since_ps = t_ps

    def renamed(self) -> None:
        self.names = tuple(frame.name for frame in self.frames)

    def push(self, t_ps: int, frame: _Frame) -> None:
        self.account(t_ps)
        self.frames.append(frame)
        self.names = (*self.names, frame.name)

    def pop_to(self, t_ps: int, depth: int) -> None:
        """Close every frame at `depth` and above."""
        self.account(t_ps)
        while len(self.frames) > depth:
            frame = self.frames.pop()
            self.spans.append(
                Span(
                    name=frame.name,
                    depth=len(self.frames),
                    t_begin_ps=frame.t_begin_ps,
                    t_end_ps=t_ps,
                )
            )
        self.renamed()

    def replace(self, t_ps: int, name: str) -> None:
        """A tail call: another function runs on in the frame of the top one."""
        top = self.frames[-1]
        if top.name != name:
            back, trap = top.back, top.trap
            self.pop_to(t_ps, len(self.frames) - 1)
            self.push(t_ps, _Frame(name=name, t_begin_ps=t_ps, back=back, trap=trap))


def parse_calls(
    lines: Iterable[str], functions: Functions, t_end_ps: int, *, name: str = "calls"
) -> CallTrace:
    """The trace of a run that ended at `t_end_ps`; the function at address 0 began it."""
    stack = _Stack(frames=[_Frame(name=functions.at(0), t_begin_ps=0)])
    stack.renamed()
    instructions: list[Instruction] = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        try:
            if len(words) != _WORDS.get(words[0], 0):
                raise ValueError(f"not a line of a function trace: {line.strip()[:60]!r}")
            if words[0] == "I":
                begin_ps, end_ps, f3 = (int(word) for word in words[1:])
                instructions.append(Instruction(f3=f3, t_begin_ps=begin_ps, t_end_ps=end_ps))
            else:
                t_ps, addresses = int(words[1]), [int(word, 16) for word in words[2:]]
                _step(stack, functions, words[0], t_ps, addresses)
        except ValueError as error:
            raise RtlError(f"{name}:{number}: {error}") from error
    stack.pop_to(max(t_end_ps, stack.since_ps), 0)
    spans = sorted(stack.spans, key=lambda span: (span.t_begin_ps, span.depth))
    return CallTrace(
        spans=tuple(spans),
        instructions=tuple(instructions),
        self_ps={names: ps for names, ps in stack.self_ps.items() if ps},
        t_end_ps=stack.since_ps,
    )


def _step(stack: _Stack, functions: Functions, verb: str, t_ps: int, addresses: list[int]) -> None:
    to = addresses[0]
    if verb == "C":
        stack.push(t_ps, _Frame(name=functions.at(to), t_begin_ps=t_ps, back=addresses[1]))
    elif verb == "T":
        stack.push(t_ps, _Frame(name=functions.at(to), t_begin_ps=t_ps, trap=True))
    elif verb == "J":
        stack.replace(t_ps, functions.at(to))
    else:  # R or E: down to the frame that was waiting for this; the bottom one stays
        for depth in range(len(stack.frames) - 1, 0, -1):
            frame = stack.frames[depth]
            if (frame.back == to and verb == "R") or (frame.trap and verb == "E"):
                stack.pop_to(t_ps, depth)
                break


def read_calls(path: Path, functions: Functions, t_end_ps: int) -> CallTrace:
    """The trace in a file; a line the simulator did not finish writing is left out."""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise RtlError(f"cannot read {path}: {error.strerror}") from error
    lines = text[: text.rfind("\n") + 1].splitlines()
    return parse_calls(lines, functions, t_end_ps, name=path.name)


def folded(trace: CallTrace, clock_ps: int) -> str:
    """Collapsed stacks, one a line with its own clock cycles, as flame graph tools read them."""
    return "".join(
        f"{';'.join(names)} {round(ps / clock_ps)}\n" for names, ps in sorted(trace.self_ps.items())
    )
