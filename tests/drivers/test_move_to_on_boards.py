"""The point-to-point controllers give the same bits on every board, on sense and nonsense."""

import numpy as np
import pytest
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots import catalogue
from robots.controllers import move_to, planned_impedance

ROBOT = catalogue.load("panda")
ODD = np.array([0.0, -0.0, 5e-324, 1e300, -1e300, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("law", [move_to, planned_impedance], ids=["move_to", "planned_impedance"])
def test_point_to_point_is_equal(law, board):
    rng = np.random.default_rng(33)
    ticks = 10_000
    modes = set()
    with Emulator(law.controller(7), board) as emulator:
        emulator.start(law.params(ROBOT, 1000.0))
        goal = ROBOT.home
        q_ref = ROBOT.home
        for i in range(ticks):
            if i % 700 in (0, 500):
                goal = rng.uniform(ROBOT.q_min, ROBOT.q_max)
            emulator.input["q"], emulator.input["q_goal"] = q_ref, goal
            if i % 9 == 1:
                emulator.input["q"][0, i % 7] = rng.choice(ODD)
            if i % 600 == 300:
                emulator.input["q_goal"][0, i % 7] = rng.choice(ODD)
            emulator.tick()
            q_ref = emulator.output["q_ref"].copy()
            modes.add(emulator.output["time_left"][0] > 0.0)
            assert np.isfinite(emulator.output["q_ref"]).all()
        assert emulator.first_difference is None and emulator.ticks_differing == 0
        assert emulator.ticks == ticks and modes == {True, False}
