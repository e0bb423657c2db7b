"""Inverse dynamics against PyBullet and against the identities of mechanics."""

import numpy as np
import pybullet
import pytest

from robots import catalogue, dynamics
from robots.model import RobotModel

ROBOT = catalogue.load("panda")

# A slide, a hinge and a slide at odd angles, so that nothing cancels by symmetry.
SLIDES = """<robot name="slides">
<link name="base"><inertial><mass value="1"/>
  <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
{links}
<joint name="j0" type="prismatic"><parent link="base"/><child link="l0"/>
  <origin xyz="0.1 0.2 0.3" rpy="0.3 -0.4 0.5"/><axis xyz="0.6 0 0.8"/>
  <limit lower="-1" upper="1" effort="9" velocity="9"/></joint>
<joint name="j1" type="revolute"><parent link="l0"/><child link="l1"/>
  <origin xyz="0.2 -0.1 0.4" rpy="-0.7 0.2 0.1"/><axis xyz="0 1 0"/>
  <limit lower="-2" upper="2" effort="9" velocity="9"/></joint>
<joint name="j2" type="prismatic"><parent link="l1"/><child link="l2"/>
  <origin xyz="-0.1 0.3 0.2" rpy="0.2 0.9 -0.6"/><axis xyz="1 0 0"/>
  <limit lower="-1" upper="1" effort="9" velocity="9"/></joint>
</robot>"""
LINK = """<link name="l{}"><inertial><origin xyz="0.05 -0.03 0.08"/><mass value="{}"/>
  <inertia ixx="0.3" iyy="0.2" izz="0.4" ixy="0" ixz="0" iyz="0"/></inertial></link>"""


def rnea(body, q, dq, ddq):
    n = len(q)
    tau = np.empty(n)
    work = np.full((n, dynamics.WORK), np.nan)
    dynamics.rnea(body[0], q, dq, ddq, np.empty(3), np.empty((3, 3)), work, tau)
    return tau


@pytest.fixture(scope="module", params=["panda", "slides"])
def arm(request, tmp_path_factory):
    """Give (client, pybullet body, our body, joints of ours, joints of PyBullet's)."""
    if request.param == "panda":
        path, chain = ROBOT.urdf, ROBOT.chain
    else:
        path = tmp_path_factory.mktemp("urdf") / "slides.urdf"
        path.write_text(
            SLIDES.format(links="".join(LINK.format(i, m) for i, m in enumerate((2.0, 1.5, 0.7))))
        )
        chain = RobotModel.from_urdf(path).chain("l2")
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0, 0, -9.81, physicsClientId=client)
    number = pybullet.loadURDF(
        str(path),
        useFixedBase=True,
        flags=pybullet.URDF_USE_INERTIA_FROM_FILE,
        physicsClientId=client,
    )
    joints = range(pybullet.getNumJoints(number, physicsClientId=client))
    movable = sum(
        pybullet.getJointInfo(number, j, physicsClientId=client)[2] != pybullet.JOINT_FIXED
        for j in joints
    )
    yield client, number, dynamics.body_record(chain), len(chain.joints), movable
    pybullet.disconnect(client)


def motions(n, count, seed):
    rng = np.random.default_rng(seed)
    return [(rng.uniform(-1, 1, n), rng.normal(0, 2, n), rng.normal(0, 5, n)) for _ in range(count)]


def test_rnea_equals_pybullet_inverse_dynamics(arm):
    client, number, body, n, movable = arm
    for motion in motions(n, 50, 0):
        # Fingers, where there are any, stand still: they ride on the last link.
        padded = [[*values, *[0.0] * (movable - n)] for values in motion]
        want = pybullet.calculateInverseDynamics(number, *padded, physicsClientId=client)[:n]
        assert np.allclose(rnea(body, *motion), want, rtol=1e-6, atol=1e-6)


def test_rnea_of_a_chain_at_rest_is_gravity(arm):
    _, _, body, n, _ = arm
    for q, _, _ in motions(n, 20, 1):
        tau = np.empty(n)
        chain = body[0]["chain"]
        dynamics.gravity(chain, q, np.empty(3), np.empty((3, 3)), np.empty((n, 9)), tau)
        assert np.allclose(rnea(body, q, np.zeros(n), np.zeros(n)), tau, atol=1e-12)


def test_mass_matrix_is_symmetric_and_positive(arm):
    _, _, body, n, _ = arm
    for q, _, _ in motions(n, 20, 2):
        still = np.zeros(n)
        rest = rnea(body, q, still, still)
        mass = np.array([rnea(body, q, still, e) - rest for e in np.eye(n)])
        assert np.allclose(mass, mass.T, atol=1e-12)
        assert np.linalg.eigvalsh(mass)[0] > 0


def test_power_of_the_joints_is_the_rate_of_energy(arm):
    """Kinetic energy 1/2 dq M dq changes by the power that gravity does not take."""
    _, _, body, n, _ = arm
    still = np.zeros(n)

    def kinetic(q, dq):
        return 0.5 * dq @ (rnea(body, q, still, dq) - rnea(body, q, still, still))

    for q, dq, ddq in motions(n, 10, 3):
        h = 1e-5
        ahead, behind = (
            kinetic(q + s * h * dq + 0.5 * h * h * ddq, dq + s * h * ddq) for s in (1, -1)
        )
        power = dq @ (rnea(body, q, dq, ddq) - rnea(body, q, still, still))
        assert np.isclose(power, (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-5)
