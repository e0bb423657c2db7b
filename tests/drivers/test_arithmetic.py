"""Every operation a kernel may use rounds on a board as it does on the host."""

import math

import numpy as np
import pytest
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots.controllers.contract import Controller
from robots.kernel import kernel

K = 16
DOUBLES = ("add", "sub", "mul", "div", "root", "widened", "from_signed", "from_unsigned")
SINGLES = ("add1", "sub1", "mul1", "div1", "narrowed")


@kernel
def _step(params, state, input, output):
    for k in range(K):
        a, b, c, d = input.a[k], input.b[k], input.c[k], input.d[k]
        output.add[k], output.sub[k], output.mul[k], output.div[k] = a + b, a - b, a * b, a / b
        output.add1[k], output.sub1[k] = c + d, c - d
        output.mul1[k], output.div1[k] = c * d, c / d
        output.root[k] = math.sqrt(abs(a))
        output.narrowed[k], output.widened[k] = np.float32(a), np.float64(c)
        output.order[k] = (
            (a < b) + 2 * (a <= b) + 4 * (a == b) + 8 * (a >= b) + 16 * (a > b) + 32 * (a != b)
        )
        if abs(a) < 9e18:
            output.whole[k] = np.int64(a)
        output.from_signed[k] = np.float64(input.n[k])
        output.from_unsigned[k] = np.float64(np.uint64(input.n[k]))


def _fields(*groups):
    return np.dtype([(name, kind, (K,)) for names, kind in groups for name in names], align=True)


@pytest.fixture(scope="module")
def arithmetic():
    nothing = np.dtype([("unused", np.uint8)])
    return Controller(
        "arithmetic",
        nothing,
        nothing,
        _fields((("a", "b"), np.float64), (("c", "d"), np.float32), (("n",), np.int64)),
        _fields((DOUBLES, np.float64), (SINGLES, np.float32), (("order", "whole"), np.int64)),
        _step,
    )


def _doubles(rng, low, high):
    """Random bits with exponents from `low` to `high`; 0 makes subnormals."""
    exponent = rng.integers(low, high, K).astype(np.uint64)
    short = ~np.uint64(2 ** int(rng.integers(0, 52)) - 1)  # some with few digits: ties
    fraction = rng.integers(0, 2**52, K, dtype=np.uint64) & short
    sign = rng.integers(0, 2, K).astype(np.uint64)
    return (sign << np.uint64(63) | exponent << np.uint64(52) | fraction).view(np.float64)


def _singles(rng, low, high):
    exponent = rng.integers(low, high, K).astype(np.uint32)
    fraction = rng.integers(0, 2**23, K, dtype=np.uint32)
    sign = rng.integers(0, 2, K).astype(np.uint32)
    return (sign << np.uint32(31) | exponent << np.uint32(23) | fraction).view(np.float32)


# Exponents of the operands: all; near one; subnormal; small by large, whose product and
# quotient are subnormal; with a quotient that overflows.
DOUBLE_RANGES = [((0, 2047), (0, 2047)), ((1013, 1033), (1013, 1033)), ((0, 60), (0, 60)),
                 ((0, 90), (980, 1090)), ((1990, 2047), (900, 1023))]  # fmt: skip
SINGLE_RANGES = [((0, 255), (0, 255)), ((120, 134), (120, 134)), ((0, 25), (0, 25)),
                 ((0, 40), (110, 150)), ((230, 255), (100, 127))]  # fmt: skip


@pytest.mark.parametrize("board", BOARDS)
def test_random_bits_give_the_hosts_bits(arithmetic, board):
    rng = np.random.default_rng(1)
    checked = 0
    with Emulator(arithmetic, board) as emulator:
        emulator.start(np.zeros(1, arithmetic.params))
        for i in range(1500):
            one, other = DOUBLE_RANGES[i % 5]
            emulator.input["a"], emulator.input["b"] = _doubles(rng, *one), _doubles(rng, *other)
            one, other = SINGLE_RANGES[i % 5]
            emulator.input["c"], emulator.input["d"] = _singles(rng, *one), _singles(rng, *other)
            emulator.input["n"] = rng.integers(-(2**63), 2**63 - 1, K) >> rng.integers(0, 63, K)
            emulator.tick()
            for name in arithmetic.output.names:
                here, there = emulator.output[name][0], emulator._host.output[name][0]
                # Which NaN an operation makes is the machine's choice; a kernel must not show it.
                same = (here == there) & (np.signbit(here) == np.signbit(there))
                wrong = ~same & ~((here != here) & (there != there))
                assert not wrong.any(), (name, i, here[wrong], there[wrong])
                checked += K
    assert checked == 1500 * K * len(arithmetic.output.names)
