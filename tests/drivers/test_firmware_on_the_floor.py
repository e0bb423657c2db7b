"""A simulated arm whose controller is a board's firmware, its ticks taken by the compiled loop."""

import os
import signal

import numpy as np
import pytest

from drivers.emulator import Emulator
from drivers.errors import EmulatorError
from robots.controllers import limited_impedance
from robots.controllers.flags import FLAG_SENSOR
from sim.env import FloorEnv


@pytest.fixture
def board():
    with Emulator(limited_impedance.controller(7), "virt-rv64") as emulator:
        yield emulator


def rollout(env, steps=12):
    """Give what random actions lead to, as bytes."""
    env.reset(seed=3)
    actions = np.random.default_rng(1).uniform(-1, 1, (steps, 7)).astype(np.float32)
    seen = [env.step(action)[0] for action in actions]
    return [np.concatenate([v.ravel() for v in row.values()]).tobytes() for row in seen]


def test_an_episode_with_firmware_is_the_host_s_to_the_last_bit(board):
    ours, hosts = FloorEnv("KitTray", actuator=board), FloorEnv("KitTray")
    assert ours.rig.compiled
    assert rollout(ours) == rollout(hosts)
    assert (board.ticks, board.ticks_differing) == (12 * ours.ticks, 0)
    ours.rig.tracing = True  # tick by tick, through Python
    assert rollout(ours) == rollout(hosts)
    ours.close()
    hosts.close()


def test_a_sensor_that_is_stuck_at_nan_is_flagged(board):
    env = FloorEnv("KitTray", actuator=board)
    env.reset(seed=0)
    board.stick("q", np.nan)
    info = env.step(np.zeros(7, np.float32))[4]
    assert info["flags"] & FLAG_SENSOR and board.ticks_differing == 0
    board.unstick()
    env.reset(seed=0)
    assert not env.step(np.zeros(7, np.float32))[4]["flags"] & FLAG_SENSOR
    env.close()


def test_a_board_that_dies_in_a_step_is_an_error_with_the_tick(board):
    env = FloorEnv("KitTray", actuator=board)
    env.reset(seed=0)
    env.step(np.zeros(7, np.float32))
    os.kill(board._machine.process.pid, signal.SIGKILL)
    with pytest.raises(EmulatorError, match=f"QEMU exited with status -9 at tick {env.ticks}"):
        env.step(np.zeros(7, np.float32))
    with pytest.raises(EmulatorError, match="is closed"):
        env.step(np.zeros(7, np.float32))
    env.close()
