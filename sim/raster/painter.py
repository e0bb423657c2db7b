"""Puts the bodies of a world in front of a camera, and keeps the background that stands still."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from sim.errors import SimError
from sim.light import Light
from sim.raster import meshes, shadow, stage
from sim.raster.fill import fill, place
from sim.raster.shade import shade

KEPT = 8


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
class Background:
    """What stands still, drawn: colours, 1/w, instances, for the state `key`."""

    key: bytes
    rgb: np.ndarray
    inverse: np.ndarray
    who: np.ndarray


@dataclass
class _Troupe:
    """The instances of the present set of bodies."""

    geometry: stage.Geometry
    cast: stage.Cast
    body: np.ndarray
    link: np.ndarray
    still: np.ndarray
    moving: np.ndarray
    world: np.ndarray
    points: np.ndarray
    hidden: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))


class Painter:
    """Draws a world's bodies. Deterministic, one thread, no GPU."""

    def __init__(self, world: Bodies, keep: bool = True) -> None:
        self._world, self._keep = world, keep
        self._bodies: tuple[int, ...] = ()
        self._troupe: _Troupe | None = None
        self._patterns: dict[int, np.ndarray] = {}
        self._backgrounds: OrderedDict[bytes, Background] = OrderedDict()
        self._seen: OrderedDict[bytes, bytes] = OrderedDict()

    def repaint(self, body: int, link: int, colour: tuple[float, ...]) -> None:
        """Note that a body's link has a new colour, RGBA in 0..1."""
        if self._troupe is not None:
            which = (self._troupe.body == body) & (self._troupe.link == link)
            self._troupe.cast.colours[which] = _steps(colour)
            self._troupe.hidden[which] = colour[3] == 0.0

    def pattern(self, body: int, pattern: np.ndarray | None) -> None:
        """Lay a pattern (6,) over a body's colours, or take it off; see `shade`."""
        if pattern is None:
            self._patterns.pop(body, None)
        else:
            self._patterns[body] = np.array(pattern, float)
        if self._troupe is not None:
            self._lay_patterns(self._troupe)

    def draw(
        self, view: list[float], projection: list[float], width: int, height: int, light: Light
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, "_Troupe"]:
        """Give colours (h, w, 3) uint8, 1/w float32 and instances int32, each (h, w)."""
        troupe = self._refresh()
        screen, near, far = screen_matrix(view, projection, width, height)
        rays = np.array((*light.unit(), light.ambient, light.diffuse, light.specular))
        cast = troupe.cast
        camera = screen.tobytes() + np.array((width, height, near, far)).tobytes()
        key = b"".join(
            (
                rays.tobytes(),
                troupe.world[troupe.still].tobytes(),
                cast.colours[troupe.still].tobytes(),
                cast.patterns[troupe.still].tobytes(),
                troupe.hidden.tobytes(),
            )
        )
        kept = self._backgrounds.get(camera)
        if kept is not None and kept.key == key:
            self._backgrounds.move_to_end(camera)
            rgb, inverse, who = kept.rgb.copy(), kept.inverse.copy(), kept.who.copy()
        else:
            rgb = np.full((height, width, 3), 255, np.uint8)
            inverse = np.full((height, width), 1.0 / far, np.float32)
            who = np.full((height, width), -1, np.int32)
            self._layer(troupe, troupe.still, screen, near, rays, rgb, inverse, who)
            self._store(camera, key, rgb, inverse, who)
        self._layer(troupe, troupe.moving, screen, near, rays, rgb, inverse, who)
        return rgb, inverse, who, troupe

    def fine(
        self, view: list[float], projection: list[float], width: int, height: int, light: Light
    ) -> np.ndarray:
        """Give colours (h, w, 3) uint8 for people: with shadows and smooth edges."""
        troupe = self._refresh()
        screen, near, far = screen_matrix(view, projection, 2 * width, 2 * height)
        rays = np.array((*light.unit(), light.ambient, light.diffuse, light.specular))
        geometry, cast, points = troupe.geometry, troupe.cast, troupe.points
        everyone = np.flatnonzero(~troupe.hidden)

        sun = shadow.sun_matrix(view, light.unit())
        depths = np.full((shadow.MAP, shadow.MAP), 0.5 / shadow.SUN, np.float32)
        shown = np.full(depths.shape, -1, np.int32)
        # The backs: a lit surface then needs no bias against shading itself.
        fill(everyone, troupe.world, sun, 1.0, -1.0, geometry, cast, points, depths, shown)

        inverse = np.full((2 * height, 2 * width), 1.0 / far, np.float32)
        shown = np.full(inverse.shape, -1, np.int32)
        fill(everyone, troupe.world, screen, near, 1.0, geometry, cast, points, inverse, shown)
        rgb, dim = (np.full((2 * height, 2 * width, 3), 255, np.uint8) for _ in range(2))
        who = np.empty_like(shown)
        for image, share in ((rgb, 1.0), (dim, shadow.LEFT)):
            shade(shown, troupe.world, rays, share, geometry, cast, points, image, who)
        smooth: np.ndarray = shadow.halve(rgb)
        shadow.blend(inverse, far, *shadow.onto(screen, sun), depths, smooth, shadow.halve(dim))
        return smooth

    def _layer(
        self,
        troupe: _Troupe,
        which: np.ndarray,
        screen: np.ndarray,
        near: float,
        rays: np.ndarray,
        rgb: np.ndarray,
        inverse: np.ndarray,
        who: np.ndarray,
    ) -> None:
        shown = np.full(inverse.shape, -1, np.int32)
        which = which[~troupe.hidden[which]]
        geometry, cast = troupe.geometry, troupe.cast
        fill(which, troupe.world, screen, near, 1.0, geometry, cast, troupe.points, inverse, shown)
        shade(shown, troupe.world, rays, 1.0, geometry, cast, troupe.points, rgb, who)

    def _store(
        self, camera: bytes, key: bytes, rgb: np.ndarray, inverse: np.ndarray, who: np.ndarray
    ) -> None:
        """Keep a background the second time that it is drawn: a camera that moves has none."""
        if not self._keep:
            return
        if self._seen.get(camera) == key:
            self._backgrounds[camera] = Background(key, rgb.copy(), inverse.copy(), who.copy())
            self._backgrounds.move_to_end(camera)
        self._seen[camera] = key
        self._seen.move_to_end(camera)
        for store in (self._seen, self._backgrounds):
            while len(store) > KEPT:
                store.popitem(last=False)

    def _refresh(self) -> _Troupe:
        bodies = self._world.bodies()
        if self._troupe is None or bodies != self._bodies:
            self._troupe = self._gather(bodies)
            self._bodies = bodies
            self._backgrounds.clear()
        troupe = self._troupe
        poses = np.array(self._world.frames(bodies))
        place(poses, troupe.cast.frame, troupe.cast.local, troupe.world)
        return troupe

    def _gather(self, bodies: tuple[int, ...]) -> _Troupe:
        found: list[tuple[int, Visual, int, bool]] = []
        first = 0
        for body in bodies:
            rigid = self._world.rigid(body)
            found += [
                (body, visual, first + 1 + visual.link, rigid)
                for visual in self._world.visuals(body)
            ]
            first += len(self._world.frames((body,)))
        for _, visual, _, _ in found:
            if not visual.drawable:
                raise SimError(
                    f"the fast renderer cannot draw {visual.path or visual.kind}; "
                    "choose renderer='tiny' or 'egl'"
                )
        if not found:
            raise SimError("there is nothing to draw: this world has no visual shapes")
        known: dict[int, int] = {}
        used: list[meshes.Mesh] = []
        which = []
        for _, visual, _, _ in found:
            mesh = visual.mesh()
            if id(mesh) not in known:
                known[id(mesh)] = len(used)
                used.append(mesh)
            which.append(known[id(mesh)])
        cast = stage.cast(
            used,
            which,
            [frame for _, _, frame, _ in found],
            np.array([v.local for _, v, _, _ in found]),
        )
        cast.colours[:] = [_steps(v.colour) for _, v, _, _ in found]
        still = np.array([rigid for _, _, _, rigid in found])
        troupe = _Troupe(
            stage.pack(used),
            cast,
            np.array([body for body, _, _, _ in found], np.int32),
            np.array([v.link for _, v, _, _ in found], np.int32),
            np.flatnonzero(still),
            np.flatnonzero(~still),
            np.zeros((len(found), 3, 4)),
            np.zeros((int(cast.point_at[-1]), 6)),
            np.array([v.colour[3] == 0.0 for _, v, _, _ in found]),
        )
        self._lay_patterns(troupe)
        return troupe

    def _lay_patterns(self, troupe: _Troupe) -> None:
        troupe.cast.patterns[:] = 0.0
        for body, pattern in self._patterns.items():
            troupe.cast.patterns[troupe.body == body] = pattern


def _steps(colour: tuple[float, ...]) -> np.ndarray:
    """Give a colour in whole steps of 1/255, cut off as TinyRenderer does, (3,)."""
    return np.floor(np.clip(np.array(colour[:3], np.float32) * np.float32(255.0), 0, 255)).astype(
        float
    )


def screen_matrix(
    view: list[float], projection: list[float], width: int, height: int
) -> tuple[np.ndarray, float, float]:
    """Give the matrix (3, 4) from the world to (x w, y w, w) in pixels, and near and far.

    Raises SimError for a projection that is not a perspective.
    """
    see, project = (np.array(m, float).reshape(4, 4).T for m in (view, projection))
    if abs(project[3, 2] + 1.0) > 1e-9 or project[3, 3] != 0.0:
        raise SimError("the fast renderer draws perspective projections only")
    clip = (project[:, :, None] * see[None]).sum(1)
    screen = np.empty((3, 4))
    screen[0] = width / 2 * (clip[0] + clip[3])
    screen[1] = (height / 2 - 1) * clip[3] - height / 2 * clip[1]
    screen[2] = clip[3]
    near = project[2, 3] / (project[2, 2] - 1.0)
    far = project[2, 3] / (project[2, 2] + 1.0)
    return screen, float(near), float(far)
