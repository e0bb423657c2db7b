"""Scenes are data: a TOML file read into named fixtures, zones, colours and cameras."""

import tomllib
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from sim.cameras import Camera
from sim.errors import SimError

HERE = Path(__file__).parent
PARTS = ("gear", "bolt", "bracket", "bearing")
TOUCH = 1e-6


@dataclass(frozen=True)
class Fixture:
    """A box that stands still: full size (3,), centre (3,), metres; colour RGBA in 0..1."""

    size: tuple[float, float, float]
    position: tuple[float, float, float]
    colour: tuple[float, ...]

    def overlaps(self, other: "Fixture") -> bool:
        """Say whether two boxes share space; faces that touch do not."""
        axes = zip(self.position, other.position, self.size, other.size, strict=True)
        return all(abs(p - q) < (s + t) / 2 - TOUCH for p, q, s, t in axes)


@dataclass(frozen=True)
class Mount:
    """Where a robot's base stands: position (3,), yaw about z; `home` replaces the robot's own."""

    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    yaw: float = 0.0
    home: np.ndarray | None = None


@dataclass(frozen=True)
class Tray:
    """A tray of open slots in a row along y. `slots` maps a name to its centre (3,)."""

    slots: dict[str, np.ndarray]
    slot: tuple[float, float]
    floor: float
    boxes: tuple[Fixture, ...]


@dataclass(frozen=True)
class Scene:
    """What stands on the floor. Metres, in the floor's frame: x away from the robot, z up.

    `tables` holds the file as read: a task finds there what only it understands (`need`).
    """

    name: str
    fixtures: dict[str, Fixture]
    parts: tuple[str, ...]
    colours: dict[str, tuple[float, ...]]
    cameras: dict[str, Camera]
    mounts: dict[str, Mount]
    tables: dict[str, Any]

    @classmethod
    def load(cls, name: str | Path) -> "Scene":
        """Read `sim/scenes/NAME.toml`, or a file of one's own by its path.

        Raises SimError, naming file and value, where there is no such file, a table is missing
        or holds the wrong thing, two fixtures overlap, or a part is unknown.
        """
        path = Path(name) if str(name).endswith(".toml") else HERE / "scenes" / f"{name}.toml"
        try:
            tables = tomllib.loads(path.read_text())
        except OSError:
            known = ", ".join(sorted(p.stem for p in (HERE / "scenes").glob("*.toml")))
            raise SimError(f"no scene {str(name)!r}; scenes: {known}, or a .toml file") from None
        except tomllib.TOMLDecodeError as error:
            raise SimError(f"scene {path.name} is not valid TOML: {error}") from None
        for key in ("fixtures", "cameras"):
            if key not in tables:
                raise SimError(f"scene {path.name} has no table [{key}]")
        try:
            return cls._from_tables(path, tables)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, SimError):
                raise
            what = f"lacks the key {error}" if isinstance(error, KeyError) else str(error)
            raise SimError(f"scene {path.name}: {what}") from None

    @classmethod
    def _from_tables(cls, path: Path, tables: dict[str, Any]) -> "Scene":
        fixtures = {
            key: Fixture(
                vector(path, f"fixtures.{key}.size", t["size"]),
                vector(path, f"fixtures.{key}.position", t["position"]),
                tuple(t["colour"]),
            )
            for key, t in tables["fixtures"].items()
        }
        for (a, one), (b, other) in combinations(fixtures.items(), 2):
            if one.overlaps(other):
                raise SimError(
                    f"scene {path.name}: fixtures {a!r} and {b!r} overlap; move one of them"
                )
        parts = tuple(tables.get("parts", {}).get("kinds", ()))
        for part in parts:
            if part not in PARTS:
                raise SimError(
                    f"scene {path.name}: unknown part {part!r}; choose from {', '.join(PARTS)}"
                )
        mounts = {
            key: Mount(
                np.array(vector(path, f"mounts.{key}.position", t.get("position", [0, 0, 0]))),
                float(t.get("yaw", 0.0)),
                np.array(t["home"], float) if "home" in t else None,
            )
            for key, t in tables.get("mounts", {}).items()
        }
        return cls(
            name=path.stem,
            fixtures=fixtures,
            parts=parts,
            colours={key: tuple(value) for key, value in tables.get("colours", {}).items()},
            cameras={key: Camera.from_table(key, t) for key, t in tables["cameras"].items()},
            mounts=mounts,
            tables=tables,
        )

    def need(self, key: str) -> dict[str, Any]:
        """Give the table `key` of the file. Raises SimError where there is none."""
        if key not in self.tables:
            raise SimError(f"scene {self.name}.toml has no table [{key}]")
        table: dict[str, Any] = self.tables[key]
        return table

    def mount(self, robot: str) -> Mount:
        """Say where a robot stands: at the origin unless the file says otherwise."""
        return self.mounts.get(robot, Mount())


def vector(path: Path, key: str, value: Any) -> tuple[float, float, float]:
    """Give three finite numbers. Raises SimError, naming file and key, for anything else."""
    try:
        x, y, z = (float(number) for number in value)
    except (TypeError, ValueError):
        raise SimError(f"scene {path.name}: {key} = {value!r} is not three numbers") from None
    if not np.isfinite((x, y, z)).all():
        raise SimError(f"scene {path.name}: {key} = {value!r} is not three finite numbers")
    return x, y, z


def build_tray(table: dict[str, Any]) -> Tray:
    """Work out a tray's slots and the boxes that it is made of."""
    x, y, z = table["position"]
    depth, width = table["slot"]
    wall, height, floor = table["wall"], table["height"], table["floor"]
    colour = tuple(table["colour"])
    names = table["slots"]
    pitch = width + wall
    span = pitch * len(names) + wall
    boxes = [((depth + 2 * wall, span, floor), (x, y, z + floor / 2))]
    for side in (-1, 1):
        centre = (x + side * (depth + wall) / 2, y, z + height / 2)
        boxes.append(((wall, span, height), centre))
    for k in range(len(names) + 1):
        centre = (x, y - span / 2 + wall / 2 + k * pitch, z + height / 2)
        boxes.append(((depth + 2 * wall, wall, height), centre))
    slots = {
        name: np.array([x, y + (k - (len(names) - 1) / 2) * pitch, z + floor])
        for k, name in enumerate(names)
    }
    found = tuple(Fixture(size, centre, colour) for size, centre in boxes)
    return Tray(slots, (depth, width), floor, found)
