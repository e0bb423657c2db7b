"""Grasps of the parts from above with a parallel gripper, judged by what stands in the way."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from robots.kinematics import rotation_from_quaternion

FINGER_WIDTH = 0.022
FINGER_DEPTH = 0.015
TIP = 0.012
"""How far the fingertips reach below the tool."""
PALM = 0.033
"""How far above the tool the hand begins."""
PALM_HALF = 0.036, 0.104
OPENINGS = 0.039, 0.034, 0.029
"""Half the gap between open fingers, metres, widest first."""
ROOM = 0.004
"""What a half gap has to have left on each side of the part."""
LOWEST = 0.015
"""The tool's least height over what the part lies on."""
YAWS = 12


@dataclass(frozen=True)
class Grasp:
    """The tool's place (3,) and yaw, the half gap to come with, what is in the way (0: nothing)."""

    place: np.ndarray
    yaw: float
    half: float
    cost: float


@lru_cache
def surface(kind: str) -> np.ndarray:
    """Give points (n, 3) that fill a part's outside, in its own frame."""
    if kind == "bolt":
        return np.concatenate(
            [disc(0.020, (0.0, 0.007, 0.014)), disc(0.011, (0.025, 0.036, 0.046))]
        )
    if kind == "bracket":
        base = slab((-0.019, 0.019), (-0.019, 0.019), (0.0, 0.008, 0.016))
        return np.concatenate(
            [base, slab((-0.019, -0.007), (-0.019, 0.019), (0.025, 0.034, 0.044))]
        )
    radius, height = {"gear": (0.0235, 0.026), "bearing": (0.023, 0.022)}[kind]
    return disc(radius, (0.0, height / 2, height))


def disc(radius: float, heights: tuple[float, ...]) -> np.ndarray:
    """Give points of a cylinder: rings of 12, and a ring of 6 half as wide, at some heights."""
    rings = [(radius, 12), (radius / 2, 6)]
    return np.array(
        [
            (r * math.cos(2 * math.pi * i / n), r * math.sin(2 * math.pi * i / n), z)
            for z in heights
            for r, n in rings
            for i in range(n)
        ]
    )


def slab(x: tuple[float, float], y: tuple[float, float], z: tuple[float, ...]) -> np.ndarray:
    """Give points of a box: a grid of 4 by 4 at some heights."""
    return np.array([(a, b, c) for c in z for a in np.linspace(*x, 4) for b in np.linspace(*y, 4)])


def placed(kind: str, pose: np.ndarray) -> np.ndarray:
    """Give `surface` of a part at a pose (7,), in the floor's frame."""
    x, y, z = surface(kind).T
    # Written out, not a matrix product: BLAS rounds differently from one CPU to the next.
    r = rotation_from_quaternion(pose[3:])
    turned = [r[i, 0] * x + r[i, 1] * y + r[i, 2] * z for i in range(3)]
    return pose[:3] + np.stack(turned, axis=1)


def ways(kind: str, pose: np.ndarray) -> Iterator[tuple[np.ndarray, float, float]]:
    """Yield places (3,), yaws of the fingers' line and half widths, to hold a part by."""
    rotation = rotation_from_quaternion(pose[3:])
    axis = rotation[:, 2]

    def at(x: float, y: float, z: float) -> np.ndarray:
        found: np.ndarray = pose[:3] + x * rotation[:, 0] + y * rotation[:, 1] + z * rotation[:, 2]
        return found

    if kind == "bracket":
        for column, place, half in (
            (1, at(-0.008, 0.0, 0.018), 0.019),
            (0, at(0.0, 0.0, 0.008), 0.019),
            (2, at(-0.013, 0.0, 0.022), 0.022),
        ):
            if abs(rotation[2, column]) < 0.5:
                yield place, heading(rotation[:, column]), half
        return
    radius, height = {"gear": (0.0235, 0.026), "bearing": (0.023, 0.022), "bolt": (0.020, 0.014)}[
        kind
    ]
    middle = at(0.0, 0.0, height / 2)
    if kind == "bolt" and axis[2] > -0.8:
        middle, radius = at(0.0, 0.0, 0.031), 0.011
    if abs(axis[2]) > 0.85:
        for k in range(YAWS):
            yield middle, k * math.pi / YAWS, radius
        return
    across = heading(np.array([axis[1], -axis[0], 0.0]))
    yield middle, across, radius
    if kind == "bolt":
        yield at(0.0, 0.0, 0.007), across, 0.020
    elif abs(axis[2]) < 0.35:
        yield middle, heading(axis), height / 2


def heading(direction: np.ndarray) -> float:
    """Give the angle of a line in the plane from the y axis, -pi/2..pi/2: the tool's yaw."""
    angle = math.atan2(-direction[0], direction[1])
    return angle - math.pi * round(angle / math.pi)


def best(
    name: str,
    kinds: dict[str, str],
    poses: dict[str, np.ndarray],
    floor: float,
    inside: tuple[np.ndarray, np.ndarray],
) -> list[Grasp]:
    """Give the grasps of a part among others on a floor at a height, the freest first.

    `inside` is the rectangle, lower and upper corner (2,), that its walls leave to the fingers.
    """
    others = [placed(kinds[other], pose) for other, pose in poses.items() if other != name]
    crowd = np.concatenate(others) if others else np.zeros((0, 3))
    found = []
    for place, yaw, half in ways(kinds[name], poses[name]):
        place = np.array([place[0], place[1], max(place[2], floor + LOWEST)])
        yaw = yaw - math.pi * round(yaw / math.pi)
        for opening in OPENINGS:
            if opening >= half + ROOM:
                cost = obstacles(place, yaw, opening, crowd, inside)
                # Of two that are free the higher one, and the wider: it forgives more.
                cost += 2.0 * (0.10 - place[2]) + 5.0 * (OPENINGS[0] - opening)
                found.append(Grasp(place, yaw, opening, cost))
    return sorted(found, key=lambda grasp: grasp.cost)


def obstacles(
    place: np.ndarray,
    yaw: float,
    half: float,
    crowd: np.ndarray,
    inside: tuple[np.ndarray, np.ndarray],
) -> float:
    """Count what is in the way of open fingers at a place: points of others, and walls."""
    along = np.array([math.cos(yaw), math.sin(yaw)])
    across = np.array([-math.sin(yaw), math.cos(yaw)])
    rest = crowd - place
    u = rest[:, 0] * along[0] + rest[:, 1] * along[1]
    v = np.abs(rest[:, 0] * across[0] + rest[:, 1] * across[1])
    z = rest[:, 2]
    narrow = np.abs(u) < FINGER_WIDTH / 2
    fingers = narrow & (v > half - 0.002) & (v < half + FINGER_DEPTH) & (z > -TIP)
    between = narrow & (v <= half - 0.002) & (z > 0.0)
    palm = (np.abs(u) < PALM_HALF[0]) & (v < PALM_HALF[1]) & (z > PALM)
    cost = float(fingers.sum()) + 0.7 * float(between.sum()) + float(palm.sum())
    for side in (-1.0, 1.0):
        for end in (-1.0, 1.0):
            reach = side * (half + FINGER_DEPTH) * across + end * FINGER_WIDTH / 2 * along
            corner = place[:2] + reach
            beyond = np.maximum(inside[0] - corner, corner - inside[1]).max()
            if beyond > 0.0:
                cost += 4.0 + 400.0 * float(beyond)
    return cost
