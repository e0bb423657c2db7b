"""What holds for every arm of the catalogue: its model, its reach, and its controller's calm."""

import numpy as np
import pybullet
import pytest

from robots import catalogue, dynamics, kinematics
from robots.controllers import limited_impedance, limiter

RATE = 500
DOWN = np.diag([1.0, -1.0, -1.0])
# Where the tool reaches pointing straight down, x at y = 0: at z = 0.02 and z = 0.15.
REACH = {
    "panda": ((0.26, 0.79), (0.28, 0.79)),
    "iiwa": ((0.32, 0.70), (0.32, 0.70)),
    "xarm6": ((0.18, 0.70), (0.12, 0.69)),
    "so101": ((0.08, 0.31), (0.13, 0.28)),
}
# A box that each arm sweeps with its tool down, yawed by up to 1 rad.
SWEEP = {
    "panda": ((0.35, -0.25, 0.02), (0.65, 0.25, 0.30)),
    "iiwa": ((0.36, -0.25, 0.02), (0.64, 0.25, 0.30)),
    "xarm6": ((0.30, -0.25, 0.02), (0.60, 0.25, 0.30)),
    "so101": ((0.16, -0.12, 0.015), (0.25, 0.12, 0.12)),
}


@pytest.fixture(scope="module", params=catalogue.names())
def arm(request):
    """Give (robot, client, body, arm joints, finger joints, tool link)."""
    robot = catalogue.load(request.param)
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0, 0, -9.81, physicsClientId=client)
    pybullet.setPhysicsEngineParameter(fixedTimeStep=1 / RATE, physicsClientId=client)
    body = pybullet.loadURDF(
        str(robot.urdf),
        useFixedBase=True,
        flags=pybullet.URDF_USE_INERTIA_FROM_FILE,
        physicsClientId=client,
    )
    infos = [
        pybullet.getJointInfo(body, i, physicsClientId=client)
        for i in range(pybullet.getNumJoints(body, physicsClientId=client))
    ]
    index = {info[1].decode(): info[0] for info in infos}
    link = {info[12].decode(): info[0] for info in infos}
    joints = [index[name] for name in robot.joint_names]
    fingers = [index[name] for name in robot.gripper_joint_names]
    yield robot, client, body, joints, fingers, link[robot.tool_link]
    pybullet.disconnect(client)


