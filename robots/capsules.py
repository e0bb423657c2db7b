"""Capsules that hold a robot's links, for telling how far it is from touching itself.

They are data, one file a robot, made once by `robots.capsule_fit`; `of` places them in a tree.
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
