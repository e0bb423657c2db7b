"""A chunk as a path in time: joint knots, sampled at every control tick.

Between knots the path is a cubic Hermite curve, see `robots.chunks.curve`. It begins where the
path before it was, at that path's velocity, so that a new chunk is joined without a step in
position or velocity over about the first knot's time (100 ms at 10 Hz).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.errors import PolicyError
from policies.types import EE_POSE_NAMES, ActionChunk, ActionSpec
from robots.chunks import MONOTONE, sample, tangents
from robots.kinematics import rotation_from_quaternion

# A knot nearer than this share of the spacing is skipped: the arm could not be there in time.
_TOO_NEAR = 0.6


@dataclass
class Path:
    """Joint knots in time; see `robots.chunks.sample` for the arrays."""

    knot_times: np.ndarray
    knots: np.ndarray
    tangents: np.ndarray
    grip_times: np.ndarray
    grips: np.ndarray

    @classmethod
    def hold(cls, q: np.ndarray, gripper: float, time_s: float = 0.0) -> "Path":
        """Give the path that stays at `q`."""
        time = np.array([time_s])
        return cls(time, q[None].copy(), np.zeros((1, len(q))), time, np.array([float(gripper)]))

    @property
    def end_s(self) -> float:
        """Give the time of the last knot."""
        return float(self.knot_times[-1])

    def at(self, times: np.ndarray) -> np.ndarray:
        """Give setpoints (m, joints + 1) at rising `times` (m,)."""
        out = np.empty((len(times), self.knots.shape[1] + 1))
        arrays = (self.knot_times, self.knots, self.tangents, self.grip_times, self.grips)
        sample(*arrays, np.asarray(times, float), out)
        return out


def check_spec(spec: ActionSpec, joint_names: tuple[str, ...]) -> None:
    """Refuse, with a table of both sides, a spec that `join` cannot turn into a path."""
    names = (*joint_names, "gripper") if spec.kind == "joint_position" else EE_POSE_NAMES
    kind: Any = spec.kind if spec.kind in ("joint_position", "ee_pose") else "ee_pose"
    if not spec.rate_hz > 0 or spec.horizon < 1:
        raise PolicyError(f"action spec has rate {spec.rate_hz} Hz and horizon {spec.horizon}")
    spec.require(ActionSpec(kind, names, spec.rate_hz, spec.horizon))


def join(before: Path, chunk: ActionChunk, now_s: float, robot: Any) -> Path:
    """Give the path that leaves `before` at `now_s` and follows `chunk`.

    Row i of the chunk, commanded at `time_s + i / rate`, is reached one spacing later. Rows
    that are already past are dropped. `robot.inverse(q, position, rotation) -> (q, error)`
    turns tool poses into joints, each starting from the one before.
    """
    spacing = 1 / chunk.spec.rate_hz
    given = chunk.time_s + np.arange(len(chunk.actions)) * spacing
    reached = given + spacing
    start, slope = _state(before, now_s)
    keep = reached >= now_s + _TOO_NEAR * spacing
    if not keep.any():
        return before
    first = int(np.argmax(keep))
    knots = [start]
    for action in chunk.actions[first:]:
        knots.append(_joints(chunk.spec, action, knots[-1], robot))
    times = np.concatenate([[now_s], reached[first:]])
    stacked = np.array(knots)
    made = np.empty_like(stacked)
    # The last is the last slope, so that one-row chunks in a row make one steady movement.
    tangents(times, stacked, len(times), slope, MONOTONE, False, made)
    return Path(times, stacked, made, given[first:], chunk.actions[first:, -1])


def _state(path: Path, now_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Give position and velocity of `path` at `now_s`."""
    step = 1e-4
    two = path.at(np.array([now_s - step, now_s]))[:, :-1]
    return two[1], (two[1] - two[0]) / step if now_s < path.end_s else np.zeros_like(two[1])


def _joints(spec: ActionSpec, action: np.ndarray, q: np.ndarray, robot: Any) -> np.ndarray:
    if not np.isfinite(action).all():
        return np.full_like(q, np.nan)
    if spec.kind == "joint_position":
        return action[:-1]
    if not np.isfinite(q).all():
        return np.full_like(q, np.nan)
    solved, _ = robot.inverse(q, action[:3], rotation_from_quaternion(action[3:7]))
    return np.asarray(solved)
