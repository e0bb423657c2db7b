"""Inverse kinematics gives the same bits on every board, on poses and on nonsense."""

import numpy as np
import pytest
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots import catalogue
from robots.controllers import dls_ik
from robots.ik import dls
from robots.kinematics import quaternion_from_rotation

ODD = np.array([0.0, -0.0, 5e-324, 1e-310, 1e300, -1e300, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("board", BOARDS)
def test_dls_ik_is_equal(board):
    robot, rng = catalogue.load("panda"), np.random.default_rng(8)
    ticks = 60 if "soft" in board else 600
    seen = set()
    with Emulator(dls_ik.controller(7), board) as emulator:
        emulator.start(dls_ik.params(robot, 500.0))
        q = robot.home
        for i in range(ticks):
            if i % 40 == 0:
                q = rng.uniform(robot.q_min, robot.q_max)
            q = q + rng.normal(0.0, 0.02, 7)
            position, rotation = robot.forward(q)
            emulator.input["q"] = q
            emulator.input["position"] = position
            emulator.input["quaternion"] = quaternion_from_rotation(rotation)
            if i % 11 == 5:
                name = ("q", "position", "quaternion")[i % 3]
                emulator.input[name][0, i % 3] = rng.choice(ODD)
            emulator.tick()
            seen.add(int(emulator.output["report"]["status"][0]))
            assert np.isfinite(emulator.output["q"]).all()
        assert emulator.ticks == ticks and emulator.ticks_differing == 0
    assert {dls.REACHED, dls.REFUSED} <= seen
