"""Settled clutter, prepared by `sim.assets.make_clutter`: what lies how in a bin."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from sim.scene import PARTS

FILE = Path(__file__).parents[1] / "assets" / "bin_pick" / "clutter.npz"
LEAST, MOST = 10, 20
EACH_LEAST, EACH_MOST = 2, 5
"""How many of one kind there are in every layout."""
DAMPING = 0.3, 0.99
"""Linear and angular damping of the parts, so that what rolls comes to rest."""
METRE = 20_000
"""Steps of a stored coordinate in a metre."""
UNIT = 32_767
"""Steps of a stored quaternion's number in 1."""


class Clutter:
    """All layouts of one file.

    `kinds` (layouts, 20) int8: indices into `PARTS`, -1 for none; `poses` (layouts, 20, 7) in
    the bin's frame: the centre of its floor's upper side, axes of the floor's frame.
    """

    def __init__(self, kinds: np.ndarray, poses: np.ndarray) -> None:
        self.kinds, self.poses = kinds, poses
        self.counts = (kinds >= 0).sum(axis=1)

    def draw(self, rng: np.random.Generator, least: int, most: int) -> tuple[list[str], np.ndarray]:
        """Draw a layout of `least` to `most` parts: kinds and poses (n, 7) in the bin's frame.

        The bin has two mirror planes; every part has one. So a layout is good in four ways.
        """
        count = int(rng.integers(least, most + 1))
        fitting = np.flatnonzero(self.counts == count)
        which = int(fitting[rng.integers(len(fitting))])
        poses = self.poses[which, :count].copy()
        if rng.integers(2):
            poses = mirrored(poses)
        if rng.integers(2):
            poses = turned_round(poses)
        return [PARTS[k] for k in self.kinds[which, :count]], poses


@lru_cache
def shipped() -> Clutter:
    """Read the layouts that are shipped."""
    with np.load(FILE) as stored:
        return Clutter(stored["kinds"], unpack(stored["poses"]))


def pack(poses: np.ndarray) -> np.ndarray:
    """Store poses (..., 7) as int16: 0.05 mm and 1/32767."""
    scale = np.array([METRE] * 3 + [UNIT] * 4)
    return np.rint(poses * scale).astype(np.int16)


def unpack(stored: np.ndarray) -> np.ndarray:
    """Give poses (..., 7) that `pack` stored, with quaternions of length 1; absent ones are 0."""
    poses = stored.astype(np.float64)
    poses[..., :3] /= METRE
    q = poses[..., 3:]
    length = np.sqrt((q * q).sum(axis=-1, keepdims=True))
    q /= np.where(length > 0.0, length, 1.0)
    return poses


def mirrored(poses: np.ndarray) -> np.ndarray:
    """Mirror poses (n, 7) at the plane y = 0, for bodies that are their own mirror image in y."""
    return poses * np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])


def turned_round(poses: np.ndarray) -> np.ndarray:
    """Turn poses (n, 7) by half a turn about z."""
    x, y, z, qx, qy, qz, qw = poses.T
    return np.stack([-x, -y, z, -qy, qx, qw, -qz], axis=1)
