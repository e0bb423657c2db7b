"""The instances that a world's bodies are drawn with."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.errors import SimError
from sim.raster import meshes, stage
from sim.raster.fill import place


@dataclass(frozen=True)
class Visual:
    """One visual shape of a body: what it is, where it is in which link's frame, its colour.

    `kind` is box, cylinder, capsule, sphere, plane, mesh (of file `path`) or unknown; `size` as
    in `meshes.primitive`, a mesh's scale; `local` (3, 4); `link` -1 is the base.
    """

    link: int
    kind: str
    size: tuple[float, ...]
    path: str
    local: np.ndarray
    colour: tuple[float, ...]

    @property
    def drawable(self) -> bool:
        """Say whether the fast renderer can draw it."""
        return self.kind != "unknown" and (
            self.kind != "mesh" or self.path.lower().endswith(meshes.READABLE)
        )

    def mesh(self) -> meshes.Mesh:
        """Give its triangles."""
        if self.kind == "mesh":
            return meshes.load(self.path, self.size)
        return meshes.primitive(self.kind, self.size)


class Bodies(Protocol):
    """What a painter asks a world for."""

    def bodies(self) -> tuple[int, ...]:
        """Give the numbers of all bodies."""

    def visuals(self, body: int) -> list[Visual]:
        """Give a body's visual shapes."""

    def frames(self, bodies: tuple[int, ...]) -> list[tuple[float, ...]]:
        """Give the pose (7,) of each body's base, then its links, body after body."""

    def rigid(self, body: int) -> bool:
        """Say whether a body neither falls nor has joints."""


@dataclass
class Troupe:
    """Instances (n,): whose they are, which never move, which are hidden, where they are now.

    `world` (n, 3, 4) holds their poses; `points` is scratch for `fill`.
    """

    geometry: stage.Geometry
    cast: stage.Cast
    body: np.ndarray
    link: np.ndarray
    still: np.ndarray
    hidden: np.ndarray
    world: np.ndarray
    points: np.ndarray

    @classmethod
    def gather(cls, world: Bodies, bodies: tuple[int, ...]) -> "Troupe":
        """Read the visual shapes of bodies. Raises SimError for one that cannot be drawn."""
        found: list[tuple[int, Visual]] = []
        frames: list[int] = []
        still: list[bool] = []
        first = 0
        for body in bodies:
            shapes = world.visuals(body)
            found += [(body, shape) for shape in shapes]
            frames += [first + 1 + shape.link for shape in shapes]
            still += [world.rigid(body)] * len(shapes)
            first += len(world.frames((body,)))
        for _, shape in found:
            if not shape.drawable:
                raise SimError(
                    f"the fast renderer cannot draw {shape.path or shape.kind}; "
                    "choose renderer='tiny' or 'egl'"
                )
        if not found:
            raise SimError("there is nothing to draw: this world has no visual shapes")
        used: dict[int, meshes.Mesh] = {}
        for _, shape in found:
            used.setdefault(id(shape.mesh()), shape.mesh())
        order = {key: k for k, key in enumerate(used)}
        every = list(used.values())
        cast = stage.cast(
            every,
            [order[id(shape.mesh())] for _, shape in found],
            frames,
            np.array([shape.local for _, shape in found]),
        )
        cast.colours[:] = [steps(shape.colour) for _, shape in found]
        return cls(
            stage.pack(every),
            cast,
            np.array([body for body, _ in found], np.int32),
            np.array([shape.link for _, shape in found], np.int32),
            np.array(still),
            np.array([shape.colour[3] == 0.0 for _, shape in found]),
            np.zeros((len(found), 3, 4)),
            np.zeros((int(cast.point_at[-1]), 6)),
        )

    def move(self, poses: np.ndarray) -> None:
        """Take the poses (f, 7) of all frames."""
        place(poses, self.cast.frame, self.cast.local, self.world)

    def repaint(self, body: int, shapes: dict[int, tuple[float, ...]]) -> None:
        """Give some of a body's shapes other colours, RGBA in 0..1; with A = 0 they are hidden."""
        own = np.flatnonzero(self.body == body)
        for shape, colour in shapes.items():
            self.cast.colours[own[shape]] = steps(colour)
            self.hidden[own[shape]] = colour[3] == 0.0

    def cover(self, patterns: dict[int, np.ndarray]) -> None:
        """Lay patterns (6,) over bodies, and take the others off."""
        self.cast.patterns[:] = 0.0
        for body, pattern in patterns.items():
            self.cast.patterns[self.body == body] = pattern


def steps(colour: tuple[float, ...]) -> np.ndarray:
    """Give a colour in whole steps of 1/255, cut off as TinyRenderer does, (3,)."""
    return np.floor(np.clip(np.array(colour[:3], np.float32) * np.float32(255.0), 0, 255)).astype(
        float
    )
