"""Self-collision distance of capsules."""

import numpy as np
import pybullet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import catalogue, reference
from robots.errors import RobotError
from robots.generated import Capsules, kernels
from robots.generated.capsules import skeleton
from robots.generated.segments import gap
from tests.robots import peers

# Whole millimetres: segments then often have no length, or are parallel, or touch.
POINTS = st.tuples(*[st.integers(-3, 3).map(lambda i: i / 4)] * 3)


def nearest(p, q, a, b):
    """Give the distance of two segments: between the lines where that is inside, else at an end."""

    def to_point(point, start, end):
        way = end - start
        share = np.clip((point - start) @ way / max(way @ way, 1e-300), 0, 1)
        return np.linalg.norm(point - start - share * way)

    found = [to_point(p, a, b), to_point(q, a, b), to_point(a, p, q), to_point(b, p, q)]
    (u, v), normal = (q - p, b - a), np.cross(q - p, b - a)
    if normal @ normal > 1e-12:
        s, t = np.linalg.lstsq(np.stack([u, -v], axis=1), a - p, rcond=None)[0]
        if 0 <= s <= 1 and 0 <= t <= 1:
            found.append(np.linalg.norm(p + s * u - a - t * v))
    return min(found)


@settings(deadline=None, max_examples=500)
@given(POINTS, POINTS, POINTS, POINTS)
def test_segments_of_any_kind_have_the_right_distance(p, q, a, b):
    want = nearest(*(np.array(point) for point in (p, q, a, b)))
    assert abs(gap(*p, *q, *a, *b) - want) <= 1e-9


@pytest.fixture(scope="module", params=["panda", "a1", "so101"])
def robot(request):
    made = kernels(request.param)
    capsules = skeleton(made.tree, 0.03)
    q = np.array([state[0] for state in peers.states(made.tree, 1000, 0)])
    return made, capsules, q


def test_distance_is_the_least_of_all_pairs_in_both_forms(robot):
    made, capsules, q = robot
    kernel = made.distance(capsules)
    distance, pair, points = kernel(q)
    for i in range(0, len(q), 10):
        found = reference.poses(made.tree, q[i])
        at, turn = found.position[capsules.body + 1], found.rotation[capsules.body + 1]
        p0 = at + np.einsum("kij,kj->ki", turn, capsules.p0)
        p1 = at + np.einsum("kij,kj->ki", turn, capsules.p1)
        assert np.allclose(points[i], np.stack([p0, p1], axis=1).reshape(-1, 3), atol=1e-13)
        reach = capsules.radius
        every = [
            nearest(p0[a], p1[a], p0[b], p1[b]) - reach[a] - reach[b] for a, b in capsules.pairs
        ]
        assert abs(distance[i, 0] - min(every)) <= 1e-10
        assert abs(every[int(pair[i, 0])] - min(every)) <= 1e-10
        one = kernel(q[i])
        assert abs(one[0][0] - distance[i, 0]) <= 1e-13
        assert abs(every[int(one[1][0])] - min(every)) <= 1e-10
    rough = kernel(q.astype(np.float32))[0]
    assert np.abs(rough - distance).max() <= 2e-5


def test_distance_equals_pybullet():
    """Bullet's own search for nearest points stops at some micrometres."""
    made = kernels("panda")
    capsules = skeleton(made.tree, 0.03)
    kernel = made.distance(capsules)
    client = pybullet.connect(pybullet.DIRECT)
    try:
        lengths = np.linalg.norm(capsules.p1 - capsules.p0, axis=1)
        shapes = [
            pybullet.createCollisionShape(
                pybullet.GEOM_CAPSULE, radius=0.03, height=length, physicsClientId=client
            )
            for length in lengths
        ]
        bodies = [pybullet.createMultiBody(0, shape, physicsClientId=client) for shape in shapes]
        for q, _, _ in peers.states(made.tree, 50, 1):
            distance, _, points = kernel(q)
            ends = points.reshape(-1, 2, 3)
            for body, (p0, p1), length in zip(bodies, ends, lengths, strict=True):
                # The shortest turn that takes z to the capsule's way.
                turn = np.append(np.cross([0, 0, 1], p1 - p0), length + (p1 - p0)[2])
                turn /= np.linalg.norm(turn)
                pybullet.resetBasePositionAndOrientation(
                    body, 0.5 * (p0 + p1), turn, physicsClientId=client
                )
            found = [
                pybullet.getClosestPoints(bodies[a], bodies[b], 5.0, physicsClientId=client)[0][8]
                for a, b in capsules.pairs
            ]
            assert abs(distance[0] - min(found)) <= 1e-4
    finally:
        pybullet.disconnect(client)


def test_nan_gives_nan_in_the_single_form():
    made = kernels("panda")
    capsules = skeleton(made.tree, 0.03)
    distance, pair, points = np.zeros(1), np.zeros(1), np.zeros((2 * len(capsules.body), 3))
    made.distance(capsules).single(np.full(7, np.nan), distance, pair, points)
    assert np.isnan(distance[0])


WRONG = {
    r"p1 is \(1, 3\); expected \(2, 3\)": {"p1": np.zeros((1, 3))},
    r"bodies \[0, 7\]; expected -1 to 6": {"body": np.array([0, 7])},
    r"radii \[0.1, -0.1\]; expected none below 0": {"radius": np.array([0.1, -0.1])},
    r"pairs are \(0, 2\); expected \(k, 2\)": {"pairs": np.zeros((0, 2), int)},
    r"pairs \[\[1, 1\]\]; expected two different": {"pairs": np.array([[1, 1]])},
    "p0 is not finite": {"p0": np.full((2, 3), np.nan)},
}


@pytest.mark.parametrize("message", WRONG)
def test_capsules_that_do_not_fit_are_refused(message):
    right = {
        "body": np.array([0, 6]),
        "p0": np.zeros((2, 3)),
        "p1": np.ones((2, 3)),
        "radius": np.array([0.1, 0.1]),
        "pairs": np.array([[0, 1]]),
    }
    with pytest.raises(RobotError, match=message):
        kernels("panda").distance(Capsules(**(right | WRONG[message])))


def test_skeletons_leave_out_neighbours():
    for name in catalogue.names():
        tree = catalogue.tree(name)
        capsules = skeleton(tree, 0.02)
        for a, b in capsules.body[capsules.pairs]:
            assert abs(a - b) >= 2
