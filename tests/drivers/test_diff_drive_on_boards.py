"""The mobile base's controller gives the same bits on every board, on sense and nonsense."""

import numpy as np
import pytest
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots import mobile
from robots.controllers import diff_drive

ODD = np.array([0.0, -0.0, 5e-324, 1e300, -1e300, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("board", BOARDS)
def test_diff_drive_is_equal(board):
    rng = np.random.default_rng(5)
    ticks = 400 if "soft" in board else 3000
    with Emulator(diff_drive.controller(4), board) as emulator:
        emulator.start(diff_drive.params(mobile.load("husky"), 500.0))
        for i in range(ticks):
            if i % 50 == 0:
                emulator.input["goal"] = rng.normal(0, 0.8, 2)
            emulator.input["wheel"] = emulator.output["wheel_ref"] + rng.normal(0, 0.3, 4)
            if i % 7 == 0:
                emulator.input["wheel"][0, i % 4] = rng.choice(ODD)
            if i % 90 == 60:
                emulator.input["goal"][0, i % 2] = rng.choice(ODD)
            emulator.tick()
            assert not np.isnan(emulator.output["tau"]).any()
        assert emulator.ticks == ticks and emulator.ticks_differing == 0
