"""Scenes are data: a TOML file read into named fixtures, zones, colours and cameras."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.cameras import Camera
from sim.errors import SimError

HERE = Path(__file__).parent
PARTS = ("gear", "bolt", "bracket", "bearing")


@dataclass(frozen=True)
class Tray:
    """A tray of open slots in a row along y. `slots` maps a name to its centre (3,)."""

    slots: dict[str, np.ndarray]
    slot: tuple[float, float]
    floor: float
    boxes: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...]
    colour: tuple[float, ...]


@dataclass(frozen=True)
class Scene:
    """What stands on the floor. Metres, in the base frame of the arm."""

    name: str
    fixtures: dict[str, dict[str, Any]]
    zone_low: np.ndarray
    zone_high: np.ndarray
    spacing: float
    tray: Tray
    colours: dict[str, tuple[float, ...]]
    cameras: dict[str, Camera]

    @classmethod
    def load(cls, name: str) -> "Scene":
        """Read `sim/scenes/NAME.toml`.

        Raises SimError where a table is missing or the scatter zone reaches into the tray.
        """
        path = HERE / "scenes" / f"{name}.toml"
        table = tomllib.loads(path.read_text())
        for key in ("zone", "tray", "colours", "cameras"):
            if key not in table:
                raise SimError(f"scene {path.name} has no table [{key}]")
        tray = build_tray(table["tray"])
        zone = table["zone"]
        edge = table["tray"]["position"][0] - tray.slot[0] / 2 - table["tray"]["wall"]
        if zone["high"][0] > edge:
            raise SimError(
                f"scene {path.name}: zone.high[0] = {zone['high'][0]} lies in the tray, "
                f"which begins at x = {edge:.3f}"
            )
        return cls(
            name=name,
            fixtures={key: table[key] for key in ("bench", "floor") if key in table},
            zone_low=np.array(zone["low"], float),
            zone_high=np.array(zone["high"], float),
            spacing=float(zone["spacing"]),
            tray=tray,
            colours={key: tuple(value) for key, value in table["colours"].items()},
            cameras={key: Camera.from_table(key, t) for key, t in table["cameras"].items()},
        )


def build_tray(table: dict[str, Any]) -> Tray:
    """Work out a tray's slots and the boxes, (full size, centre), that it is made of."""
    x, y, z = table["position"]
    depth, width = table["slot"]
    wall, height, floor = table["wall"], table["height"], table["floor"]
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
    return Tray(slots, (depth, width), floor, tuple(boxes), tuple(table["colour"]))
