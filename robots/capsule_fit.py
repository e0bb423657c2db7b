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

CUTS = ((0.35,), (0.5,), (0.65,), (1 / 3, 2 / 3), (0.25, 0.75))
"""Where a link may be cut, as shares of its length: in two or in three."""
WORTH = 0.75
"""What a further capsule has to leave of the volume times how far they stick out, at most."""
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
        for share in (0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 1.0):
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
        tries = best + step * rng.normal(size=(24, 6)) * rng.choice([0.1, 0.3, 1.0], (24, 1))
        found = cost(tries)[0]
        if found.min() < least:
            best, least = tries[np.argmin(found)], found.min()
            step *= 1.5
        else:
            step *= 0.9
    best = best.round(6)
    radius = float(cost(best[None])[1][0])
    return Capsule(best[:3], best[3:], round(radius + SLACK, 6))


def _around(pieces: Group, rounds: int) -> Capsule:
    points = np.concatenate([part.points for part, _ in pieces])
    margins = np.concatenate([np.full(len(part.points), margin) for part, margin in pieces])
    return enclose(points, margins, rounds)


def _slabs(pieces: Group, normal: np.ndarray, shares: tuple[float, ...]) -> list[Group]:
    """Cut pieces across a direction, at shares of their length along it, lowest first."""
    heights = np.concatenate([part.points for part, _ in pieces]) @ normal
    slabs, rest = [], pieces
    for share in shares:
        offset = heights.min() + share * np.ptp(heights)
        halves = [(part.cut(normal, offset), margin) for part, margin in rest]
        slabs.append([(hull(below), margin) for (below, _), margin in halves if len(below)])
        rest = [(hull(above), margin) for (_, above), margin in halves if len(above)]
    return [*slabs, rest]


def cover(pieces: list[Piece]) -> list[Capsule]:
    """Give one to four capsules that hold the pieces of a link between them.

    Pieces are cut into slabs or quarters, each held whole by its capsule; of all ways to cut
    them the one whose capsules are smallest and stick out least, where a further capsule has to
    be worth it.
    """
    group = [(hull(piece.points), piece.margin) for piece in pieces]
    points = np.concatenate([part.points for part, _ in group])
    ways = [[group]]
    if len(points) > 1:
        axes = np.linalg.svd(points - points.mean(0))[2]
        for normal in [*axes, *np.eye(3)]:
            ways += [_slabs(group, normal, shares) for shares in CUTS]
        for first, second in combinations(axes, 2):
            halves = [half for half in _slabs(group, first, (0.5,)) if half]
            ways.append([each for half in halves for each in _slabs(half, second, (0.5,))])
    sound = [way for way in ways if all(way)]

    def cost(made: list[Capsule]) -> float:
        ratio, out = excess(made, pieces, 500)
        return ratio * (out + 1e-3) / WORTH ** len(made)

    # A short search tells which ways to cut are worth a long one; whole is always tried.
    sound.sort(key=lambda way: (len(way) > 1, cost([_around(slab, 25) for slab in way])))
    return min(([_around(slab, 500) for slab in way] for way in sound[:4]), key=cost)


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
    # Legs and wheels are alike, and what is like has to be covered alike.
    covers: dict[bytes, list[Capsule]] = {}
    found = []
    for link, pieces in shapes.items():
        key = b"".join(
            piece.points.tobytes() + bytes(str(piece.margin), "ascii") for piece in pieces
        )
        covers[key] = covers.get(key) or cover(pieces)
        found += [(link, each) for each in covers[key]]
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
    gaps = np.min([capsules.distances(whole, placed, q) for q in home(name, whole)], axis=0)
    # Two links are checked with all their capsules or not at all: a gap then bounds theirs.
    links = [(kept[i][0], kept[j][0]) for i, j in pairs]
    touching = {link for link, gap in zip(links, gaps, strict=True) if gap <= 0}
    apart = [pair for link, pair in zip(links, pairs, strict=True) if link not in touching]
    stored["pairs"] = [list(pair) for pair in apart]
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


def excess(made: list[Capsule], pieces: list[Piece], count: int = 4000) -> tuple[float, float]:
    """Give the capsules' volume over that of the link's hull, and how far they stick out, m.

    The latter is the distance of the convex hull of all capsules from that of the shapes, seen
    from `count` directions.
    """
    points = np.concatenate([piece.points for piece in pieces])
    margins = np.concatenate([np.full(len(piece.points), piece.margin) for piece in pieces])
    directions = np.random.default_rng(0).normal(size=(count, 3))
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
            ratio, out = excess(made, pieces)
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
