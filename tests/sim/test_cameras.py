"""A camera's matrices: a known point is drawn where they say."""

import numpy as np
import pytest

from robots.kinematics import rotation_from_vector
from sim.cameras import Camera
from sim.env import FloorEnv
from sim.errors import SimError
from sim.world import World

CAMERA = Camera("test", np.array([0.6, 0.2, 0.5]), np.zeros(3), np.array([0.0, 0, 1]), 50.0, "hand")


@pytest.mark.parametrize("renderer", ["fast", "tiny", "egl"])
@pytest.mark.parametrize("size", [(96, 96), (320, 200)])
def test_a_known_point_projects_where_its_colour_is_drawn(renderer, size):
    try:
        world = World(500, renderer)
    except SimError:
        pytest.skip("EGL does not load on this machine")
    point = np.array([0.05, -0.11, 0.08])
    box = world.add_box((0.03,) * 3, tuple(point), (1, 0, 0, 1))
    carrier = (np.array([0.02, 0.03, -0.01]), rotation_from_vector(np.array([0.1, -0.2, 0.3])))
    seen = world.look(CAMERA.view(*carrier), CAMERA.projection(*size), *size)
    world.close()
    camera_in_world = CAMERA.pose(*carrier)
    rotation, eye = camera_in_world[:3, :3], camera_in_world[:3, 3]
    assert np.allclose(rotation.T @ rotation, np.eye(3)) and np.linalg.det(rotation) > 0
    at = rotation.T @ (point - eye)
    u, v, w = CAMERA.intrinsics(*size, renderer) @ at / at[2]
    rows, columns = np.nonzero(seen["segmentation"] == box)
    assert w == 1.0
    assert columns.mean() == pytest.approx(u, abs=0.35)
    assert rows.mean() == pytest.approx(v, abs=0.35)
    pixel = seen["rgb"][round(v), round(u)]
    assert pixel[0] > 100 and pixel[1:].max() == 0
    assert seen["depth"][round(v), round(u)] == pytest.approx(at[2], abs=0.03)


def test_depth_gives_back_the_points_of_the_bench():
    env = FloorEnv("KitTray", obs_mode="images", renderer="fast")
    env.reset(seed=2)
    for camera in ("front", "wrist"):
        seen = env.floor.look(camera, 160, 120)
        lens, camera_in_world = env.floor.calibration(camera, 160, 120)
        rows, columns = np.nonzero(seen["segmentation"] == env.floor.bodies["bench"])
        rays = np.linalg.inv(lens) @ np.stack((columns, rows, np.ones(len(rows))))
        points = camera_in_world[:3, :3] @ (rays * seen["depth"][rows, columns])
        height = points[2] + camera_in_world[2, 3]
        assert len(rows) > 3000
        assert np.abs(height[height > -0.01]).max() < 1e-4
        assert (height > -0.01).mean() > 0.9
    env.close()
