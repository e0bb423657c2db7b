"""A leg's kinematics agree with themselves, and the A1 stands where its record says."""

import numpy as np
import pytest

from robots import legged, legs
from robots.errors import RobotError

A1 = legged.load("a1")


def random_joints(rng):
    return np.ravel([rng.uniform([-0.7, -0.3, -2.5], [0.7, 1.5, -1.0]) for _ in range(4)])


def test_angles_undo_the_foot_place():
    rng = np.random.default_rng(0)
    for _ in range(200):
        q = random_joints(rng)
        np.testing.assert_allclose(legs.solve(A1, legs.place(A1, q)), q, atol=1e-9)


def test_jacobian_is_the_derivative_of_the_place():
    rng = np.random.default_rng(1)
    position, jacobian, unused = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    for side in (-1.0, 1.0):
        q = random_joints(rng)[:3]
        legs.foot(*A1.links, side, *q, position, jacobian)
        for k in range(3):
            step = np.eye(3)[k] * 1e-6
            ahead, behind = np.empty(3), np.empty(3)
            legs.foot(*A1.links, side, *(q + step), ahead, unused)
            legs.foot(*A1.links, side, *(q - step), behind, unused)
            np.testing.assert_allclose(jacobian[:, k], (ahead - behind) / 2e-6, atol=1e-8)


def test_a_foot_out_of_reach_gives_numbers_and_the_right_direction():
    for place in ([0, 0.085, -2], [3, 0, 0], [0, 0, 0], [0, 0.01, -0.01]):
        q = np.empty(3)
        legs.angles(*A1.links, 1.0, *map(float, place), q)
        assert np.isfinite(q).all()
    q = np.empty(3)
    legs.angles(*A1.links, 1.0, 0.3, 0.08505, -0.6, q)
    foot, unused = np.empty(3), np.empty((3, 3))
    legs.foot(*A1.links, 1.0, *q, foot, unused)
    assert foot[0] / -foot[2] == pytest.approx(0.5, rel=0.01)


def test_home_puts_the_feet_where_the_record_says():
    np.testing.assert_allclose(legs.place(A1, A1.home), A1.feet, atol=2e-4)
    assert (A1.q_min < A1.home).all() and (A1.home < A1.q_max).all()


def test_unknown_walking_robot_is_refused_with_what_there_is():
    with pytest.raises(RobotError, match=r"unknown walking robot 'a2'; did you mean 'a1'"):
        legged.load("a2")
