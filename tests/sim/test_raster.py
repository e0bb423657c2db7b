"""The fast renderer: it draws what TinyRenderer draws, and what it keeps changes nothing."""

from pathlib import Path

import numpy as np
import pybullet_data
import pytest

from sim.cameras import Camera
from sim.env import FloorEnv
from sim.errors import SimError
from sim.light import Light
from sim.raster import meshes
from sim.raster.painter import Painter
from sim.sight import LIGHTS
from sim.world import World

DATA = Path(pybullet_data.getDataPath())
HERE = (np.zeros(3), np.eye(3))
SIZE = 96


@pytest.fixture
def make_world():
    """Give a function that opens a world, or skips where EGL does not load."""
    opened = []

    def make(renderer):
        try:
            opened.append(World(500, renderer))
        except SimError:
            pytest.skip("EGL does not load on this machine")
        return opened[-1]

    yield make
    for world in opened:
        world.close()


@pytest.fixture
def twins():
    """Give KitTray twice, drawn by TinyRenderer and by ours."""
    pair = [FloorEnv("KitTray", obs_mode="images", renderer=r) for r in ("tiny", "fast")]
    yield pair
    for env in pair:
        env.close()


def seen_from(eye, target, fov=45.0, size=SIZE):
    """Give view and projection matrices and the size of the picture, for `World.look`."""
    camera = Camera(
        "test", np.array(eye, float), np.array(target, float), np.array([0, 0, 1.0]), fov
    )
    return camera.view(*HERE), camera.projection(size, size), size, size


def assert_alike(one, other, outliers=0.001):
    """Hold ours against TinyRenderer: mean within 0.05 levels, all but a few pixels within 8."""
    far = np.abs(one.astype(int) - other).max(-1)
    assert one.std() > 5
    assert np.abs(one.astype(float) - other).mean() <= 0.05
    assert (far > 8).mean() <= outliers


def test_kit_tray_looks_as_with_tinyrenderer(twins):
    rng = np.random.default_rng(0)
    for seed in range(3):
        for env in twins:
            env.reset(seed=seed)
        for action in rng.uniform(-1, 1, (3, 7)).astype(np.float32):
            for env in twins:
                env.step(action)
        for camera in ("front", "wrist"):
            for width, height in ((96, 96), (224, 224), (160, 120)):
                tiny, fast = (env.capture(camera, width, height) for env in twins)
                assert_alike(fast, tiny)


@pytest.mark.parametrize(
    ("file", "eye"),
    [
        ("kuka_iiwa/model.urdf", (1.2, 0.8, 1.2)),
        ("husky/husky.urdf", (1.2, 0.9, 1.4)),
        ("tray/traybox.urdf", (0.6, 0.5, 1.0)),
        ("plane.urdf", (0.0, -2.0, 1.0)),
    ],
)
def test_meshes_and_textures_look_as_with_tinyrenderer(make_world, file, eye):
    pictures = []
    for renderer in ("tiny", "fast"):
        world = make_world(renderer)
        world.load(DATA / file, (0, 0, 0.3), fixed=True)
        pictures.append(world.picture(*seen_from(eye, (0, 0, 0.5)), shadow=False))
    assert_alike(pictures[1], pictures[0])


def test_triangles_that_reach_behind_the_camera_are_cut(make_world):
    pictures = []
    for renderer in ("tiny", "fast"):
        world = make_world(renderer)
        world.add_box((6, 6, 0.1), (0, 0, -0.05), (0.7, 0.6, 0.5, 1))
        world.add_box((0.1, 4, 0.4), (0.3, 0, 0.2), (0.2, 0.6, 0.5, 1))
        pictures.append(world.picture(*seen_from((0, 0.5, 0.06), (1, 0, 0.05), 80), shadow=False))
    assert_alike(pictures[1], pictures[0])


def box_world(make_world, renderer):
    """Give a world with a bench, a red box whose top is at 0.2 m, and a body with links."""
    world = make_world(renderer)
    world.add_box((1, 1, 0.1), (0, 0, -0.05), (0.7, 0.6, 0.5, 1))
    box = world.add_box((0.2, 0.2, 0.2), (0, 0, 0.1), (0.9, 0.1, 0.1, 1))
    arm = world.load(DATA / "kuka_iiwa/model.urdf", (0.3, 0.3, 0), fixed=True)
    return world, box, arm


