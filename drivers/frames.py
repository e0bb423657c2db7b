"""Frames of the host link: COBS between zero bytes, CRC-32 at the end.

The codec of drivers/firmware/frame.c once more, byte for byte: `type u8, 0 u8, sequence u16, data,
crc u32`, little-endian. COBS: Cheshire and Baker, IEEE/ACM ToN 7(2), 1999; CRC-32: zlib's.
"""

import struct
import zlib
from dataclasses import dataclass, field

from drivers.errors import LinkError

DATA_MAX = 512
_HEAD = struct.Struct("<BBH")
_RAW_MAX = _HEAD.size + DATA_MAX + 4
_FULL_BLOCK = 0xFF


@dataclass(frozen=True)
class Frame:
    """A frame: `type` 0-255, `sequence` 0-65535, at most DATA_MAX bytes of `data`."""

    type: int
    sequence: int
    data: bytes = b""


def encode(frame: Frame) -> bytes:
    """Give a frame as it goes over the wire, with a zero on either side.

    Raises LinkError for more than DATA_MAX bytes of data.
    """
    if len(frame.data) > DATA_MAX:
        raise LinkError(f"a frame has {len(frame.data)} bytes of data; at most {DATA_MAX} fit")
    body = _HEAD.pack(frame.type, 0, frame.sequence & 0xFFFF) + frame.data
    return b"\0" + _stuff(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


def decode(wire: bytes) -> Frame | None:
    """Give the frame between two zeros (without them), or None where it is none."""
    raw = _unstuff(wire)
    if raw is None or not _HEAD.size + 4 <= len(raw) <= _RAW_MAX:
        return None
    body, (crc,) = raw[:-4], struct.unpack("<I", raw[-4:])
    kind, reserved, sequence = _HEAD.unpack_from(body)
    if reserved or crc != zlib.crc32(body):
        return None
    return Frame(kind, sequence, body[_HEAD.size :])


@dataclass
class Decoder:
    """Takes bytes off the wire in pieces of any size.

    What stands between two zeros and is no frame is counted in `bad` and kept in `noise`: the
    board's console shares the wire, so it may be text.
    """

    bad: int = 0
    noise: bytearray = field(default_factory=bytearray)
    _pending: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes and give the frames that end in them."""
        frames = []
        *chunks, rest = (bytes(self._pending) + data).split(b"\0")
        for chunk in filter(None, chunks):
            frame = decode(chunk)
            if frame is None:
                self.bad += 1
                self.noise += chunk
            else:
                frames.append(frame)
        self._pending = bytearray(rest)
        return frames


def _stuff(raw: bytes) -> bytes:
    out = bytearray()
    runs = raw.split(b"\0")
    for number, run in enumerate(runs, 1):
        # A block of 254 stands for no zero after it: what follows, a zero or more, needs its own.
        full = _FULL_BLOCK - (number < len(runs))
        while len(run) >= full:
            out.append(_FULL_BLOCK)
            out += run[: _FULL_BLOCK - 1]
            run = run[_FULL_BLOCK - 1 :]
        out.append(len(run) + 1)
        out += run
    return bytes(out)


def _unstuff(wire: bytes) -> bytes | None:
    out, at, end = bytearray(), 0, len(wire)
    while at < end:
        code = wire[at]
        block = wire[at + 1 : at + code]
        if len(block) != code - 1:
            return None
        out += block
        at += code
        if code != _FULL_BLOCK and at < end:
            out.append(0)
    return bytes(out)
