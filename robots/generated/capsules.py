"""A robot as capsules: segments with a radius, fixed to its bodies, and which must not touch."""

from dataclasses import dataclass

import numpy as np

from robots.errors import RobotError
from robots.reference import poses
from robots.tree import Tree


@dataclass(frozen=True, eq=False)
class Capsules:
    """m capsules and k pairs of them.

    `body` (m,) int, -1 for the base; `p0`, `p1` (m, 3) are the segment's ends in the frame of the
    tree's body, m; `radius` (m,) m; `pairs` (k, 2) are the capsules whose distance counts.
    """

    body: np.ndarray
    p0: np.ndarray
    p1: np.ndarray
    radius: np.ndarray
    pairs: np.ndarray

    def checked(self, tree: Tree) -> tuple[np.ndarray, np.ndarray]:
        """Give the ends' bodies (2 m,) and places (2 m, 3).

        Raises RobotError where the arrays do not fit each other or the tree.
        """
        m, b = len(self.body), len(tree.bodies)
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
        ends = np.stack([self.p0, self.p1], axis=1).reshape(2 * m, 3)
        return np.repeat(self.body, 2), ends


def skeleton(tree: Tree, radius: float) -> Capsules:
    """Give a capsule from every body's joint to each of those that it carries.

    A body that carries none reaches to the farthest of its frames; where two joints meet in a
    point there is nothing between them. Pairs are those of bodies two joints or more apart that
    are free of each other, less their radii, with every joint in the middle of its range.
    """
    from robots.generated.segments import gap

    rows: list[tuple[int, np.ndarray]] = []
    for i in range(len(tree.bodies)):
        ends = [tree.position[j] for j in range(len(tree.bodies)) if tree.parent[j] == i]
        if not ends:
            places = [place for body, place, _ in tree.frames.values() if body == i]
            ends = [max(places, key=lambda place: float(place @ place))]
        rows.extend((i, end) for end in ends if end @ end > 1e-6)
    bounded = np.isfinite(tree.q_min) & np.isfinite(tree.q_max)
    middle = np.where(bounded, 0.5 * (tree.q_min + tree.q_max), 0.0)
    found = poses(tree, np.append([0.0, 0, 0, 0, 0, 0, 1], middle) if tree.floating else middle)

    def ends_of(row: tuple[int, np.ndarray]) -> tuple[float, ...]:
        at, turn = found.position[row[0] + 1], found.rotation[row[0] + 1]
        return (*at, *(at + turn @ row[1]))

    pairs = [
        (a, b)
        for a in range(len(rows))
        for b in range(a)
        if _apart(tree, rows[a][0], rows[b][0]) >= 2
        and gap(*ends_of(rows[a]), *ends_of(rows[b])) > 2.0 * radius
    ]
    return Capsules(
        np.array([body for body, _ in rows]),
        np.zeros((len(rows), 3)),
        np.array([end for _, end in rows]),
        np.full(len(rows), float(radius)),
        np.array(pairs).reshape(-1, 2),
    )


def _apart(tree: Tree, a: int, b: int) -> int:
    """Count the joints between two bodies."""
    steps = 0
    while a != b:
        # Parents come before children, so the later of the two is the one to climb from.
        if a > b:
            a = int(tree.parent[a])
        else:
            b = int(tree.parent[b])
        steps += 1
    return steps
