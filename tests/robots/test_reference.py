"""The NumPy reference against Pinocchio, and against the identities of mechanics."""

import numpy as np
import pytest

from robots import catalogue, kinematics, reference
from robots.errors import RobotError
from robots.model import RobotModel
from tests.robots import peers

EXACT = 1e-10
"""Largest error allowed, relative to the largest entry of the array it is in."""

CASES = ["panda", "panda whole", "iiwa", "xarm6", "so101", "a1", "husky", "mimics", "mimics afloat"]


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """Give (tree, URDF, joints held by name)."""
    name, *how = request.param.split()
    if name == "mimics":
        path = tmp_path_factory.mktemp("urdf") / "mimics.urdf"
        path.write_text(peers.MIMICS)
        return RobotModel.from_urdf(path).tree(floating=bool(how)), path, {}
    if name in catalogue.names():
        urdf = catalogue.load(name).urdf
        if how:
            return catalogue.tree(name, whole=True), urdf, {}
        held = dict.fromkeys(catalogue.load(name).gripper_joint_names, 0.03)
        return catalogue.tree(name, opening=0.03), urdf, held
    return catalogue.tree(name), catalogue.urdf(name), {}


@pytest.fixture(scope="module")
def peer(case):
    tree, urdf, held = case
    return peers.Pinocchio(pytest.importorskip("pinocchio"), urdf, tree, held)


def off(got, want, least=0.0):
    return np.abs(got - want).max() / max(np.abs(want).max(), least)


def test_dynamics_equal_pinocchio(case, peer):
    tree = case[0]
    for q, v, a in peers.states(tree, 1000, 0):
        assert off(reference.rnea(tree, q, v, a), peer.rnea(q, v, a)) <= EXACT
        assert off(reference.crba(tree, q), peer.crba(q)) <= EXACT


def test_frames_and_jacobians_equal_pinocchio(case, peer):
    """Lengths relative to a metre at least: a frame may lie in the origin."""
    tree = case[0]
    links = list(tree.frames)
    for i, (q, v, _) in enumerate(peers.states(tree, 200, 1)):
        link = links[i % len(links)]
        position, rotation, jacobian = peer.frame(q, link)
        at, turn = reference.frame_pose(tree, q, link)
        assert off(at, position, 1.0) <= EXACT and off(turn, rotation) <= EXACT
        assert off(reference.jacobian(tree, q, link), jacobian, 1.0) <= EXACT
        rate = peer.jacobian_rate(q, v, link)
        assert off(reference.jacobian_rate(tree, q, v, link), rate, 1.0) <= EXACT


def test_centre_of_mass_and_coriolis_equal_pinocchio(case, peer):
    tree = case[0]
    for q, v, _ in peers.states(tree, 100, 2):
        assert off(reference.centre_of_mass(tree, q), peer.centre_of_mass(q)) <= EXACT
        assert off(reference.coriolis(tree, q, v) @ v, peer.coriolis(q, v) @ v) <= EXACT


@pytest.mark.parametrize("seed", range(20))
def test_random_trees_afloat_equal_pinocchio(seed, tmp_path):
    urdf = tmp_path / "random.urdf"
    urdf.write_text(peers.random_urdf(seed))
    tree = RobotModel.from_urdf(urdf).tree(floating=True)
    peer = peers.Pinocchio(pytest.importorskip("pinocchio"), urdf, tree)
    for q, v, a in peers.states(tree, 20, seed):
        assert off(reference.rnea(tree, q, v, a), peer.rnea(q, v, a)) <= EXACT
        assert off(reference.crba(tree, q), peer.crba(q)) <= EXACT


