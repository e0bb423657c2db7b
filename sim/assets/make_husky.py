"""Make the light Husky: the maker's meshes reduced, no bare links, a loading deck with a rim.

    python -m sim.assets.make_husky

Masses, moments of inertia, wheel positions and shapes are those of husky_description (BSD,
Copyright 2015 Clearpath Robotics), as shipped in pybullet_data. What differs: links without mass
are part of the base (Bullet would give each 1 kg); products of inertia are left out; the chassis'
centre of mass is moved 87 mm forward to its middle, as ballast would, since otherwise the base
turns about its rear axle; and a deck with a rim of 30 mm stands on the user rails.
"""

from pathlib import Path

import pybullet_data

from sim.assets.meshes import read_stl, simplify, write_obj

SOURCE = Path(pybullet_data.getDataPath()) / "husky" / "meshes"
TARGET = Path(__file__).parents[2] / "robots" / "assets" / "husky"
TRIANGLES = {"base_link": 260, "top_plate": 160, "user_rail": 200, "bumper": 120, "wheel": 420}
COLOURS = {
    "black": "0.09 0.09 0.10 1",
    "yellow": "0.90 0.72 0.06 1",
    "grey": "0.28 0.29 0.31 1",
    "deck": "0.55 0.57 0.60 1",
}
DECK = 0.27
RIM = 0.03
LONG, WIDE = 0.66, 0.50
WHEELS = {
    "front_left": (0.256, 0.2854),
    "rear_left": (-0.256, 0.2854),
    "front_right": (0.256, -0.2854),
    "rear_right": (-0.256, -0.2854),
}
Box = tuple[tuple[float, float, float], tuple[float, float, float]]


def mesh(name: str, colour: str, xyz: str = "0 0 0", rpy: str = "0 0 0") -> str:
    return (
        f'    <visual><origin xyz="{xyz}" rpy="{rpy}"/><geometry><mesh filename="{name}.obj"/>'
        f'</geometry><material name="{colour}"/></visual>\n'
    )


def block(tag: str, size: tuple[float, ...], centre: tuple[float, ...], colour: str = "") -> str:
    paint = f'<material name="{colour}"/>' if colour else ""
    return (
        '    <{}><origin xyz="{:g} {:g} {:g}"/>'.format(tag, *centre)
        + '<geometry><box size="{:g} {:g} {:g}"/></geometry>'.format(*size)
        + f"{paint}</{tag}>\n"
    )


def deck() -> list[Box]:
    """Give the boxes (size, centre) of the loading deck: plate and rim."""
    found: list[Box] = [((LONG, WIDE, 0.012), (0, 0, DECK - 0.006))]
    for s in (-1, 1):
        found.append(((0.015, WIDE, RIM), (s * (LONG / 2 - 0.0075), 0, DECK + RIM / 2)))
        found.append(((LONG, 0.015, RIM), (0, s * (WIDE / 2 - 0.0075), DECK + RIM / 2)))
    return found


def wheel(name: str, x: float, y: float) -> str:
    return (
        f'  <link name="{name}_wheel_link">\n'
        '    <contact><lateral_friction value="1.0"/><rolling_friction value="0.0"/>'
        '<stiffness value="30000"/><damping value="1000"/></contact>\n'
        '    <inertial><mass value="2.637"/>'
        '<inertia ixx="0.02467" ixy="0" ixz="0" iyy="0.04411" iyz="0" izz="0.02467"/></inertial>\n'
        + mesh("wheel", "grey")
        + '    <collision><origin rpy="1.5707963 0 0"/>'
        '<geometry><cylinder length="0.1143" radius="0.17775"/></geometry></collision>\n'
        "  </link>\n"
        f'  <joint name="{name}_wheel" type="continuous"><parent link="base_link"/>'
        f'<child link="{name}_wheel_link"/><origin xyz="{x} {y} 0.03282"/>'
        '<axis xyz="0 1 0"/></joint>\n'
    )


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, wanted in TRIANGLES.items():
        write_obj(TARGET / f"{name}.obj", *simplify(*read_stl(SOURCE / f"{name}.stl"), wanted))
    materials = "".join(
        f'  <material name="{name}"><color rgba="{rgba}"/></material>\n'
        for name, rgba in COLOURS.items()
    )
    body = (
        mesh("base_link", "black")
        + mesh("top_plate", "yellow")
        + mesh("user_rail", "grey", "0.272 0 0.245")
        + mesh("bumper", "grey", "0.48 0 0.091")
        + mesh("bumper", "grey", "-0.48 0 0.091", "0 0 3.14159")
        + "".join(block("visual", *one, "deck") for one in deck())
        + block("collision", (1.0074, 0.5709, 0.26), (0, 0, 0.12))
        + "".join(block("collision", *one) for one in deck())
    )
    (TARGET / "husky.urdf").write_text(
        '<robot name="husky">\n'
        f"{materials}"
        '  <link name="base_link">\n'
        '    <contact><lateral_friction value="1.0"/></contact>\n'
        '    <inertial><origin xyz="0 0 0.09947"/><mass value="33.455"/>'
        '<inertia ixx="0.6022" ixy="0" ixz="0" iyy="1.7386" iyz="0" izz="2.0296"/></inertial>\n'
        f"{body}  </link>\n"
        + "".join(wheel(name, x, y) for name, (x, y) in WHEELS.items())
        + "</robot>\n"
    )


if __name__ == "__main__":
    main()
