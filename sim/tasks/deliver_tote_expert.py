"""The scripted expert of DeliverTote: plan a way once, follow it, wait for what crosses it."""

import math

import numpy as np

from sim.rigs import DriveRig
from sim.tasks.grid import Block, Grid, Point
from sim.tasks.movers import Mover

SPARE = 0.10
"""How far the way keeps from things, beyond the circle round the base, metres."""
AHEAD = 0.45
CRUISE = 0.8
BRAKE = 0.35
STOP = 0.06
TURN = 0.45
HORIZON = 3.5
SOON = 1.2
STEP = 0.25
ALONG, ASIDE = 0.35, 0.06
"""How much room to leave a mover along its lane, where its pace is a guess, and beside it."""


class DeliverToteExpert:
    """Gives `velocity` actions at 10 Hz; it knows where everything is and where it is going."""

    def __init__(
        self, drive: DriveRig, blocks: list[Block], movers: list[Mover], goal: Point
    ) -> None:
        self.drive, self.movers = drive, movers
        self.radius = math.hypot(*drive.robot.outline)
        start = (float(drive.base[0]), float(drive.base[1]))
        self.way = Grid(blocks, [lane(mover) for mover in movers], self.radius + SPARE).way(
            start, goal
        )
        self.leg = 0
        self.arrived = False

    def act(self) -> np.ndarray:
        """Give the next action (2,): forward speed and yaw rate, -1..1 of the fastest."""
        x, y = float(self.drive.base[0]), float(self.drive.base[1])
        left = self._left(x, y)
        if self.arrived or left < STOP:
            self.arrived = True
            return np.zeros(2)
        aim_x, aim_y = self._along(x, y, AHEAD)
        error = math.atan2(aim_y - y, aim_x - x) - self.drive.yaw
        error = math.atan2(math.sin(error), math.cos(error))
        robot = self.drive.robot
        turn = min(max(2.0 * error, -robot.w_max), robot.w_max)
        speed = 0.0
        if abs(error) < TURN:
            speed = min(CRUISE, math.sqrt(2 * BRAKE * max(left - STOP / 2, 0.0)))
            speed *= 1.0 - abs(error) / TURN * 0.7
            if not self._clear(x, y):
                speed = 0.0
        return np.array([speed / robot.v_max, turn / robot.w_max])

    def _left(self, x: float, y: float) -> float:
        """Give the length of the way that is left, and move on to the leg that (x, y) is on."""
        while self.leg < len(self.way) - 2 and self._share(self.leg, x, y) >= 1.0:
            self.leg += 1
        corners = [(x, y), *self.way[self.leg + 1 :]]
        pairs = zip(corners, corners[1:], strict=False)
        return sum(math.hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairs)

    def _share(self, leg: int, x: float, y: float) -> float:
        """Say how much of a leg lies behind (x, y), as a share of it."""
        (ax, ay), (bx, by) = self.way[leg], self.way[leg + 1]
        square = (bx - ax) ** 2 + (by - ay) ** 2
        if square < 1e-9:
            return 1.0
        return ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square

    def _along(self, x: float, y: float, distance: float) -> Point:
        """Give the point of the way that lies a distance ahead of (x, y)."""
        leg = self.leg
        (ax, ay), (bx, by) = self.way[leg], self.way[leg + 1]
        share = min(max(self._share(leg, x, y), 0.0), 1.0)
        at = (ax + share * (bx - ax), ay + share * (by - ay))
        while True:
            end = self.way[leg + 1]
            length = math.hypot(end[0] - at[0], end[1] - at[1])
            if length >= distance and length > 0.0:
                k = distance / length
                return at[0] + k * (end[0] - at[0]), at[1] + k * (end[1] - at[1])
            if leg == len(self.way) - 2:
                return end
            distance, at, leg = distance - length, end, leg + 1

    def _clear(self, x: float, y: float) -> bool:
        """Say whether nothing that moves will be on the way when the base is there.

        Where the base is in a lane already it looks less far: what comes turns round, and the
        lane is left soonest by driving on.
        """
        for mover in self.movers:
            inside = lane(mover).gap(x, y) < self.radius + ASIDE
            half = [ASIDE, ASIDE]
            half[mover.axis] = ASIDE if inside else ALONG
            half_x, half_y = (one + more for one, more in zip(mover.half, half, strict=True))
            for k in range(int((SOON if inside else HORIZON) / STEP) + 1):
                at_x, at_y = self._along(x, y, CRUISE * k * STEP)
                if Block(*mover.at(k * STEP), half_x, half_y).gap(at_x, at_y) < self.radius:
                    return False
        return True


def lane(mover: Mover) -> Block:
    """Give what a mover sweeps."""
    low, high = mover.reach
    middle, half = (low + high) / 2, (high - low) / 2
    if mover.axis == 0:
        return Block(middle, mover.lane, half + mover.half[0], mover.half[1])
    return Block(mover.lane, middle, mover.half[0], half + mover.half[1])
