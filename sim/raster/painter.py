"""Draws a world's bodies as a camera sees them, and keeps the background that stands still."""

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from sim.errors import SimError
from sim.light import Light
from sim.raster import shadow
from sim.raster.fill import fill
from sim.raster.shade import shade
from sim.raster.troupe import Bodies, Troupe

KEPT = 8


@dataclass
class Picture:
    """Colours (h, w, 3) uint8, and 1/w float32 and instances int32, each (h, w)."""

    rgb: np.ndarray
    inverse: np.ndarray
    who: np.ndarray

    @classmethod
    def blank(cls, width: int, height: int, far: float) -> "Picture":
        """Give one with nothing on it: white, at the far plane."""
        return cls(
            np.full((height, width, 3), 255, np.uint8),
            np.full((height, width), 1.0 / far, np.float32),
            np.full((height, width), -1, np.int32),
        )

    def copy(self) -> "Picture":
        """Give a copy that shares nothing."""
        return Picture(self.rgb.copy(), self.inverse.copy(), self.who.copy())


class Painter:
    """Draws a world's bodies. Deterministic, one thread, no GPU.

    Bodies that are `rigid` are drawn once for a camera that stands still; what is kept is used
    only while their poses, colours and patterns, the light and the camera are the same to the
    last bit, which every picture checks. `keep=False` draws everything every time.
    """

    def __init__(self, world: Bodies, keep: bool = True) -> None:
        self._world, self._keep = world, keep
        self._bodies: tuple[int, ...] = ()
        self._troupe: Troupe | None = None
        self._patterns: dict[int, np.ndarray] = {}
        self._colours: dict[int, dict[int, tuple[float, ...]]] = {}
        self._kept: OrderedDict[bytes, tuple[bytes, Picture]] = OrderedDict()
        self._seen: OrderedDict[bytes, bytes] = OrderedDict()

    @property
    def troupe(self) -> Troupe:
        """Give the instances as they stand now."""
        bodies = self._world.bodies()
        if self._troupe is None or bodies != self._bodies:
            self._troupe = Troupe.gather(self._world, bodies)
            self._troupe.cover(self._patterns)
            for body in bodies:
                self._troupe.repaint(body, self._colours.get(body, {}))
            self._bodies = bodies
            self._kept.clear()
            self._seen.clear()
        self._troupe.move(np.array(self._world.frames(bodies)))
        return self._troupe

    def repaint(self, body: int, shapes: dict[int, tuple[float, ...]]) -> None:
        """Note new colours, RGBA in 0..1, of some of a body's shapes."""
        self._colours.setdefault(body, {}).update(shapes)
        if self._troupe is not None and body in self._bodies:
            self._troupe.repaint(body, shapes)

    def cover(self, patterns: dict[int, np.ndarray]) -> None:
        """Lay patterns (6,) over the colours of bodies, and take the others off; see `shade`."""
        self._patterns = patterns
        if self._troupe is not None:
            self._troupe.cover(patterns)

    def draw(
        self, view: list[float], projection: list[float], width: int, height: int, light: Light
    ) -> tuple[Picture, Troupe]:
        """Draw what a camera sees."""
        troupe = self.troupe
        screen, near, far = screen_matrix(view, projection, width, height)
        rays = light.rays()
        still, moving = (
            np.flatnonzero(one & ~troupe.hidden) for one in (troupe.still, ~troupe.still)
        )
        camera = screen.tobytes() + np.array((width, height, near, far)).tobytes()
        cast = troupe.cast
        key = b"".join(
            part.tobytes()
            for part in (
                rays,
                still,
                troupe.world[still],
                cast.colours[still],
                cast.patterns[still],
            )
        )
        kept = self._kept.get(camera)
        if kept is not None and kept[0] == key:
            self._kept.move_to_end(camera)
            picture = kept[1].copy()
        else:
            picture = Picture.blank(width, height, far)
            _layer(picture, troupe, still, screen, near, rays)
            self._store(camera, key, picture)
        _layer(picture, troupe, moving, screen, near, rays)
        return picture, troupe

    def fine(
        self, view: list[float], projection: list[float], width: int, height: int, light: Light
    ) -> np.ndarray:
        """Give colours (h, w, 3) uint8 for people: with shadows and smooth edges."""
        troupe = self.troupe
        screen, near, far = screen_matrix(view, projection, 2 * width, 2 * height)
        geometry, cast, points = troupe.geometry, troupe.cast, troupe.points
        everyone = np.flatnonzero(~troupe.hidden)
        sun = shadow.sun_matrix(view, light.unit())
        depths = np.full((shadow.MAP, shadow.MAP), 0.5 / shadow.SUN, np.float32)
        shown = np.full(depths.shape, -1, np.int32)
        # The backs: a lit surface then needs no bias against shading itself.
        fill(everyone, troupe.world, sun, 1.0, -1.0, geometry, cast, points, depths, shown)
        bright = Picture.blank(2 * width, 2 * height, far)
        dim = bright.rgb.copy()
        shown = _layer(bright, troupe, everyone, screen, near, light.rays())
        left = shadow.LEFT
        shade(shown, troupe.world, light.rays(), left, geometry, cast, points, dim, bright.who)
        smooth: np.ndarray = shadow.halve(bright.rgb)
        to_map = shadow.onto(screen, sun)
        shadow.blend(bright.inverse, far, *to_map, depths, smooth, shadow.halve(dim))
        return smooth

    def _store(self, camera: bytes, key: bytes, picture: Picture) -> None:
        """Keep a background the second time that it is drawn: a camera that moves has none."""
        if not self._keep:
            return
        if self._seen.get(camera) == key:
            self._kept[camera] = (key, picture.copy())
            self._kept.move_to_end(camera)
        self._seen[camera] = key
        self._seen.move_to_end(camera)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _layer(
    picture: Picture,
    troupe: Troupe,
    which: np.ndarray,
    screen: np.ndarray,
    near: float,
    rays: np.ndarray,
) -> np.ndarray:
    """Draw some instances over a picture; give the triangle that each pixel then shows."""
    shown = np.full(picture.who.shape, -1, np.int32)
    geometry, cast, points, world = troupe.geometry, troupe.cast, troupe.points, troupe.world
    fill(which, world, screen, near, 1.0, geometry, cast, points, picture.inverse, shown)
    shade(shown, world, rays, 1.0, geometry, cast, points, picture.rgb, picture.who)
    return shown


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
    return screen, *planes(projection)


def planes(projection: list[float]) -> tuple[float, float]:
    """Give the near and far planes of a perspective projection, metres."""
    a, b = float(projection[10]), float(projection[14])
    return b / (a - 1.0), b / (a + 1.0) if a != -1.0 else math.inf
