"""Make the meshes and URDFs of HandOver's long parts: spindle, bracket, rail.

    python -m sim.assets.make_hand_over

Our own designs, Apache-2.0. Metres; each part lies along y on z = 0, centred in x and y, and
can be gripped across x 75 mm either side of its middle, so that two hands hold it at once.
"""

from pathlib import Path

import numpy as np

from sim.assets.make_parts import Mesh, box, circle, join, prism, write_obj

HERE = Path(__file__).parent / "hand_over"
MASS = 0.15
LENGTH = 0.20
Box = tuple[tuple[float, float, float], tuple[float, float, float]]


def along_y(mesh: Mesh, height: float) -> Mesh:
    """Lay a solid that stands along z down along y, its axis at a height."""
    points, faces = mesh
    return [np.array([x, -z, y + height]) for x, y, z in points], faces


def solid(size: tuple[float, float, float], centre: tuple[float, float, float]) -> Mesh:
    """Give a box by its full size and centre."""
    x, y, z = ((c - s / 2, c + s / 2) for s, c in zip(size, centre, strict=True))
    return box(x, y, z)


def write(name: str, mesh: Mesh, shapes: list[Box], height: float) -> None:
    """Write NAME.obj and NAME.urdf; `shapes` are collision boxes (size, centre)."""
    write_obj(HERE / f"{name}.obj", mesh)
    # The inertia of a box of the part's outer size; z of the centre of mass is half its height.
    width = 0.028
    across = MASS / 12 * (LENGTH**2 + height**2)
    along = MASS / 12 * (width**2 + height**2)
    about = MASS / 12 * (LENGTH**2 + width**2)
    collisions = "".join(
        '    <collision><origin xyz="{} {} {}"/>'.format(*centre)
        + '<geometry><box size="{} {} {}"/></geometry></collision>\n'.format(*size)
        for size, centre in shapes
    )
    (HERE / f"{name}.urdf").write_text(
        f'<robot name="{name}">\n  <link name="{name}">\n'
        f'    <contact><lateral_friction value="1.0"/><spinning_friction value="0.01"/></contact>\n'
        f'    <inertial><origin xyz="0 0 {height / 2}"/><mass value="{MASS}"/>'
        f'<inertia ixx="{across:.3e}" iyy="{along:.3e}" izz="{about:.3e}" ixy="0" ixz="0" iyz="0"/>'
        f"</inertial>\n"
        f'    <visual><geometry><mesh filename="{name}.obj"/></geometry></visual>\n'
        f"{collisions}  </link>\n</robot>\n"
    )


def main() -> None:
    HERE.mkdir(exist_ok=True)
    axis = 0.018
    flanges = [along_y(prism(circle(0.0205, 6), y - 0.007, y + 0.007), axis) for y in (-0.03, 0.03)]
    spindle = join(
        along_y(prism(circle(0.011, 20), -LENGTH / 2, LENGTH / 2), axis),
        along_y(prism(circle(0.014, 20), -0.03, 0.03), axis),
        *flanges,
    )
    shapes: list[Box] = [((0.021, LENGTH, 0.021), (0, 0, axis))]
    shapes += [((0.036, 0.014, 0.036), (0, y, axis)) for y in (-0.03, 0.03)]
    write("spindle", spindle, shapes, 2 * axis)

    shapes = [
        ((0.024, LENGTH, 0.018), (0, 0, 0.009)),
        ((0.024, 0.012, 0.024), (0, -0.02, 0.030)),
        ((0.024, 0.012, 0.024), (0, 0.02, 0.030)),
    ]
    write("bracket", join(*(solid(*shape) for shape in shapes)), shapes, 0.026)

    shapes = [
        ((0.028, LENGTH, 0.010), (0, 0, 0.005)),
        ((0.016, LENGTH, 0.008), (0, 0, 0.014)),
        ((0.028, LENGTH, 0.008), (0, 0, 0.022)),
    ]
    rail = [((0.028, LENGTH, 0.026), (0.0, 0.0, 0.013))]
    write("rail", join(*(solid(*shape) for shape in shapes)), rail, 0.026)


if __name__ == "__main__":
    main()
