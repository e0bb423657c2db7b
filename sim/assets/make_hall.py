"""Make DeliverTote's hall: shelf, pallet truck, person, pallet, tote, station marks.

    python -m sim.assets.make_hall

Our own designs, Apache-2.0. Metres; everything stands on z = 0. What is seen is made of many
boxes, what can be run into of few.
"""

from pathlib import Path

HERE = Path(__file__).parent / "hall"
COLOURS = {
    "steel": "0.16 0.27 0.45 1",
    "board": "0.80 0.42 0.10 1",
    "card": "0.72 0.56 0.36 1",
    "wood": "0.66 0.52 0.34 1",
    "red": "0.78 0.13 0.10 1",
    "dark": "0.13 0.13 0.15 1",
    "vest": "0.95 0.48 0.05 1",
    "skin": "0.85 0.66 0.52 1",
    "hat": "0.96 0.86 0.10 1",
    "blue": "0.20 0.33 0.55 1",
    "tote": "0.12 0.42 0.72 1",
}
SHELF = (1.8, 0.6, 1.5)
TOTE = (0.40, 0.30, 0.22)


def visual(shape: str, centre: tuple[float, ...], colour: str) -> str:
    return (
        '    <visual><origin xyz="{:g} {:g} {:g}"/>'.format(*centre)
        + f'<geometry>{shape}</geometry><material name="{colour}"/></visual>\n'
    )


def collision(shape: str, centre: tuple[float, ...]) -> str:
    return (
        '    <collision><origin xyz="{:g} {:g} {:g}"/>'.format(*centre)
        + f"<geometry>{shape}</geometry></collision>\n"
    )


def box(*size: float) -> str:
    return '<box size="{:g} {:g} {:g}"/>'.format(*size)


def cylinder(radius: float, length: float) -> str:
    return f'<cylinder radius="{radius:g}" length="{length:g}"/>'


def inertial(mass: float, moment: float, z: float) -> str:
    return (
        f'    <inertial><origin xyz="0 0 {z:g}"/><mass value="{mass:g}"/><inertia ixx="{moment:g}" '
        f'iyy="{moment:g}" izz="{moment:g}" ixy="0" ixz="0" iyz="0"/></inertial>\n'
    )


def write(name: str, link: str, slide: bool = False) -> None:
    """Write NAME.urdf: one link, or one that slides along x on a joint `slide`."""
    materials = "".join(
        f'  <material name="{key}"><color rgba="{rgba}"/></material>\n'
        for key, rgba in COLOURS.items()
        if f'"{key}"' in link
    )
    body = f'  <link name="{name}">\n{link}  </link>\n'
    if slide:
        body = (
            f'  <link name="rail">\n{inertial(1, 0.1, 0)}  </link>\n{body}'
            f'  <joint name="slide" type="prismatic"><parent link="rail"/><child link="{name}"/>'
            '<axis xyz="1 0 0"/><limit lower="-10" upper="10" effort="5000" velocity="5"/>'
            "</joint>\n"
        )
    (HERE / f"{name}.urdf").write_text(f'<robot name="{name}">\n{materials}{body}</robot>\n')


def shelf() -> str:
    """Give a shelf of three boards with cartons; one box to run into."""
    x, y, z = SHELF
    found = collision(box(*SHELF), (0, 0, z / 2))
    for i in (-1, 1):
        for j in (-1, 1):
            found += visual(
                box(0.05, 0.05, z), (i * (x / 2 - 0.025), j * (y / 2 - 0.025), z / 2), "steel"
            )
    sizes = ((0.42, 0.30, -0.60), (0.50, 0.24, -0.05), (0.36, 0.33, 0.55))
    for level in range(3):
        height = 0.12 + 0.48 * level
        found += visual(box(x, y, 0.03), (0, 0, height), "board")
        for k, (wide, tall, at) in enumerate(sizes):
            shift = 0.07 * ((level + k) % 3 - 1)
            place = (at + shift, 0, height + 0.015 + tall / 2)
            found += visual(box(wide, 0.46, tall), place, "card" if (level + k) % 3 else "blue")
    return inertial(50, 10, 0.7) + found


