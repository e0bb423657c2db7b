"""Poses and joint vectors as people give them, checked and brought into rows of numbers."""

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from robots.errors import RobotError

FAR = 1e6
NEAR_UNIT = 2e-6


def whole(what: str, value: Any, least: int) -> None:
    """Check a whole number; RobotError for anything else, and for what int32 cannot hold."""
    if not isinstance(value, int | np.integer) or not least <= value < 2**31:
        raise RobotError(f"{what} is {value!r}; valid: whole numbers from {least}")


def vector(what: str, value: Any, n: int, infinite: bool = False) -> np.ndarray:
    """Give n finite numbers, or no NaN if `infinite`, as a new array (n,).

    Raises RobotError for anything else.
    """
    try:
        numbers = np.array(value, float)
    except (TypeError, ValueError):
        raise RobotError(f"{what} {value!r} is not {n} numbers") from None
    if numbers.shape != (n,):
        raise RobotError(f"{what} has shape {numbers.shape}; valid: ({n},)")
    if infinite:
        if np.isnan(numbers).any():
            raise RobotError(
                f"{what} {numbers.tolist()} has NaN in it; valid: numbers, or infinity"
            )
    elif not math.isfinite(sum(numbers.tolist())) and not np.isfinite(numbers).all():
        raise RobotError(f"{what} {numbers.tolist()} is not finite")
    return numbers


def pose_row(pose: Any) -> np.ndarray:
    """Give a pose as (12,): position, then rotation row by row.

    From (7,), position and unit quaternion xyzw; or from a pair of position (3,) and rotation,
    a quaternion (4,) or a matrix (3, 3). Raises RobotError for anything else.
    """
    if isinstance(pose, tuple | list) and len(pose) == 2:
        position = vector("position", pose[0], 3).tolist()
        try:
            turn = np.asarray(pose[1])
        except ValueError:
            raise RobotError(f"rotation {pose[1]!r:.60} is no array; valid: (4,), (3, 3)") from None
        square = turn.shape == (3, 3)
        entries = _matrix(turn) if square else _turned(vector("quaternion", turn, 4).tolist())
    else:
        whole = vector("pose", pose, 7).tolist()
        position, entries = whole[:3], _turned(whole[3:])
    if not max(map(abs, position)) < FAR:
        raise RobotError(f"position {position} is not within {FAR:g} m")
    return np.array(position + entries)


def pose_numbers(pose: Any) -> np.ndarray:
    """Give a pose as compiled code takes it: (7,) not looked at further, else as `pose_row`.

    Raises RobotError for what is neither.
    """
    if isinstance(pose, np.ndarray) and pose.shape == (7,):
        with contextlib.suppress(TypeError, ValueError):  # which are told below
            return pose.astype(np.float64, "C")
    return pose_row(pose)


def pose_rows(poses: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Give p poses as (p, 12); see `pose_row`. Raises RobotError, naming the first that is bad."""
    try:
        rows = np.empty((len(poses), 12))
    except TypeError:
        raise RobotError(f"poses is {poses!r:.60}; valid: (p, 7), or a list of poses") from None
    if isinstance(poses, np.ndarray) and poses.dtype != object and poses.shape[1:] != (7,):
        raise RobotError(f"poses has shape {poses.shape}; valid: (p, 7), position and quaternion")
    if isinstance(poses, np.ndarray) and poses.dtype.kind == "f" and poses.shape[1:] == (7,):
        poses = poses.astype(np.float64, copy=False)
        square = (poses[:, 3:] ** 2).sum(axis=1)
        # NaN and infinities fail these too, and one by one it is said which.
        if (np.abs(square - 1.0) < NEAR_UNIT).all() and (np.abs(poses[:, :3]) < FAR).all():
            x, y, z, w = poses[:, 3:].T
            rows[:, :3] = poses[:, :3]
            rows[:, 3:] = np.stack(_entries(x, y, z, w, 2.0 / square), axis=1)
            return rows
    for k, pose in enumerate(poses):
        try:
            rows[k] = pose_row(pose)
        except RobotError as error:
            raise RobotError(f"pose {k}: {error}") from None
    return rows


def _matrix(turn: np.ndarray) -> list[float]:
    numbers = vector("rotation", turn.ravel(), 9).tolist()
    x, y, z = numbers[:3], numbers[3:6], numbers[6:]
    cross = [x[i - 2] * y[i - 1] - x[i - 1] * y[i - 2] for i in range(3)]
    off = max(abs(_dot(x, x) - 1.0), abs(_dot(y, y) - 1.0), abs(_dot(x, y)))
    if not max(off, *(abs(a - b) for a, b in zip(cross, z, strict=True))) < 1e-6:
        raise RobotError(
            f"rotation {turn.tolist()} is no rotation: its rows must be unit, square, right-handed"
        )
    return numbers


def _dot(a: list[float], b: list[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _turned(quaternion: list[float]) -> list[float]:
    x, y, z, w = quaternion
    square = x * x + y * y + z * z + w * w
    if not abs(square - 1.0) < NEAR_UNIT:
        raise RobotError(
            f"quaternion {[x, y, z, w]} has length {math.sqrt(square):.9g}; it must be 1 (xyzw)"
        )
    return _entries(x, y, z, w, 2.0 / square)


def _entries(x: Any, y: Any, z: Any, w: Any, s: Any) -> list[Any]:
    """Give the rotation matrix's entries, row by row, of numbers or arrays."""
    return [
        1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w),
        s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w),
        s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y),
    ]  # fmt: skip
