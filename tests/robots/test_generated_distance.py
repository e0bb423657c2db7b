"""Self-collision distance of capsules."""

import numpy as np
import pybullet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robots import capsules, catalogue, reference
from robots.capsules import Capsules
from robots.errors import RobotError
from robots.generated import Kernels, kernels
from robots.generated.segments import gap
from robots.model import RobotModel
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


@pytest.fixture(scope="module", params=catalogue.every())
def robot(request):
    made = kernels(request.param)
    q = np.array([state[0] for state in peers.states(made.tree, 1000, 0)])
    return made, capsules.of(request.param), q


def test_distance_is_that_of_the_robots_own_capsules_in_both_forms(robot):
    made, fitted, q = robot
    kernel = made.distance()
    assert kernel is made.distance()
    distance, pair, points = kernel(q)
    assert distance.min() < distance.max()
    for i in range(len(q)):
        every = capsules.distances(made.tree, fitted, q[i])
        assert abs(distance[i, 0] - every.min()) <= 1e-10
        assert abs(every[int(pair[i, 0])] - every.min()) <= 1e-10
    for i in range(0, len(q), 20):
        found = reference.poses(made.tree, q[i])
        body = np.repeat(fitted.body, 2) + 1
        turned = np.einsum("kij,kj->ki", found.rotation[body], fitted.ends())
        assert np.allclose(points[i], found.position[body] + turned, atol=1e-13)
        every = capsules.distances(made.tree, fitted, q[i])
        one = kernel(q[i])
        assert abs(one[0][0] - distance[i, 0]) <= 1e-13
        assert abs(every[int(one[1][0])] - every.min()) <= 1e-10
    rough = kernel(q.astype(np.float32))[0]
    assert np.abs(rough - distance).max() <= 2e-5


def test_distance_equals_pybullet():
    """Bullet's own search for nearest points stops at some micrometres; where shapes overlap it
    has another way, which finds how to part them and not how near their middle lines are."""
    made, fitted = kernels("panda"), capsules.of("panda")
    kernel = made.distance()
    client = pybullet.connect(pybullet.DIRECT)
    try:
        lengths = np.linalg.norm(fitted.p1 - fitted.p0, axis=1)
        bodies = [
            pybullet.createMultiBody(
                0,
                pybullet.createCollisionShape(
                    pybullet.GEOM_CAPSULE, radius=radius, height=length, physicsClientId=client
                ),
                physicsClientId=client,
            )
            for radius, length in zip(fitted.radius, lengths, strict=True)
        ]
        apart = 0
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
                for a, b in fitted.pairs
            ]
            assert (distance[0] > 0) == (min(found) > 0)
            if distance[0] > 0:
                apart += 1
                assert abs(distance[0] - min(found)) <= 1e-4
        assert 10 < apart < 50
    finally:
        pybullet.disconnect(client)


def test_capsules_hold_for_other_trees_of_the_robot():
    """With its fingers free the panda has other pairs."""
    made = Kernels(catalogue.tree("panda", whole=True))
    fitted = capsules.of("panda", made.tree)
    for q, _, _ in peers.states(made.tree, 20, 2):
        least = capsules.distances(made.tree, fitted, q).min()
        assert abs(made.distance()(q)[0][0] - least) <= 1e-10


def test_nan_gives_the_canonical_nan_in_the_single_form():
    made, q = kernels("panda"), np.zeros(7)
    q[6] = np.nan
    kernel = made.distance()
    distance, pair, points = (np.zeros(shape) for shape in kernel.outputs.values())
    kernel.single(q, distance, pair, points)
    assert np.isnan(distance[0]) and not np.isnan(points).all()
    for array in (distance, points):
        assert (array.view(np.uint64)[np.isnan(array)] == 0x7FF8000000000000).all()


def test_robots_without_capsules_are_told_to_give_some(tmp_path):
    urdf = tmp_path / "mimics.urdf"
    urdf.write_text(peers.MIMICS)
    with pytest.raises(RobotError, match="no capsules are fitted to mimics; give"):
        Kernels(RobotModel.from_urdf(urdf).tree()).distance()


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
        "links": ("first", "last"),
        "body": np.array([0, 6]),
        "p0": np.zeros((2, 3)),
        "p1": np.ones((2, 3)),
        "radius": np.array([0.1, 0.1]),
        "pairs": np.array([[0, 1]]),
    }
    with pytest.raises(RobotError, match=message):
        kernels("panda").distance(Capsules(**(right | WRONG[message])))
