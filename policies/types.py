"""What goes into a policy and what comes out: the vocabulary of the whole room."""

from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

import numpy as np

from policies.errors import PolicyError

Kind = Literal["joint_position", "joint_delta", "ee_delta", "ee_pose"]
EE_POSE_NAMES = ("x", "y", "z", "qx", "qy", "qz", "qw", "gripper")


@dataclass
class Observation:
    """What a policy sees at one instant.

    `images`: camera name (`front`, `wrist`) to uint8 (height, width, 3); `q`, `dq` (7,) rad and
    rad/s; `tool` (7,): position in metres and quaternion xyzw in the base frame; `gripper` 0
    closed..1 open; `time_s` simulated time since the episode began.
    """

    images: dict[str, np.ndarray]
    q: np.ndarray
    dq: np.ndarray
    tool: np.ndarray
    gripper: float
    instruction: str
    time_s: float = 0.0

    @classmethod
    def from_env(
        cls, obs: dict[str, Any], time_s: float = 0.0, instruction: str | None = None
    ) -> "Observation":
        """Read the flat Dict observation of a `vla` environment."""
        missing = [key for key in ("q", "dq", "tool", "gripper") if key not in obs]
        if missing:
            raise PolicyError(
                f"observation lacks {', '.join(missing)} (it has: {', '.join(sorted(obs))}); "
                "make the environment with obs_mode='vla'"
            )
        return cls(
            images={
                key.removeprefix("images/"): np.asarray(value)
                for key, value in obs.items()
                if key.startswith("images/")
            },
            q=np.asarray(obs["q"], np.float64),
            dq=np.asarray(obs["dq"], np.float64),
            tool=np.asarray(obs["tool"], np.float64),
            gripper=float(np.asarray(obs["gripper"]).reshape(-1)[0]),
            instruction=str(obs.get("instruction", "")) if instruction is None else instruction,
            time_s=time_s,
        )


@dataclass(frozen=True)
class ActionSpec:
    """What the numbers of an action mean.

    `frame` is the frame that poses and deltas are given in; `names` one name a dimension;
    `rate_hz` the spacing of the rows of a chunk; `horizon` its number of rows; `gripper` says
    which way the last number points.
    """

    kind: Kind
    names: tuple[str, ...]
    rate_hz: float
    horizon: int
    frame: str = "base"
    gripper: str = "0 closed..1 open"

    @property
    def dim(self) -> int:
        """Give the length of one action."""
        return len(self.names)

    def require(self, other: "ActionSpec", ours: str = "policy", theirs: str = "runner") -> None:
        """Raise PolicyError with a table of both sides unless `other` means the same.

        The horizon may differ: it is a length, not a meaning.
        """
        rows = [(f.name, getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        rows = [row for row in rows if row[0] != "horizon"]
        if all(mine == yours for _, mine, yours in rows):
            return
        lines = [f"{'':2}{'field':9}{ours:28}{theirs}"]
        for name, mine, yours in rows:
            mark = "  " if mine == yours else "* "
            lines.append(f"{mark}{name:9}{_show(mine):28}{_show(yours)}")
        raise PolicyError("action specs do not fit:\n" + "\n".join(lines))


def _show(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


@dataclass
class ActionChunk:
    """A stretch of actions: row i is for `time_s + i / spec.rate_hz`.

    `actions` (horizon, dim) float64. Raises PolicyError when the shape is another.
    """

    actions: np.ndarray
    spec: ActionSpec
    time_s: float = 0.0

    def __post_init__(self) -> None:
        self.actions = np.asarray(self.actions, np.float64)
        if self.actions.ndim != 2 or self.actions.shape[1] != self.spec.dim:
            raise PolicyError(
                f"action chunk has shape {self.actions.shape}; "
                f"{self.spec.kind} takes (horizon, {self.spec.dim})"
            )


class Policy(Protocol):
    """Anything that turns observations into chunks of actions."""

    @property
    def spec(self) -> ActionSpec:
        """Say what the actions mean."""

    def reset(self, seed: int) -> None:
        """Begin an episode; `seed` fixes every random choice in it."""

    def act(self, observation: Observation) -> ActionChunk:
        """Give the actions from `observation.time_s` on."""
