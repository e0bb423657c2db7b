"""Limiter and impedance keep their promises for any input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import catalogue, controllers
from robots.actuator import HostActuator
from robots.controllers import joint_impedance, limited_impedance, limiter
from robots.errors import RobotError

ROBOT = catalogue.load("panda")
RATE = 500.0
DT = 1 / RATE


def run_limiter(goals, start=ROBOT.home):
    """Give q_ref, dq_ref, ddq_ref, (ticks, 7) each, and flags for goals (ticks, 7)."""
    instance = limiter.controller(7).instance(limiter.params(ROBOT, RATE))
    rows = []
    for goal in goals:
        instance.input["q"], instance.input["q_goal"] = start, goal
        instance.step()
        rows.append(instance.output[0].copy())
    table = np.array(rows)
    return table["q_ref"], table["dq_ref"], table["ddq_ref"], table["flags"]


def assert_within_limits(q, dq, ddq):
    slack = 1 + 1e-9
    assert (q >= ROBOT.q_min).all() and (q <= ROBOT.q_max).all()
    assert (np.abs(dq) <= ROBOT.dq_max * slack).all()
    assert (np.abs(ddq) <= ROBOT.ddq_max * slack).all()
    jerk = np.diff(np.vstack([np.zeros(7), ddq]), axis=0) / DT
    assert (np.abs(jerk) <= ROBOT.dddq_max * (1 + 1e-6)).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 40, 200]), st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_limiter_never_exceeds_any_limit_for_any_goal(seed, hold, reach):
    rng = np.random.default_rng(seed)
    goals = np.repeat(rng.normal(0, reach, (600 // hold + 1, 7)), hold, axis=0)[:600]
    goals[rng.random(goals.shape) < 0.02] = np.nan
    goals[rng.random(goals.shape) < 0.01] = np.inf
    goals[rng.random(goals.shape) < 0.01] = -1e308
    start = rng.uniform(ROBOT.q_min, ROBOT.q_max)
    q, dq, ddq, _ = run_limiter(goals, start)
    assert_within_limits(q, dq, ddq)


def test_limiter_reaches_a_far_goal_and_stays():
    goal = ROBOT.home + np.array([1.0, -0.8, 0.9, 0.7, -1.0, 0.6, 1.2])
    q, dq, ddq, flags = run_limiter(np.tile(goal, (1500, 1)))
    assert_within_limits(q, dq, ddq)
    assert np.abs(q[-1] - goal).max() < 1e-4 and np.abs(dq[-1]).max() < 1e-3
    assert flags.max() & limiter.FLAG_SPEED or np.abs(dq).max() > 1.0


def test_limiter_follows_a_smooth_goal_closely():
    t = np.arange(1000) * DT
    shape = np.where(t < 1.0, t**3 * (10 - 15 * t + 6 * t * t), 1.0)
    goals = ROBOT.home + 0.5 * shape[:, None]
    q, *_ = run_limiter(goals)
    assert np.abs(q - goals).max() < 0.02


def test_nan_goal_brakes_holds_and_is_flagged_for_as_long_as_it_lasts():
    goals = np.tile(ROBOT.home + 0.8, (900, 1))
    goals[200:800, 3] = np.nan
    q, dq, ddq, flags = run_limiter(goals)
    assert_within_limits(q, dq, ddq)
    assert not (flags[:200] & limiter.FLAG_NAN).any()
    assert (flags[200:800] & limiter.FLAG_NAN).all()
    assert np.abs(dq[780:800, 3]).max() < 1e-3 and np.isfinite(q).all()
    assert not (flags[800:] & limiter.FLAG_NAN).any()


def test_goal_beyond_a_position_limit_is_flagged_and_stops_at_it():
    goals = np.tile(ROBOT.q_max + 1.0, (2500, 1))
    q, _, _, flags = run_limiter(goals)
    assert (flags & limiter.FLAG_POSITION).all()
    assert np.abs(q[-1] - ROBOT.q_max).max() < 0.02


def impedance(**inputs):
    instance = joint_impedance.controller(7).instance(joint_impedance.params(ROBOT, RATE))
    for name, value in {"q": ROBOT.home, "q_ref": ROBOT.home, **inputs}.items():
        instance.input[name] = value
    instance.step()
    return instance.output[0].copy()


def test_impedance_is_spring_damper_and_gravity():
    rest = impedance()["tau"]
    pushed = impedance(q_ref=ROBOT.home + 0.01, dq=np.full(7, 0.1))["tau"]
    assert np.allclose(pushed - rest, ROBOT.kp * 0.01 - ROBOT.kd * 0.1)
    assert np.abs(rest).max() > 5  # an arm in front of its base has weight to carry


def test_impedance_gives_no_torque_on_a_broken_sensor():
    q = ROBOT.home.copy()
    q[4] = np.nan
    out = impedance(q=q)
    assert (out["tau"] == 0).all() and out["flags"] == limiter.FLAG_SENSOR


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_torques_stay_within_limit_and_rate_whatever_comes_in(seed):
    rng = np.random.default_rng(seed)
    actuator = HostActuator(limited_impedance.controller(7))
    actuator.start(limited_impedance.params(ROBOT, RATE))
    last = None
    for _ in range(200):
        for name in ("q", "dq", "q_goal"):
            value = rng.normal(0, 3, 7)
            value[rng.random(7) < 0.02] = rng.choice([np.nan, np.inf, -np.inf, 1e300])
            actuator.input[name] = value
        actuator.tick()
        tau = actuator.output["tau"][0].copy()
        assert np.isfinite(tau).all() and (np.abs(tau) <= ROBOT.tau_max).all()
        if last is not None:
            assert (np.abs(tau - last) <= ROBOT.dtau_max * DT * (1 + 1e-9)).all()
        last = tau


def test_start_forgets_the_last_run_and_refuses_foreign_params():
    actuator = HostActuator(limited_impedance.controller(7))
    outputs = []
    for _ in range(2):
        actuator.start(limited_impedance.params(ROBOT, RATE))
        for name, value in (("q", ROBOT.home), ("dq", 0.0), ("q_goal", ROBOT.home + 0.3)):
            actuator.input[name] = value
        for _ in range(20):
            actuator.tick()
        outputs.append(actuator.output.tobytes())
    assert outputs[0] == outputs[1]
    with pytest.raises(ValueError, match="limited_impedance takes"):
        actuator.start(np.zeros(1, limiter.controller(7).params))


def test_unknown_controller_suggests_the_nearest():
    with pytest.raises(RobotError, match="did you mean 'limiter'"):
        controllers.load("limitter")
