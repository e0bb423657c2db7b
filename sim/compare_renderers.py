"""Writes docs/renderers.png, what the renderers and the Panda's two sets of meshes look like, and
prints how far they are apart: `python -m sim.compare_renderers docs/renderers.png`."""

import json
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pybullet_data
from PIL import Image, ImageDraw

from robots import catalogue
from sim.cameras import Camera
from sim.env import FloorEnv
from sim.world import World

SIZE = 300
SIZES = (96, 224)
SEEDS = range(5)
ORIGINAL = Path(pybullet_data.getDataPath()) / "franka_panda/panda.urdf"
REDUCED = Path(__file__).parent / "assets/panda/panda.urdf"
VIEWER = Camera(
    "viewer", np.array([1.3, 0.9, 0.9]), np.array([0.2, 0, 0.42]), np.array([0, 0, 1.0]), 42.0
)


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give how far two pictures are apart at each pixel, in grey levels of the worst channel."""
    return np.abs(one.astype(int) - other).max(-1)


def draw_panda(urdf: Path) -> tuple[np.ndarray, int]:
    """Draw the Panda at home with a URDF's meshes; give the picture and its triangles."""
    with closing(World(500, "fast")) as world:
        body = world.load(urdf, fixed=True)
        robot = catalogue.load("panda")
        world.reset_joints(body, world.joint_indices(body, robot.joint_names), robot.home)
        lens = VIEWER.view(np.zeros(3), np.eye(3)), VIEWER.projection(SIZE, SIZE)
        picture = world.picture(*lens, SIZE, SIZE, shadow=False)
        return picture, len(world.sight.painter.troupe.cast.owner)


def main(path: Path) -> None:
    """Write the picture and print the figures."""
    rows: list[list[tuple[str, np.ndarray]]] = []
    differences = []
    with (
        closing(FloorEnv("KitTray", obs_mode="images", renderer="tiny")) as tiny,
        closing(FloorEnv("KitTray", obs_mode="images", renderer="fast")) as fast,
    ):
        for seed in SEEDS:
            for env in (tiny, fast):
                env.reset(seed=seed)
            for camera in ("front", "wrist"):
                for size in SIZES:
                    pair = (env.capture(camera, size, size) for env in (tiny, fast))
                    differences.append(apart(*pair).ravel())
        for camera in ("front", "wrist"):
            plain = [(env.renderer, env.capture(camera, SIZE, SIZE)) for env in (tiny, fast)]
            fine = fast.capture(camera, SIZE, SIZE, shadow=True)
            rows.append([*plain, ("fast, shadow=True", fine)])
    before, after = (draw_panda(urdf) for urdf in (ORIGINAL, REDUCED))
    gap = np.clip(255 - 3 * apart(before[0], after[0]), 0, 255).astype(np.uint8)
    rows.append(
        [
            (f"Panda, {before[1]:,} triangles", before[0]),
            (f"Panda, {after[1]:,} triangles", after[0]),
            ("their difference, 3 times", np.repeat(gap[..., None], 3, 2)),
        ]
    )
    sheet = Image.new("RGB", (3 * SIZE, len(rows) * SIZE), "white")
    pen = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        for x, (title, picture) in enumerate(row):
            sheet.paste(Image.fromarray(picture), (x * SIZE, y * SIZE))
            pen.text((x * SIZE + 6, (y + 1) * SIZE - 16), title, fill=(20, 20, 20))
    sheet.save(path, optimize=True)
    every = np.concatenate(differences)
    figures = {
        "pixels": every.size,
        "differing": int((every > 0).sum()),
        "by_more_than_8": int((every > 8).sum()),
        "mean_levels": float(every.mean()),
        "triangles_before": before[1],
        "triangles_after": after[1],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
