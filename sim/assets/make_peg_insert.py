"""Make the URDFs of PegInsert in this folder: shafts, a plate of three sockets, a holder.

    python -m sim.assets.make_peg_insert

Our own designs, Apache-2.0, of plain boxes, which Bullet collides without a margin: a hole is as
wide as it says. Metres. A socket's mouth has a chamfer of 45 degrees, made of tilted boxes; it is
narrowest at their lower edge. The walls below stand back by 0.03 mm, as behind a lead-in: flush
with it, they would be a ledge where the shaft's foot rests for as long as it overlaps in the least.
"""

import math
from pathlib import Path

from sim.assets.make_palletize import Colour, geometry

HERE = Path(__file__).parent / "peg_insert"
HOLE = 0.024
CLEARANCES = (1.0, 0.5, 0.2)
LENGTH, MASS = 0.100, 0.45
BLOCK, HEIGHT, CHAMFER = 0.056, 0.040, 0.0015
RELIEF, DROP, THICK, OIL = 0.00003, 0.0003, 0.008, 0.1
COLLAR = 0.008
PITCH = 0.085
PLATE = (0.090, 0.270, 0.008)
PLAY, CUP, CUP_WALL, CUP_HEIGHT = 0.003, 0.030, 0.008, 0.035
SOCKETS = ("right", "middle", "left")

STEEL: Colour = ("steel", (0.72, 0.74, 0.77))
DARK: Colour = ("dark", (0.22, 0.24, 0.28))
GREY: Colour = ("grey", (0.50, 0.53, 0.57))
PLAIN: Colour = ("plain", (0.85, 0.85, 0.85))
Solid = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


def shape(solid: Solid, colour: Colour | None = None) -> str:
    """Give a box, full size, centre and roll-pitch-yaw, as a visual or else as a collision."""
    size, centre, turn = solid
    placed = geometry((size, centre))
    if any(turn):
        placed = placed.replace("<origin ", f'<origin rpy="{" ".join(f"{x:.6f}" for x in turn)}" ')
    if colour is None:
        return f"    <collision>{placed}</collision>\n"
    name, rgb = colour
    rgba = " ".join(f"{x:g}" for x in (*rgb, 1.0))
    look = f'<material name="{name}"><color rgba="{rgba}"/></material>'
    return f"    <visual>{placed}{look}</visual>\n"


def link(
    name: str,
    solids: list[tuple[Solid, Colour]],
    friction: float,
    mass: float = 1.0,
    centre: float = 0.0,
    moments: tuple[float, float, float] = (0.01, 0.01, 0.01),
) -> str:
    """Give a link that looks as it collides."""
    ixx, iyy, izz = (f"{m:.4g}" for m in moments)
    return (
        f'  <link name="{name}">\n'
        f'    <contact><lateral_friction value="{friction}"/></contact>\n'
        f'    <inertial><origin xyz="0 0 {centre:g}"/><mass value="{mass:g}"/>'
        f'<inertia ixx="{ixx}" iyy="{iyy}" izz="{izz}" ixy="0" ixz="0" iyz="0"/></inertial>\n'
        + "".join(shape(solid, colour) + shape(solid) for solid, colour in solids)
        + "  </link>\n"
    )


def frame(
    hole: float, outer: float, low: float, high: float, y: float, colour: Colour
) -> list[tuple[Solid, Colour]]:
    """Give four walls about a square hole, between two heights, centred at (0, y)."""
    wall, z = (outer - hole) / 2, (low + high) / 2
    away, none = (hole + wall) / 2, (0.0, 0.0, 0.0)
    found: list[tuple[Solid, Colour]] = []
    for side in (-1, 1):
        found.append((((wall, outer, high - low), (side * away, y, z), none), colour))
        found.append((((hole, wall, high - low), (0.0, y + side * away, z), none), colour))
    return found


def chamfer(y: float, top: float, colour: Colour) -> list[tuple[Solid, Colour]]:
    """Give four boxes whose upper faces lead from the mouth, CHAMFER wider, into the hole."""
    face, thick = CHAMFER * math.sqrt(2), THICK
    # The middle of the slope, and from there half the thickness into the wall.
    away = HOLE / 2 + CHAMFER / 2 + thick / 2 / math.sqrt(2)
    z = top - CHAMFER / 2 - thick / 2 / math.sqrt(2)
    long, eighth = HOLE + 2 * CHAMFER, math.pi / 4
    found: list[tuple[Solid, Colour]] = []
    for side in (-1, 1):
        across = ((face, long, thick), (side * away, y, z), (0.0, -side * eighth, 0.0))
        along = ((long, face, thick), (0.0, y + side * away, z), (side * eighth, 0.0, 0.0))
        found += [(across, colour), (along, colour)]
    return found


def shaft(clearance: float) -> None:
    """Write the shaft that is `clearance` millimetres narrower than the hole."""
    side = HOLE - clearance / 1000
    none = (0.0, 0.0, 0.0)
    wide = MASS / 12 * (side**2 + LENGTH**2)
    moments = (wide, wide, MASS / 6 * side**2)
    body: Solid = ((side, side, LENGTH), (0.0, 0.0, LENGTH / 2), none)
    text = link("shaft", [(body, STEEL)], 1.0, MASS, LENGTH / 2, moments)
    band: Solid = ((side + 0.0006, side + 0.0006, 0.006), (0.0, 0.0, 0.055), none)
    cap: Solid = ((side + 0.0006, side + 0.0006, 0.004), (0.0, 0.0, LENGTH - 0.0018), none)
    text = text.replace("  </link>", shape(band, DARK) + shape(cap, DARK) + "  </link>")
    name = f"shaft-{clearance:g}"
    (HERE / f"{name}.urdf").write_text(f'<robot name="{name}">\n{text}</robot>\n')


def sockets() -> None:
    """Write the plate: three blocks with a hole each, their collars links of their own."""
    x, y, z = PLATE
    none = (0.0, 0.0, 0.0)
    solids: list[tuple[Solid, Colour]] = [((PLATE, (0.0, 0.0, z / 2), none), DARK)]
    links = joints = ""
    top = z + HEIGHT
    for k, name in enumerate(SOCKETS):
        along = (k - 1) * PITCH
        solids += frame(HOLE + 2 * RELIEF, BLOCK, z, top - CHAMFER - DROP, along, GREY)
        collar = frame(HOLE + 2 * CHAMFER, BLOCK, top - CHAMFER, top, along, PLAIN)
        collar += chamfer(along, top, PLAIN)
        ring = frame(BLOCK - 0.002, BLOCK + 0.0006, top - COLLAR, top - CHAMFER, along, PLAIN)
        looks = "".join(shape(solid, colour) for solid, colour in ring)
        links += link(name, collar, OIL).replace("  </link>", looks + "  </link>")
        joints += (
            f'  <joint name="{name}-fixed" type="fixed">'
            f'<parent link="plate"/><child link="{name}"/></joint>\n'
        )
    text = link("plate", solids, OIL) + links + joints
    (HERE / "sockets.urdf").write_text(f'<robot name="sockets">\n{text}</robot>\n')


def holder() -> None:
    """Write the cup that the shaft stands in."""
    walls = frame(CUP, CUP + 2 * CUP_WALL, 0.0, CUP_HEIGHT, 0.0, DARK)
    text = link("holder", walls, 0.2)
    (HERE / "holder.urdf").write_text(f'<robot name="holder">\n{text}</robot>\n')


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for clearance in CLEARANCES:
        shaft(clearance)
    sockets()
    holder()


if __name__ == "__main__":
    main()
