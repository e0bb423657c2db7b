"""Make the meshes and URDFs of the parts in this folder: gear, bolt, bracket, bearing.

    python -m sim.assets.make_parts

Our own designs, Apache-2.0. Metres; each part stands on z = 0, centred in x and y. The
visual is a mesh; the collision shape is made of primitives, which contact more stably.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "parts"
MASS = 0.06
Mesh = tuple[list[np.ndarray], list[list[int]]]


def prism(outline: np.ndarray, low: float, high: float) -> Mesh:
    """Give the solid over a star-shaped outline (n, 2) between two heights."""
    n = len(outline)
    points = [np.array([*p, low]) for p in outline] + [np.array([*p, high]) for p in outline]
    points += [np.array([0, 0, low]), np.array([0, 0, high])]
    faces = []
    for i in range(n):
        j = (i + 1) % n
        faces += [[i, j, n + j], [i, n + j, n + i], [2 * n, j, i], [2 * n + 1, n + i, n + j]]
    return points, faces


def ring(outer: np.ndarray, inner: np.ndarray, low: float, high: float) -> Mesh:
    """Give the solid between two outlines (n, 2) of equal length."""
    n = len(outer)
    points = [np.array([*p, z]) for outline in (outer, inner) for z in (low, high) for p in outline]
    faces = []
    for i in range(n):
        j = (i + 1) % n
        o, ot, h, ht = 0, n, 2 * n, 3 * n
        for a, b, c, d in (
            (o + i, o + j, ot + j, ot + i),
            (h + j, h + i, ht + i, ht + j),
            (ot + i, ot + j, ht + j, ht + i),
            (o + j, o + i, h + i, h + j),
        ):
            faces += [[a, b, c], [a, c, d]]
    return points, faces


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Mesh:
    """Give an axis-aligned box."""
    outline = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])
    points, faces = prism(outline, *z)
    centre = outline.mean(axis=0)
    points[-2][:2], points[-1][:2] = centre, centre
    return points, faces


def circle(radius: float, n: int = 28) -> np.ndarray:
    """Give a regular polygon's corners (n, 2)."""
    angle = np.arange(n) / n * 2 * np.pi
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def gear_outline(teeth: int, root: float, tip: float) -> np.ndarray:
    """Give the corners of a gear with flat-topped teeth."""
    radii = np.tile([root, tip, tip, root], teeth)
    step = 2 * np.pi / teeth
    angle = np.concatenate([k * step + step * np.array([0.0, 0.2, 0.5, 0.7]) for k in range(teeth)])
    return radii[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def join(*meshes: Mesh) -> Mesh:
    """Put several meshes into one."""
    points: list[np.ndarray] = []
    faces: list[list[int]] = []
    for mesh_points, mesh_faces in meshes:
        faces += [[i + len(points) for i in face] for face in mesh_faces]
        points += mesh_points
    return points, faces


def write_obj(path: Path, mesh: Mesh) -> None:
    """Write a mesh as an OBJ with one normal a face, leaving out faces of no area."""
    points, faces = mesh
    lines = [f"# {path.stem}: Millhand, Apache-2.0"]
    lines += ["v {:.5f} {:.5f} {:.5f}".format(*p) for p in points]
    count = 0
    for face in faces:
        a, b, c = (points[i] for i in face)
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal)
        if area < 1e-12:
            continue
        count += 1
        lines.append("vn {:.4f} {:.4f} {:.4f}".format(*(normal / area)))
        lines.append("f " + " ".join(f"{i + 1}//{count}" for i in face))
    path.write_text("\n".join(lines) + "\n")


def write(name: str, mesh: Mesh, shapes: list[tuple[str, str]], height: float) -> None:
    """Write NAME.obj and NAME.urdf; `shapes` are collision (geometry, xyz) pairs."""
    write_obj(HERE / f"{name}.obj", mesh)
    inertia = MASS * 0.02**2
    collisions = "".join(
        f'    <collision><origin xyz="{xyz}"/><geometry>{geometry}</geometry></collision>\n'
        for geometry, xyz in shapes
    )
    (HERE / f"{name}.urdf").write_text(
        f'<robot name="{name}">\n  <link name="{name}">\n'
        f'    <contact><lateral_friction value="1.0"/><spinning_friction value="0.01"/></contact>\n'
        f'    <inertial><origin xyz="0 0 {height / 2}"/><mass value="{MASS}"/>'
        f'<inertia ixx="{inertia}" iyy="{inertia}" izz="{inertia}" ixy="0" ixz="0" iyz="0"/>'
        f"</inertial>\n"
        f'    <visual><geometry><mesh filename="{name}.obj"/></geometry></visual>\n'
        f"{collisions}  </link>\n</robot>\n"
    )


def cylinder(radius: float, length: float) -> str:
    return f'<cylinder radius="{radius}" length="{length}"/>'


def main() -> None:
    HERE.mkdir(exist_ok=True)
    gear = ring(gear_outline(10, 0.0185, 0.0235), np.repeat(circle(0.007, 20), 2, axis=0), 0, 0.026)
    write("gear", gear, [(cylinder(0.022, 0.026), "0 0 0.013")], 0.026)
    bolt = join(prism(circle(0.021, 6), 0, 0.014), prism(circle(0.011, 20), 0.014, 0.046))
    shapes = [(cylinder(0.020, 0.014), "0 0 0.007"), (cylinder(0.011, 0.046), "0 0 0.023")]
    write("bolt", bolt, shapes, 0.03)
    bracket = join(
        box((-0.019, 0.019), (-0.019, 0.019), (0, 0.016)),
        box((-0.019, -0.007), (-0.019, 0.019), (0.016, 0.044)),
    )
    shapes = [
        ('<box size="0.038 0.038 0.016"/>', "0 0 0.008"),
        ('<box size="0.012 0.038 0.028"/>', "-0.013 0 0.030"),
    ]
    write("bracket", bracket, shapes, 0.03)
    bearing = join(
        ring(circle(0.023), circle(0.018), 0, 0.022),
        ring(circle(0.018), circle(0.014), 0, 0.017),
        ring(circle(0.014), circle(0.009), 0, 0.022),
    )
    write("bearing", bearing, [(cylinder(0.023, 0.022), "0 0 0.011")], 0.022)


if __name__ == "__main__":
    main()
