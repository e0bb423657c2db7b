"""The collision shapes of a URDF's links, as points whose convex hull holds them."""

import struct
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robots.errors import ModelError
from robots.urdf import number, numbers, origin, robot_of

SIDES = 32
"""Corners that stand for a circle, on one so much larger that their polygon holds it."""


@dataclass(frozen=True)
class Piece:
    """A convex shape: the hull of `points` (k, 3), in the link's frame, grown by `margin`, m.

    A mesh counts as its convex hull, as it does in Bullet.
    """

    points: np.ndarray
    margin: float = 0.0


def read(urdf: Path) -> dict[str, list[Piece]]:
    """Give the collision shapes of each link that has any: box, sphere, cylinder, capsule, mesh.

    Meshes are OBJ or STL files, named from the URDF's folder. Raises ModelError, naming the link
    and the file, for a file that is missing or none of these, and for sizes that are not > 0.
    """
    robot = robot_of(urdf)
    found: dict[str, list[Piece]] = {}
    for link in robot.findall("link"):
        name = link.get("name", "")
        for collision in link.findall("collision"):
            owner = f"link {name!r} collision"
            piece = _piece(urdf, owner, collision.find("geometry"))
            position, rotation = origin(urdf, owner, collision)
            moved = Piece(piece.points @ rotation.T + position, piece.margin)
            found.setdefault(name, []).append(moved)
    return found


def _piece(urdf: Path, owner: str, geometry: ET.Element | None) -> Piece:
    shape = geometry[0] if geometry is not None and len(geometry) else None
    kind = shape.tag if shape is not None else "nothing"
    if shape is None or kind not in ("box", "sphere", "cylinder", "capsule", "mesh"):
        raise ModelError(
            f"{urdf}: {owner} has shape {kind!r}; valid: box, sphere, cylinder, capsule, mesh"
        )
    if kind == "mesh":
        scale = numbers(urdf, f"{owner} scale", shape.get("scale"), 3, "1 1 1")
        path = urdf.parent / shape.get("filename", "").removeprefix("package://")
        return Piece(vertices(path, f"{urdf}: {owner}") * scale)
    if kind == "box":
        half = 0.5 * numbers(urdf, f"{owner} size", shape.get("size"), 3, "0 0 0")
        _positive(urdf, owner, kind, half)
        corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return Piece(corners * half)
    radius = number(urdf, owner, shape, "radius", "0")
    length = number(urdf, owner, shape, "length", "1" if kind == "sphere" else "0")
    _positive(urdf, owner, kind, np.array([radius, length]))
    if kind == "sphere":
        return Piece(np.zeros((1, 3)), radius)
    ends = np.array([[0.0, 0.0, -0.5 * length], [0.0, 0.0, 0.5 * length]])
    if kind == "capsule":
        return Piece(ends, radius)
    angle = 2.0 * np.pi / SIDES * np.arange(SIDES)
    wide = radius / np.cos(np.pi / SIDES)
    rim = wide * np.stack([np.cos(angle), np.sin(angle), np.zeros(SIDES)], axis=1)
    return Piece(np.concatenate([rim + ends[0], rim + ends[1]]))


def _positive(urdf: Path, owner: str, kind: str, sizes: np.ndarray) -> None:
    if not (sizes > 0).all():
        raise ModelError(f"{urdf}: {owner} is a {kind} of size {sizes.tolist()}; must be > 0")


def vertices(path: Path, owner: str = "mesh") -> np.ndarray:
    """Give the distinct vertices (k, 3) of an OBJ or STL file; ModelError if there are none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{owner}: {path} cannot be read ({error.strerror})") from None
    kind = path.suffix.lower()
    if kind not in (".obj", ".stl"):
        raise ModelError(f"{owner}: {path} is no mesh we read; valid: .obj, .stl")
    try:
        if kind == ".stl" and _is_binary(data):
            count = struct.unpack_from("<I", data, 80)[0]
            facets = np.frombuffer(data, np.dtype([("v", "<f4", (4, 3)), ("x", "V2")]), count, 84)
            points = facets["v"][:, 1:].reshape(-1, 3).astype(float)
        else:
            mark = "v" if kind == ".obj" else "vertex"
            lines = [line.split() for line in data.decode("utf-8", "replace").splitlines()]
            points = np.array([row[1:4] for row in lines if row and row[0] == mark], float)
    except ValueError as error:
        raise ModelError(f"{owner}: {path} is not a sound {kind} file ({error})") from None
    if points.ndim != 2 or points.shape[1] != 3 or not np.isfinite(points).all():
        raise ModelError(f"{owner}: {path} has no vertices, or some that are not 3 finite numbers")
    distinct: np.ndarray = np.unique(points, axis=0)
    return distinct


def _is_binary(data: bytes) -> bool:
    """Tell a binary STL by its length: some begin with `solid`, like those in text."""
    return len(data) >= 84 and len(data) == 84 + 50 * struct.unpack_from("<I", data, 80)[0]
