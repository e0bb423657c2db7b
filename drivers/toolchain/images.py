"""An image as flash tools take it: raw bytes, or UF2 for boards that appear as a drive.

UF2: https://github.com/microsoft/uf2, "File Format"; family ids are those of its
utils/uf2families.json and of the chip vendors' own headers, and stand in the board's file.
"""

import struct
from pathlib import Path

from drivers.errors import ToolchainError
from hardware import Board

FORMATS = ("elf", "bin", "uf2")
_LOAD = 1
_PAYLOAD = 256
_BLOCK = struct.Struct("<IIIIIIII476sI")
_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_HAS_FAMILY = 0x2000


def raw(elf: bytes) -> tuple[int, bytes]:
    """Give an ELF image's first load address and its bytes from there on, gaps as zeros.

    Raises ToolchainError where it loads nothing.
    """
    parts = [(place, data) for place, data in _segments(elf) if data]
    if not parts:
        raise ToolchainError("the image has nothing to load")
    base = min(place for place, _ in parts)
    image = bytearray(max(place + len(data) for place, data in parts) - base)
    for place, data in parts:
        image[place - base : place - base + len(data)] = data
    return base, bytes(image)


def uf2(base: int, image: bytes, family: int) -> bytes:
    """Give an image that is loaded at `base` as UF2, in blocks of 256 bytes."""
    if base % _PAYLOAD:
        raise ToolchainError(f"load address {base:#x} is not a multiple of {_PAYLOAD}")
    count = -(-len(image) // _PAYLOAD)
    blocks = []
    for number in range(count):
        part = image[number * _PAYLOAD : (number + 1) * _PAYLOAD]
        place = base + number * _PAYLOAD
        head = (_MAGIC[0], _MAGIC[1], _HAS_FAMILY, place, _PAYLOAD, number, count, family)
        blocks.append(_BLOCK.pack(*head, part, _MAGIC[2]))
    return b"".join(blocks)


def from_uf2(blocks: bytes) -> tuple[int, int, bytes]:
    """Give load address, family and bytes of a UF2 image. Raises ToolchainError for no such."""
    if not blocks or len(blocks) % _BLOCK.size:
        raise ToolchainError(f"{len(blocks)} bytes are not whole UF2 blocks of {_BLOCK.size}")
    image, first, kind = b"", 0, 0
    for number, block in enumerate(_BLOCK.iter_unpack(blocks)):
        start, second, _, place, size, index, _, family, data, end = block
        if (start, second, end) != _MAGIC or index != number:
            raise ToolchainError(f"UF2 block {number} is damaged")
        if number == 0:
            first, kind = place, family
        if place != first + len(image):
            raise ToolchainError(f"UF2 block {number} leaves a gap before {place:#x}")
        image += data[:size]
    return first, kind, image


def write(elf: Path, board: Board, kind: str) -> Path:
    """Write an ELF image in another format beside it, and give the file.

    Raises ToolchainError for a format that is none, or one that the board does not take.
    """
    if kind not in FORMATS:
        raise ToolchainError(f"format {kind!r} is none; valid: {', '.join(FORMATS)}")
    if kind == "elf":
        return elf
    if board.system != "bare":
        raise ToolchainError(f"{board.name} runs programs of its system; valid: elf")
    base, image = raw(elf.read_bytes())
    if kind == "uf2":
        family = board.flash and board.flash.uf2_family
        if not family:
            raise ToolchainError(f"{board.name} names no flash.uf2_family; valid: elf, bin")
        image = uf2(base, image, family)
    made = elf.with_suffix(f".{kind}")
    made.write_bytes(image)
    return made


def _segments(elf: bytes) -> list[tuple[int, bytes]]:
    """Give load address and bytes of each part that a loader copies."""
    wide = elf[4] == 2
    start = struct.unpack_from("<Q" if wide else "<I", elf, 32 if wide else 28)[0]
    size, count = struct.unpack_from("<HH", elf, 54 if wide else 42)
    found = []
    for number in range(count):
        at = start + number * size
        if wide:
            kind, _, offset, _, place, length = struct.unpack_from("<IIQQQQ", elf, at)
        else:
            kind, offset, _, place, length = struct.unpack_from("<IIIII", elf, at)
        if kind == _LOAD:
            found.append((place, elf[offset : offset + length]))
    return found
