"""Make the machine of MachineTend, and the blanks that it works.

    python -m sim.assets.make_machine

Our own designs, Apache-2.0. The machine's origin is on the bench, in the middle of its front;
x goes into it, y to its left, z up. Its front slopes back; the door slides along it to the left.
"""

from pathlib import Path

import numpy as np

from sim.assets.make_parts import circle, ring
from sim.assets.mechanism import Mechanism, Shape, box, cylinder, extrude, lathe, picture

HERE = Path(__file__).parent / "machine_tend"

SLOPE = 0.61
LIP, LENGTH, DEPTH = 0.10, 0.29, 0.29
C, S = float(np.cos(SLOPE)), float(np.sin(SLOPE))
TOP = LIP + LENGTH * S
LEFT, OPENING = 0.27, 0.265
MIDDLE = -OPENING / 2
TRAVEL = 0.262
CHUCK = (0.115, MIDDLE, 0.045)
BORE, STROKE = 0.018, 0.012
BUTTON = (0.10, -0.330)
PRESS = 0.006

HOUSING = (0.90, 0.91, 0.90, 1.0)
TRIM = (0.12, 0.30, 0.55, 1.0)
DARK = (0.14, 0.15, 0.17, 1.0)
INSIDE = (0.32, 0.34, 0.37, 1.0)
STEEL = (0.72, 0.74, 0.77, 1.0)
GLASS = (0.36, 0.52, 0.60, 1.0)
GLINT = (0.62, 0.76, 0.82, 1.0)
ORANGE = (0.95, 0.55, 0.10, 1.0)
GREEN = (0.08, 0.62, 0.20, 1.0)
LAMP_OFF = (0.30, 0.30, 0.30, 1.0)


def housing(frame: Mechanism) -> None:
    """Add the standing part: two flanks with the same slope, walls, bed, chuck, console."""
    side = [(0.0, LIP), (0.0, 0.0), (DEPTH, 0.0), (DEPTH, TOP), (LENGTH * C, TOP)]
    left = frame.mesh("left", extrude(side, 0.0, LEFT), HOUSING, solid=True)
    right = frame.mesh("right", extrude(side, -OPENING - 0.02, -OPENING), HOUSING, solid=True)
    shapes = [
        left,
        right,
        box((0.012, OPENING, LIP), (0.006, MIDDLE, LIP / 2), colour=HOUSING),
        box((0.012, OPENING, TOP), (DEPTH - 0.006, MIDDLE, TOP / 2), colour=INSIDE),
        box((0.04, OPENING, 0.01), (DEPTH - 0.032, MIDDLE, TOP - 0.005), colour=HOUSING),
        box((DEPTH - 0.024, OPENING, 0.02), (DEPTH / 2, MIDDLE, 0.01), colour=INSIDE),
        cylinder(0.058, 0.025, (CHUCK[0], CHUCK[1], CHUCK[2] - 0.0125), colour=DARK),
        picture(box((0.002, LEFT - 0.001, 0.026), (0.0, LEFT / 2, 0.050), colour=TRIM)),
        picture(box((0.002, OPENING, 0.026), (0.0, MIDDLE, 0.050), colour=TRIM)),
        picture(cylinder(0.006, 0.05, (0.262, 0.20, TOP + 0.025), colour=STEEL)),
        *rails(),
        *console(frame),
    ]
    frame.link("base", shapes, 5.0)


def rails() -> list[Shape]:
    """Give the two rails that the door runs on."""
    found = []
    for along in (-LENGTH / 2 + 0.006, LENGTH / 2 - 0.006):
        x, z = on_slope(along, 0.001)
        size = (0.010, LEFT + OPENING, 0.004)
        found.append(picture(box(size, (x, (LEFT - OPENING) / 2, z), (0, -SLOPE, 0), STEEL)))
    return found


def on_slope(along: float, out: float) -> tuple[float, float]:
    """Give (x, z) of a point so far up the slope from its middle, and so far out of it."""
    middle = (LENGTH / 2 * C, LIP + LENGTH / 2 * S)
    return middle[0] + along * C - out * S, middle[1] + along * S + out * C


def console_face() -> tuple[float, float]:
    """Give slope and height at the button of the operator's console."""
    return float(np.arctan2(0.065, 0.18)), 0.145 + (BUTTON[0] - 0.02) * 0.065 / 0.18


def console(frame: Mechanism) -> list[Shape]:
    """Give the operator's console at the right end, with its screen and the button's collar."""
    side = [(0.02, 0.145), (0.02, 0.0), (0.20, 0.0), (0.20, 0.21)]
    body = frame.mesh("console", extrude(side, -0.375, -0.285), DARK, solid=True)
    tilt, height = console_face()
    c, s = float(np.cos(tilt)), float(np.sin(tilt))
    found = [body]
    for along, size, colour in (
        (0.060, (0.050, 0.066, 0.003), (0.05, 0.09, 0.12, 1.0)),
        (0.070, (0.004, 0.050, 0.0034), (0.30, 0.85, 0.60, 1.0)),
        (0.060, (0.004, 0.036, 0.0034), (0.30, 0.85, 0.60, 1.0)),
        (0.050, (0.004, 0.044, 0.0034), (0.95, 0.75, 0.20, 1.0)),
    ):
        place = (BUTTON[0] + along * c, BUTTON[1], height + along * s)
        found.append(picture(box(size, place, (0, -tilt, 0), colour)))
    collar = ring(circle(0.024), circle(0.0175), 0.0, 0.005)
    shape = frame.mesh("collar", collar, STEEL)
    place = (BUTTON[0], BUTTON[1], height)
    found.append(Shape(shape.geometry, place, (0, -tilt, 0), shape.colour, solid=False))
    return found


