"""Which source line an image's code comes from: its DWARF line table, read without binutils.

Format: DWARF Debugging Information Format, version 4, section 6.2. Units of other versions,
which only the compiler's own runtime may have, are passed over.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from drivers.errors import DriverError
from drivers.toolchain.elf import sections

_VERSION = 4
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE = 1, 2, 3, 4
_CONST_ADD_PC, _FIXED_ADVANCE_PC = 8, 9
_END_SEQUENCE, _SET_ADDRESS = 1, 2


@dataclass(frozen=True)
class Stretch:
    """Code from address `start` to before `end`, and where it was written."""

    start: int
    end: int
    file: str
    line: int


def stretches(elf: bytes) -> Iterator[Stretch]:
    """Give the code that has a line. Raises DriverError for an image without a line table."""
    table = next((s.data for s in sections(elf) if s.name == ".debug_line"), None)
    if table is None:
        raise DriverError("the image has no line table: build it with debug=True")
    at = 0
    while at < len(table):
        length = struct.unpack_from("<I", table, at)[0]
        if struct.unpack_from("<H", table, at + 4)[0] == _VERSION:
            yield from _Unit(table[at : at + 4 + length]).run()
        at += 4 + length


class _Unit:
    """One unit of the table: its header, and the program that makes its rows."""

    def __init__(self, unit: bytes) -> None:
        self._unit = unit
        program = 10 + struct.unpack_from("<I", unit, 6)[0]
        self._step, _, _, self._base, self._range, self._first = struct.unpack_from(
            "<BBBbBB", unit, 10
        )
        self._operands = unit[16 : 15 + self._first]
        self._at = 15 + self._first
        folders = [""]
        while name := self._string():
            folders.append(name)
        self._files = [""]
        while name := self._string():
            folder, _, _ = self._uleb(), self._uleb(), self._uleb()
            self._files.append(str(PurePosixPath(folders[folder]) / name))
        self._at = program

    def run(self) -> Iterator[Stretch]:
        """Run the program; a row says where the code up to the next row's address is from."""
        address, file, line = 0, 1, 1
        row: tuple[int, int, int] | None = None
        while self._at < len(self._unit):
            ends = row_done = False
            code = self._byte()
            if code >= self._first:
                steps, more = divmod(code - self._first, self._range)
                address += steps * self._step
                line += self._base + more
                row_done = True
            elif code == 0:
                after = self._uleb() + self._at
                kind = self._byte()
                ends = row_done = kind == _END_SEQUENCE
                if kind == _SET_ADDRESS:
                    address = int.from_bytes(self._unit[self._at : after], "little")
                self._at = after
            elif code == _COPY:
                row_done = True
            elif code == _ADVANCE_PC:
                address += self._uleb() * self._step
            elif code == _ADVANCE_LINE:
                line += self._sleb()
            elif code == _SET_FILE:
                file = self._uleb()
            elif code == _CONST_ADD_PC:
                address += (255 - self._first) // self._range * self._step
            elif code == _FIXED_ADVANCE_PC:
                address += struct.unpack_from("<H", self._unit, self._at)[0]
                self._at += 2
            else:
                for _ in range(self._operands[code - 1]):
                    self._uleb()
            if row_done and row is not None and row[0] < address:
                yield Stretch(row[0], address, self._files[row[1]], row[2])
            if row_done:
                row = (address, file, line)
            if ends:
                address, file, line, row = 0, 1, 1, None

    def _byte(self) -> int:
        self._at += 1
        return self._unit[self._at - 1]

    def _string(self) -> str:
        end = self._unit.index(b"\0", self._at)
        text = self._unit[self._at : end].decode(errors="replace")
        self._at = end + 1
        return text

    def _uleb(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _sleb(self) -> int:
        begin = self._at
        value = self._uleb()
        bits = 7 * (self._at - begin)
        return value - (1 << bits) if value >> (bits - 1) & 1 else value
