# SPDX-License-Identifier: Apache-2.0
"""ports : binds the pins of a macro to the ports of a DUT, bit by bit, by name or by mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cosim.analog.pins import InputPin, MacroDescription, OutputPin
from cosim.bridge.kernel import Native
from cosim.errors import MacroFileError, RtlError

__all__ = ["Binding"]


class _Port:
    """One port of the DUT: reads it as an integer, writes single bits at a time in ps."""

    def __init__(self, handle: Any, native: Native | None, *, watched: bool) -> None:
        self.handle, self.name = handle, handle._path
        self.width = len(handle)
        self._native = native
        if native is not None:
            self._number, self._bytes = native.bind(handle._path, watched=watched)
        self._mask = (1 << self.width) - 1
        self._value = 0

    def read(self) -> int:
        """The port's value; X or Z is an error that names the bit."""
        if self._native is not None:
            return int.from_bytes(self._bytes, "little") & self._mask
        text: str = self.handle._handle.get_signal_val_binstr()
        try:
            return int(text, 2)
        except ValueError:
            bit, level = next((i, c) for i, c in enumerate(reversed(text)) if c not in "01")
            where = f"{self.name}[{bit}]" if self.width > 1 else self.name
            raise RtlError(f"{where} is {level.upper()}") from None

    def known(self) -> bool:
        return set(self.handle._handle.get_signal_val_binstr()) <= {"0", "1"}

    def write(self, bit: int, level: int, t_ps: int, now_ps: int) -> None:
        """Set one bit: at once through cocotb, or at a time to come through the native side."""
        if self._native is not None and t_ps > now_ps:
            self._native.put(t_ps, self._number, bit, level)
        self._value = (self._value & ~(1 << bit)) | (level << bit)
        if self._native is None or t_ps <= now_ps:
            self.handle.value = self._value

    def position(self, index: int) -> int:
        """Bit position of declared index `index`, counted from the right."""
        bounds = getattr(self.handle, "range", None)
        if bounds is None:
            return index
        right, left = int(bounds.right), int(bounds.left)
        return index - right if left >= right else right - index


class Binding:
    """The pins of one macro on a DUT."""

    def __init__(
        self,
        dut: Any,
        macro: MacroDescription,
        ports: Mapping[str, Any] | None,
        native: Native | None,
    ) -> None:
        self._dut, self._macro, self._native = dut, macro, native
        self._given = dict(ports or {})
        self._ports: dict[tuple[str, bool], _Port] = {}
        unknown = sorted(set(self._given) - {_port_of(pin) for pin in _pins(macro)})
        if unknown:
            raise MacroFileError(
                f"{macro.source}: ports= names {unknown[0]}, no pin of the macro has that port"
            )
        self.inputs = {pin.name: self._bit(pin, watched=True) for pin in macro.inputs}
        self.outputs = {pin.name: self._bit(pin, watched=False) for pin in macro.outputs}
        self._check_widths()
        self.input_ports = list({port.name: port for port, _ in self.inputs.values()}.values())

    def _bit(self, pin: InputPin | OutputPin, *, watched: bool) -> tuple[_Port, int]:
        port = self._port(_port_of(pin), pin.name, watched=watched)
        index = _index(pin.name)
        position = 0 if index is None else port.position(index)
        if not 0 <= position < port.width:
            raise MacroFileError(
                f"{self._macro.source}: pin {pin.name} lies outside {port.name}, "
                f"which has {port.width} bits"
            )
        return port, position

    def _port(self, name: str, pin: str, *, watched: bool) -> _Port:
        if (name, watched) not in self._ports:
            target = self._given.get(name, name)
            handle = target
            if isinstance(target, str):
                try:
                    handle = getattr(self._dut, target)
                except AttributeError:
                    raise MacroFileError(
                        f"{self._macro.source}: pin {pin}: {self._dut._path} has no port {target} "
                        f"(pass ports={{{name!r}: ...}} if it is called otherwise)"
                    ) from None
            self._ports[name, watched] = _Port(handle, self._native, watched=watched)
        return self._ports[name, watched]

    def _check_widths(self) -> None:
        """Every bit of a bound port must have its pin: a forgotten bit would float for ever."""
        for bits in (self.inputs, self.outputs):
            seen: dict[str, set[int]] = {}
            width: dict[str, int] = {}
            for pin, (port, position) in bits.items():
                if position in seen.setdefault(port.name, set()):
                    raise MacroFileError(
                        f"{self._macro.source}: two pins at {port.name}[{position}], one is {pin}"
                    )
                seen[port.name].add(position)
                width[port.name] = port.width
            for name, positions in seen.items():
                if len(positions) != width[name]:
                    raise MacroFileError(
                        f"{self._macro.source}: {name} has {width[name]} bits, "
                        f"the macro has {len(positions)} pins for it"
                    )

    def known(self) -> bool:
        """Whether no input is X or Z."""
        return self._native is not None or all(port.known() for port in self.input_ports)

    def read(self) -> dict[str, int]:
        """Level of every input pin."""
        words = {port.name: port.read() for port in self.input_ports}
        return {pin: (words[port.name] >> bit) & 1 for pin, (port, bit) in self.inputs.items()}

    def write(self, pin: str, level: int, t_ps: int, now_ps: int) -> None:
        port, bit = self.outputs[pin]
        port.write(bit, level, t_ps, now_ps)

    def output_bits(self) -> set[tuple[str, int]]:
        """What this macro drives, to find two drivers of one bit."""
        return {(port.name, bit) for port, bit in self.outputs.values()}


def _pins(macro: MacroDescription) -> list[InputPin | OutputPin]:
    return [*macro.inputs, *macro.outputs]


def _port_of(pin: InputPin | OutputPin) -> str:
    return pin.port or pin.name.split("[", maxsplit=1)[0]


def _index(name: str) -> int | None:
    return int(name.rpartition("[")[2][:-1]) if name.endswith("]") else None
