"""What a controller's flags say. They last one tick; a series of controllers shows all of them.

Bits 0 to 4 are the limiter's, and mean the same everywhere; the quadruped's gait has its own.
"""

from robots.controllers.limiter import (
    FLAG_NAMES,
    FLAG_NAN,
    FLAG_POSITION,
    FLAG_SENSOR,
    FLAG_SPEED,
    FLAG_TORQUE,
)
from robots.errors import RobotError

__all__ = [
    "FLAG_CONTACT",
    "FLAG_NAN",
    "FLAG_POSITION",
    "FLAG_SENSOR",
    "FLAG_SINGULAR",
    "FLAG_SPEED",
    "FLAG_STALE",
    "FLAG_TORQUE",
    "FLAG_WAITING",
    "NAMES",
    "check_rate",
]

FLAG_SINGULAR = 64
"""The arm is near a singular posture; motion in the direction that it loses is damped."""
FLAG_CONTACT = 128
"""The fingers have closed on something and hold it."""
FLAG_STALE = 256
"""All rows of a chunk of actions were past when it came."""
FLAG_WAITING = 512
"""The last chunk of actions has come to its end, and the next one is not there."""

NAMES = {
    **FLAG_NAMES,
    FLAG_SINGULAR: "near a singularity",
    FLAG_CONTACT: "in contact",
    FLAG_STALE: "chunk all past",
    FLAG_WAITING: "waiting for a chunk",
}


def check_rate(rate_hz: float) -> float:
    """Give the time of a tick, s. Raises RobotError for a rate not positive and finite."""
    if not 0.0 < rate_hz < float("inf"):
        raise RobotError(f"rate_hz is {rate_hz}; it must be positive and finite, e.g. 500")
    return 1.0 / rate_hz
