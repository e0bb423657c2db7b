"""Capsules around every robot's links: they hold them, and their gaps are never too large."""

import numpy as np
import pybullet
import pytest

from robots import capsule_fit, capsules, catalogue, shapes
from robots.errors import ModelError, RobotError
from robots.hull import hull
from robots.model import RobotModel
from tests.robots import peers

EVERY = pytest.mark.parametrize("name", catalogue.every())


def tree_of(name):
    return catalogue.tree(name, whole=name in catalogue.names())


def inside(found, body, points, margin):
    """Tell which points (k, 3), in a body's frame and grown by a margin, a capsule holds."""
    return np.any(
        [
            capsules._to_segment(points, found.p0[i], found.p1[i]) + margin <= found.radius[i]
            for i in np.flatnonzero(found.body == body)
        ],
        axis=0,
    )


@EVERY
def test_capsules_hold_every_vertex_and_all_between_them(name):
    tree, rng = tree_of(name), np.random.default_rng(0)
    found = capsules.of(name, tree)
    for link, pieces in shapes.read(catalogue.urdf(name)).items():
        body, at, turn = tree.frames[link]
        for piece in pieces:
            weights = rng.dirichlet(np.full(len(piece.points), 0.2), 500)
            points = np.concatenate([piece.points, weights @ piece.points])
            assert inside(found, body, at + points @ turn.T, piece.margin).all(), link


@EVERY
def test_pairs_move_against_each_other_and_are_apart_at_home(name):
    tree = tree_of(name)
    found = capsules.of(name, tree)
    assert found.pairs.shape == (len(found.pairs), 2) and len(found.pairs) > 0
    for i, j in found.pairs:
        a, b = found.body[i], found.body[j]
        assert a != b
        for one, other in ((a, b), (b, a)):
            assert one < 0 or tree.parent[one] != other
    for q in capsule_fit.home(name, tree):
        assert capsules.distances(tree, found, q).min() > 0
    for array in (found.p0, found.p1):
        assert array.shape == (len(found.radius), 3) and np.isfinite(array).all()
    assert (found.radius > 0).all()


@EVERY
def test_gaps_are_no_larger_than_the_shapes_own(name):
    """Bullet grows meshes by its margin of a millimetre each, so its gaps are smaller by two.

    How deep two shapes overlap says nothing of their capsules, but that they do.
    """
    tree = catalogue.tree(name)
    found = capsules.of(name)
    client = pybullet.connect(pybullet.DIRECT)
    try:
        body = pybullet.loadURDF(str(catalogue.urdf(name)), useFixedBase=True)
        infos = [pybullet.getJointInfo(body, i) for i in range(pybullet.getNumJoints(body))]
        joints = {info[1].decode(): info[0] for info in infos}
        links = {info[12].decode(): info[0] for info in infos}
        links[catalogue.model(name).root] = -1
        which = sorted({(found.links[i], found.links[j]) for i, j in found.pairs})
        near = 0
        for q, _, _ in peers.states(tree, 20, 5):
            still = np.array([0.0, 0, 0, 0, 0, 0, 1])
            free = q[7:] if tree.floating else q
            gaps = capsules.distances(
                tree, found, np.concatenate([still, free]) if tree.floating else q
            )
            for joint, value in zip(tree.names, free, strict=True):
                pybullet.resetJointState(body, joints[joint], value)
            for pair in which:
                ours = min(
                    gap
                    for gap, (i, j) in zip(gaps, found.pairs, strict=True)
                    if (found.links[i], found.links[j]) == pair
                )
                ends = [links[link] for link in pair]
                for point in pybullet.getClosestPoints(body, body, 0.5, *ends):
                    near += 1
                    assert ours <= max(point[8] + 2.5e-3, 0.0), pair
        assert near > 20
    finally:
        pybullet.disconnect(client)


