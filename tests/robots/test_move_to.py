"""Point to point: arrives exactly, stops when told, and nothing asked of it breaks a limit."""

import numpy as np
import pytest
import ruckig
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import catalogue
from robots.controllers import limiter, move_to, planned_impedance
from robots.errors import RobotError
from robots.trajectories import jerk_limited, stop

ROBOT = catalogue.load("panda")
RATE = 500.0
DT = 1 / RATE
FAR = ROBOT.home + np.array([1.0, -0.8, 0.9, 0.7, -1.0, 0.6, 1.2])


def run(goals, start=ROBOT.home, law=move_to, share=1.0):
    """Give the outputs (ticks,) of a controller whose joints follow it, for goals (ticks, 7)."""
    instance = law.controller(7).instance(law.params(ROBOT, RATE, share))
    rows = np.zeros(len(goals), instance.output.dtype)
    instance.input["q"] = start
    for k, goal in enumerate(goals):
        instance.input["q_goal"] = goal
        instance.step()
        rows[k] = instance.output[0]
        instance.input["q"] = instance.output["q_ref"]
    return rows


def assert_within_limits(rows, start=ROBOT.home):
    q, dq, ddq = rows["q_ref"], rows["dq_ref"], rows["ddq_ref"]
    slack = 1 + 1e-12
    assert (q >= ROBOT.q_min).all() and (q <= ROBOT.q_max).all()
    assert (np.abs(dq) <= ROBOT.dq_max * slack).all()
    assert (np.abs(ddq) <= ROBOT.ddq_max * slack).all()
    jerk = np.diff(np.vstack([np.zeros(7), ddq]), axis=0) / DT
    assert (np.abs(jerk) <= ROBOT.dddq_max * (1 + 1e-9)).all()
    mean = (dq + np.vstack([np.zeros(7), dq[:-1]])) / 2
    steps = np.diff(np.vstack([start, q]), axis=0)
    assert (np.abs(steps - DT * mean) <= ROBOT.dddq_max * DT**3 / 6).all()


def test_a_goal_is_reached_exactly_and_when_the_plan_says():
    rows = run(np.tile(FAR, (1000, 1)))
    assert_within_limits(rows)
    duration = jerk_limited.between(
        ROBOT.home, FAR, ROBOT.dq_max, ROBOT.ddq_max, ROBOT.dddq_max
    ).duration
    arrival = np.argmax(rows["time_left"] == 0.0)
    assert arrival + 1 == np.ceil(duration * RATE)
    assert (rows["q_ref"][arrival:] == FAR).all() and not rows["dq_ref"][arrival:].any()
    assert (rows["q_ref"][arrival - 1] != FAR).any() and not rows["flags"].any()


def test_a_goal_that_changes_on_the_way_is_reached_after_a_stop():
    goals = np.tile(FAR, (1500, 1))
    goals[150:] = ROBOT.home - 0.2
    rows = run(goals)
    assert_within_limits(rows)
    assert (rows["q_ref"][-1] == goals[-1]).all()
    assert np.abs(rows["q_ref"][149:400] - FAR).min() > 0.02


def test_nan_goal_stops_holds_and_is_flagged_for_as_long_as_it_lasts():
    goals = np.tile(FAR, (1500, 1))
    goals[150:600, 3] = np.nan
    rows = run(goals)
    assert_within_limits(rows)
    assert (rows["flags"][150:600] == limiter.FLAG_NAN).all()
    assert not rows["flags"][:150].any() and not rows["flags"][600:].any()
    held = rows["q_ref"][350:600]
    assert (held == held[0]).all() and not rows["dq_ref"][350:600].any()
    assert (rows["q_ref"][-1] == FAR).all()


def test_a_goal_beyond_a_position_limit_is_flagged_and_the_limit_reached():
    rows = run(np.tile(ROBOT.q_max + 1.0, (2500, 1)))
    assert_within_limits(rows)
    assert (rows["flags"] == limiter.FLAG_POSITION).all()
    assert (rows["q_ref"][-1] == ROBOT.q_max).all()