def configurations(robot, count, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(robot.q_min, robot.q_max, (count, len(robot.home)))


def test_limits_gains_and_home_are_sound(arm):
    robot = arm[0]
    n = len(robot.joint_names)
    for name in ("q_min", "q_max", "dq_max", "ddq_max", "dddq_max", "tau_max", "dtau_max"):
        assert getattr(robot, name).shape == (n,)
    for name in ("dq_max", "ddq_max", "dddq_max", "tau_max", "dtau_max", "kp", "kd"):
        assert (getattr(robot, name) > 0).all()
    # The environment starts up to 0.08 rad off home.
    assert (robot.home - 0.08 > robot.q_min).all() and (robot.home + 0.08 < robot.q_max).all()
    movable = {joint.name: joint for joint in robot.model.movable}
    for name in robot.gripper_joint_names:
        closed, opened = robot.gripper_opening
        assert movable[name].lower <= closed < opened <= movable[name].upper


def test_home_points_straight_down_in_the_middle(arm):
    robot = arm[0]
    position, rotation = robot.forward(robot.home)
    assert np.allclose(rotation, DOWN, atol=1e-6)
    assert abs(position[1]) < 0.03 and position[2] > 0.1


def test_forward_kinematics_equals_pybullet(arm):
    robot, client, body, joints, _, tool = arm
    for q in configurations(robot, 50, 0):
        for joint, value in zip(joints, q, strict=True):
            pybullet.resetJointState(body, joint, value, physicsClientId=client)
        state = pybullet.getLinkState(
            body, tool, computeForwardKinematics=True, physicsClientId=client
        )
        position, rotation = robot.forward(q)
        turn = np.array(pybullet.getMatrixFromQuaternion(state[5])).reshape(3, 3)
        assert np.allclose(position, state[4], atol=2e-6)
        assert np.allclose(rotation, turn, atol=2e-6)


def test_gravity_and_dynamics_equal_pybullet(arm):
    """Also shows that Bullet took every inertia of the URDF for what it says."""
    robot, client, body, joints, fingers, _ = arm
    n, record = len(joints), dynamics.body_record(robot.chain)[0]
    rng = np.random.default_rng(1)
    for q in configurations(robot, 30, 1):
        dq, ddq = rng.normal(0, 1, n), rng.normal(0, 3, n)
        rest = [0.0] * len(fingers)
        tau, work = np.empty(n), np.zeros((n, dynamics.WORK))
        dynamics.rnea(record, q, dq, ddq, np.empty(3), np.empty((3, 3)), work, tau)
        want = pybullet.calculateInverseDynamics(
            body, [*q, *rest], [*dq, *rest], [*ddq, *rest], physicsClientId=client
        )
        assert np.allclose(tau, want[:n], rtol=1e-5, atol=1e-5)


def test_bullet_fingers_move_along_the_tools_y(arm):
    robot, client, body, joints, fingers, tool = arm
    for joint, value in zip(joints, robot.home, strict=True):
        pybullet.resetJointState(body, joint, value, physicsClientId=client)
    places = []
    for opening in robot.gripper_opening:
        for finger in fingers:
            pybullet.resetJointState(body, finger, opening, physicsClientId=client)
        state = pybullet.getLinkState(
            body, fingers[0], computeForwardKinematics=True, physicsClientId=client
        )
        places.append(np.array(state[0]))  # its centre of mass
    way = np.abs(robot.forward(robot.home)[1].T @ (places[1] - places[0]))
    assert way[1] > 0.01 and way[0] < 1e-6


@pytest.mark.parametrize("name", catalogue.names())
def test_tool_down_reaches_as_far_as_stated(name):
    robot = catalogue.load(name)
    for z, (near, far) in zip((0.02, 0.15), REACH[name], strict=True):
        for x in np.linspace(near, far, 12):
            q, error = robot.inverse(robot.home, np.array([x, 0.0, z]), DOWN)
            assert error < 1e-3, (x, z)
            assert (q >= robot.q_min).all() and (q <= robot.q_max).all()
    beyond = np.array([REACH[name][0][1] + 0.05, 0.0, 0.02])
    assert robot.inverse(robot.home, beyond, DOWN, attempts=4)[1] > 1e-3


@pytest.mark.parametrize("name", catalogue.names())
def test_inverse_kinematics_reaches_the_workspace_with_the_tool_down_and_yawed(name):
    robot = catalogue.load(name)
    rng = np.random.default_rng(2)
    for place in rng.uniform(*SWEEP[name], (200, 3)):
        turn = kinematics.rotation_from_vector(np.array([0.0, 0.0, rng.uniform(-1.0, 1.0)]))
        _, error = robot.inverse(robot.home, place, turn @ DOWN)
        assert error < 1e-3, (place, turn)


def drive(arm, goals, start):
    """Follow goals (ticks, n) from start; give q, dq, tau (ticks, n) and all flags raised."""
    robot, client, body, joints, fingers, _ = arm
    for i in range(-1, pybullet.getNumJoints(body, physicsClientId=client)):
        pybullet.changeDynamics(
            body, i, linearDamping=0, angularDamping=0, jointDamping=0, physicsClientId=client
        )
    n = len(joints)
    pybullet.setJointMotorControlArray(
        body, joints, pybullet.VELOCITY_CONTROL, forces=[0] * n, physicsClientId=client
    )
    for joint, value in zip(joints, start, strict=True):
        pybullet.resetJointState(body, joint, value, physicsClientId=client)
    half = sum(robot.gripper_opening) / 2
    for finger in fingers:
        pybullet.resetJointState(body, finger, half, physicsClientId=client)
        pybullet.setJointMotorControl2(
            body,
            finger,
            pybullet.POSITION_CONTROL,
            targetPosition=half,
            force=robot.gripper_force,
            physicsClientId=client,
        )
    instance = limited_impedance.controller(n).instance(limited_impedance.params(robot, RATE))
    rows, flags = [], 0
    for goal in goals:
        states = pybullet.getJointStates(body, joints, physicsClientId=client)
        q, dq = np.array([state[:2] for state in states]).T
        instance.input["q"], instance.input["dq"], instance.input["q_goal"] = q, dq, goal
        instance.step()
        tau = instance.output["tau"][0].copy()
        flags |= int(instance.output["flags"][0])
        rows.append((q, dq, tau))
        pybullet.setJointMotorControlArray(
            body, joints, pybullet.TORQUE_CONTROL, forces=tau, physicsClientId=client
        )
        pybullet.stepSimulation(physicsClientId=client)
    q, dq, tau = (np.array(column) for column in zip(*rows, strict=True))
    return q, dq, tau, flags


@pytest.fixture
def load(arm):
    """A part of 0.3 kg, fixed where the tool is at home."""
    robot, client, body, joints, _, tool = arm
    for joint, value in zip(joints, robot.home, strict=True):
        pybullet.resetJointState(body, joint, value, physicsClientId=client)
    pose = pybullet.getLinkState(body, tool, computeForwardKinematics=True, physicsClientId=client)[
        4:6
    ]
    part = pybullet.createMultiBody(0.3, -1, -1, *pose, physicsClientId=client)
    pybullet.changeDynamics(
        part, -1, localInertiaDiagonal=[1e-4, 1e-4, 1e-4], physicsClientId=client
    )
    hold = pybullet.createConstraint(
        body,
        tool,
        part,
        -1,
        pybullet.JOINT_FIXED,
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        physicsClientId=client,
    )
    yield
    pybullet.removeConstraint(hold, physicsClientId=client)
    pybullet.removeBody(part, physicsClientId=client)


def test_arm_holds_a_part_of_300_g_without_a_tremor(arm, load):
    robot = arm[0]
    goals = np.tile(robot.home, (2 * RATE, 1))
    q, dq, tau, flags = drive(arm, goals, robot.home)
    assert np.abs(q - robot.home).max() < 0.02
    assert np.abs(dq[-RATE // 2 :]).max() < 1e-3
    assert (np.abs(tau) <= robot.tau_max).all() and not flags


def test_arm_tracks_half_a_radian_a_second_with_and_without_a_part(arm, request):
    robot = arm[0]
    n = len(robot.home)
    t = np.linspace(0, 1, 400)
    shape = t**3 * (10 - 15 * t + 6 * t * t)
    # This shape's top speed is 1.875 times its mean.
    way = 0.5 * 0.8 / 1.875 * np.array([1, 1, -1, 1, 1, -1, 1])[:n]
    there = robot.home + np.outer(shape, way)
    goals = np.vstack([there, there[::-1], np.tile(robot.home, (RATE, 1))])
    for part in (False, True):
        if part:
            request.getfixturevalue("load")
        q, dq, tau, flags = drive(arm, goals, robot.home)
        assert np.abs(q - goals).max() < 0.02
        assert np.abs(dq[-50:]).max() < 5e-3
        assert (np.abs(tau) < robot.tau_max).all() and not flags


def test_a_sudden_goal_is_reached_without_ringing(arm):
    robot = arm[0]
    goal = robot.home + 0.05
    q, dq, _, flags = drive(arm, np.tile(goal, (2 * RATE, 1)), robot.home)
    assert (q - goal).max() < 0.02
    assert np.abs(q[RATE:] - goal).max() < 3e-3 and np.abs(dq[-RATE // 2 :]).max() < 0.02
    assert not flags & ~limiter.FLAG_TORQUE


@pytest.mark.parametrize("name", catalogue.names())
def test_the_limiters_reference_settles_on_every_small_step(name):
    """A jerk too low for the acceleration beside it makes the reference hunt for ever."""
    robot = catalogue.load(name)
    n = len(robot.home)
    for size in (0.01, 0.05, 0.2, 0.5):
        goal = robot.home + np.where(robot.home > 0, -size, size)
        instance = limiter.controller(n).instance(limiter.params(robot, RATE))
        instance.input["q"], instance.input["q_goal"] = robot.home, goal
        for _ in range(2 * RATE):
            instance.step()
        assert np.abs(instance.output["q_ref"][0] - goal).max() < 1e-4