def test_a_held_gripper_belongs_to_the_last_body():
    tree = catalogue.tree("panda", opening=0.04)
    found = capsules.of("panda", tree)
    finger = found.links.index("panda_leftfinger")
    assert found.body[finger] == tree.n - 1
    assert (found.body[found.pairs[:, 0]] != found.body[found.pairs[:, 1]]).all()
    q = np.array([0.2, -0.3, 0.1, -2.0, 0.3, 1.5, 0.4])
    whole = tree_of("panda")
    free = capsules.of("panda", whole)
    want = capsules.distances(whole, free, np.append(q, 0.04))
    same = {tuple(pair): gap for pair, gap in zip(free.pairs.tolist(), want, strict=True)}
    for pair, gap in zip(found.pairs.tolist(), capsules.distances(tree, found, q), strict=True):
        assert np.isclose(gap, same[tuple(pair)], atol=1e-14)


def test_segment_distance_equals_a_search_and_takes_points_and_parallels():
    rng = np.random.default_rng(1)
    a0, a1, b0, b1 = rng.normal(size=(4, 300, 3))
    a1[:50] = a0[:50] + (b1 - b0)[:50]  # parallel
    a1[50:60], b1[55:70] = a0[50:60], b0[55:70]  # points
    b0[70:80], b1[70:80] = a0[70:80], a1[70:80]  # the same
    got = capsules.segment_distance(a0, a1, b0, b1)
    s = np.linspace(0, 1, 41)[:, None, None]
    on_a, on_b = a0 + s * (a1 - a0), b0 + s * (b1 - b0)
    want = np.linalg.norm(on_a[:, None] - on_b[None], axis=-1).min(axis=(0, 1))
    assert (got <= want + 1e-12).all() and (want - got).max() < 0.1
    assert np.abs(got[70:80]).max() < 1e-12


def test_a_cover_holds_its_pieces_and_a_sphere_is_its_own():
    rng = np.random.default_rng(2)
    pieces = [shapes.Piece(rng.normal(size=(8, 3)) * [0.3, 0.1, 0.02] + [0, 0, k]) for k in (0, 1)]
    made = capsule_fit.cover(pieces)
    assert 1 <= len(made) <= 4
    for piece in pieces:
        points = np.random.default_rng(3).dirichlet(np.full(8, 0.2), 300) @ piece.points
        points = np.concatenate([points, piece.points])
        assert np.any([capsule.holds(points) for capsule in made], axis=0).all()
    (ball,) = capsule_fit.cover([shapes.Piece(np.array([[0.1, 0.2, 0.3]]), 0.05)])
    assert np.allclose([ball.p0, ball.p1], [0.1, 0.2, 0.3]) and abs(ball.radius - 0.05) < 1e-5


def test_unknown_robots_and_strange_trees_are_refused():
    with pytest.raises(RobotError, match="did you mean 'panda'"):
        capsules.of("pandda")
    with pytest.raises(RobotError, match="iiwa: no link 'panda_link0', which capsules are to hold"):
        capsules.of("panda", catalogue.tree("iiwa"))


@pytest.mark.parametrize("count", [4, 8, 40, 300])
def test_hulls_hold_their_points_and_cut_halves_fill_them(count):
    rng = np.random.default_rng(count)
    points = rng.normal(size=(count, 3))
    made = hull(points)
    corner = made.points[made.faces]
    normals = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    heights = ((points[:, None] - corner[None, :, 0]) * normals).sum(axis=-1)
    assert heights.max() < 1e-9
    assert len(made.points) - len(made.edges) + len(made.faces) == 2
    below, above = made.cut(np.array([0.6, 0.0, 0.8]), 0.05)
    assert np.isclose(hull(below).volume + hull(above).volume, made.volume, rtol=1e-9)


def test_hulls_of_boxes_have_their_volume_and_flat_ones_none():
    corners = np.array([(x, y, z) for x in (0, 2) for y in (0, 3) for z in (0, 4)], float)
    grid = np.array([(x, y, z) for x in (0, 1, 2) for y in (0, 1.5, 3) for z in (0, 4)], float)
    assert np.isclose(hull(corners).volume, 24) and np.isclose(hull(grid).volume, 24)
    assert hull(corners[:4] * [0, 1, 1]).volume == 0 and hull(corners[:1]).volume == 0


# -- the shapes that they are fitted to

