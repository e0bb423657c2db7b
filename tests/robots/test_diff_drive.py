"""The differential drive keeps its limits for any input and follows what it is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import controllers, mobile
from robots.controllers import diff_drive, limiter
from robots.errors import RobotError

BASE = mobile.load("husky")
RATE = 500.0
DT = 1 / RATE
TOP = np.array([BASE.v_max, BASE.w_max])
ACCELERATION = np.array([BASE.dv_max, BASE.dw_max])
JERK = np.array([BASE.ddv_max, BASE.ddw_max])


def run(goals, wheels=None):
    """Give speed_ref (ticks, 2), tau and wheel_ref (ticks, 4) and flags for goals (ticks, 2).

    The wheels turn as wanted unless `wheels` (ticks, 4) says otherwise.
    """
    instance = diff_drive.controller(4).instance(diff_drive.params(BASE, RATE))
    rows, wheel = [], np.zeros(4)
    for k, goal in enumerate(goals):
        instance.input["goal"] = goal
        instance.input["wheel"] = wheel if wheels is None else wheels[k]
        instance.step()
        rows.append(instance.output[0].copy())
        wheel = instance.output["wheel_ref"][0].copy()
    table = np.array(rows)
    return table["speed_ref"], table["tau"], table["wheel_ref"], table["flags"]


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 9, 60, 300]), st.floats(0.1, 20))
@settings(max_examples=40, deadline=None)
def test_no_goal_takes_speed_acceleration_or_jerk_beyond_its_limit(seed, hold, reach):
    rng = np.random.default_rng(seed)
    goals = np.repeat(rng.normal(0, reach, (600 // hold + 1, 2)), hold, axis=0)[:600]
    goals[rng.random(goals.shape) < 0.02] = np.nan
    goals[rng.random(goals.shape) < 0.01] = -np.inf
    speed, tau, wheel, _ = run(goals)
    acceleration = np.diff(speed, axis=0, prepend=np.zeros((1, 2))) / DT
    jerk = np.diff(acceleration, axis=0, prepend=np.zeros((1, 2))) / DT
    assert (np.abs(speed) <= TOP * (1 + 1e-9)).all()
    assert (np.abs(acceleration) <= ACCELERATION * (1 + 1e-9)).all()
    assert (np.abs(jerk) <= JERK * (1 + 1e-6)).all()
    assert (np.abs(wheel) <= BASE.wheel_max * (1 + 1e-9)).all()
    assert (np.abs(tau) <= BASE.tau_max).all()


def test_a_goal_is_reached_and_not_passed():
    speed, _, _, flags = run(np.tile([0.6, -0.5], (1500, 1)))
    assert np.allclose(speed[-1], [0.6, -0.5], atol=1e-6)
    assert speed[:, 0].max() < 0.6 + 1e-6 and speed[:, 1].min() > -0.5 - 1e-6
    assert not flags.any()


def test_nan_stops_and_is_flagged():
    goals = np.tile([0.5, 0.2], (1500, 1))
    goals[600:] = np.nan
    speed, _, _, flags = run(goals)
    assert np.abs(speed[-1]).max() < 1e-6
    assert (flags[600:] & limiter.FLAG_NAN).all() and not flags[:600].any()


def test_a_wheel_that_gives_no_number_gets_no_torque():
    wheels = np.zeros((40, 4))
    wheels[20:, 2] = np.nan
    _, tau, _, flags = run(np.tile([0.5, 0.0], (40, 1)), wheels)
    assert tau[19].all() and not tau[20:].any()
    assert (flags[20:] & limiter.FLAG_SENSOR).all()


def test_wheels_turn_the_base_as_told():
    _, _, wheel, _ = run(np.tile([0.4, 0.3], (1500, 1)))
    left, right = wheel[-1, 0], wheel[-1, 2]
    assert wheel[-1, 1] == left and wheel[-1, 3] == right
    assert np.isclose((left + right) / 2 * BASE.radius, 0.4)
    assert np.isclose((right - left) / BASE.track * BASE.radius, 0.3)


def test_too_fast_a_wheel_slows_both_sides_alike():
    record = diff_drive.params(BASE, RATE)
    record["wheel_max"] = 4.0
    instance = diff_drive.controller(4).instance(record)
    instance.input["goal"] = (0.8, 0.8)
    for _ in range(1500):
        instance.step()
    left, right = instance.output["wheel_ref"][0][[0, 2]]
    assert np.isclose(right, 4.0)
    curve = (right - left) / (right + left) * 2 / BASE.track
    assert np.isclose(curve, 1.0)


def test_names_and_rates_that_are_wrong_are_refused():
    assert "diff_drive" in controllers.names()
    with pytest.raises(RobotError, match="did you mean 'husky'"):
        mobile.load("huskey")
    with pytest.raises(RobotError, match="rate_hz is 0"):
        diff_drive.params(BASE, 0)
