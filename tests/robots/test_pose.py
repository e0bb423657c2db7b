"""Rotations without work space agree with those of kinematics, half turns included."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import pose
from robots.kinematics import (
    quaternion_from_rotation,
    rotation_from_quaternion,
    rotation_from_vector,
)

VECTOR = st.tuples(*[st.floats(-3.0, 3.0)] * 3).map(np.array)


@given(VECTOR, VECTOR, st.floats(1e-3, 1e3))
@settings(max_examples=100, deadline=None)
def test_quaternion_matrix_and_vector_agree(one, other, length):
    have, turn = rotation_from_vector(one), rotation_from_vector(other)
    quaternion, out = length * quaternion_from_rotation(have), np.empty((3, 3))
    assert pose.rotation_from(quaternion, out)
    assert np.allclose(out, have, atol=1e-12)
    after = np.empty(4)
    pose.turned(quaternion, other, after)
    assert np.allclose(rotation_from_quaternion(after), have @ turn, atol=1e-9)
    between = np.array(pose.rotation_between(have, turn @ have))
    assert np.linalg.norm(between) <= np.pi + 1e-9
    assert np.allclose(rotation_from_vector(between), turn, atol=1e-5)


@given(VECTOR)
@settings(max_examples=50, deadline=None)
def test_half_a_turn_has_an_axis(axis):
    length = np.linalg.norm(axis)
    axis = axis / length if length > 1e-3 else np.array([0.0, 0.0, 1.0])
    have = rotation_from_vector(np.array([0.3, -0.2, 0.9]))
    half = np.array(pose.rotation_between(have, rotation_from_vector(np.pi * axis) @ have))
    assert np.isclose(np.linalg.norm(half), np.pi)
    assert np.isclose(abs(half @ axis), np.pi, atol=1e-5)


def test_what_is_no_rotation_is_said_and_leaves_the_matrix_alone():
    out = np.full((3, 3), 7.0)
    for broken in ([0, 0, 0, 0], [np.nan, 0, 0, 1], [0, np.inf, 0, 1], [1e300, 0, 0, 0]):
        assert not pose.rotation_from(np.array(broken, float), out)
    assert (out == 7.0).all()


def test_a_vector_is_shortened_to_its_limit_only_where_it_is_longer():
    values = np.array([3.0, 0.0, 4.0, 0.1, 0.2, 0.2])
    assert pose.shortened(values, 0, 1.0) and not pose.shortened(values, 3, 1.0)
    assert np.allclose(values, [0.6, 0.0, 0.8, 0.1, 0.2, 0.2])