ROBOT = """<robot name="r"><link name="base"/><link name="arm"><inertial><mass value="1"/>
<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><origin xyz="1 2 3" rpy="0 0 1.5707963267948966"/>
<geometry>{}</geometry></collision></link><joint name="j" type="continuous">
<parent link="base"/><child link="arm"/></joint></robot>"""


def shape(tmp_path, text):
    path = tmp_path / "robot.urdf"
    path.write_text(ROBOT.format(text))
    assert RobotModel.from_urdf(path)
    (piece,) = shapes.read(path)["arm"]
    return piece


def test_shapes_are_read_in_their_links_frame(tmp_path):
    box = shape(tmp_path, '<box size="2 4 6"/>')
    assert np.allclose(box.points.min(axis=0), [-1, 1, 0])
    assert np.allclose(box.points.max(axis=0), [3, 3, 6])
    ball = shape(tmp_path, '<sphere radius="0.5"/>')
    assert np.allclose(ball.points, [[1, 2, 3]]) and ball.margin == 0.5
    pill = shape(tmp_path, '<capsule radius="0.5" length="2"/>')
    assert np.allclose(pill.points, [[1, 2, 2], [1, 2, 4]]) and pill.margin == 0.5
    drum = shape(tmp_path, '<cylinder radius="0.5" length="2"/>')
    rim = 0.5 * np.stack([np.cos(s := np.linspace(0, 7, 500)), np.sin(s), 0 * s + 1], 1) + [1, 2, 3]
    rim[:, 2] = 4
    assert np.isclose(hull(np.concatenate([drum.points, rim])).volume, hull(drum.points).volume)


TRIANGLE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 2.0, 0.0)]


def test_meshes_are_read_from_obj_and_both_kinds_of_stl(tmp_path):
    (tmp_path / "m.obj").write_text("# x\nv 0 0 0\nv 1 0 0 0.5\nv 0 2 0\nvn 0 0 9\nf 1 2 3\n")
    lines = "".join("vertex {} {} {}\n".format(*point) for point in TRIANGLE)
    (tmp_path / "m.STL").write_text(f"solid m\nfacet normal 0 0 1\nouter loop\n{lines}endsolid")
    record = np.zeros(1, np.dtype([("v", "<f4", (4, 3)), ("x", "V2")]))
    record["v"][0, 1:] = TRIANGLE
    binary = b"solid, it says".ljust(80) + b"\x01\0\0\0" + record.tobytes()
    (tmp_path / "b.stl").write_bytes(binary)
    want = sorted(TRIANGLE)
    for name in ("m.obj", "m.STL", "b.stl"):
        assert shapes.vertices(tmp_path / name).tolist() == [list(point) for point in want]
    piece = shape(tmp_path, '<mesh filename="package://m.obj" scale="1 2 1"/>')
    assert np.allclose(piece.points.min(axis=0), [-3, 2, 3])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'arm' collision has shape 'nothing'; valid: box, sphere"),
        ('<cone radius="1"/>', "has shape 'cone'"),
        ('<box size="1 0 1"/>', "is a box of size .*must be > 0"),
        ('<sphere radius="-1"/>', "is a sphere of size"),
        ("<cylinder/>", "is a cylinder of size"),
        ('<box size="1 nan 1"/>', "is not 3 finite numbers"),
        ('<mesh filename="none.obj"/>', "none.obj cannot be read"),
        ('<mesh filename="m.dae"/>', r"m.dae is no mesh we read; valid: .obj, .stl"),
        ('<mesh filename="empty.obj"/>', "empty.obj has no vertices"),
        ('<mesh filename="word.obj"/>', "word.obj is not a sound .obj file"),
        ('<mesh filename="inf.obj"/>', "inf.obj has no vertices, or some that are not"),
    ],
)
def test_bad_shapes_are_refused_by_link_and_file(tmp_path, text, says):
    (tmp_path / "m.dae").write_text("<x/>")
    (tmp_path / "empty.obj").write_text("# nothing\n")
    (tmp_path / "word.obj").write_text("v 1 2 three\n")
    (tmp_path / "inf.obj").write_text("v 1 2 inf\n")
    with pytest.raises(ModelError, match=says) as caught:
        shape(tmp_path, text)
    assert "robot.urdf" in str(caught.value) and "\n" not in str(caught.value)
