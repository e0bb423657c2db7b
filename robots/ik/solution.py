"""What inverse kinematics gives: joint values, and how near they come."""

from dataclasses import dataclass

import numpy as np

from robots.errors import RobotError

STATUS = ("reached", "still moving", "stuck", "refused")
"""By the numbers that `robots.ik.dls` reports."""


@dataclass(frozen=True)
class Solution:
    """What came of a pose: joint values `q` (n,) within the limits, and the errors left there.

    `position_error` m, `rotation_error` rad; `iterations` over all starts, `restarts` after the
    first start; `success` says that both errors (or the one that was asked for) are within the
    tolerance. `status` is how the last descent ended, one of STATUS.
    """

    q: np.ndarray
    position_error: float
    rotation_error: float
    iterations: int
    restarts: int
    success: bool
    status: str

    @property
    def message(self) -> str:
        """One line on how it went."""
        left = f"{self.position_error:.3g} m and {self.rotation_error:.3g} rad left"
        tried = f"after {self.iterations} iterations and {self.restarts} restarts ({self.status})"
        return f"{'reached' if self.success else 'out of reach'}: {left} {tried}"

    def required(self) -> np.ndarray:
        """Give q; RobotError, saying how far it stayed away, where the pose was not reached."""
        if not self.success:
            raise RobotError(f"inverse kinematics: {self.message}")
        return self.q


@dataclass(frozen=True)
class Solutions:
    """The same for p poses: arrays (p, n) and (p,), as in `Solution`."""

    q: np.ndarray
    position_error: np.ndarray
    rotation_error: np.ndarray
    iterations: np.ndarray
    restarts: np.ndarray
    success: np.ndarray

    def __len__(self) -> int:
        return len(self.q)

    def rounded(self, q_min: np.ndarray, q_max: np.ndarray) -> "Solutions":
        """Give the same in float32, no `q` (p, n) rounded to outside its limits (n,)."""
        q = self.q.astype(np.float32)
        q = np.where(q > q_max, np.nextafter(q, np.float32(-np.inf)), q)
        q = np.where(q < q_min, np.nextafter(q, np.float32(np.inf)), q)
        errors = (self.position_error, self.rotation_error)
        position, rotation = (error.astype(np.float32) for error in errors)
        return Solutions(q, position, rotation, self.iterations, self.restarts, self.success)
