"""Symbols and sizes of little-endian ELF files."""

from dataclasses import dataclass
from io import BytesIO

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_ST_INFO_TYPE
from elftools.elf.sections import SymbolTableSection

from drivers.errors import ToolchainError

_ABSOLUTE = 0xFFF1
"""The section number of symbols that stand in none."""


@dataclass(frozen=True)
class Section:
    """A section; `data` is empty for one without bits in the file."""

    name: str
    flags: int
    address: int
    size: int
    data: bytes


@dataclass(frozen=True)
class Symbol:
    """A symbol; `section` 0 means undefined, `kind` is the ELF standard's number."""

    name: str
    value: int
    size: int
    section: int
    kind: int


def sections(elf: bytes) -> list[Section]:
    """Read the section table of a little-endian ELF file, 32 or 64 bit."""
    found = []
    for section in _open(elf).iter_sections():
        header = section.header
        data = b"" if header.sh_type == "SHT_NOBITS" else section.data()
        found.append(Section(section.name, header.sh_flags, header.sh_addr, header.sh_size, data))
    return found


def symbols(elf: bytes) -> list[Symbol]:
    """Read the symbol table."""
    found = []
    for table in _open(elf).iter_sections():
        if not isinstance(table, SymbolTableSection) or table.header.sh_type != "SHT_SYMTAB":
            continue
        for symbol in table.iter_symbols():
            entry = symbol.entry
            index = 0 if entry.st_shndx == "SHN_UNDEF" else entry.st_shndx
            where = index if isinstance(index, int) else _ABSOLUTE
            kind = ENUM_ST_INFO_TYPE.get(entry.st_info.type, entry.st_info.type)
            found.append(Symbol(symbol.name, entry.st_value, entry.st_size, where, kind))
    return found


def _open(elf: bytes) -> ELFFile:
    try:
        file = ELFFile(BytesIO(elf))
    except ELFError:
        file = None
    if file is None or not file.little_endian:
        raise ToolchainError(f"not a little-endian ELF file: it starts with {elf[:6].hex()}")
    return file


def undefined_symbols(elf: bytes) -> set[str]:
    """Names that the file uses and does not define."""
    return {symbol.name for symbol in symbols(elf) if symbol.section == 0 and symbol.name}


def sizes(elf: bytes) -> tuple[int, int, int]:
    """Bytes of code and constants, of initialised data, and of data that starts as zero.

    The last includes the stack.
    """
    loaded = [section for section in sections(elf) if section.flags & SH_FLAGS.SHF_ALLOC]
    code = sum(section.size for section in loaded if not section.flags & SH_FLAGS.SHF_WRITE)
    changing = [section for section in loaded if section.flags & SH_FLAGS.SHF_WRITE]
    data = sum(len(section.data) for section in changing)
    return code, data, sum(section.size for section in changing) - data


def code_bytes(elf: bytes) -> int:
    """Bytes of an object's code and constants."""
    return sizes(elf)[0]
