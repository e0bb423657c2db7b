"""Chunks are played to the same bits on every board, on sense and nonsense."""

import numpy as np
import pytest
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots import catalogue
from robots.controllers import chunk_player, chunked_impedance

PANDA = catalogue.load("panda")
ODD = np.array([0.0, -0.0, 5e-324, -1e-310, 1e300, -1e300, np.inf, -np.inf, np.nan])
ODD_BITS = np.array([0x7FF0000000000001, 0xFFF8000000000000, 0x7FFFFFFFFFFFFFFF], np.uint64)


def odd(rng):
    return rng.choice(np.concatenate([ODD, ODD_BITS.view(np.float64)]))


def feed(rng, given, tick, rate_hz):
    """Hand over a chunk now and then: in time, late, past, too long, or with odd numbers."""
    if tick % 40 != 1:
        return
    rows = given["rows"]
    rows[:, :7] = PANDA.home + np.cumsum(rng.normal(0, 0.1, (len(rows), 7)), axis=0)
    rows[:, 7] = rng.random(len(rows))
    given["count"] = rng.integers(1, len(rows) + 1)
    given["time"] = tick / rate_hz + rng.normal(0.0, 0.3)
    given["sequence"] += 1
    kind = rng.integers(8)
    if kind == 0:
        rows[rng.integers(len(rows)), rng.integers(8)] = odd(rng)
    elif kind == 1:
        given["time"] = odd(rng)
    elif kind == 2:
        given["count"] = rng.integers(-(2**31), 2**31)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("options", [{}, {"m": 0.1, "blend_s": 0.3, "curve": 1}])
def test_chunk_player_is_equal(board, options):
    rng = np.random.default_rng(6)
    with Emulator(chunk_player.controller(7), board) as emulator:
        emulator.start(chunk_player.params(PANDA, 500.0, **options))
        emulator.input["q"] = PANDA.home
        for tick in range(10_000):
            feed(rng, emulator.input[0], tick, 500.0)
            if tick % 11 == 0:
                emulator.input["q"][0, tick % 7] = odd(rng)
                emulator.input["gripper"] = odd(rng)
            elif tick % 11 == 1:
                emulator.input["q"] = PANDA.home
            emulator.tick()
            assert np.isfinite(emulator.output["q_goal"]).all()
        assert emulator.ticks == 10_000 and emulator.ticks_differing == 0


@pytest.mark.parametrize("board", BOARDS)
def test_from_chunk_to_torque_is_equal(board):
    rng = np.random.default_rng(7)
    with Emulator(chunked_impedance.controller(7), board) as emulator:
        emulator.start(chunked_impedance.params(PANDA, 500.0, m=0.01))
        given = emulator.input["player"]
        for tick in range(10_000):
            feed(rng, given[0], tick, 500.0)
            near = PANDA.home if tick == 0 else emulator.output["q_ref"][0]
            given["q"] = near + rng.normal(0, 0.01, 7)
            emulator.input["dq"] = rng.normal(0, 0.3, 7)
            if tick % 11 == 0:
                given["q"][0, tick % 7] = odd(rng)
                emulator.input["dq"][0, tick % 5] = odd(rng)
            emulator.tick()
            assert np.isfinite(emulator.output["tau"]).all()
        assert emulator.ticks == 10_000 and emulator.ticks_differing == 0
