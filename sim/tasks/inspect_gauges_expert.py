"""The scripted expert of Inspect: mark by mark, then square before the dial, then the report."""

import math
from typing import Any

import numpy as np

ARRIVED = 0.06
SQUARE = 0.08
STILL = 0.05
NEARBY = 0.5


class InspectExpert:
    """Gives `velocity` actions at 10 Hz from the true pose and the true reading."""

    def __init__(self, task: Any) -> None:
        self.task = task
        self.reported = False

    def act(self) -> np.ndarray:
        """Give the next action (5,): forward, left, turning, reading, whether to report."""
        legs = self.task.legs
        x, y = legs.base[:2].tolist()
        stop_x, stop_y, heading = self.task.next_stop()
        dx, dy = stop_x - x, stop_y - y
        away = math.hypot(dx, dy)
        final = self.task.stage >= len(self.task.marks)
        forward, left = along(dx, dy, legs.yaw)
        if not final or away > NEARBY:
            error = math.atan2(left, forward)
            pace = 0.6 * max(0.0, math.cos(error)) ** 3
            return self.go(pace, 0.0, 2.0 * error)
        turn = along(math.cos(heading), math.sin(heading), legs.yaw)
        error = math.atan2(turn[1], turn[0])
        still = max(abs(number) for number in legs.twist[:2].tolist()) < STILL
        if self.reported or (away < ARRIVED and abs(error) < SQUARE):
            ready = still and not self.reported
            self.reported = self.reported or still
            value = 2.0 * float(self.task.readings[self.task.row]) - 1.0
            return np.array([0.0, 0.0, 0.0, value, float(ready)])
        return self.go(1.5 * forward, 1.5 * left, 2.0 * error)

    def go(self, forward: float, left: float, turn: float) -> np.ndarray:
        """Give the action for a speed, m/s and rad/s, cut to what the robot walks at."""
        most = self.task.legs.robot.speed_max
        speed = np.clip(np.array([forward, left, turn]) / most, -1.0, 1.0)
        return np.concatenate([speed, [0.0, 0.0]])


def along(dx: float, dy: float, yaw: float) -> tuple[float, float]:
    """Turn a direction into the frame of a heading: forward and left."""
    c, s = math.cos(yaw), math.sin(yaw)
    return c * dx + s * dy, c * dy - s * dx
