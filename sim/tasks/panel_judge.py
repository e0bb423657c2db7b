"""How PanelOperate's panel stands, read and judged in one compiled call a step."""

import math

import numpy as np

from robots.kernel import kernel
from robots.maths import cos, sin
from sim.reads import read_positions
from sim.tasks.panel_controls import CONTROLS, LATCHED

NAMES = tuple(CONTROLS)
COUNT = len(NAMES)
TOGGLE, KNOB, LEVER, BUTTON = (NAMES.index(name) for name in ("toggle", "knob", "lever", "button"))

PANEL = np.dtype(
    [
        ("q", np.float64, (COUNT,)),
        ("start", np.float64, (COUNT,)),
        ("wanted", np.float64, (COUNT,)),
        ("rests", np.float64, (COUNT,)),
        ("draws", np.float64, (COUNT,)),
        ("frames", np.float64, (COUNT, 3, 4)),
        ("asked", np.int32, (COUNT,)),
        ("count", np.int32),
    ],
    align=True,
)
"""Of every control, in the order of NAMES: its joint's position, where it stood at the start and
should stand, where its spring draws it and where it ought to, rad (button: m), and row by row x, y
and z: its place in the floor's frame and the panel's three axes. `asked` (`count` of them) are the
numbers of those that the instruction names, in its order."""

PARTS = np.array(
    [(control.tolerance, control.hub, control.arm) for control in CONTROLS.values()],
    [("tolerance", np.float64), ("hub", np.float64), ("arm", np.float64)],
)
TOGGLES, KNOBS = (np.array(list(CONTROLS[name].states.values())) for name in ("toggle", "knob"))


@kernel
def nearest(states, q):  # type: ignore[no-untyped-def]
    """Give the first of the states (m,) that none is nearer to q than."""
    found = states[0]
    for state in states:
        if abs(q - state) < abs(q - found):
            found = state
    return found


@kernel
def handle(panel, parts, k, q, out):  # type: ignore[no-untyped-def]
    """Write the place of a control's handle in the floor's frame, out (3,), at a joint position."""
    arm, hub = parts[k].arm, parts[k].hub
    x, y, z = arm * sin(q), 0.0, hub + arm * cos(q)
    if k == BUTTON:
        x, z = 0.0, hub + q
    elif k == KNOB:
        x, y, z = arm * cos(q), arm * sin(q), hub
    for i in range(3):
        frame = panel.frames[k, i]
        out[i] = frame[0] + x * frame[1] + y * frame[2] + z * frame[3]


@kernel
def judge(world, bodies, places, at, panels, parts, toggles, knobs, tool, target, goal):  # type: ignore[no-untyped-def]
    """Read the controls of the first of `panels` and judge them, with the tool at a pose (7,).

    `world`, `bodies`, `places` and `at` as in `sim.reads.read_positions`; `world` is 0 where the
    positions have been read already. Writes where springs ought to draw, the place of the next
    handle to move to `target` (3,) and where it has to go to `goal` (3,). Gives whether all
    controls are where they should be, the dense reward without its +1 at success, whether a spring
    has to be moved and what the lamps show, toggle and button.
    """
    panel = panels[0]
    if world != 0:
        read_positions(world, bodies, places, at, panel.q)
    q, wanted = panel.q, panel.wanted
    wrong, left, following = 0, -1, 0
    value = 0.0
    for k in range(panel.count):
        following = panel.asked[k]
        off = abs(q[following] - wanted[following])
        if not off <= parts[following].tolerance:
            wrong += 1
            if left < 0:
                left = following
        value += max(0.0, 1.0 - off / abs(panel.start[following] - wanted[following]))
    others = -wrong
    for k in range(COUNT):
        if not abs(q[k] - wanted[k]) <= parts[k].tolerance:
            others += 1
    value -= others
    following = left if left >= 0 else following
    handle(panel, parts, following, q[following], target)
    handle(panel, parts, following, wanted[following], goal)
    if left >= 0:
        square = 0.0
        for i in range(3):
            square += (tool[i] - target[i]) * (tool[i] - target[i])
        value -= math.sqrt(square)
    panel.draws[:] = panel.rests
    panel.draws[TOGGLE] = nearest(toggles, q[TOGGLE])
    panel.draws[KNOB] = nearest(knobs, q[KNOB])
    if q[BUTTON] <= LATCHED:
        panel.draws[BUTTON] = LATCHED
    moved = False
    for k in range(COUNT):
        moved = moved or panel.draws[k] != panel.rests[k]
    pressed = abs(q[BUTTON] - LATCHED) <= parts[BUTTON].tolerance
    return wrong + others == 0, value, moved, q[TOGGLE] > 0.0, pressed
