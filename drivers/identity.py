"""Which image a board holds: the hash of its code and constants, from the ELF's side."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from drivers.toolchain.elf import sections


@dataclass(frozen=True)
class Identity:
    """Bytes of code and constants, and their SHA-256 in hex."""

    size: int
    sha256: str


def identity_of(elf: Path | bytes) -> Identity:
    """Give what a board that holds this image reads back: `.text`, then `.rodata`."""
    bits = elf if isinstance(elf, bytes) else elf.read_bytes()
    found = {section.name: section.data for section in sections(bits)}
    code = found.get(".text", b"") + found.get(".rodata", b"")
    return Identity(len(code), hashlib.sha256(code).hexdigest())
