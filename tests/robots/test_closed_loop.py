"""The whole controller holds and moves the arm in PyBullet at 500 Hz."""

import numpy as np
import pybullet
import pytest

from robots import catalogue
from robots.controllers import limited_impedance

ROBOT = catalogue.load("panda")
RATE = 500
ARM, FINGERS = list(range(7)), [9, 10]


@pytest.fixture
def arm():
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0, 0, -9.81, physicsClientId=client)
    pybullet.setPhysicsEngineParameter(fixedTimeStep=1 / RATE, physicsClientId=client)
    body = pybullet.loadURDF(
        str(ROBOT.urdf),
        useFixedBase=True,
        flags=pybullet.URDF_USE_INERTIA_FROM_FILE,
        physicsClientId=client,
    )
    for joint in range(-1, pybullet.getNumJoints(body, physicsClientId=client)):
        pybullet.changeDynamics(
            body, joint, linearDamping=0, angularDamping=0, jointDamping=0, physicsClientId=client
        )
    pybullet.setJointMotorControlArray(
        body, ARM, pybullet.VELOCITY_CONTROL, forces=[0] * 7, physicsClientId=client
    )
    pybullet.setJointMotorControlArray(
        body,
        FINGERS,
        pybullet.POSITION_CONTROL,
        targetPositions=[0.02, 0.02],
        forces=[50, 50],
        physicsClientId=client,
    )
    for joint, q in zip(ARM, ROBOT.home, strict=True):
        pybullet.resetJointState(body, joint, q, physicsClientId=client)
    yield client, body
    pybullet.disconnect(client)


def drive(arm, goals):
    """Follow goals (ticks, 7); give measured q (ticks, 7), flags (ticks,) and the last dq."""
    client, body = arm
    instance = limited_impedance.controller(7).instance(limited_impedance.params(ROBOT, RATE))
    track, flags = np.empty_like(goals), np.empty(len(goals), int)
    for k, goal in enumerate(goals):
        states = pybullet.getJointStates(body, ARM, physicsClientId=client)
        q, dq = np.array([state[:2] for state in states]).T
        instance.input["q"], instance.input["dq"], instance.input["q_goal"] = q, dq, goal
        instance.step()
        track[k], flags[k] = q, instance.output["flags"][0]
        pybullet.setJointMotorControlArray(
            body,
            ARM,
            pybullet.TORQUE_CONTROL,
            forces=instance.output["tau"][0],
            physicsClientId=client,
        )
        pybullet.stepSimulation(physicsClientId=client)
    return track, flags, dq


def test_arm_holds_still_against_gravity(arm):
    track, flags, dq = drive(arm, np.tile(ROBOT.home, (RATE, 1)))
    assert np.abs(track - ROBOT.home).max() < 1e-4
    assert np.abs(dq).max() < 1e-3 and not flags.any()


def test_arm_follows_a_smooth_motion_within_15_mrad_and_comes_to_rest(arm):
    t = np.linspace(0, 1, int(1.5 * RATE))
    shape = t**3 * (10 - 15 * t + 6 * t * t)
    there = ROBOT.home + np.outer(shape, [0.4, 0.3, -0.4, 0.3, 0.5, -0.4, 0.6])
    goals = np.vstack([there, there[::-1], np.tile(ROBOT.home, (RATE, 1))])
    track, flags, dq = drive(arm, goals)
    assert np.abs(track - goals).max() < 0.015
    assert np.abs(track[-1] - ROBOT.home).max() < 1e-3 and np.abs(dq).max() < 5e-3
    assert not flags.any()