def moved(tree, q, v, h):
    """Follow v for a short time h."""
    if not tree.floating:
        return q + h * v
    turn = reference.rotation_of(q[3:7])
    x, y, z, w = q[3:7]
    wx, wy, wz = v[3:6]
    # dq/dt = 1/2 q * (w, 0), with w in the base's frame.
    rate = 0.5 * np.array(
        [
            w * wx + y * wz - z * wy,
            w * wy + z * wx - x * wz,
            w * wz + x * wy - y * wx,
            -x * wx - y * wy - z * wz,
        ]
    )
    quaternion = q[3:7] + h * rate
    return np.concatenate(
        [q[:3] + h * turn @ v[:3], quaternion / np.linalg.norm(quaternion), q[7:] + h * v[6:]]
    )


def test_jacobian_and_its_rate_equal_finite_differences(case):
    tree, h = case[0], 1e-6
    links = list(tree.frames)
    for i, (q, v, _) in enumerate(peers.states(tree, 20, 3)):
        link, ahead, behind = (
            links[-1 - i % len(links)],
            moved(tree, q, v, h),
            moved(tree, q, v, -h),
        )
        (p1, r1), (p0, r0) = (reference.frame_pose(tree, x, link) for x in (ahead, behind))
        spin = (r1 - r0) / (2 * h) @ reference.frame_pose(tree, q, link)[1].T
        twist = reference.jacobian(tree, q, link) @ v
        assert np.allclose(twist[:3], (p1 - p0) / (2 * h), atol=1e-6)
        assert np.allclose(twist[3:], [spin[2, 1], spin[0, 2], spin[1, 0]], atol=1e-6)
        j1, j0 = (reference.jacobian(tree, x, link) for x in (ahead, behind))
        rate = reference.jacobian_rate(tree, q, v, link)
        assert np.allclose(rate, (j1 - j0) / (2 * h), atol=1e-6)


def test_mass_matrix_is_symmetric_positive_definite_and_rates_match_coriolis(case):
    tree, h = case[0], 1e-6
    for q, v, _ in peers.states(tree, 20, 4):
        mass = reference.crba(tree, q)
        scale = np.abs(mass).max()
        assert np.abs(mass - mass.T).max() <= 1e-14 * scale and np.linalg.eigvalsh(mass)[0] > 0
        ahead, behind = (reference.crba(tree, moved(tree, q, v, s)) for s in (h, -h))
        coriolis = reference.coriolis(tree, q, v)
        # dM/dt - 2 C is skew-symmetric, which with symmetric dM/dt says dM/dt = C + C'.
        assert np.allclose(coriolis + coriolis.T, (ahead - behind) / (2 * h), atol=1e-6 * scale)
        whole = coriolis @ v + reference.gravity(tree, q)
        assert off(whole, reference.bias(tree, q, v)) <= EXACT


def test_forward_dynamics_inverts_rnea_and_power_is_the_rate_of_energy(case):
    tree, h = case[0], 1e-5
    for q, v, a in peers.states(tree, 20, 5):
        tau = reference.rnea(tree, q, v, a)
        assert off(reference.forward_dynamics(tree, q, v, tau), a) <= 1e-9
        ahead, behind = (
            sum(reference.energy(tree, moved(tree, q, v + 0.5 * s * a, s), v + s * a))
            for s in (h, -h)
        )
        assert np.isclose(tau @ v, (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-4)


def test_gravity_is_that_of_the_kernels():
    assert reference.GRAVITY == kinematics.GRAVITY


def test_wrong_shapes_and_names_are_refused():
    tree = catalogue.tree("panda")
    q, v = np.zeros(7), np.zeros(7)
    with pytest.raises(RobotError, match=r"q has shape \(6,\); expected \(7,\)"):
        reference.rnea(tree, np.zeros(6), v, v)
    with pytest.raises(RobotError, match=r"a has shape \(7, 1\)"):
        reference.rnea(tree, q, v, np.zeros((7, 1)))
    with pytest.raises(RobotError, match="did you mean 'panda_link7'"):
        reference.jacobian(tree, q, "panda_lnk7")
    walker = catalogue.tree("a1")
    with pytest.raises(RobotError, match="has no length"):
        reference.crba(walker, np.zeros(19))
