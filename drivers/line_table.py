"""Which source line an image's code comes from: its DWARF line table."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from elftools.elf.elffile import ELFFile

from drivers.errors import DriverError


@dataclass(frozen=True)
class Stretch:
    """Code from address `start` to before `end`, and where it was written."""

    start: int
    end: int
    file: str
    line: int


def stretches(elf: bytes) -> Iterator[Stretch]:
    """Give the code that has a line. Raises DriverError for an image without a line table."""
    image = ELFFile(BytesIO(elf))
    if not image.has_dwarf_info() or image.get_section_by_name(".debug_line") is None:
        raise DriverError("the image has no line table: build it with debug=True")
    debug = image.get_dwarf_info()
    for unit in debug.iter_CUs():
        program = debug.line_program_for_CU(unit)
        if program is not None:
            yield from _stretches_of(program)


def _stretches_of(program: Any) -> Iterator[Stretch]:
    files = [_path(program.header, entry) for entry in program.header.file_entry]
    first = 1 if program.header.version < 5 else 0  # what the first file's number is
    row: Any = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if row is not None and row.address < state.address:
            yield Stretch(row.address, state.address, files[row.file - first], row.line)
        row = None if state.end_sequence else state


def _path(header: Any, entry: Any) -> str:
    folders = header.include_directory
    if header.version < 5:
        folders = [b"", *folders]  # 0 is the folder where the compiler ran
    return str(PurePosixPath(folders[entry.dir_index].decode(), entry.name.decode()))
