"""Make the URDFs of Palletize in this folder: a carton and a pallet.

    python -m sim.assets.make_palletize

Our own designs, Apache-2.0, of plain boxes. Metres; the carton stands on z = 0, centred; the
pallet hangs below z = 0, which is its deck.
"""

from pathlib import Path

HERE = Path(__file__).parent / "palletize"
CARTON = (0.110, 0.056, 0.048)
MASS = 0.15
PALLET = (0.250, 0.440, 0.060)
BOARD, BOARDS, GAP = 0.012, 7, 0.010
SKIN = 0.0004
Box = tuple[tuple[float, float, float], tuple[float, float, float]]
Colour = tuple[str, tuple[float, float, float]]

CARD: Colour = ("card", (0.76, 0.58, 0.37))
TAPE: Colour = ("tape", (0.88, 0.78, 0.58))
LABEL: Colour = ("label", (0.94, 0.94, 0.92))
INK: Colour = ("ink", (0.15, 0.15, 0.17))
PINE: Colour = ("pine", (0.82, 0.68, 0.46))
SHADE: Colour = ("shade", (0.68, 0.54, 0.35))


def geometry(box: Box) -> str:
    """Give a box, full size and centre, as URDF."""
    size, centre = (" ".join(f"{x:.5f}" for x in v) for v in box)
    return f'<origin xyz="{centre}"/><geometry><box size="{size}"/></geometry>'


def visual(box: Box, colour: Colour) -> str:
    """Give one visual of a link."""
    name, rgb = colour
    rgba = " ".join(f"{x:g}" for x in (*rgb, 1.0))
    look = f'<material name="{name}"><color rgba="{rgba}"/></material>'
    return f"    <visual>{geometry(box)}{look}</visual>\n"


def write(name: str, mass: float, solid: Box, looks: list[tuple[Box, Colour]]) -> None:
    """Write NAME.urdf: one link that collides as one box, of even density."""
    (x, y, z), centre = solid
    moments = (mass / 12 * (b * b + c * c) for b, c in ((y, z), (x, z), (x, y)))
    ixx, iyy, izz = (f"{m:.4g}" for m in moments)
    middle = " ".join(f"{v:g}" for v in centre)
    (HERE / f"{name}.urdf").write_text(
        f'<robot name="{name}">\n  <link name="{name}">\n'
        '    <contact><lateral_friction value="0.8"/><spinning_friction value="0.005"/></contact>\n'
        f'    <inertial><origin xyz="{middle}"/><mass value="{mass:g}"/>'
        f'<inertia ixx="{ixx}" iyy="{iyy}" izz="{izz}" ixy="0" ixz="0" iyz="0"/></inertial>\n'
        + "".join(visual(*look) for look in looks)
        + f"    <collision>{geometry(solid)}</collision>\n  </link>\n</robot>\n"
    )


def main() -> None:
    HERE.mkdir(exist_ok=True)
    x, y, z = CARTON
    body: Box = (CARTON, (0.0, 0.0, z / 2))
    tape: Box = ((x + 2 * SKIN, 0.014, z + 2 * SKIN), (0.0, 0.0, z / 2))
    label: Box = ((0.030, y + 2 * SKIN, 0.022), (0.030, 0.0, z / 2))
    ink: Box = ((0.020, y + 4 * SKIN, 0.004), (0.030, 0.0, z / 2 + 0.004))
    looks = [(body, CARD), (tape, TAPE), (label, LABEL), (ink, INK)]
    write("carton", MASS, body, looks)
    x, y, z = PALLET
    width = (y - (BOARDS - 1) * GAP) / BOARDS
    looks = []
    for k in range(BOARDS):
        along = (k - (BOARDS - 1) / 2) * (width + GAP)
        looks.append((((x, width, BOARD), (0.0, along, -BOARD / 2)), PINE))
        looks.append((((x, width, BOARD), (0.0, along, BOARD / 2 - z)), PINE))
    for k in (-1, 0, 1):
        across = k * (x - 0.036) / 2
        block = ((0.036, y, z - 2 * BOARD), (across, 0.0, -z / 2))
        looks.append((block, SHADE))
    write("pallet", 5.0, (PALLET, (0.0, 0.0, -z / 2)), looks)


if __name__ == "__main__":
    main()