def test_nothing_moves_until_every_joint_has_been_measured():
    instance = move_to.controller(7).instance(move_to.params(ROBOT, RATE))
    instance.input["q"], instance.input["q_goal"] = ROBOT.home, FAR
    instance.input["q"][0, 2] = np.nan
    for _ in range(10):
        instance.step()
        assert not instance.output["q_ref"].any()
        assert instance.output["flags"][0] == limiter.FLAG_SENSOR
    instance.input["q"] = ROBOT.home
    instance.step()
    assert np.abs(instance.output["q_ref"] - ROBOT.home).max() < 1e-3
    assert not instance.output["flags"][0]


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 5, 40, 150]), st.floats(0.05, 5))
@settings(max_examples=40, deadline=None)
def test_no_input_whatever_takes_the_reference_outside_a_limit(seed, hold, reach):
    rng = np.random.default_rng(seed)
    goals = np.repeat(rng.normal(0, reach, (600 // hold + 1, 7)), hold, axis=0)[:600]
    for odd in (np.nan, np.inf, -1e308):
        goals[rng.random(len(goals)) < 0.01, rng.integers(7)] = odd
    start = rng.uniform(ROBOT.q_min, ROBOT.q_max)
    assert_within_limits(run(goals, start), start)


def test_the_limiter_behind_it_never_has_to_limit():
    instance = limiter.controller(7).instance(limiter.params(ROBOT, RATE))
    plans = run(np.tile(FAR, (1200, 1)), share=0.9)["q_ref"]
    instance.input["q"] = ROBOT.home
    lag = []
    for q_ref in plans:
        instance.input["q_goal"] = q_ref
        instance.step()
        lag.append(np.abs(instance.output["q_ref"][0] - q_ref).max())
        assert not instance.output["flags"][0]
    assert max(lag) < 0.01 and lag[-1] < 1e-9


def test_planned_impedance_gives_torques_and_arrives():
    rows = run(np.tile(FAR, (1200, 1)), law=planned_impedance, share=0.9)
    assert np.isfinite(rows["tau"]).all() and (np.abs(rows["tau"]) <= ROBOT.tau_max).all()
    assert np.abs(rows["q_ref"][-1] - FAR).max() < 1e-9 and rows["time_left"][-1] == 0.0
    goals = np.tile(FAR, (100, 1))
    goals[50:] = np.nan
    assert (run(goals, law=planned_impedance)["flags"][50:] & limiter.FLAG_NAN).all()


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1, np.nan])
@pytest.mark.parametrize("law", [move_to, planned_impedance])
def test_a_share_of_the_limits_that_makes_no_sense_is_refused(law, share):
    with pytest.raises(RobotError, match=f"share is {share}; it must be above 0 and at most 1"):
        law.params(ROBOT, RATE, share)


def test_stops_end_when_ruckigs_do_and_where():
    rng = np.random.default_rng(31)
    record = np.zeros(1, stop.plan_dtype(7))
    task, found = ruckig.InputParameter(7), ruckig.Trajectory(7)
    task.control_interface = ruckig.ControlInterface.Velocity
    task.synchronization = ruckig.Synchronization.No
    task.target_velocity = task.target_acceleration = [0.0] * 7
    for k in range(1000):
        a, j = 10 ** rng.uniform(-1, 2, 7), 10 ** rng.uniform(-1, 3, 7)
        q, dq, ddq = rng.normal(0, 1, 7), rng.normal(0, 2, 7), rng.uniform(-1, 1, 7) * a
        dq[k % 7 : k % 7 + 1] = 0.0
        task.current_position, task.current_velocity = q.tolist(), dq.tolist()
        task.current_acceleration = ddq.tolist()
        task.max_acceleration, task.max_jerk = a.tolist(), j.tolist()
        ruckig.Ruckig(7).calculate(task, found)
        stop.plan(q, dq, ddq, a, j, record[0])
        theirs = np.array(found.independent_min_durations)
        assert np.abs(record["t_end"][0] - theirs).max() < 1e-9 * (1 + theirs.max())
        t = np.append(rng.uniform(0, found.duration, 20), [0.0, found.duration + 1.0])
        out = np.empty((3, len(t), 7))
        stop.samples(record, t, *out)
        for k, x in enumerate(t[:-1]):
            for mine, other in zip(out[:, k], found.at_time(x), strict=True):
                assert np.abs(mine - other).max() < 1e-7
        assert (np.abs(out[2]) <= a * (1 + 1e-12)).all()
        assert not out[1:, -1].any() and (out[0, -1] == record["q_end"][0]).all()


def test_a_stop_out_of_a_move_never_leaves_the_moves_way():
    rng = np.random.default_rng(32)
    record = np.zeros(1, stop.plan_dtype(7))
    for _ in range(500):
        start, way = rng.uniform(-3, 3, 7), rng.choice([-1, 1], 7) * 10 ** rng.uniform(-3, 0.7, 7)
        v, a, j = (10 ** rng.uniform(-1, high, 7) for high in (1, 2, 3))
        move = jerk_limited.between(start, start + way, v, a, j)
        here = move.sample(rng.uniform(0, 1) * move.duration)
        stop.plan(*here, a, j, record[0])
        gone = (record["q_end"][0] - start) / way
        so_far = (here.q - start) / way
        assert (so_far <= gone + 1e-9).all() and (gone <= 1 + 1e-9).all()


def test_a_stop_from_a_deceleration_over_its_limit_lets_it_go_without_a_jump():
    record, out = np.zeros(1, stop.plan_dtype(1)), np.empty((3, 2001, 1))
    q, dq, ddq, a, j = (np.array([x]) for x in (0.0, 4.0, -5.0, 2.0, 10.0))
    stop.plan(q, dq, ddq, a, j, record[0])
    t, dt = np.linspace(0, record["duration"][0], 2001, retstep=True)
    stop.samples(record, t, *out)
    assert out[1, 0] == 4.0 and out[2, 0] == -5.0 and not out[1:, -1].any()
    assert (np.abs(np.diff(out[2, :, 0])) <= j * dt * (1 + 1e-9)).all()
    assert (out[2] >= -5.0).all() and (out[1] >= 0.0).all()
    assert np.abs(np.diff(out[1, :, 0]) - dt * (out[2, 1:, 0] + out[2, :-1, 0]) / 2).max() < 1e-5


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e40])
@pytest.mark.parametrize("which", range(5))
def test_a_stop_from_nonsense_stands_and_says_so(which, bad):
    arrays = np.ones((5, 2))
    arrays[which, 1] = bad
    record, out = np.zeros(1, stop.plan_dtype(2)), np.full((3, 1, 2), np.nan)
    stop.plan(*arrays, record[0])
    stop.samples(record, np.zeros(1), *out)
    assert record["flags"][0] == stop.FLAG_INPUT
    assert out[0, 0, 0] == 1.0 and np.isfinite(out).all() and not out[1:].any()
