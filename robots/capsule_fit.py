"""Fit capsules to the collision shapes of a robot's links, and choose the pairs to check.

`python -m robots.capsule_fit` makes the files that `robots.capsules` reads, and says how much
larger than the links' convex hulls the capsules are.
"""

import json
import sys
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from robots import capsules, catalogue, legged
from robots.hull import Hull, hull
from robots.shapes import Piece, read
from robots.tree import Tree

MOST = 3
"""Capsules a link at most."""
WORTH = 0.75
"""A link is cut in two where that leaves no more than this share of the volume."""
SLACK = 2e-6
"""Metres added to a radius, for numbers rounded to a micrometre."""


Group = list[tuple[Hull, float]]
"""Convex pieces, and how far each is grown, m."""


@dataclass(frozen=True)
class Capsule:
    """A capsule: the ends of its middle line, (3,) each, and its radius; m, in a link's frame."""

    p0: np.ndarray
    p1: np.ndarray
    radius: float

    @property
    def volume(self) -> float:
        """Give the volume, m^3."""
        return float(_volume(np.linalg.norm(self.p1 - self.p0), self.radius))

    def holds(self, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Tell which of points (k, 3), grown by a margin, lie inside: (k,) bool."""
        return capsules._to_segment(points, self.p0, self.p1) + margin <= self.radius


def _volume(length: Any, radius: Any) -> Any:
    return np.pi * radius**2 * (length + 4.0 / 3.0 * radius)


def enclose(points: np.ndarray, margins: np.ndarray, rounds: int) -> Capsule:
    """Give a small capsule around points (k, 3), each grown by its margin (k,).

    Its ends are searched, at random but always the same way, from the principal axes of the
    points outwards; the radius is what holds them all, so that any ends make a sound capsule.
    """
    rng = np.random.default_rng(0)
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    axes = [*np.linalg.svd(points - middle, full_matrices=False)[2], *np.eye(3)]
    starts = []
    for axis in axes:
        along = (points - middle) @ axis
        for share in (0.0, 0.5, 0.8):
            low, high = share * along.min(), share * along.max()
            starts.append(np.concatenate([middle + low * axis, middle + high * axis]))

    def cost(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p0, p1 = ends[:, None, :3], ends[:, None, 3:]
        radius = (capsules._to_segment(points[None], p0, p1) + margins).max(axis=1)
        return _volume(np.linalg.norm(ends[:, 3:] - ends[:, :3], axis=1), radius), radius

    tries = np.array(starts)
    best = tries[np.argmin(cost(tries)[0])]
    least = cost(best[None])[0][0]
    step = 0.2 * float(np.ptp(points, axis=0).max())
    for _ in range(rounds):
        tries = best + step * rng.normal(size=(48, 6)) * rng.choice([0.1, 0.3, 1.0], (48, 1))
        found = cost(tries)[0]
        if found.min() < least:
            best, least = tries[np.argmin(found)], found.min()
            step *= 1.2
        else:
            step *= 0.8
    best = best.round(6)
    radius = float(cost(best[None])[1][0])
    return Capsule(best[:3], best[3:], round(radius + SLACK, 6))


def _around(pieces: Group, rounds: int) -> Capsule:
    points = np.concatenate([part.points for part, _ in pieces])
    margins = np.concatenate([np.full(len(part.points), margin) for part, margin in pieces])
    return enclose(points, margins, rounds)


def _halves(pieces: Group, normal: np.ndarray, offset: float) -> tuple[Group, Group]:
    low, high = [], []
    for part, margin in pieces:
        below, above = part.cut(normal, offset)
        if len(below):
            low.append((Hull(below, part.faces[:0]), margin))
        if len(above):
            high.append((Hull(above, part.faces[:0]), margin))
    return low, high


def cover(pieces: list[Piece]) -> list[Capsule]:
    """Give one to `MOST` capsules that hold the pieces of a link between them.

    Pieces are cut by a plane, where that saves enough; each side is held whole by its capsule.
    """
    groups = [[(hull(piece.points), piece.margin) for piece in pieces]]
    made = [_around(groups[0], 200)]
    while len(made) < MOST:
        k = max(range(len(made)), key=lambda i: made[i].volume)
        points = np.concatenate([part.points for part, _ in groups[k]])
        if len(points) == 1:
            break
        axes = np.concatenate([np.linalg.svd(points - points.mean(0))[2], np.eye(3)])
        planes: list[tuple[float, int, tuple[Group, Group]]] = []
        for normal in axes:
            height = points @ normal
            for share in (0.2, 0.35, 0.5, 0.65, 0.8):
                offset = height.min() + share * np.ptp(height)
                halves = _halves(groups[k], normal, offset)
                if all(halves):
                    total = sum(_around(half, 25).volume for half in halves)
                    planes.append((total, len(planes), halves))
        _, _, halves = min(planes)
        both = [_around(half, 200) for half in halves]
        if sum(each.volume for each in both) > WORTH * made[k].volume:
            break
        # Faces anew, to be cut again.
        groups[k : k + 1] = [[(hull(part.points), m) for part, m in half] for half in halves]
        made[k : k + 1] = both
    return made


def home(name: str, tree: Tree) -> list[np.ndarray]:
    """Give the postures (nq,) in which nothing is to count as touching, all joints free.

    Home; an arm's with its gripper closed, half open and open.
    """
    if name in catalogue.names():
        arm = catalogue.load(name)
        extra = tree.n - len(arm.home)
        return [
            np.append(arm.home, np.full(extra, opening))
            for opening in np.linspace(*arm.gripper_opening, 3)
        ]
    base = np.array([0.0, 0, 0, 0, 0, 0, 1])
    joints = legged.load(name).home if name in legged.names() else np.zeros(tree.n)
    return [np.concatenate([base, joints])]


def fit(name: str) -> dict:
    """Give the capsules and pairs of a robot of the catalogue, as they are stored."""
    whole = catalogue.tree(name, whole=name in catalogue.names())
    shapes = read(catalogue.urdf(name))
    found = [(link, each) for link, pieces in shapes.items() for each in cover(pieces)]
    kept = [item for item in found if not _within_another(whole, item, found)]
    stored: dict[str, Any] = {
        "capsules": [
            {"link": link, "p0": c.p0.tolist(), "p1": c.p1.tolist(), "radius": c.radius}
            for link, c in kept
        ],
        "pairs": [],
    }
    body = [whole.frames[link][0] for link, _ in kept]
    parents = [*whole.parent.tolist(), None]
    pairs = [
        (i, j)
        for i, j in combinations(range(len(kept)), 2)
        if body[i] != body[j] and parents[body[i]] != body[j] and parents[body[j]] != body[i]
    ]
    placed = capsules.place(stored | {"pairs": pairs}, whole)
    apart = np.min([capsules.distances(whole, placed, q) for q in home(name, whole)], axis=0) > 0
    stored["pairs"] = [list(pair) for pair, free in zip(pairs, apart, strict=True) if free]
    return stored


def _within_another(
    tree: Tree, item: tuple[str, Capsule], found: list[tuple[str, Capsule]]
) -> bool:
    """Tell whether a capsule lies inside one of another link that never moves against it."""
    link, capsule = item
    body, at, turn = tree.frames[link]
    ends = at + np.stack([capsule.p0, capsule.p1]) @ turn.T
    for other, larger in found:
        carrier, position, rotation = tree.frames[other]
        if other != link and carrier == body:
            local = (ends - position) @ rotation
            if larger.holds(local, capsule.radius).all():
                return True
    return False


def excess(link: str, made: list[Capsule], pieces: list[Piece]) -> tuple[float, float]:
    """Give the capsules' volume over that of the link's hull, and how far they stick out, m.

    The latter is the distance of the convex hull of all capsules from that of the shapes.
    """
    points = np.concatenate([piece.points for piece in pieces])
    margins = np.concatenate([np.full(len(piece.points), piece.margin) for piece in pieces])
    directions = np.random.default_rng(0).normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    own = (directions @ points.T + margins).max(axis=1)
    each = [np.maximum(directions @ c.p0, directions @ c.p1) + c.radius for c in made]
    solid = hull(points).volume
    if not solid:
        solid = float(_volume(np.ptp(points, axis=0).max(), margins.max()))
    ratio = sum(capsule.volume for capsule in made) / solid
    return ratio, float((np.max(each, axis=0) - own).max())


def report(name: str, stored: dict) -> list[str]:
    """Say of each link how many capsules it has and how much larger than its hull they are."""
    shapes = read(catalogue.urdf(name))
    lines = [f"{name}: {len(stored['capsules'])} capsules, {len(stored['pairs'])} pairs"]
    for link, pieces in shapes.items():
        made = [
            Capsule(np.array(entry["p0"]), np.array(entry["p1"]), entry["radius"])
            for entry in stored["capsules"]
            if entry["link"] == link
        ]
        if made:
            ratio, out = excess(link, made, pieces)
            lines.append(
                f"  {link}: {len(made)}, {ratio:.2f} times its hull, {1e3 * out:.0f} mm out"
            )
    return lines


def main() -> None:
    """Make the files of the robots named on the command line, or of all."""
    capsules.FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or catalogue.every():
        stored = fit(name)
        text = json.dumps(stored).replace('{"link"', '\n{"link"').replace('"pairs"', '\n"pairs"')
        (capsules.FOLDER / f"{name}.json").write_text(text + "\n")
        print("\n".join(report(name, stored)))


if __name__ == "__main__":
    main()
