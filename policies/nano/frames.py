"""Between the outside (tool poses in the base frame) and the inside (moves from the tool).

Inside, an action is 7 numbers: the commanded position less the present tool position (metres,
base frame), the rotation vector that turns the present orientation into the commanded one
(radians, base frame), and the gripper. A move means the same wherever the arm is.
"""

import numpy as np


def canonical(quaternion: np.ndarray) -> np.ndarray:
    """Give `quaternion` (..., 4), or its negative, whichever has its largest number positive."""
    largest = np.take_along_axis(quaternion, np.abs(quaternion).argmax(-1, keepdims=True), axis=-1)
    return np.where(largest < 0, -quaternion, quaternion)


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Give the product of quaternions xyzw: first the rotation `b`, then `a`."""
    vector = a[..., 3:] * b[..., :3] + b[..., 3:] * a[..., :3] + np.cross(a[..., :3], b[..., :3])
    scalar = a[..., 3:] * b[..., 3:] - (a[..., :3] * b[..., :3]).sum(-1, keepdims=True)
    return np.concatenate([vector, scalar], -1)


def conjugate(quaternion: np.ndarray) -> np.ndarray:
    """Give the inverse of a unit quaternion xyzw."""
    return quaternion * np.array([-1.0, -1.0, -1.0, 1.0])


def to_rotvec(quaternion: np.ndarray) -> np.ndarray:
    """Give the rotation vector (..., 3), at most pi long, of a unit quaternion (..., 4)."""
    q = np.where(quaternion[..., 3:] < 0, -quaternion, quaternion)
    sine = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, q[..., 3:])
    return q[..., :3] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def from_rotvec(rotvec: np.ndarray) -> np.ndarray:
    """Give the unit quaternion (..., 4) of a rotation vector (..., 3)."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    scale = np.where(angle > 1e-9, np.sin(angle / 2) / np.maximum(angle, 1e-9), 0.5)
    return np.concatenate([rotvec * scale, np.cos(angle / 2)], -1)


def encode_state(q: np.ndarray, gripper: np.ndarray, tool: np.ndarray) -> np.ndarray:
    """Give the net's state (..., 15) float32 of q (..., 7), gripper (..., 1), tool (..., 7)."""
    parts = [q, gripper, tool[..., :3], canonical(tool[..., 3:])]
    return np.concatenate(parts, -1).astype(np.float32)


def relative_actions(tool: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Give actions (..., horizon, 7) seen from tool (..., 7) for `ee_pose` (..., horizon, 8)."""
    tool = tool[..., None, :]
    turn = multiply(actions[..., 3:7], conjugate(tool[..., 3:]))
    move = actions[..., :3] - tool[..., :3]
    return np.concatenate([move, to_rotvec(turn), actions[..., 7:]], -1)


def absolute_actions(tool: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Undo `relative_actions`: `ee_pose` actions (..., horizon, 8), gripper within 0..1."""
    tool = tool[..., None, :]
    turned = multiply(from_rotvec(moves[..., 3:6]), tool[..., 3:])
    turned = turned / np.linalg.norm(turned, axis=-1, keepdims=True)
    gripper = np.clip(moves[..., 6:], 0.0, 1.0)
    return np.concatenate([tool[..., :3] + moves[..., :3], turned, gripper], -1)
