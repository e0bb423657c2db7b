"""A board kept in mid-run: what comes after it is the same in every bit, as often as one likes."""

import numpy as np
import pytest
import trouble

from drivers.emulator import Emulator
from robots import catalogue
from robots.controllers import limited_impedance

BOARDS = ("virt-rv64", "virt-rv32-soft", "hifive1")


def trace(emulator, seed, ticks):
    """Outputs, board's state, instruction counts and tick numbers of `ticks` random inputs."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(ticks):
        for field in ("q", "dq", "q_goal"):
            emulator.input[field] = rng.normal(size=7)
        emulator.tick()
        made.append(
            (
                emulator.output.tobytes(),
                emulator._link.box["state"].tobytes(),
                emulator.last_instructions,
                emulator.health(),
            )
        )
    return made


@pytest.mark.parametrize("board", BOARDS)
def test_after_a_restore_all_is_the_same_in_every_bit(board):
    params = limited_impedance.params(catalogue.load("panda"), 1000)
    with Emulator(limited_impedance.controller(7), board) as emulator:
        emulator.start(params)
        trace(emulator, 1, 20)
        first = emulator.snapshot()
        then = trace(emulator, 2, 30)
        second = emulator.snapshot()
        later = trace(emulator, 3, 10)
        counted = (emulator.ticks, emulator.instructions)
        emulator.restore(first)
        assert emulator.ticks == 20
        assert trace(emulator, 2, 30) == then
        emulator.restore(second)
        assert trace(emulator, 3, 10) == later
        assert (emulator.ticks, emulator.instructions) == counted
        emulator.restore(first)  # backwards, and after another history
        trace(emulator, 4, 5)
        emulator.restore(first)
        assert trace(emulator, 2, 30) == then
        assert emulator.ticks_differing == 0


def test_a_fault_is_undone_by_a_restore():
    with Emulator(trouble.controller, "virt-rv64") as emulator:
        emulator.start(trouble.params())
        emulator.tick()
        good = emulator.snapshot()
        emulator.flip_field("params.k", 52)
        emulator.input[:] = trouble.given()
        emulator.tick()
        assert emulator.ticks_differing == 1
        emulator.restore(good)
        emulator.input[:] = trouble.given()
        emulator.tick()
        assert (emulator.ticks_differing, emulator.ticks) == (0, 2)


def test_a_snapshot_of_another_emulator_is_refused():
    with Emulator(trouble.controller, "virt-rv64") as one:
        one.start(trouble.params())
        kept = one.snapshot()
        with Emulator(trouble.controller, "virt-rv64") as other:
            with pytest.raises(ValueError, match="is not of this emulator"):
                other.restore(kept)
            other.start(trouble.params())
            other.tick()
