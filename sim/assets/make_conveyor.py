"""Make the conveyor's URDF: a frame, a belt that carries, and marks that show how it moves.

    python -m sim.assets.make_conveyor

Our own design, Apache-2.0. Metres; the origin is the middle of the belt's upper side, which runs
towards -y. What carries is one long board on a prismatic joint, without a visual: `TRAVEL`
longer than the belt that is seen, so that it never ends within an episode. The belt that is
seen stands still but for its `marks`, which a task moves on by the belt's travel.
"""

from pathlib import Path

from sim.tasks.conveyor import HALF_WIDTH, HOOD, MARK_PITCH, OUTLET, OUTLET_END, TRAVEL

FILE = Path(__file__).parent / "conveyor" / "conveyor.urdf"
BELT = "0.13 0.14 0.15 1"
MARK = "0.36 0.37 0.38 1"
STEEL = "0.62 0.65 0.68 1"
COVER = "0.28 0.36 0.44 1"
RAIL = 0.012
RIM = 0.006
HEIGHT = 0.06
"""Of the belt over the bench that it stands on."""
ROOF = 0.13
MARGIN = 0.4
Vector = tuple[float, float, float]


def box(low: Vector, high: Vector, colour: str = "", solid: bool = True) -> str:
    """Give a link's parts for a box between two corners; without a colour it is not seen."""
    size = " ".join(f"{b - a:.4g}" for a, b in zip(low, high, strict=True))
    middle = " ".join(f"{(a + b) / 2:.4g}" for a, b in zip(low, high, strict=True))
    inside = f'<origin xyz="{middle}"/><geometry><box size="{size}"/></geometry>'
    found = ""
    if colour:
        name = colour.replace(" ", "_")
        paint = f'<material name="{name}"><color rgba="{colour}"/></material>'
        found += f"    <visual>{inside}{paint}</visual>\n"
    return found + (f"    <collision>{inside}</collision>\n" if solid else "")


def link(name: str, mass: float, shapes: list[str]) -> str:
    """Give a link with a round inertia."""
    return (
        f'  <link name="{name}">\n'
        '    <contact><lateral_friction value="1.0"/></contact>\n'
        f'    <inertial><mass value="{mass}"/><inertia ixx="{mass}" iyy="{mass}" izz="{mass}"'
        ' ixy="0" ixz="0" iyz="0"/></inertial>\n' + "".join(shapes) + "  </link>\n"
    )


def joint(name: str) -> str:
    """Give the prismatic joint of a link of the same name, positive towards -y."""
    return (
        f'  <joint name="{name}" type="prismatic">\n'
        f'    <parent link="frame"/><child link="{name}"/><axis xyz="0 -1 0"/>\n'
        f'    <limit lower="0" upper="{2 * TRAVEL}" effort="10000" velocity="1"/>\n'
        "  </joint>\n"
    )


def covered(low: float, high: float) -> list[str]:
    """Give the sides and the roof of a tunnel over the belt."""
    side, wall = HALF_WIDTH + RAIL, 0.01
    boxes = [((-side - wall, low, ROOF), (side + wall, high, ROOF + wall))]
    for x in (-side - wall, side):
        boxes.append(((x, low, -HEIGHT), (x + wall, high, ROOF)))
    return [box(*one, COVER) for one in boxes]


def main() -> None:
    """Write the URDF."""
    far = HOOD + TRAVEL
    w = HALF_WIDTH
    frame = [box((-w, OUTLET_END, -0.03), (w, far, -0.001), BELT, solid=False)]
    for x in (-w - RAIL, w):
        frame.append(box((x, OUTLET_END, -HEIGHT), (x + RAIL, far, RIM), STEEL))
    frame += covered(HOOD, far) + covered(OUTLET_END, OUTLET)
    frame.append(box((-w, OUTLET_END - 0.02, -HEIGHT), (w, OUTLET_END, ROOF), COVER))
    # Bullet draws the collision shape of a link without a visual: a speck under the belt it is.
    speck = box((-0.001, 0.0, -0.012), (0.001, 0.002, -0.010), BELT).splitlines()[0] + "\n"
    carrier = speck + box((-w + 0.001, OUTLET_END - MARGIN, -0.02), (w - 0.001, far + MARGIN, 0.0))
    first = OUTLET - MARK_PITCH
    count = int((HOOD - first) / MARK_PITCH) + 2
    marks = []
    for k in range(count):
        y = first + k * MARK_PITCH
        marks.append(box((-w + 0.004, y, -0.001), (w - 0.004, y + 0.006, 0.0), MARK, solid=False))
    parts = [link("frame", 0.0, frame), link("belt", 50.0, [carrier]), link("marks", 1.0, marks)]
    text = '<robot name="conveyor">\n' + "".join(parts) + joint("belt") + joint("marks")
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text + "</robot>\n")


if __name__ == "__main__":
    main()
