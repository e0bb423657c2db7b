"""Random looks: another light, other shades, textures and camera places for every episode."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from sim.cameras import Camera
from sim.errors import SimError
from sim.light import Light
from sim.raster.shade import CHECKER, NOISE, STRIPES
from sim.scene import Scene

KINDS = ("light", "colours", "textures", "cameras")
# Radians that the light leans from overhead, and shares of it.
LEAN = (0.15, 0.9)
AMBIENT, DIFFUSE, SPECULAR = (0.5, 0.75), (0.3, 0.6), (0.0, 0.1)
# Brightness, and what each channel adds to it: shades of a colour, so that red stays red.
BRIGHTNESS, CHANNEL = (0.75, 1.15), (0.93, 1.07)
# A cell of a pattern in metres, and how far it goes from the colour to both sides.
CELL, STRENGTH = (0.02, 0.12), (0.04, 0.25)
# Metres that a camera and its target are off, on the floor and on a robot, and share of its view.
FIXED_OFF, RIDING_OFF, VIEW = 0.03, 0.004, (0.95, 1.05)


@dataclass(frozen=True)
class Look:
    """How a scene looks, where that differs from its file. An empty one changes nothing.

    `tints` (3,) multiply the colours of a group of bodies (`Floor.groups`), `patterns` (6,) lie
    over them (`sim.raster.shade`), `cameras` replace those of the same name.
    """

    light: Light | None = None
    tints: dict[str, tuple[float, ...]] = field(default_factory=dict)
    patterns: dict[str, np.ndarray] = field(default_factory=dict)
    cameras: dict[str, Camera] = field(default_factory=dict)

    @classmethod
    def draw(
        cls, rng: np.random.Generator, kinds: tuple[str, ...], scene: Scene, groups: Iterable[str]
    ) -> "Look":
        """Draw one at random; `kinds` of `KINDS`, `groups` the names of `Floor.groups`.

        What one kind draws does not depend on which others are asked for. Raises SimError for
        an unknown kind.
        """
        groups = tuple(groups)
        for kind in kinds:
            if kind not in KINDS:
                raise SimError(f"unknown randomise {kind!r}; choose from {', '.join(KINDS)}")
        seeds = rng.integers(2**63, size=len(KINDS))
        streams = {k: np.random.default_rng(seed) for k, seed in zip(KINDS, seeds, strict=True)}
        look = cls()
        if "light" in kinds:
            look = replace(look, light=_light(streams["light"]))
        if "colours" in kinds:
            look = replace(look, tints={name: _tint(streams["colours"]) for name in groups})
        if "textures" in kinds:
            fixtures = {group_of(name) for name in scene.fixtures}
            bare = [name for name in groups if name in fixtures]
            patterns = {name: _pattern(streams["textures"]) for name in bare}
            look = replace(look, patterns=patterns)
        if "cameras" in kinds:
            moved = {name: _moved(streams["cameras"], c) for name, c in scene.cameras.items()}
            look = replace(look, cameras=moved)
        return look


def group_of(name: str) -> str:
    """Give the name that a body's look goes by: bodies that differ in a number look alike."""
    return name.rstrip("0123456789").rstrip("-_ ") or name


def _light(rng: np.random.Generator) -> Light:
    turn, lean = rng.uniform(-math.pi, math.pi), rng.uniform(*LEAN)
    flat = math.sin(lean)
    return Light(
        (flat * math.cos(turn), flat * math.sin(turn), math.cos(lean)),
        rng.uniform(*AMBIENT),
        rng.uniform(*DIFFUSE),
        rng.uniform(*SPECULAR),
    )


def _tint(rng: np.random.Generator) -> tuple[float, ...]:
    brightness = rng.uniform(*BRIGHTNESS)
    return tuple(float(brightness * channel) for channel in rng.uniform(*CHANNEL, 3))


def _pattern(rng: np.random.Generator) -> np.ndarray:
    kind = rng.choice((CHECKER, NOISE, STRIPES))
    return np.array((kind, rng.uniform(*CELL), rng.uniform(*STRENGTH), *rng.uniform(0, 100, 3)))


def _moved(rng: np.random.Generator, camera: Camera) -> Camera:
    off = FIXED_OFF if camera.link is None else RIDING_OFF
    return replace(
        camera,
        eye=camera.eye + rng.uniform(-off, off, 3),
        target=camera.target + rng.uniform(-off, off, 3),
        fov_deg=float(camera.fov_deg * rng.uniform(*VIEW)),
    )
