"""Write mechanisms as URDF: links of primitives and small meshes, joined by joints.

Metres, kilograms, radians. Meshes are the (points, faces) of `make_parts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.assets.make_parts import Mesh
from sim.assets.meshes import write_obj

Triple = tuple[float, float, float]
ZERO: Triple = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Shape:
    """A piece of a link: `geometry` in URDF's words; seen in `colour`, solid, or both."""

    geometry: str
    xyz: Triple = ZERO
    rpy: Triple = ZERO
    colour: Sequence[float] | None = None
    solid: bool = True


def box(
    size: Triple, xyz: Triple = ZERO, rpy: Triple = ZERO, colour: Sequence[float] | None = None
) -> Shape:
    """Give a box of full size (3,)."""
    return Shape(f'<box size="{numbers(size)}"/>', xyz, rpy, colour)


def cylinder(
    radius: float,
    length: float,
    xyz: Triple = ZERO,
    rpy: Triple = ZERO,
    colour: Sequence[float] | None = None,
) -> Shape:
    """Give a cylinder along z."""
    return Shape(f'<cylinder radius="{radius:g}" length="{length:g}"/>', xyz, rpy, colour)


def sphere(radius: float, xyz: Triple = ZERO, colour: Sequence[float] | None = None) -> Shape:
    """Give a sphere."""
    return Shape(f'<sphere radius="{radius:g}"/>', xyz, ZERO, colour)


def picture(shape: Shape) -> Shape:
    """Give a shape that is seen and not felt."""
    return Shape(shape.geometry, shape.xyz, shape.rpy, shape.colour, solid=False)


class Mechanism:
    """One URDF file in the making, and the meshes beside it."""

    def __init__(self, folder: Path, name: str, friction: float = 0.4) -> None:
        self.folder, self.name, self.friction = folder, name, friction
        self._text: list[str] = []

    def mesh(self, name: str, mesh: Mesh, colour: Sequence[float], solid: bool = False) -> Shape:
        """Save a mesh as NAME.obj; give it as a shape. What is felt is its convex hull."""
        file = f"{self.name}_{name}.obj"
        write_obj(self.folder / file, np.array(mesh[0]), np.array(mesh[1]))
        return Shape(f'<mesh filename="{file}"/>', colour=colour, solid=solid)

    def link(
        self, name: str, shapes: Sequence[Shape], mass: float = 0.1, centre: Triple = ZERO
    ) -> None:
        """Add a link, its centre of mass at `centre`."""
        inertia = mass * 0.05**2
        rows = [
            f'  <link name="{name}">',
            f'    <contact><lateral_friction value="{self.friction:g}"/></contact>',
            f'    <inertial><origin xyz="{numbers(centre)}"/><mass value="{mass:g}"/>'
            f'<inertia ixx="{inertia:g}" '
            f'iyy="{inertia:g}" izz="{inertia:g}" ixy="0" ixz="0" iyz="0"/></inertial>',
        ]
        for k, shape in enumerate(shapes):
            origin = f'<origin xyz="{numbers(shape.xyz)}" rpy="{numbers(shape.rpy)}"/>'
            inside = f"{origin}<geometry>{shape.geometry}</geometry>"
            if shape.colour is not None:
                material = (
                    f'<material name="{name}-{k}"><color rgba="{numbers(shape.colour)}"/>'
                    f"</material>"
                )
                rows.append(f"    <visual>{inside}{material}</visual>")
            if shape.solid:
                rows.append(f"    <collision>{inside}</collision>")
        self._text += [*rows, "  </link>"]

    def joint(
        self,
        child: str,
        parent: str,
        kind: str = "fixed",
        xyz: Triple = ZERO,
        axis: Triple = (0.0, 0.0, 1.0),
        limits: tuple[float, float] = (0.0, 0.0),
        damping: float = 0.0,
        rpy: Triple = ZERO,
    ) -> None:
        """Join `child` to `parent`; the joint has the child's name."""
        rows = [
            f'  <joint name="{child}" type="{kind}">',
            f'    <parent link="{parent}"/><child link="{child}"/>',
            f'    <origin xyz="{numbers(xyz)}" rpy="{numbers(rpy)}"/>',
        ]
        if kind != "fixed":
            rows.append(
                f'    <axis xyz="{numbers(axis)}"/><limit lower="{limits[0]:g}" '
                f'upper="{limits[1]:g}" effort="100" velocity="10"/>'
                f'<dynamics damping="{damping:g}"/>'
            )
        self._text += [*rows, "  </joint>"]

    def save(self) -> None:
        """Write NAME.urdf."""
        text = "\n".join([f'<robot name="{self.name}">', *self._text, "</robot>", ""])
        (self.folder / f"{self.name}.urdf").write_text(text)


def numbers(values: Sequence[float]) -> str:
    """Give numbers as URDF writes them."""
    return " ".join(f"{value:.5g}" for value in values)


def lathe(profile: Sequence[tuple[float, float]], n: int = 28) -> Mesh:
    """Give the solid that a profile of (radius, height), from foot to top, sweeps about z."""
    angles = np.arange(n) / n * 2 * np.pi
    points = [
        np.array([radius * np.cos(a), radius * np.sin(a), height])
        for radius, height in profile
        for a in angles
    ]
    faces = []
    for k in range(len(profile) - 1):
        for i in range(n):
            low, other = k * n + i, k * n + (i + 1) % n
            faces += [[low, other, other + n], [low, other + n, low + n]]
    foot, top = len(points), len(points) + 1
    points += [np.array([0.0, 0.0, profile[0][1]]), np.array([0.0, 0.0, profile[-1][1]])]
    last = (len(profile) - 1) * n
    for i in range(n):
        j = (i + 1) % n
        faces += [[foot, j, i], [top, last + i, last + j]]
    return points, faces


def extrude(outline: Sequence[tuple[float, float]], low: float, high: float) -> Mesh:
    """Give the solid over a convex outline of (x, z), anticlockwise, from y = low to high."""
    n = len(outline)
    points = [np.array([x, y, z]) for y in (low, high) for x, z in outline]
    faces = []
    for i in range(n):
        j = (i + 1) % n
        faces += [[i, n + j, j], [i, n + i, n + j]]
    for i in range(1, n - 1):
        faces += [[0, i, i + 1], [n, n + i + 1, n + i]]
    return points, faces


def move(mesh: Mesh, xyz: Triple, yaw: float = 0.0) -> Mesh:
    """Turn a mesh about z and move it."""
    c, s = float(np.cos(yaw)), float(np.sin(yaw))
    points = [
        np.array([c * p[0] - s * p[1] + xyz[0], s * p[0] + c * p[1] + xyz[1], p[2] + xyz[2]])
        for p in mesh[0]
    ]
    return points, mesh[1]
