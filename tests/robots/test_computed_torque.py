"""Computed torque follows a motion closely, whatever the arm."""

import numpy as np
import pytest
from plant import Loop

from robots import catalogue
from robots.controllers import computed_torque, load
from robots.controllers.flags import FLAG_SENSOR
from robots.errors import RobotError

RATE = 1000.0


def follow(robot, **plant):
    """Sway every joint for a second; give the largest error, rad."""
    loop = Loop(computed_torque, robot, RATE, **plant)
    size, pace = 0.2, 2.0 * np.pi
    loop.plant.dq[:] = 0.0
    worst = 0.0
    for k in range(int(RATE)):
        t = k / RATE
        loop.input["q_ref"] = robot.home + size * (1.0 - np.cos(pace * t)) / 2.0
        loop.input["dq_ref"] = size * pace * np.sin(pace * t) / 2.0
        loop.input["ddq_ref"] = size * pace**2 * np.cos(pace * t) / 2.0
        worst = max(worst, np.abs(loop.input["q_ref"][0] - loop.plant.q).max())
        loop.tick()
    assert loop.flags == 0
    return worst


@pytest.mark.parametrize("name", catalogue.names())
def test_it_tracks_within_half_a_milliradian(name):
    assert follow(catalogue.load(name)) < 5e-4


def test_masses_wrong_by_a_tenth_cost_less_than_a_weight_on_the_spring():
    robot = catalogue.load("panda")
    assert 1e-3 < follow(robot, heavier=1.1) < 0.025


@pytest.mark.parametrize("name", ["q", "dq", "q_ref", "dq_ref", "ddq_ref"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e300])
def test_a_number_that_is_none_gives_zero_torque_and_a_flag(name, broken):
    robot = catalogue.load("panda")
    instance = computed_torque.controller(7).instance(computed_torque.params(robot, RATE))
    instance.input["q"] = instance.input["q_ref"] = robot.home
    instance.step()
    assert np.abs(instance.output["tau"]).max() > 5
    instance.input[name][0, 3] = broken
    instance.step()
    assert (instance.output["tau"] == 0).all() and instance.output["flags"] == FLAG_SENSOR


def test_behind_the_limiter_it_reaches_a_goal_without_leaving_the_limits():
    robot = catalogue.load("panda")
    loop = Loop(load("limited_computed_torque"), robot, RATE)
    goal = robot.home + np.array([0.5, -0.3, 0.4, 0.3, -0.4, 0.3, 0.5])
    for k in range(1500):
        t = min(k / 1200, 1.0)
        loop.input["q_goal"] = robot.home + t**3 * (10 - 15 * t + 6 * t * t) * (goal - robot.home)
        out = loop.tick()
        assert (np.abs(out["tau"]) <= robot.tau_max).all()
        assert (np.abs(out["dq_ref"]) <= robot.dq_max * (1 + 1e-9)).all()
        assert np.abs(loop.plant.q - out["q_ref"]).max() < 5e-3
    assert np.abs(loop.plant.q - goal).max() < 1e-4


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(RobotError, match="rate_hz is"):
        computed_torque.params(catalogue.load("panda"), rate)
