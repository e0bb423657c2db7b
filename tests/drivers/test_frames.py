"""The host link's frames: what goes in comes out, corruption never does, C and Python agree."""

import ctypes
import subprocess

import host_c
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import LinkError
from drivers.frames import DATA_MAX, Decoder, Frame, decode, encode
from drivers.toolchain.link import FIRMWARE

_RAW_MAX = DATA_MAX + 8
_RING = 2048

# Blocks of COBS end at zeros and at 254 bytes without one: make both likely.
_DATA = st.one_of(
    st.binary(max_size=DATA_MAX),
    st.lists(st.sampled_from([b"\0", b"\1" * 250, b"\2" * 3, b"\xff"]), max_size=12)
    .map(b"".join)
    .map(lambda data: data[:DATA_MAX]),
)
_FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 65535), _DATA)


class _CDecoder(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("code", ctypes.c_uint8),
        ("left", ctypes.c_uint8),
        ("bad", ctypes.c_uint8),
        ("started", ctypes.c_uint8),
        ("raw", ctypes.c_uint8 * _RAW_MAX),
    ]


class _CEncoder(ctypes.Structure):
    _fields_ = [
        ("ring", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in ("mask", "head", "code_at", "crc", "code")),
    ]


@pytest.fixture(scope="module")
def c():
    return ctypes.CDLL(str(host_c.shared_library("frame", FIRMWARE / "frame.c")))


def _c_encode(c, frame, head=0):
    ring = (ctypes.c_uint8 * _RING)()
    encoder = _CEncoder(ctypes.addressof(ring), _RING - 1, head)
    c.frame_begin(ctypes.byref(encoder), frame.type, frame.sequence)
    c.frame_put(ctypes.byref(encoder), frame.data, len(frame.data))
    c.frame_end(ctypes.byref(encoder))
    return bytes(ring[(head + i) % _RING] for i in range(encoder.head - head))


def _c_decode(c, wire):
    decoder, frames, bad = _CDecoder(), [], 0
    for byte in wire:
        result = c.frame_feed(ctypes.byref(decoder), byte)
        if result == 1:
            raw = bytes(decoder.raw[: decoder.size])
            frames.append(Frame(raw[0], int.from_bytes(raw[2:4], "little"), raw[4:-4]))
        bad += result == 2
    return frames, bad


@settings(deadline=None, derandomize=True)
@given(st.lists(_FRAMES, max_size=4), st.data())
def test_frames_arrive_in_pieces_of_any_size(frames, data):
    wire, decoder, found = b"".join(map(encode, frames)), Decoder(), []
    assert all(encode(frame).count(0) == 2 for frame in frames)
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        found += decoder.feed(wire[:size])
        wire = wire[size:]
    assert found == frames
    assert decoder.bad == 0


@settings(deadline=None, derandomize=True)
@given(_FRAMES, st.integers(0, 2**32 - 1), st.integers(1, 32))
def test_a_frame_with_flipped_bits_is_refused(frame, seed, flips):
    body = bytearray(encode(frame)[1:-1])
    rng = np.random.default_rng(seed)
    start = int(rng.integers(0, len(body) * 8))
    bits = {start, *(start + int(i) for i in rng.integers(0, 32, flips - 1))}
    for bit in bits:
        if bit < len(body) * 8:
            body[bit // 8] ^= 1 << bit % 8
    assert Decoder().feed(b"\0" + bytes(body) + b"\0") == []


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=1200))
def test_noise_is_no_frame_and_the_next_frame_still_arrives(noise):
    decoder = Decoder()
    frame = Frame(3, 4, b"after")
    assert decoder.feed(noise + encode(frame))[-1] == frame


def test_text_between_frames_is_kept_as_noise():
    decoder = Decoder()
    frames = decoder.feed(encode(Frame(1, 2)) + b"hello\r\n" + encode(Frame(1, 3)))
    assert [frame.sequence for frame in frames] == [2, 3]
    assert bytes(decoder.noise) == b"hello\r\n"


def test_too_much_data_is_refused():
    with pytest.raises(LinkError, match="513 bytes of data; at most 512"):
        encode(Frame(1, 1, bytes(DATA_MAX + 1)))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(frame=_FRAMES, head=st.integers(0, 2**32 - 1))
def test_c_and_python_encode_the_same_bytes(c, frame, head):
    wire = _c_encode(c, frame, head % _RING)
    assert wire == encode(frame)
    assert _c_decode(c, wire) == ([frame], 0)


@pytest.mark.parametrize("size", [*range(5), *range(244, 256), *range(498, 513)])
@pytest.mark.parametrize("fill", [b"\0", b"\1", b"\1\0"])
def test_blocks_of_every_length_are_the_same_in_both(c, size, fill):
    frame = Frame(0, 0, (fill * size)[:size])
    assert _c_encode(c, frame) == encode(frame)
    assert _c_decode(c, encode(frame))[0] == [frame] == [decode(encode(frame)[1:-1])]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pieces=st.lists(st.one_of(st.binary(max_size=80), _FRAMES.map(encode),
                                 _FRAMES.map(lambda f: encode(f)[:-3]), st.just(b"\0")),
                       max_size=5))  # fmt: skip
def test_c_and_python_accept_and_refuse_the_same(c, pieces):
    wire = b"".join(pieces)
    decoder = Decoder()
    found = decoder.feed(wire)
    assert _c_decode(c, wire) == (found, decoder.bad)


@pytest.mark.parametrize("seed", range(4))
def test_fuzzed_wire_neither_crashes_the_c_decoder_nor_passes_it(seed):
    program = host_c.program("fuzz_frame", host_c.HERE / "fuzz_frame.c", FIRMWARE / "frame.c")
    done = subprocess.run([program, str(seed), "20000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    accepted, refused = (int(word) for word in done.stdout.split() if word.isdigit())
    assert accepted > 5000 and refused > 5000
