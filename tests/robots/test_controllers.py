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


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_sensor_broken_at_the_start_does_not_become_the_reference(broken):
    instance = limited_impedance.controller(7).instance(limited_impedance.params(ROBOT, RATE))
    instance.input["q_goal"] = ROBOT.home
    instance.input["q"] = ROBOT.home
    instance.input["q"][0, 2] = broken
    for _ in range(5):
        instance.step()
        assert (instance.output["tau"] == 0).all() and np.isfinite(instance.output["q_ref"]).all()
        assert instance.output["flags"][0] & limiter.FLAG_SENSOR
    instance.input["q"] = ROBOT.home
    weight = impedance()["tau"]
    for k in range(1, 40):
        instance.step()
        assert np.abs(instance.output["q_ref"] - ROBOT.home).max() < 1e-12
        # The load is taken up at the torque rate, towards the weight and never past it.
        reach = np.minimum(np.abs(weight), k * ROBOT.dtau_max * DT)
        assert np.allclose(instance.output["tau"][0], np.sign(weight) * reach)


@pytest.mark.parametrize("rate", [0.0, -500.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(RobotError, match="rate_hz is"):
        limited_impedance.params(ROBOT, rate)


@given(st.integers(0, 2**32 - 1), st.sampled_from([200.0, 500.0, 1000.0]))
@settings(max_examples=15, deadline=None)
def test_limiter_survives_a_goal_that_pushes_at_its_own_stopping_distance(seed, rate):
    """The hardest goals follow the reference: full speed at a limit, reversed on the way."""
    rng = np.random.default_rng(seed)
    instance = limiter.controller(7).instance(limiter.params(ROBOT, rate))
    goal = instance.input["q_goal"][0]
    instance.input["q"] = rng.uniform(ROBOT.q_min, ROBOT.q_max)
    last = np.zeros(7)
    for k in range(1500):
        q, dq, ddq = (instance.state[name][0] for name in ("q_ref", "dq_ref", "ddq_ref"))
        if k % 7 == 0:
            side = rng.choice([-1, 1], 7)
            goal[:] = np.where(side > 0, ROBOT.q_max, ROBOT.q_min)
            near = rng.random(7) < 0.3
            ahead = q + side * rng.uniform(0, 0.3, 7) * dq**2 / ROBOT.ddq_max
            goal[near] = ahead[near]
        instance.step()
        assert (q >= ROBOT.q_min).all() and (q <= ROBOT.q_max).all()
        assert (np.abs(dq) <= ROBOT.dq_max * (1 + 1e-9)).all()
        assert (np.abs(ddq) <= ROBOT.ddq_max * (1 + 1e-9)).all()
        assert (np.abs(ddq - last) * rate <= ROBOT.dddq_max * (1 + 1e-6)).all()
        last = ddq.copy()
