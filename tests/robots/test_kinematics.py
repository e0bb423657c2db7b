"""Kinematics and gravity against PyBullet and against physics."""

import numpy as np
import pybullet
import pytest

from robots import catalogue, kinematics, pose
from robots.errors import RobotError

ROBOT = catalogue.load("panda")
RECORD = ROBOT.record[0]


def configurations(n, seed=0):
    return np.random.default_rng(seed).uniform(ROBOT.q_min, ROBOT.q_max, (n, 7))


@pytest.fixture(scope="module")
def body():
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0, 0, -9.81)
    yield pybullet.loadURDF(
        str(ROBOT.urdf), useFixedBase=True, flags=pybullet.URDF_USE_INERTIA_FROM_FILE
    )
    pybullet.disconnect(client)


def jacobian(q):
    out = np.empty((6, 7))
    kinematics.jacobian(RECORD, q, np.empty(3), np.empty((3, 3)), np.empty((7, 9)), out)
    return out


def gravity(q):
    tau = np.empty(7)
    kinematics.gravity(RECORD, q, np.empty(3), np.empty((3, 3)), np.empty((7, 9)), tau)
    return tau


def test_forward_kinematics_equals_pybullet(body):
    for q in configurations(100):
        for joint in range(7):
            pybullet.resetJointState(body, joint, q[joint])
        state = pybullet.getLinkState(body, 11, computeForwardKinematics=True)
        position, rotation = ROBOT.forward(q)
        # Bullet keeps joint frames in single precision.
        assert np.allclose(position, state[4], atol=1e-6)
        turn = np.array(pybullet.getMatrixFromQuaternion(state[5])).reshape(3, 3)
        assert np.allclose(rotation, turn, atol=1e-6)


def test_gravity_equals_pybullet_inverse_dynamics(body):
    for q in configurations(100, 1):
        still = [0.0] * 9
        tau = pybullet.calculateInverseDynamics(body, [*q, 0, 0], still, still)
        assert np.allclose(gravity(q), tau[:7], atol=1e-9)


def test_gravity_is_the_slope_of_potential_energy():
    def energy(q):
        place, total = np.empty((7, 9)), 0.0
        kinematics._axes(RECORD, q, np.empty(3), np.empty((3, 3)), place)
        total = (ROBOT.chain.mass * place[:, 8]).sum() * 9.81
        return total

    for q in configurations(10, 2):
        slope = [(energy(q + e) - energy(q - e)) / 2e-5 for e in 1e-5 * np.eye(7)]
        assert np.allclose(gravity(q), slope, atol=1e-4)


def test_jacobian_equals_finite_differences():
    for q in configurations(20, 3):
        got = jacobian(q)
        for k, e in enumerate(1e-6 * np.eye(7)):
            (p1, r1), (p0, r0) = ROBOT.forward(q + e), ROBOT.forward(q - e)
            assert np.allclose(got[:3, k], (p1 - p0) / 2e-6, atol=1e-6)
            spin = (r1 - r0) / 2e-6 @ ROBOT.forward(q)[1].T
            assert np.allclose(got[3:, k], [spin[2, 1], spin[0, 2], spin[1, 0]], atol=1e-6)


def test_inverse_kinematics_reaches_the_whole_bench_with_the_tool_down():
    rng = np.random.default_rng(4)
    down = np.diag([1.0, -1.0, -1.0])
    for position in rng.uniform([0.3, -0.35, 0.01], [0.7, 0.35, 0.4], (300, 3)):
        found, error = ROBOT.inverse(ROBOT.home, position, down)
        assert error < 1e-3
        assert (found >= ROBOT.q_min).all() and (found <= ROBOT.q_max).all()
        assert np.allclose(ROBOT.forward(found)[0], position, atol=1e-3)


def test_inverse_kinematics_out_of_reach_leaves_its_error_and_no_nan():
    found, error = ROBOT.inverse(ROBOT.home, np.array([3.0, 0, 0]), np.eye(3))
    assert error > 1.5 and np.isfinite(found).all()


def test_home_points_straight_down():
    assert np.allclose(ROBOT.forward(ROBOT.home)[1], np.diag([1, -1, -1]), atol=1e-6)


def test_rotation_helpers_undo_each_other():
    rng = np.random.default_rng(6)
    for _ in range(50):
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        rotation = kinematics.rotation_from_quaternion(quaternion)
        back = kinematics.quaternion_from_rotation(rotation)
        assert np.allclose(back * np.sign(back @ quaternion), quaternion)
        vector = rng.normal(size=3)
        vector *= rng.uniform(0.01, 3.1) / np.linalg.norm(vector)
        between = pose.rotation_between(np.eye(3), kinematics.rotation_from_vector(vector))
        assert np.allclose(between, vector)
    with pytest.raises(RobotError, match="no length"):
        kinematics.rotation_from_quaternion(np.zeros(4))


def test_inverse_kinematics_with_more_attempts_finds_nearly_every_reachable_pose():
    poses = [ROBOT.forward(q) for q in configurations(500, 7)]
    once = sum(ROBOT.inverse(ROBOT.home, *pose)[1] < 1e-4 for pose in poses)
    found = [ROBOT.inverse(ROBOT.home, *pose, attempts=32) for pose in poses]
    assert sum(error < 1e-4 for _, error in found) >= 485 > once
    for (q, error), (position, _) in zip(found, poses, strict=True):
        assert (q >= ROBOT.q_min).all() and (q <= ROBOT.q_max).all()
        assert np.linalg.norm(ROBOT.forward(q)[0] - position) <= error + 1e-12


def test_inverse_kinematics_uses_its_spare_joint_to_come_near_home():
    """From an elbow thrown aside, the same tool pose is held while the arm returns towards home."""
    position, rotation = ROBOT.forward(ROBOT.home)
    start = ROBOT.home + np.array([0.6, 0.1, -0.6, 0.1, 0.2, 0.1, 0.1])
    found, error = ROBOT.inverse(start, position, rotation)
    assert error < 1e-4
    assert np.linalg.norm(found - ROBOT.home) < 0.5 * np.linalg.norm(start - ROBOT.home)