def door(frame: Mechanism) -> None:
    """Add the door: a frame with a pane, and a handle to push it by."""
    width, thick, edge = OPENING + 0.008, 0.010, 0.038
    z = 0.004 + thick / 2
    stile, rail = (LENGTH - 0.004, edge, thick), (edge, width, thick)
    across, along = (width - edge) / 2, (LENGTH - 0.004 - edge) / 2
    pieces = [box(stile, (0, side * across, z), colour=HOUSING) for side in (-1, 1)]
    pieces += [box(rail, (side * along, 0, z), colour=HOUSING) for side in (-1, 1)]
    pane = box((LENGTH - 2 * edge, width - 2 * edge, 0.006), (0, 0, z), colour=GLASS)
    glints = [
        picture(box((0.13, size, 0.0064), (0.01, y, z), (0, 0, 0.6), GLINT))
        for y, size in ((0.02, 0.012), (0.045, 0.004))
    ]
    feet = [
        picture(box((0.014, 0.014, 0.03), (side * 0.045, -0.092, z + 0.02), colour=DARK))
        for side in (-1, 1)
    ]
    handle = box((0.110, 0.016, 0.022), (0, -0.092, z + 0.036), colour=ORANGE)
    guard = Shape('<box size="0.11 0.016 0.047"/>', (0, -0.092, z + 0.0235))
    frame.link("door", [*pieces, pane, *glints, *feet, handle, guard], 0.6)
    x, height = on_slope(0.0, 0.0)
    place = (x, MIDDLE, height)
    axis, limits = (0.0, 1.0, 0.0), (0.0, TRAVEL)
    frame.joint("door", "base", "prismatic", place, axis, limits, 2.0, (0, -SLOPE, 0))


def chuck(frame: Mechanism) -> None:
    """Add three jaws that close towards the chuck's axis at 0."""
    for k, angle in enumerate((np.pi, np.pi / 3, -np.pi / 3)):
        size = (0.026, 0.016, 0.035)
        jaw = box(size, (BORE + size[0] / 2, 0, size[2] / 2), colour=STEEL)
        step = picture(box((0.014, 0.0164, 0.02), (BORE + 0.028, 0, 0.02), colour=DARK))
        frame.link(f"jaw{k}", [jaw, step], 0.2)
        rpy = (0.0, 0.0, float(angle))
        axis, limits = (1.0, 0.0, 0.0), (0.0, STROKE)
        frame.joint(f"jaw{k}", "base", "prismatic", CHUCK, axis, limits, 1.0, rpy)


def signals(frame: Mechanism) -> None:
    """Add the start button and the signal tower, each lamp a link to be painted."""
    tilt, height = console_face()
    cap = [(0.016, -0.008), (0.016, 0.010), (0.013, 0.013), (0.005, 0.014)]
    shape = frame.mesh("cap", lathe(cap), GREEN)
    frame.link("button", [shape, cylinder(0.016, 0.012, (0, 0, 0.008))], 0.08)
    place = (BUTTON[0], BUTTON[1], height)
    axis, limits = (0.0, 0.0, 1.0), (-PRESS, 0.0)
    frame.joint("button", "base", "prismatic", place, axis, limits, 2.0, (0, -tilt, 0))
    drum = [(0.015, 0.0), (0.017, 0.002), (0.017, 0.022), (0.015, 0.024)]
    for k, name in enumerate(("green", "yellow", "red")):
        shape = frame.mesh(name, lathe(drum, 20), LAMP_OFF)
        frame.link(name, [shape])
        frame.joint(name, "base", xyz=(0.262, 0.20, TOP + 0.05 + 0.026 * k))


def machine() -> None:
    frame = Mechanism(HERE, "machine")
    housing(frame)
    door(frame)
    chuck(frame)
    signals(frame)
    frame.save()


def blank() -> None:
    """A turned cylinder with broken edges; its origin is the middle of its foot."""
    radius, height = 0.020, 0.075
    frame = Mechanism(HERE, "blank", friction=0.9)
    profile = [
        (radius - 0.0015, 0.0),
        (radius, 0.0015),
        (radius, height - 0.0015),
        (radius - 0.0015, height),
    ]
    centre = (0.0, 0.0, height / 2)
    body = frame.mesh("body", lathe(profile, 36), STEEL)
    shaft = Shape(f'<cylinder radius="{radius}" length="{height}"/>', centre)
    frame.link("blank", [body, shaft], 0.15, centre)
    frame.save()


def main() -> None:
    HERE.mkdir(exist_ok=True)
    machine()
    blank()


if __name__ == "__main__":
    main()
