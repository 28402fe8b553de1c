# SPDX-License-Identifier: Apache-2.0
"""ngspice_worker : starts, commands, watches and ends the process that solves one macro."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cosim import tools
from cosim.analog.ngspice_build import worker_files
from cosim.analog.ngspice_deck import DECK_NAME
from cosim.analog.ngspice_failure import circuit_error, ignored_lines
from cosim.analog.ngspice_options import NgspiceOptions
from cosim.analog.ngspice_world import INDEX, Op, Phase, Status, World
from cosim.errors import CircuitError, NetlistError, WorkerLostError

__all__ = ["Worker"]

LOOKS = 150  # at the answer before sleeping, about 0.2 ms
LOOK_S = 0.25  # between two looks at a worker that has not answered yet
STOPPED_S = 2.0  # a process in state T (stopped) for so long is not coming back
LOAD_S_PER_LINE = 1e-3  # reading and setting up a large netlist gives no sign of life
STEP_S_PER_LINE = 4e-5  # one factorisation of a large circuit gives none either
SLOWEST_FACTOR = 10.0  # a silence this many times longer than any before is a hang
TAIL_BYTES = 60_000
_TICK = os.sysconf("SC_CLK_TCK")


class Worker:
    """One ngspice in its own process. `command` returns when the worker has answered."""

    def __init__(
        self,
        *,
        name: str,
        world: World,
        deck: str,
        libraries: Sequence[Path],
        script: str,
        options: NgspiceOptions,
        node_name: Callable[[int], str],
    ) -> None:
        """`node_name` names row k of the probes, or source -1-k, for an error."""
        self.name, self.world, self._node_name = name, world, node_name
        self.slept_ps = 0  # bridge time minus circuit time, for messages
        self._options, self._lines = options, deck.count("\n")
        self._folder = Path(tempfile.mkdtemp(prefix="cosim-ngspice-"))
        self._log_path = options.log or self._folder / "ngspice.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._owed = False
        self._slowest_s = 0.0
        try:
            self._start(deck, libraries, script)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else -1

    def _start(self, deck: str, libraries: Sequence[Path], script: str) -> None:
        tool, files = tools.ngspice(), worker_files()
        deck_path, script_path = self._folder / DECK_NAME, self._folder / "commands"
        deck_path.write_text(deck)
        (self._folder / ".spiceinit").write_text("* stands before the user's own start-up file\n")
        links = []
        for place, library in enumerate([files.library, *libraries]):
            link = self._folder / f"model{place}.osdi"  # ngspice folds the case of paths
            link.symlink_to(library)
            links.append(f"osdi {link.name}")
        script_path.write_text("\n".join([*links, script]))
        ours, theirs = socket.socketpair()
        ours.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, int(LOOK_S * 1e6))
        )
        self._socket = ours
        argv = [
            *tool.prefix,
            str(files.program),
            str(tool.lib),
            script_path.name,
            str(self.world.fd),
            str(theirs.fileno()),
            str(os.getpid()),
            # the kernel counts the starting thread as the parent, and other threads may end early
            str(int(threading.current_thread() is threading.main_thread())),
        ]
        env = {**os.environ, **tool.env, "OMP_WAIT_POLICY": "passive"}
        env.pop("LD_PRELOAD", None)  # what suits the simulator above may not suit another libc
        with theirs, self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                cwd=self._folder,
                env=env,
                pass_fds=(self.world.fd, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._owed = True

    def send(self, op: Op) -> None:
        """Ring the bell; the command's fields are in the shared memory already."""
        if self._socket is None:
            raise WorkerLostError("the ngspice worker is closed", macro=self.name)
        self.world.ints[INDEX["op"]] = op
        try:
            self._socket.send(b"c")
        except OSError:
            self._lost()
        self._owed = True

    def wait(self) -> None:
        """Block until the answer, watching the worker's pulse."""
        if self._socket is None:
            raise WorkerLostError("the ngspice worker is closed", macro=self.name)
        fd = self._socket.fileno()
        pulse: _Pulse | None = None
        looks = 0
        while True:
            try:
                bell = (
                    self._socket.recv(1, socket.MSG_DONTWAIT) if looks < LOOKS else os.read(fd, 1)
                )
            except BlockingIOError:
                if looks < LOOKS:  # waking an idle core costs more than a small circuit's answer
                    looks += 1
                    os.sched_yield()
                    continue
                pulse = pulse or _Pulse(self)
                pulse.look()
                continue
            except OSError:
                bell = b""
            break
        if pulse is not None:
            self._slowest_s = max(self._slowest_s, pulse.longest_s)
        self._owed = False
        if not bell:
            self._lost()
        if self.world.ints[INDEX["status"]] != Status.OK:
            self._failed()

    def command(self, op: Op) -> None:
        self.send(op)
        self.wait()

    def refuse_ignored_lines(self) -> None:
        """ngspice only warns when it leaves a line of the netlist out: here that is an error."""
        line = ignored_lines(self.log_tail())
        if line:
            self._kill()
            raise NetlistError(f"ngspice rejects the netlist: {line}", macro=self.name)

    def allowance_s(self) -> float:
        """How long the worker may show no progress now."""
        if self.world.integer("phase") in (Phase.BOOT, Phase.LOADING, Phase.OP):
            return self._options.hang_s + LOAD_S_PER_LINE * self._lines
        large = self._options.hang_s + STEP_S_PER_LINE * self._lines
        return max(large, SLOWEST_FACTOR * self._slowest_s)

    def log_tail(self) -> str:
        try:
            with self._log_path.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
                return log.read().decode(errors="replace")
        except OSError:
            return ""

    def t_ps(self) -> int:
        """Bridge time of the last accepted point."""
        return round(self.world.real("t_s") * 1e12) + self.slept_ps

    def give_up(self, reason: str) -> None:
        """End the worker and say why."""
        phase = Phase(self.world.integer("phase")).name.lower()
        self._kill()
        raise WorkerLostError(
            f"the ngspice worker {reason} (phase {phase})", macro=self.name, t_ps=self.t_ps()
        )

    def _lost(self) -> None:
        process = self._process
        code: int | None = None
        if process is not None:
            try:
                code = process.wait(timeout=2.0)
            except subprocess.TimeoutExpired:
                code = None
        if code is None:
            self.give_up("closed its command socket")
        assert code is not None
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        self.give_up(how)

    def _failed(self) -> None:
        """The worker reported a failure and is ending: turn its log into an error."""
        if self._process is not None:
            try:
                self._process.wait(timeout=2.0)
            except subprocess.TimeoutExpired:
                self._kill()
        status = Status(self.world.integer("status"))
        bad = self._node_name(self.world.integer("bad_probe")) if status == Status.NAN else None
        error: CircuitError = circuit_error(
            name=self.name,
            status=status,
            bad_node=bad,
            loads=self.world.integer("loads"),
            accepted=self.world.integer("accepted"),
            t_ps=self.t_ps(),
            log=self.log_tail(),
        )
        self._kill()
        raise error

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()  # SIGKILL also ends a stopped process
            process.wait()

    def close(self) -> None:
        """End the process if it lives; idempotent, leaves neither process nor file behind."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Pulse:
    """Looks at a silent worker until it answers or has shown no sign of progress for too long."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.longest_s = 0.0
        self._since = self._stopped_since = time.monotonic()
        self._last = self._progress()

    def _progress(self) -> tuple[int, ...]:
        ints = self.worker.world.ints
        return tuple(ints[INDEX[name]] for name in ("loads", "accepted", "rejected", "phase"))

    def _state(self) -> str:
        """The kernel's one-letter state of the process, '' when it is gone."""
        try:
            text = Path(f"/proc/{self.worker.pid}/stat").read_text()
        except OSError:
            return ""
        return text.rpartition(")")[2].split()[0]

    def look(self) -> None:
        now = time.monotonic()
        present = self._progress()
        if present != self._last:
            self.longest_s = max(self.longest_s, now - self._since)
            self._last, self._since = present, now
        if self._state() not in ("T", "t"):
            self._stopped_since = now
        elif now - self._stopped_since > STOPPED_S:
            self.worker.give_up("is stopped")
        limit = self.worker.allowance_s()
        if now - self._since > limit:
            self.worker.give_up(f"has shown no progress for {limit:.0f} s")
