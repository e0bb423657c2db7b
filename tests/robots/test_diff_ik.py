"""Differential IK follows poses and twists, within every limit, near singularities as well."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plant import Loop

from robots import catalogue
from robots.controllers import diff_ik, load
from robots.controllers.flags import (
    FLAG_NAN,
    FLAG_POSITION,
    FLAG_SENSOR,
    FLAG_SINGULAR,
)
from robots.kinematics import quaternion_from_rotation, rotation_from_vector

RATE = 500.0
PANDA = catalogue.load("panda")
ARMS = ("panda", "iiwa", "xarm6", "so101")


class Reference:
    """A diff_ik that ticks, and where its reference puts the tool."""

    def __init__(self, robot, q=None):
        self.robot, self.law = robot, diff_ik.controller(len(robot.home))
        self.instance = self.law.instance(diff_ik.params(robot, RATE))
        self.input, self.output = self.instance.input, self.instance.output
        self.input["q"] = self.q = np.array(robot.home if q is None else q)
        self.start, self.turn = robot.forward(self.q)
        self.flags = 0

    def aim(self, position, rotation=None):
        self.input["position"] = position
        self.input["quaternion"] = quaternion_from_rotation(
            self.turn if rotation is None else rotation
        )

    def tick(self):
        """Take a step and check what holds after any."""
        self.instance.step()
        q, dq = self.output["q_goal"][0].copy(), self.output["dq_goal"][0]
        assert (q >= self.robot.q_min).all() and (q <= self.robot.q_max).all()
        assert (np.abs(dq) <= self.robot.dq_max).all()
        assert (np.abs(q - self.q) <= self.robot.dq_max / RATE * (1 + 1e-9)).all()
        self.q = q
        self.flags |= int(self.output["flags"][0])
        return self.robot.forward(q)


@pytest.mark.parametrize("name", ARMS[:3])
def test_it_follows_a_circle_within_a_tenth_of_a_millimetre(name):
    robot = catalogue.load(name)
    ik = Reference(robot)
    radius, pace = 0.08, 2.0 * np.pi / 4.0
    centre = ik.start - np.array([0, radius, 0])
    for k in range(int(8 * RATE)):
        t = k / RATE
        s, c = np.sin(pace * t), np.cos(pace * t)
        ik.aim(centre + radius * np.array([0, c, s]))
        ik.input["twist"] = 0.0
        ik.input["twist"][0, :3] = radius * pace * np.array([0, -s, c])
        position, rotation = ik.tick()
        ahead = np.array([0, np.cos(pace * (t + 1 / RATE)), np.sin(pace * (t + 1 / RATE))])
        assert np.linalg.norm(position - centre - radius * ahead) < 1e-4
        assert np.abs(rotation - ik.turn).max() < 1e-3
    assert ik.flags == 0


@pytest.mark.parametrize("name", ARMS)
def test_it_comes_to_a_pose_that_can_be_reached(name):
    robot = catalogue.load(name)
    rng = np.random.default_rng(4)
    for _ in range(5):
        ik = Reference(robot)
        position, rotation = robot.forward(robot.home + rng.normal(0, 0.2, len(robot.home)))
        ik.aim(position, rotation)
        for _ in range(2500):
            at, turn = ik.tick()
        assert np.abs(at - position).max() < 1e-3 and np.abs(turn - rotation).max() < 3e-3


def test_a_twist_alone_is_followed_and_nothing_at_all_holds_still():
    ik = Reference(PANDA)
    for _ in range(50):
        ik.tick()
    assert np.abs(ik.robot.forward(ik.q)[0] - ik.start).max() < 1e-6
    ik.input["twist"] = [0.1, 0, -0.05, 0, 0, 0.2]
    for _ in range(250):
        position, rotation = ik.tick()
    assert np.allclose(position - ik.start, [0.05, 0, -0.025], atol=2e-4)
    assert np.allclose(rotation, rotation_from_vector(np.array([0, 0, 0.1])) @ ik.turn, atol=2e-3)
    assert ik.flags == 0


def test_the_posture_comes_back_in_the_null_space():
    away = PANDA.home + np.array([0.3, 0, -0.3, 0, 0.2, 0, 0])
    ik = Reference(PANDA, away)
    ik.aim(ik.start)
    for _ in range(4000):
        position, _ = ik.tick()
        assert np.abs(position - ik.start).max() < 1e-4
    assert np.abs(ik.q - PANDA.home).sum() < 0.7 * np.abs(away - PANDA.home).sum()


@pytest.mark.parametrize("name", ARMS)
def test_a_target_out_of_reach_is_approached_without_windup(name):
    robot = catalogue.load(name)
    ik = Reference(robot)
    ik.aim(ik.start + np.array([3.0, 1.0, 0.5]))
    for _ in range(4000):
        far, _ = ik.tick()
    stretched = np.linalg.norm(far - ik.start)
    assert stretched > 0.03
    last = ik.q
    for _ in range(200):  # it has come to rest, and does not tremble there
        ik.tick()
    assert np.abs(ik.q - last).max() < 0.02
    ik.aim(ik.start)
    distance = []
    for _ in range(4000):
        distance.append(np.linalg.norm(ik.tick()[0] - ik.start))
    assert distance[int(0.1 * RATE)] < distance[0]  # at once on its way back
    assert distance[-1] < 2e-3


def test_at_a_singular_posture_it_is_damped_and_flagged():
    robot = catalogue.load("iiwa")
    ik = Reference(robot, np.zeros(7))
    ik.aim(ik.start - np.array([0, 0, 0.2]))
    ik.tick()
    assert ik.flags & FLAG_SINGULAR
    ik.aim(ik.start + np.array([0.2, 0.1, -0.1]))
    for _ in range(4000):
        position, _ = ik.tick()
    assert np.abs(position - ik.start - np.array([0.2, 0.1, -0.1])).max() < 2e-3


def test_a_joint_at_its_limit_is_held_and_the_others_do_its_work():
    q = PANDA.home.copy()
    q[5] = PANDA.q_max[5] - 0.02
    ik = Reference(PANDA, q)
    goal = ik.start + np.array([0.05, 0.05, 0.0])
    ik.aim(goal, rotation_from_vector(np.array([0, 0.3, 0])) @ ik.turn)
    for _ in range(3000):
        position, _ = ik.tick()
    assert np.abs(position - goal).max() < 0.02
    ik.aim(goal, rotation_from_vector(np.array([0, -0.5, 0])) @ ik.turn)
    for _ in range(3000):
        ik.tick()
    assert ik.flags & FLAG_POSITION


@pytest.mark.parametrize("name", ["position", "quaternion", "twist"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, -1e300])
def test_a_goal_that_is_none_holds_with_a_flag(name, broken):
    ik = Reference(PANDA)
    ik.aim(ik.start + 0.1)
    ik.tick()
    before = ik.q
    ik.input[name][0, 0] = broken
    ik.tick()
    assert (ik.q == before).all() and ik.output["flags"] == FLAG_NAN
    assert (ik.output["dq_goal"] == 0).all()


def test_nothing_moves_before_the_joints_have_been_measured():
    ik = Reference(PANDA)
    ik.input["q"][0, 3] = np.nan
    ik.aim(ik.start + 0.1)
    ik.instance.step()
    assert ik.output["flags"] == FLAG_SENSOR and (ik.output["q_goal"] == 0).all()
    ik.input["q"] = PANDA.home
    ik.tick()
    assert np.abs(ik.q - PANDA.home).max() < 0.01
    before = ik.q
    ik.input["q"][0, 3] = np.inf
    ik.tick()
    assert (ik.q == before).all() and ik.output["flags"] == FLAG_SENSOR


@given(st.integers(0, 2**32 - 1), st.sampled_from(ARMS), st.floats(0.01, 5.0))
@settings(max_examples=25, deadline=None)
def test_limits_hold_for_any_goal(seed, name, reach):
    robot = catalogue.load(name)
    rng = np.random.default_rng(seed)
    ik = Reference(robot, rng.uniform(robot.q_min, robot.q_max))
    for _ in range(12):
        ik.input["position"] = ik.start + rng.normal(0, reach, 3)
        ik.input["quaternion"] = rng.normal(0, 1, 4) * (rng.random() > 0.2)
        ik.input["twist"] = rng.normal(0, reach, 6)
        for _ in range(25):
            ik.tick()
            assert np.isfinite(ik.output["q_goal"]).all()


def test_with_limiter_and_impedance_the_arm_follows_a_circle():
    loop = Loop(load("limited_diff_ik"), PANDA, 1000.0)
    start, turn = loop.plant.position.copy(), loop.plant.rotation.copy()
    radius, pace = 0.05, 2.0 * np.pi / 3.0
    errors = []
    loop.input["quaternion"] = quaternion_from_rotation(turn)
    for k in range(6000):
        t = k / 1000.0
        s, c = np.sin(pace * t), np.cos(pace * t)
        goal = start + radius * np.array([0, c - 1.0, s])
        loop.input["position"] = goal
        loop.input["twist"][0, :3] = radius * pace * np.array([0, -s, c])
        out = loop.tick()
        assert (np.abs(out["tau"]) <= PANDA.tau_max).all()
        errors.append(np.linalg.norm(loop.plant.position - goal))
    assert max(errors[1000:]) < 4e-3