def truck() -> str:
    """Give a pallet truck with a loaded pallet and its handle."""
    return (
        inertial(120, 30, 0.3)
        + collision(box(1.2, 0.6, 0.75), (0, 0, 0.395))
        + visual(box(1.0, 0.56, 0.10), (0.08, 0, 0.10), "wood")
        + visual(box(0.92, 0.50, 0.30), (0.08, 0, 0.31), "card")
        + visual(box(0.60, 0.46, 0.28), (0.16, 0, 0.60), "card")
        + visual(box(0.18, 0.34, 0.42), (-0.50, 0, 0.25), "red")
        + visual(box(0.04, 0.04, 0.75), (-0.56, 0, 0.72), "dark")
        + visual(box(0.04, 0.34, 0.05), (-0.56, 0, 1.10), "dark")
    )


def person() -> str:
    """Give a person in a safety vest and a hard hat; one cylinder to run into."""
    return (
        inertial(80, 10, 0.9)
        + collision(cylinder(0.24, 1.70), (0, 0, 0.86))
        + visual(cylinder(0.08, 0.82), (0, 0.10, 0.42), "blue")
        + visual(cylinder(0.08, 0.82), (0, -0.10, 0.42), "blue")
        + visual(cylinder(0.19, 0.58), (0, 0, 1.12), "vest")
        + visual(cylinder(0.055, 0.55), (0, 0.24, 1.12), "vest")
        + visual(cylinder(0.055, 0.55), (0, -0.24, 1.12), "vest")
        + visual('<sphere radius="0.115"/>', (0, 0, 1.54), "skin")
        + visual(cylinder(0.13, 0.09), (0, 0, 1.64), "hat")
        + visual(cylinder(0.17, 0.02), (0.02, 0, 1.60), "hat")
    )


def pallet() -> str:
    """Give a pallet with cartons that someone left in the way."""
    return (
        inertial(100, 20, 0.3)
        + collision(box(0.8, 0.6, 0.62), (0, 0, 0.31))
        + visual(box(0.8, 0.6, 0.12), (0, 0, 0.06), "wood")
        + visual(box(0.70, 0.52, 0.30), (0, 0, 0.27), "card")
        + visual(box(0.40, 0.44, 0.20), (-0.12, 0, 0.52), "card")
    )


def tote() -> str:
    """Give an open tote; one box to run into."""
    x, y, z = TOTE
    found = (
        '    <contact><lateral_friction value="1.0"/></contact>\n'
        + inertial(3.0, 0.06, 0.08)
        + collision(box(*TOTE), (0, 0, z / 2))
        + visual(box(x, y, 0.01), (0, 0, 0.005), "tote")
        + visual(box(x - 0.04, y - 0.04, 0.12), (0, 0, 0.08), "dark")
    )
    for s in (-1, 1):
        found += visual(box(0.012, y, z), (s * (x / 2 - 0.006), 0, z / 2), "tote")
        found += visual(box(x, 0.012, z), (0, s * (y / 2 - 0.006), z / 2), "tote")
    return found


def mark() -> str:
    """Give the frame on the ground that a station is marked with; nothing to run into."""
    found = inertial(1, 0.1, 0)
    for s in (-1, 1):
        found += visual(box(1.3, 0.07, 0.004), (0, s * 0.615, 0.002), "hat")
        found += visual(box(0.07, 1.16, 0.004), (s * 0.615, 0, 0.002), "hat")
    return found


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name, link in (
        ("shelf", shelf()),
        ("pallet", pallet()),
        ("tote", tote()),
        ("mark", mark()),
    ):
        write(name, link)
    write("truck", truck(), slide=True)
    write("person", person(), slide=True)


if __name__ == "__main__":
    main()