@pytest.mark.parametrize("renderer", ["fast", "tiny", "egl"])
def test_depth_and_segmentation_agree_with_geometry(make_world, renderer):
    world, box, arm = box_world(make_world, renderer)
    found = world.look(*seen_from((0, -0.001, 1), (0, 0, 0)), ("depth", "segmentation", "links"))
    depth, bodies, links = found["depth"], found["segmentation"], found["links"]
    assert depth.dtype == np.float32 and bodies.dtype == links.dtype == np.int32
    assert depth[SIZE // 2, SIZE // 2] == pytest.approx(0.8, abs=2e-3)
    assert bodies[SIZE // 2, SIZE // 2] == box and links[SIZE // 2, SIZE // 2] == -1
    # The box's top, 0.2 m wide at 0.8 m, covers this share of the picture's width.
    share = 0.2 / (2 * 0.8 * np.tan(np.radians(22.5)))
    assert (bodies == box).sum(0).astype(bool).sum() == pytest.approx(share * SIZE, abs=1.5)
    assert depth[SIZE - 3, 3] == pytest.approx(1.0, abs=2e-3) and bodies[SIZE - 3, 3] == 0
    assert (bodies == arm).any() and set(links[bodies == arm]) >= {-1, 0}
    away = world.look(*seen_from((0, 0, 1), (1, 0, 3)), ("depth", "segmentation", "links"))
    assert (away["segmentation"] == -1).all() and (away["links"] == -2).all()
    assert np.allclose(away["depth"], 3.0, atol=1e-3)


def test_renderers_agree_on_depth_and_segmentation(make_world):
    view = seen_from((0.9, -0.5, 0.7), (0, 0, 0.2))
    tiny, fast = (box_world(make_world, r)[0].look(*view) for r in ("tiny", "fast"))
    same = tiny["segmentation"] == fast["segmentation"]
    assert same.mean() > 0.999
    assert np.abs(tiny["depth"] - fast["depth"])[same].max() < 1e-3


@pytest.mark.parametrize(
    ("kind", "size", "nearest"),
    [("sphere", (0.2,), 0.8), ("cylinder", (0.4, 0.2), 0.8), ("capsule", (0.4, 0.1), 0.7)],
)
def test_round_shapes_are_where_they_should_be(make_world, kind, size, nearest):
    mesh = meshes.primitive(kind, size)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    outward = (np.cross(b - a, c - a) * mesh.normals.mean(1)).sum(1)
    assert (outward > -1e-12).all()
    assert mesh.vertices[:, 2].max() == pytest.approx(1.0 - nearest)


def test_what_is_kept_changes_no_bit():
    env = FloorEnv("KitTray", obs_mode="images", renderer="fast")
    try:
        env.reset(seed=1)
        floor, sight = env.floor, env.floor.world.sight
        plain = Painter(sight, keep=False)
        steady = floor.scene.cameras["front"]
        light = LIGHTS["fast"]

        def same(camera=steady, light=light):
            for _ in range(3):
                lens = camera.view(*HERE), camera.projection(96, 96), 96, 96, light
                kept, _ = sight.painter.draw(*lens)
                fresh, _ = plain.draw(*lens)
                assert kept.rgb.tobytes() == fresh.rgb.tobytes()
                assert kept.inverse.tobytes() == fresh.inverse.tobytes()
                assert kept.who.tobytes() == fresh.who.tobytes()
            return kept.rgb

        first = same()
        assert len(sight.painter._kept) == 1
        env.step(np.ones(7, np.float32))
        moved = same()
        assert (moved != first).any()
        floor.paint("bench", (0.1, 0.5, 0.9, 1.0))
        plain = Painter(sight, keep=False)
        painted = same()
        assert (painted != moved).mean() > 0.5
        pose = floor.pose("tray-0")
        pose[2] += 0.1
        floor.place("tray-0", pose)
        assert (same() != painted).any()
        assert (same(light=Light((1.0, 0.0, 1.0))) != painted).any()
        eye = Camera("x", steady.eye + 0.1, steady.target, steady.up, steady.fov_deg)
        assert (same(eye) != painted).any()
        floor.world.add_box((0.1, 0.1, 0.1), (0.5, 0.0, 0.05), (1, 0, 1, 1))
        assert (same() != painted).any()
        assert same().tobytes() == same().tobytes()
    finally:
        env.close()


def test_a_colour_with_no_alpha_is_not_drawn(make_world):
    world = make_world("fast")
    world.add_box((1, 1, 0.1), (0, 0, -0.05), (0.7, 0.6, 0.5, 1))
    box = world.add_box((0.2, 0.2, 0.2), (0, 0, 0.1), (0.9, 0.1, 0.1, 1))
    view = seen_from((0.5, -0.5, 1), (0, 0, 0))
    assert (world.look(*view)["segmentation"] == box).any()
    world.paint(box, (0.9, 0.1, 0.1, 0))
    assert not (world.look(*view)["segmentation"] == box).any()


def test_shadows_fall_away_from_the_light(make_world):
    world = make_world("fast")
    world.add_box((1, 1, 0.1), (0, 0, -0.05), (0.6, 0.6, 0.6, 1))
    world.add_box((0.1, 0.1, 0.02), (0, 0, 0.2), (0.9, 0.1, 0.1, 1))
    world.sight.light = Light((1.0, 0.0, 1.0))
    view = seen_from((0, -0.001, 0.8), (0, 0, 0), 60)
    plain = world.picture(*view, shadow=False)
    fine = world.picture(*view, shadow=True)
    bench = (plain == plain[4, 4]).all(-1)
    rows, columns = np.nonzero(bench & ((plain.astype(int) - fine).max(-1) > 20))
    # A box 0.2 m up, under light from +x at 45 degrees: its shadow lies 0.2 m towards -x.
    focal = SIZE / 2 / np.tan(np.radians(30))
    assert columns.mean() == pytest.approx(SIZE / 2 - focal * 0.2 / 0.8, abs=2)
    assert rows.mean() == pytest.approx(SIZE / 2, abs=2)


def test_a_mesh_that_cannot_be_read_is_named_and_auto_falls_back(make_world, tmp_path):
    urdf = tmp_path / "duck.urdf"
    urdf.write_text(
        '<robot name="duck"><link name="duck"><inertial><mass value="1"/>'
        '<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial><visual><geometry>'
        f'<mesh filename="{DATA}/duck.dae"/></geometry></visual></link></robot>'
    )
    view = seen_from((1, 1, 1), (0, 0, 0))
    world = make_world("fast")
    world.load(urdf)
    with pytest.raises(SimError, match=r"duck\.dae.*tiny"):
        world.picture(*view, shadow=False)
    world = make_world("auto")
    assert world.engine == "fast"
    world.load(urdf)
    assert world.engine == "tiny"
    assert world.picture(*view, shadow=False).shape == (SIZE, SIZE, 3)


def test_an_unknown_kind_of_image_is_refused(make_world):
    world = make_world("fast")
    with pytest.raises(SimError, match="'normals'.*rgb, depth, segmentation, links"):
        world.look(*seen_from((1, 1, 1), (0, 0, 0)), ("normals",))


def test_what_draws_does_not_change_what_happens(twins):
    rng = np.random.default_rng(7)
    for env in twins:
        env.reset(seed=7)
    for action in rng.uniform(-1, 1, (20, 7)).astype(np.float32):
        states = [env.step(action)[0] for env in twins]
        for key in ("q", "dq", "tool", "parts"):
            assert states[0][key].tobytes() == states[1][key].tobytes()


def test_faces_in_one_plane_show_the_later_body_without_speckles(make_world):
    world = make_world("fast")
    world.add_box((1, 1, 0.1), (0, 0, -0.05), (0.7, 0.6, 0.5, 1))
    inlay = world.add_box((0.4, 0.3, 0.1), (0, 0, -0.05), (0.1, 0.3, 0.9, 1))
    tilted = np.array([0.1, -0.2, 0.3, 0.9]) / np.sqrt(0.95)
    for body in (0, inlay):
        world.place(body, np.array([0.03, 0.01, -0.05]), tilted)
    bodies = world.look(*seen_from((0.33, 0.41, 0.77), (0, 0, 0), 50, 224))["segmentation"]
    rows, columns = np.nonzero(bodies == inlay)
    assert len(rows) > 500
    for row in set(rows):
        span = columns[rows == row]
        assert (bodies[row, span.min() : span.max() + 1] == inlay).all()
