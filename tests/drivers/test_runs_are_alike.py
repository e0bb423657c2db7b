"""Two runs of a board give the same bits and the same instruction count at every tick."""

import numpy as np
import pytest
import trouble

from drivers.emulator import Emulator
from drivers.linked import LinkedBoard
from robots import catalogue
from robots.controllers import limited_impedance

BOARDS = ("virt-rv64", "virt-rv32-soft", "hifive1")
TICKS = 60


def lockstep_run(board):
    rng, made = np.random.default_rng(11), []
    with Emulator(limited_impedance.controller(7), board, compare=False) as emulator:
        emulator.start(limited_impedance.params(catalogue.load("panda"), 1000))
        for _ in range(TICKS):
            for field in ("q", "dq", "q_goal"):
                emulator.input[field] = rng.normal(size=7)
            emulator.tick()
            made.append((emulator.output.tobytes(), emulator.last_instructions))
    return made


@pytest.mark.parametrize("board", BOARDS)
def test_two_runs_in_lockstep_are_the_same_at_every_tick(board):
    first = lockstep_run(board)
    assert lockstep_run(board) == first
    assert len({output for output, _ in first}) == TICKS
    assert len({count for _, count in first}) > 1  # the count is of this tick's work


def free_run(board):
    """The first ticks of a free run on one input: tick number, instructions and output."""
    with LinkedBoard(trouble.controller, board) as linked:
        link = linked.link
        period = 2000 / link.timer_hz
        link.load(trouble.params())
        link.arm(rate_hz=1 / period, watchdog_s=2**31 * period, every=1)
        link.send(trouble.given())
        link.start()
        while len(link.outputs) < TICKS:
            link.poll()
        link.stop()
        return [(o.tick, o.instructions, o.output.tobytes()) for o in link.outputs][:TICKS]


@pytest.mark.parametrize("board", BOARDS)
def test_two_free_runs_are_the_same_at_every_tick(board):
    first = free_run(board)
    assert free_run(board) == first
    assert [tick for tick, _, _ in first] == list(range(1, TICKS + 1))
    assert len({output for _, _, output in first}) == TICKS
