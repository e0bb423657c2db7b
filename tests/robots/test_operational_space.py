"""The tool goes where it is told, the posture stays in the null space, nothing blows up."""

import numpy as np
import pytest
from plant import Loop

from robots import catalogue
from robots.controllers import load, operational_space
from robots.controllers.flags import FLAG_NAN, FLAG_SENSOR, FLAG_SINGULAR
from robots.kinematics import quaternion_from_rotation, rotation_from_vector

RATE = 1000.0
PANDA = catalogue.load("panda")


def loop_at(robot, q=None, law=operational_space, **plant):
    """Give a loop whose goal is where the tool is."""
    loop = Loop(law, robot, RATE, q=q, **plant)
    loop.input["position"] = loop.plant.position
    loop.input["quaternion"] = quaternion_from_rotation(loop.plant.rotation)
    loop.input["q_ref" if law is operational_space else "q_goal"] = loop.plant.q
    return loop


def angle(one, other):
    return np.arccos(np.clip((np.trace(one.T @ other) - 1.0) / 2.0, -1.0, 1.0))


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6"])
def test_it_reaches_a_pose(name):
    robot = catalogue.load(name)
    loop = loop_at(robot)
    position = loop.plant.position + np.array([0.05, 0.1, -0.08])
    rotation = rotation_from_vector(np.array([0.2, -0.1, 0.4])) @ loop.plant.rotation
    loop.input["position"] = position
    loop.input["quaternion"] = 3.0 * quaternion_from_rotation(rotation)
    for _ in range(1500):
        loop.tick()
    assert np.abs(loop.plant.position - position).max() < 1e-4
    assert angle(loop.plant.rotation, rotation) < 1e-3
    assert np.abs(loop.plant.dq).max() < 1e-2 and loop.flags == 0


def test_five_joints_reach_what_they_can():
    robot = catalogue.load("so101")
    loop = loop_at(robot)
    position = loop.plant.position + np.array([-0.02, 0.0, 0.03])
    loop.input["position"] = position
    for _ in range(2000):
        loop.tick()
    assert np.abs(loop.plant.position - position).max() < 2e-3
    assert np.abs(loop.plant.dq).max() < 2e-2


def test_the_posture_moves_in_the_null_space_and_the_tool_does_not():
    loop = loop_at(PANDA)
    place, turn = loop.plant.position.copy(), loop.plant.rotation.copy()
    # The elbow swings about the line from shoulder to wrist: joint 1 alone says which way.
    posture = PANDA.home + np.array([0.5, 0, 0, 0, 0, 0, 0])
    loop.input["q_ref"] = posture
    before = np.abs(loop.plant.q - posture).max()
    for _ in range(1500):
        loop.tick()
        assert np.abs(loop.plant.position - place).max() < 1e-3
        assert angle(loop.plant.rotation, turn) < 5e-3
    moved = np.abs(loop.plant.q - PANDA.home).max()
    assert moved > 0.1 and np.abs(loop.plant.q - posture).sum() < 7 * before
    assert np.abs(loop.plant.dq).max() < 0.02


def test_the_tools_acceleration_does_not_know_the_posture():
    def pull(posture):
        loop = loop_at(PANDA)
        loop.plant.dq[:] = np.linspace(-0.5, 0.5, 7)
        loop.input["dq"], loop.input["q"] = loop.plant.dq, loop.plant.q
        loop.input["q_ref"] = posture
        loop.instance.step()
        tau = loop.output["tau"][0].copy()
        loop.plant.substeps, loop.plant.h = 1, 1e-6
        loop.plant.step(tau)
        return loop.plant.jacobian @ (loop.plant.dq - np.linspace(-0.5, 0.5, 7)) / 1e-6, tau

    (one, tau), (other, other_tau) = pull(PANDA.home), pull(PANDA.home + 0.3)
    assert np.abs(tau - other_tau).max() > 1.0
    assert np.abs(one - other).max() < 1e-4


@pytest.mark.parametrize("way", [[0.3, 0, 0], [0, 0, 0.5], [0, -0.4, 0.1]])
def test_at_a_singular_posture_nothing_blows_up(way):
    """An iiwa stretched straight up, pulled where it cannot go, and back again."""
    robot = catalogue.load("iiwa")
    loop = loop_at(robot, q=np.zeros(7) + 1e-9, law=load("limited_operational_space"))
    start = loop.plant.position.copy()
    for k in range(3000):
        if k in (0, 1500):
            loop.input["position"] = start + (np.array(way) if k == 0 else 0.0)
        out = loop.tick()
        assert (np.abs(out["tau"]) <= robot.tau_max).all()
        assert np.abs(loop.plant.dq).max() < 6.0
        assert np.abs(loop.plant.twist[:3]).max() < 1.0
    assert loop.flags & FLAG_SINGULAR
    assert np.abs(loop.plant.position - start).max() < 0.02


def test_a_target_out_of_reach_leaves_nothing_wound_up():
    loop = loop_at(PANDA, law=load("limited_operational_space"))
    start = loop.plant.position.copy()
    loop.input["position"] = start + np.array([3.0, 0.0, 0.0])
    for _ in range(4000):
        loop.tick()
        assert (np.abs(loop.plant.dq) < 1.2 * PANDA.dq_max).all()
        assert (loop.plant.q > PANDA.q_min).all() and (loop.plant.q < PANDA.q_max).all()
    assert np.abs(loop.plant.dq).max() < 0.1
    loop.input["position"] = start
    for _ in range(2500):
        loop.tick()
    assert np.abs(loop.plant.position - start).max() < 5e-3


@pytest.mark.parametrize("name", ["position", "quaternion", "twist"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e300])
def test_without_a_goal_the_tool_holds_and_the_flag_says_so(name, broken):
    loop = loop_at(PANDA)
    place = loop.plant.position.copy()
    loop.input[name][0, 1] = broken
    for _ in range(300):
        assert loop.tick()["flags"] == FLAG_NAN
    assert np.abs(loop.plant.position - place).max() < 1e-4
    loop.input[name] = 0.0
    loop.input["position"] = place
    loop.input["quaternion"] = 0.0
    assert loop.tick()["flags"] == FLAG_NAN  # no length is no rotation


@pytest.mark.parametrize("name", ["q", "dq"])
def test_a_broken_sensor_gives_no_torque(name):
    loop = loop_at(PANDA)
    loop.tick()
    loop.input[name][0, 2] = np.nan
    loop.instance.step()
    assert (loop.output["tau"] == 0).all() and loop.output["flags"] == FLAG_SENSOR
