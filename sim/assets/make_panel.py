"""Make the mechanisms of PanelOperate: console, toggle, knob, lever, mushroom button.

    python -m sim.assets.make_panel

Our own designs, Apache-2.0. Every control has its origin on the panel's face: x up the panel,
y to its left, z out of it.
"""

from pathlib import Path

import numpy as np

from sim.assets.make_parts import Mesh, circle, join, prism, ring
from sim.assets.make_parts import box as block
from sim.assets.mechanism import (
    Mechanism,
    Shape,
    box,
    cylinder,
    extrude,
    lathe,
    move,
    picture,
    sphere,
)

HERE = Path(__file__).parent / "panel_operate"
DETENTS = (1.05, 0.35, -0.35, -1.05)
TOGGLE, LEVER, TRAVEL = 0.4, 0.66, 0.007
SLOPE = 0.35
WIDTH, LENGTH, FOOT = 0.36, 0.31, 0.035

STEEL = (0.80, 0.82, 0.85, 1.0)
DARK = (0.13, 0.14, 0.16, 1.0)
PLATE = (0.30, 0.34, 0.39, 1.0)
FIELD = (0.40, 0.45, 0.51, 1.0)
HOUSING = (0.86, 0.87, 0.85, 1.0)
WHITE = (0.97, 0.97, 0.95, 1.0)
YELLOW = (0.96, 0.76, 0.10, 1.0)
RED = (0.82, 0.08, 0.07, 1.0)
LAMP_OFF = (0.20, 0.22, 0.22, 1.0)

INK = 0.0006
SEGMENTS = {"1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd"}


def digit(name: str, width: float = 0.010, height: float = 0.018, line: float = 0.0028) -> Mesh:
    """Give a seven-segment digit, centred, its top towards x."""
    w, h, t = width / 2, height / 2, line / 2
    flat = {"a": h, "g": 0.0, "d": -h}
    tall = {"f": (w, 1), "b": (-w, 1), "e": (w, -1), "c": (-w, -1)}
    pieces = []
    for segment in SEGMENTS[name]:
        if segment in flat:
            x = flat[segment]
            pieces.append(block((x - t, x + t), (-w - t, w + t), (0.0, INK)))
        else:
            y, side = tall[segment]
            low, high = sorted((0.0, side * h))
            pieces.append(block((low - t, high + t), (y - t, y + t), (0.0, INK)))
    return join(*pieces)


def arrow(size: float) -> Mesh:
    """Give a triangle that points to x, or for a negative size to -x."""
    points = np.array([[size, 0.0], [-size / 2, size * 0.8], [-size / 2, -size * 0.8]])
    return prism(points, 0.0, INK)


def field() -> list[Shape]:
    """Give the lighter field on which a control stands."""
    edge, thick = (0.128, 0.146), 0.0012
    return [picture(box((*edge, thick), (0, 0, thick / 2), colour=FIELD))]


def marks(frame: Mechanism, *meshes: Mesh) -> list[Shape]:
    """Give white marks on the field."""
    return [frame.mesh("marks", move(join(*meshes), (0, 0, 0.0013)), WHITE)]


def lamp(frame: Mechanism, x: float, y: float) -> None:
    """Add a small lamp, a link of its own to be painted."""
    dome = [(0.0065, 0.0), (0.0065, 0.003), (0.0045, 0.006), (0.0015, 0.0075)]
    shape = frame.mesh("lamp", move(lathe(dome, 16), (0, 0, 0.001)), LAMP_OFF)
    frame.link("lamp", [shape])
    frame.joint("lamp", "base", xyz=(x, y, 0))


def toggle() -> None:
    frame = Mechanism(HERE, "toggle")
    on = block((0.031, 0.045), (-0.0016, 0.0016), (0.0, INK))
    off = move(ring(circle(0.007, 20), circle(0.0042, 20), 0.0, INK), (-0.038, 0, 0))
    nut = frame.mesh("nut", prism(circle(0.016, 6), 0.0, 0.006), STEEL)
    collar = picture(cylinder(0.010, 0.008, (0, 0, 0.008), colour=DARK))
    frame.link("base", [*field(), *marks(frame, on, off), nut, collar])
    bat = [(0.0038, 0.0), (0.0042, 0.015), (0.0075, 0.034), (0.0075, 0.042), (0.004, 0.046)]
    stick = frame.mesh("stick", lathe(bat, 20), STEEL)
    frame.link("toggle", [stick, cylinder(0.006, 0.036, (0, 0, 0.028))], 0.05)
    limits = (-TOGGLE, TOGGLE)
    frame.joint("toggle", "base", "revolute", (0, 0, 0.006), (0, 1, 0), limits, 0.002)
    lamp(frame, 0.038, -0.045)
    frame.save()


