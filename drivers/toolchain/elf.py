"""As much of ELF as the toolchain needs: symbols and sizes of little-endian files."""

import struct
from dataclasses import dataclass

from drivers.errors import ToolchainError

_SYMTAB, _NOBITS = 2, 8
_ALLOC = 2
_FUNCTION = 2


@dataclass(frozen=True)
class Section:
    """A section header; `data` is empty for sections without bits in the file."""

    name: str
    kind: int
    flags: int
    address: int
    size: int
    link: int
    data: bytes


@dataclass(frozen=True)
class Symbol:
    """A symbol; `section` 0 means undefined."""

    name: str
    value: int
    size: int
    section: int
    kind: int


def sections(elf: bytes) -> list[Section]:
    """Read the section table of a little-endian ELF file, 32 or 64 bit."""
    if elf[:4] != b"\x7fELF" or elf[5] != 1:
        raise ToolchainError(f"not a little-endian ELF file: it starts with {elf[:6].hex()}")
    wide = elf[4] == 2
    start, size, count, names = (
        (struct.unpack_from("<Q", elf, 40)[0], *struct.unpack_from("<HHH", elf, 58))
        if wide
        else (struct.unpack_from("<I", elf, 32)[0], *struct.unpack_from("<HHH", elf, 46))
    )
    layout = "<IIQQQQI" if wide else "<IIIIIII"
    headers = [struct.unpack_from(layout, elf, start + i * size) for i in range(count)]
    name_table = headers[names][4]

    def make(header: tuple[int, ...]) -> Section:
        name, kind, flags, address, offset, length, link = header
        data = b"" if kind == _NOBITS else elf[offset : offset + length]
        return Section(_string(elf, name_table + name), kind, flags, address, length, link, data)

    return [make(header) for header in headers]


def symbols(elf: bytes) -> list[Symbol]:
    """Read the symbol table."""
    table = sections(elf)
    layout = "<IBBHQQ" if elf[4] == 2 else "<IIIBBH"
    found = []
    for section in table:
        if section.kind != _SYMTAB:
            continue
        strings = table[section.link].data
        for entry in struct.iter_unpack(layout, section.data):
            if elf[4] == 2:
                name, info, _, index, value, size = entry
            else:
                name, value, size, info, _, index = entry
            found.append(Symbol(_string(strings, name), value, size, index, info & 15))
    return found


def undefined_symbols(elf: bytes) -> set[str]:
    """Names that the file uses and does not define."""
    return {symbol.name for symbol in symbols(elf) if symbol.section == 0 and symbol.name}


def sizes(elf: bytes) -> tuple[int, int, int]:
    """Bytes of code and constants, of initialised data, and of data that starts as zero.

    The last includes the stack.
    """
    loaded = [section for section in sections(elf) if section.flags & _ALLOC]
    writable = 1
    code = sum(section.size for section in loaded if not section.flags & writable)
    changing = [section for section in loaded if section.flags & writable]
    data = sum(section.size for section in changing if section.kind != _NOBITS)
    return code, data, sum(section.size for section in changing) - data


def code_bytes(elf: bytes) -> int:
    """Bytes of an object's code and constants."""
    writable = 1
    return sum(s.size for s in sections(elf) if s.flags & _ALLOC and not s.flags & writable)


def _string(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()
