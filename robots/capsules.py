"""Capsules that hold a robot's links, for telling how far it is from touching itself.

They are data, one file a robot, made once by `robots.capsule_fit`; `of` places them in a tree,
and `robots.generated.kernels(robot).distance()` is compiled code for the least of the distances.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from robots import catalogue, reference
from robots.errors import RobotError, check_name
from robots.tree import Tree

FOLDER = Path(__file__).parent / "assets" / "capsules"


@dataclass(frozen=True, eq=False)
class Capsules:
    """m capsules carried by a tree's bodies, and the k pairs of them to check. SI units.

    `links` (m,) name what each holds, `body` (m,) int what carries it, -1 the base; `p0` and
    `p1` (m, 3) are the ends of its middle line in that body's frame, `radius` (m,) its size.
    `pairs` (k, 2) int are indices of two capsules each.
    """

    links: tuple[str, ...]
    body: np.ndarray
    p0: np.ndarray
    p1: np.ndarray
    radius: np.ndarray
    pairs: np.ndarray

    def ends(self) -> np.ndarray:
        """Give the ends (2 m, 3) of all middle lines, each capsule's two in turn."""
        return np.stack([self.p0, self.p1], axis=1).reshape(-1, 3)

    def check(self, tree: Tree) -> None:
        """Raise RobotError where the arrays do not fit each other or the tree."""
        m, b = len(self.links), len(tree.bodies)
        shapes = {"body": (m,), "p0": (m, 3), "p1": (m, 3), "radius": (m,)}
        for name, shape in shapes.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise RobotError(f"capsules of {tree.name}: {name} is {found}; expected {shape}")
            if not np.isfinite(getattr(self, name)).all():
                raise RobotError(f"capsules of {tree.name}: {name} is not finite")
        if np.any((self.body < -1) | (self.body >= b)):
            raise RobotError(
                f"capsules of {tree.name}: bodies {self.body.tolist()}; expected -1 to {b - 1}"
            )
        if np.any(self.radius < 0):
            raise RobotError(
                f"capsules of {tree.name}: radii {self.radius.tolist()}; expected none below 0"
            )
        pairs = np.asarray(self.pairs)
        if pairs.ndim != 2 or pairs.shape[1] != 2 or len(pairs) == 0:
            raise RobotError(
                f"capsules of {tree.name}: pairs are {pairs.shape}; expected (k, 2), k at least 1"
            )
        if np.any((pairs < 0) | (pairs >= m)) or np.any(pairs[:, 0] == pairs[:, 1]):
            raise RobotError(
                f"capsules of {tree.name}: pairs {pairs.tolist()}; "
                f"expected two different numbers from 0 to {m - 1} each"
            )


def of(name: str, tree: Tree | None = None) -> Capsules:
    """Give the capsules of any robot by name, in its tree or in the catalogue's if None.

    Pairs that the tree does not move against each other are left out. Raises RobotError for a
    name that is none, and a tree without a link that the capsules belong to.
    """
    check_name("robot", name, catalogue.every())
    return place(_stored(name), catalogue.tree(name) if tree is None else tree)


def place(stored: dict, tree: Tree) -> Capsules:
    """Give capsules, as they are stored by link, in the bodies of a tree; see `of`."""
    links = tuple(entry["link"] for entry in stored["capsules"])
    for link in links:
        if link not in tree.frames:
            raise RobotError(f"{tree.name}: no link {link!r}, which capsules are to hold")
    body = np.array([tree.frames[link][0] for link in links])
    ends = []
    for key in ("p0", "p1"):
        points = np.array([entry[key] for entry in stored["capsules"]])
        placed = [tree.frames[link] for link in links]
        ends.append(np.array([at + r @ p for (_, at, r), p in zip(placed, points, strict=True)]))
    pairs = np.array(stored["pairs"], int).reshape(-1, 2)
    return Capsules(
        links=links,
        body=body,
        p0=ends[0],
        p1=ends[1],
        radius=np.array([entry["radius"] for entry in stored["capsules"]]),
        pairs=pairs[body[pairs[:, 0]] != body[pairs[:, 1]]],
    )


@lru_cache
def _stored(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def distances(tree: Tree, capsules: Capsules, q: np.ndarray) -> np.ndarray:
    """Give the distances (k,) of the pairs at q (nq,), m; negative where capsules overlap.

    A plain reference: the distance of two middle lines, less both radii.
    """
    found = reference.poses(tree, q)
    at, turn = found.position[capsules.body + 1], found.rotation[capsules.body + 1]
    start = at + np.einsum("mij,mj->mi", turn, capsules.p0)
    stop = at + np.einsum("mij,mj->mi", turn, capsules.p1)
    a, b = capsules.pairs.T
    lines = segment_distance(start[a], stop[a], start[b], stop[b])
    gaps: np.ndarray = lines - capsules.radius[a] - capsules.radius[b]
    return gaps


def segment_distance(a0: np.ndarray, a1: np.ndarray, b0: np.ndarray, b1: np.ndarray) -> np.ndarray:
    """Give the distances (k,) of segments a and b, by their ends (k, 3) each.

    The nearest points lie inside both, where the lines' common normal meets them, or one is an
    end (Ericson, Real-Time Collision Detection, 2005, section 5.1.9). Ends may coincide.
    """
    ends = [_to_segment(a0, b0, b1), _to_segment(a1, b0, b1)]
    ends += [_to_segment(b0, a0, a1), _to_segment(b1, a0, a1)]
    nearest: np.ndarray = np.min(ends, axis=0)
    u, v, w = a1 - a0, b1 - b0, a0 - b0
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    uw, vw = (u * w).sum(1), (v * w).sum(1)
    square = uu * vv - uv * uv
    skewed = square > 1e-12 * uu * vv
    safe = np.where(skewed, square, 1.0)
    s, t = (uv * vw - vv * uw) / safe, (uu * vw - uv * uw) / safe
    inside = skewed & (s > 0) & (s < 1) & (t > 0) & (t < 1)
    across = np.linalg.norm(w + s[:, None] * u - t[:, None] * v, axis=1)
    return np.where(inside, np.minimum(across, nearest), nearest)


def _to_segment(point: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Give the distances (k,) of points (k, 3) from segments, by their ends (k, 3)."""
    along = stop - start
    length = (along * along).sum(-1)
    share = ((point - start) * along).sum(-1) / np.where(length > 0, length, 1.0)
    nearest = start + np.clip(share, 0.0, 1.0)[..., None] * along
    distance: np.ndarray = np.linalg.norm(point - nearest, axis=-1)
    return distance
