"""Make the machines of the plant in this folder: boiler, pump, tank and the pipe rack.

    python -m sim.assets.make_plant

Our own designs, Apache-2.0. Metres; a machine stands on z = 0 with its dial at x = 0, facing
along x. The dial's hand is the joint `needle`: zero is up, more is clockwise for who reads it.
A scale runs from 0 to 10 over 270 degrees, in green to 6, yellow to 8 and red to the end.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "plant"
HEIGHT = 0.42
RADIUS = 0.15
SWEEP = np.radians(135)
SEGMENTS = {
    "0": "abcdef", "2": "abged", "4": "fgbc", "6": "afgedc", "8": "abcdefg", "1": "bc",
}  # fmt: skip
INK = "0.05 0.05 0.06 1"
STEEL = "0.62 0.64 0.67 1"

Flat = list[np.ndarray]


def bar(a: tuple[float, float], b: tuple[float, float], width: float) -> Flat:
    """Give two triangles in the plane, a stroke from a to b."""
    start, end = np.array(a), np.array(b)
    along = (end - start) / np.linalg.norm(end - start)
    side = np.array([-along[1], along[0]]) * width / 2
    corners = [start - side, end - side, end + side, start + side]
    return [np.array([corners[i] for i in three]) for three in ((0, 1, 2), (0, 2, 3))]


def at(angle: float, radius: float) -> tuple[float, float]:
    """Give (y, z) of an angle from up, clockwise for the reader, who has +y to the right."""
    return radius * float(np.sin(angle)), radius * float(np.cos(angle))


def arc(start: float, end: float, inner: float, outer: float, n: int = 24) -> Flat:
    """Give a piece of a ring between two readings, 0..1."""
    angles = -SWEEP + 2 * SWEEP * np.linspace(start, end, n + 1)
    found = []
    for a, b in zip(angles, angles[1:], strict=False):
        p, q, r, s = at(a, inner), at(a, outer), at(b, outer), at(b, inner)
        found += [np.array([p, q, r]), np.array([p, r, s])]
    return found


def digit(sign: str, centre: tuple[float, float], height: float) -> Flat:
    """Give a digit made of strokes."""
    h, w, x, y = height / 2, height / 4, *centre
    strokes = {
        "a": ((-w, h), (w, h)), "b": ((w, h), (w, 0)), "c": ((w, 0), (w, -h)),
        "d": ((-w, -h), (w, -h)), "e": ((-w, 0), (-w, -h)), "f": ((-w, h), (-w, 0)),
        "g": ((-w, 0), (w, 0)),
    }  # fmt: skip
    found = []
    for name in SEGMENTS[sign]:
        (a, b), (c, d) = strokes[name]
        grow = height / 14
        longer = (grow, 0) if b == d else (0, -grow)
        start = (x + a - longer[0], y + b - longer[1])
        end = (x + c + longer[0], y + d + longer[1])
        found += bar(start, end, height / 7)
    return found


def markings() -> Flat:
    """Give ticks and numbers of a dial."""
    found = []
    for k in range(21):
        angle = -SWEEP + 2 * SWEEP * k / 20
        major = k % 2 == 0
        found += bar(
            at(angle, 0.096 if major else 0.112), at(angle, 0.146), 0.006 if major else 0.003
        )
        if k % 4 == 0:
            text = str(k // 2)
            y, z = at(angle, 0.073)
            for i, sign in enumerate(text):
                found += digit(sign, (y + 0.021 * (i - (len(text) - 1) / 2), z), 0.030)
    return found


def write(name: str, triangles: Flat, depth: float) -> None:
    """Write flat triangles (3, 2) of (y, z) as a mesh at x = depth that looks along x."""
    lines = ["vn 1 0 0"]
    for k, triangle in enumerate(triangles):
        (a, b), (c, d), (e, f) = triangle
        turn = (c - a) * (f - b) - (d - b) * (e - a)
        for y, z in triangle if turn > 0 else triangle[::-1]:
            lines.append(f"v {depth:.4f} {y:.5f} {z:.5f}")
        lines.append("f " + " ".join(f"{3 * k + i}//1" for i in (1, 2, 3)))
    (HERE / f"{name}.obj").write_text("\n".join(lines) + "\n")


def shape(kind: str, place: str, turn: str = "0 0 0") -> str:
    """Give the inside of a <visual> or <collision>."""
    return f'<origin xyz="{place}" rpy="{turn}"/><geometry><{kind}/></geometry>'


def visual(inside: str, colour: str) -> str:
    """Give a <visual> of one colour."""
    name = colour.replace(" ", "_")
    paint = f'<material name="{name}"><color rgba="{colour}"/></material>'
    return f"    <visual>{inside}{paint}</visual>\n"


def solid(kind: str, place: str, colour: str, turn: str = "0 0 0") -> str:
    """Give a shape that is seen and touched."""
    inside = shape(kind, place, turn)
    return visual(inside, colour) + f"    <collision>{inside}</collision>\n"


ALONG_X, ALONG_Y = "0 1.570796 0", "1.570796 0 0"
BOILER, PUMP, TANK = "0.78 0.20 0.14 1", "0.13 0.34 0.72 1", "0.16 0.56 0.32 1"
BODIES = {
    "boiler": (
        solid('cylinder radius="0.30" length="0.95"', "-0.45 0 0.525", BOILER)
        + solid('sphere radius="0.30"', "-0.45 0 1.0", BOILER)
        + solid('cylinder radius="0.31" length="0.05"', "-0.45 0 0.30", STEEL)
        + solid('cylinder radius="0.31" length="0.05"', "-0.45 0 0.85", STEEL)
        + solid('cylinder radius="0.33" length="0.05"', "-0.45 0 0.025", STEEL)
        + solid('cylinder radius="0.05" length="0.5"', "-0.45 0 1.5", STEEL)
    ),
    "pump": (
        solid('box size="0.46 0.95 0.10"', "-0.45 0 0.05", STEEL)
        + solid('cylinder radius="0.17" length="0.50"', "-0.45 0.17 0.32", PUMP, ALONG_Y)
        + solid('cylinder radius="0.22" length="0.16"', "-0.45 -0.24 0.32", PUMP, ALONG_Y)
        + solid('cylinder radius="0.07" length="0.40"', "-0.45 -0.24 0.70", STEEL)
        + solid('box size="0.16 0.22 0.10"', "-0.45 0.17 0.52", PUMP)
    ),
    "tank": (
        solid('cylinder radius="0.38" length="0.60"', "-0.50 0 0.50", TANK)
        + solid('sphere radius="0.38"', "-0.50 0 0.80", TANK)
        + solid('cylinder radius="0.39" length="0.04"', "-0.50 0 0.62", STEEL)
        + solid('box size="0.50 0.50 0.22"', "-0.50 0 0.11", STEEL)
        + solid('cylinder radius="0.06" length="0.30"', "-0.50 0 1.26", STEEL)
    ),
}


def machine(name: str, body: str) -> str:
    """Give the URDF of a machine with its dial."""
    dial = f"0 0 {HEIGHT}"
    face = [("face", "0.96 0.96 0.94 1"), ("green", "0.20 0.65 0.28 1")]
    face += [("yellow", "0.95 0.78 0.12 1"), ("red", "0.85 0.16 0.12 1"), ("ink", INK)]
    flats = "".join(
        visual(f'<origin xyz="{dial}"/><geometry><mesh filename="{part}.obj"/></geometry>', colour)
        for part, colour in face
    )
    case = f'cylinder radius="{RADIUS + 0.018}" length="0.06"'
    return (
        f'<robot name="{name}">\n  <link name="{name}">\n'
        + body
        + solid(case, f"-0.012 0 {HEIGHT}", INK, ALONG_X)
        + solid('cylinder radius="0.025" length="0.25"', f"-0.16 0 {HEIGHT}", STEEL, ALONG_X)
        + solid(f'cylinder radius="0.02" length="{HEIGHT}"', f"-0.02 0 {HEIGHT / 2}", STEEL)
        + flats
        + '  </link>\n  <link name="hand">\n'
        '    <inertial><mass value="0.01"/><inertia ixx="1e-4" iyy="1e-4" izz="1e-4" ixy="0" '
        'ixz="0" iyz="0"/></inertial>\n'
        + visual('<geometry><mesh filename="needle.obj"/></geometry>', INK)
        + "  </link>\n"
        f'  <joint name="needle" type="revolute">\n'
        f'    <parent link="{name}"/><child link="hand"/>\n'
        f'    <origin xyz="{dial}"/><axis xyz="-1 0 0"/>\n'
        f'    <limit lower="-2.4" upper="2.4" effort="1" velocity="10"/>\n  </joint>\n</robot>\n'
    )


def rack() -> str:
    """Give the URDF of half a pipe rack: two pipes on posts, from y = 0 to y = 2."""
    pipes = "".join(
        solid('cylinder radius="0.05" length="2.0"', f"0 1.0 {z}", colour, ALONG_Y)
        for z, colour in ((0.14, "0.85 0.65 0.12 1"), (0.34, STEEL))
    )
    posts = "".join(
        solid('box size="0.06 0.06 0.44"', f"0 {y} 0.22", "0.25 0.27 0.30 1")
        for y in (0.03, 1.0, 1.97)
    )
    return f'<robot name="rack">\n  <link name="rack">\n{pipes}{posts}  </link>\n</robot>\n'


def main() -> None:
    """Write everything."""
    HERE.mkdir(exist_ok=True)
    write("face", arc(-1 / 6, 7 / 6, 0.0, RADIUS, 48), 0.0230)
    write("green", arc(0.0, 0.6, 0.124, 0.147), 0.0270)
    write("yellow", arc(0.6, 0.8, 0.124, 0.147), 0.0270)
    write("red", arc(0.8, 1.0, 0.124, 0.147), 0.0270)
    write("ink", markings(), 0.0310)
    hub = arc(-1 / 6, 7 / 6, 0.0, 0.018, 24)
    hand = [np.array([(-0.009, -0.04), (0.009, -0.04), (0.0, 0.128)])]
    write("needle", hand + hub, 0.0360)
    for name, body in BODIES.items():
        (HERE / f"{name}.urdf").write_text(machine(name, body))
    (HERE / "rack.urdf").write_text(rack())
    disc = visual(shape('cylinder radius="0.20" length="0.008"', "0 0 0.004"), "0.95 0.78 0.12 1")
    (HERE / "mark.urdf").write_text(
        f'<robot name="mark">\n  <link name="mark">\n{disc}  </link>\n</robot>\n'
    )


if __name__ == "__main__":
    main()