def knob() -> None:
    frame = Mechanism(HERE, "knob")
    radius = 0.047
    digits = [
        move(digit(str(k + 1)), (radius * np.cos(a), radius * np.sin(a), 0))
        for k, a in enumerate(DETENTS)
    ]
    dash = block((0.029, 0.034), (-0.001, 0.001), (0.0, INK))
    ticks = [move(dash, (0, 0, 0), a) for a in DETENTS]
    frame.link("base", [*field(), *marks(frame, *digits, *ticks)])
    skirt = [(0.026, 0.0), (0.026, 0.004), (0.021, 0.008)]
    disc = frame.mesh("disc", move(lathe(skirt, 32), (0, 0, 0.002)), DARK)
    wing = box((0.056, 0.014, 0.026), (0, 0, 0.023), colour=DARK)
    line = picture(box((0.024, 0.004, 0.0272), (0.0165, 0, 0.023), colour=WHITE))
    frame.link("knob", [disc, wing, line], 0.08)
    limits = (DETENTS[-1] - 0.03, DETENTS[0] + 0.03)
    frame.joint("knob", "base", "revolute", axis=(0, 0, 1), limits=limits, damping=0.004)
    frame.save()


def lever() -> None:
    frame = Mechanism(HERE, "lever")
    arrows = move(arrow(0.010), (0.054, 0.040, 0)), move(arrow(-0.010), (-0.054, 0.040, 0))
    spine = block((-0.040, 0.040), (0.0392, 0.0408), (0.0, INK))
    cheeks = [
        picture(box((0.060, 0.008, 0.018), (0, side * 0.014, 0.010), colour=STEEL))
        for side in (-1, 1)
    ]
    slot = picture(box((0.056, 0.020, 0.004), (0, 0, 0.003), colour=DARK))
    frame.link("base", [*field(), *marks(frame, *arrows, spine), *cheeks, slot])
    rod = cylinder(0.006, 0.046, (0, 0, 0.025), colour=STEEL)
    hub = picture(cylinder(0.009, 0.018, (0, 0, 0), (np.pi / 2, 0, 0), DARK))
    ball = sphere(0.0115, (0, 0, 0.050), colour=(0.10, 0.25, 0.62, 1.0))
    frame.link("lever", [rod, hub, ball], 0.08)
    frame.joint("lever", "base", "revolute", (0, 0, 0.012), (0, 1, 0), (-LEVER, LEVER), 0.01)
    frame.save()


def button() -> None:
    frame = Mechanism(HERE, "button")
    collar = [(0.027, 0.0), (0.027, 0.008), (0.023, 0.011)]
    base = frame.mesh("collar", lathe(collar, 32), YELLOW)
    frame.link("base", [*field(), base])
    dome = [(0.011, 0.008), (0.011, 0.020), (0.020, 0.020), (0.021, 0.024), (0.018, 0.029)]
    cap = frame.mesh("cap", lathe([*dome, (0.011, 0.032), (0.004, 0.033)], 32), RED)
    frame.link("button", [cap, cylinder(0.020, 0.013, (0, 0, 0.0265))], 0.08)
    frame.joint("button", "base", "prismatic", (0, 0, 0), (0, 0, 1), (-TRAVEL, 0.0), 2.0)
    lamp(frame, 0.038, -0.045)
    frame.save()


def console() -> None:
    """The wedge under the controls; its origin is the middle of the panel's face."""
    frame = Mechanism(HERE, "console")
    thick, rim, sunk = 0.012, 0.010, 0.004
    plate = box((LENGTH, WIDTH, thick), (0, 0, -thick / 2), colour=PLATE)
    long = LENGTH / 2 + rim
    height = FOOT + LENGTH / 2 * float(np.sin(SLOPE))
    front, back = upright(-long, -sunk), upright(long, -sunk)
    corners = (front, (front[0] + 0.004, -height), (back[0] - 0.012, -height), back)
    half = WIDTH / 2 + rim
    body = extrude([tilted(*corner) for corner in corners], -half, half)
    body_shape = frame.mesh("body", body, HOUSING)
    frame.link("base", [plate, body_shape], 1.0)
    frame.save()


def upright(x: float, z: float) -> tuple[float, float]:
    """Turn a point of the panel's frame into one that stands upright, about the same origin."""
    c, s = float(np.cos(SLOPE)), float(np.sin(SLOPE))
    return c * x - s * z, s * x + c * z


def tilted(x: float, z: float) -> tuple[float, float]:
    """Undo `upright`."""
    c, s = float(np.cos(SLOPE)), float(np.sin(SLOPE))
    return c * x + s * z, -s * x + c * z


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for make in (toggle, knob, lever, button, console):
        make()


if __name__ == "__main__":
    main()
