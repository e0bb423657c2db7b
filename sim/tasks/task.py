"""What every task is: bodies to add, a layout to draw, a state to judge."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, cast

import numpy as np
from gymnasium import spaces

from sim.errors import SimError
from sim.floor import Floor
from sim.rigs import ArmRig, Rig
from sim.scene import Scene


class Expert(Protocol):
    """A scripted policy that sees the true state."""

    def act(self) -> np.ndarray:
        """Give the next action, in the task's `expert_mode`."""


@dataclass(slots=True)
class Reward:
    """The outcome of one step. `info` is added to the environment's info."""

    value: float
    success: bool
    info: dict[str, Any] = field(default_factory=dict)


class Task:
    """One thing to do on one scene, for one rig. It moves and sees bodies through its floor.

    `instruction`, `target_position` (3,), where the hand has to go, and `goal_position` (3,),
    where the thing has to go, are set by `reset` and `update`; positions are in the floor's frame.
    A subclass's docstring is its specification, in these sections: Start, Observation, Success,
    Reward, End.

    `rig` is the kind of rig that it is for (see `sim.rigs.make`), `robots` those that it is laid
    out for, the default first; `scenes` names the scene of a robot that needs another one than
    `scene_name`. Its expert acts in `expert_mode` at `expert_hz`. `stiffness` is the arm's where
    the environment is not told another. `has_images` says that the observation shows images,
    before `spaces` is asked: what a robot should see there can then be left out of the numbers.
    """

    scene_name: ClassVar[str]
    max_seconds: ClassVar[float]
    scenes: ClassVar[dict[str, str]] = {}
    rig_kind: ClassVar[str] = "arm"
    robots: ClassVar[tuple[str, ...]] = ("panda",)
    expert_mode: ClassVar[str] = "ee_pose"
    expert_hz: ClassVar[int] = 10
    stiffness: ClassVar[float | None] = None
    has_images = False

    def __init__(self, sparse: bool = False, scene: str | None = None) -> None:
        self.sparse = sparse
        self.scene = Scene.load(scene or self.scene_name)
        self.instruction = ""
        self.target_position = np.zeros(3)
        self.goal_position = np.zeros(3)

    @property
    def seconds(self) -> float:
        """How long an episode may last: `max_seconds`, unless the options change it."""
        return self.max_seconds

    def build(self, floor: Floor, rig: Rig) -> None:
        """Add to the floor what the scene does not hold. Called once; keeps floor and rig."""
        self.floor, self.rig = floor, rig

    @property
    def arm(self) -> ArmRig:
        """The arm, for a task of one arm."""
        return cast(ArmRig, self.rig)

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """Draw a layout, place it, draw an instruction. The rig is put at its start after this.

        `options` are those that `choices` names, as far as they were given.
        """
        raise NotImplementedError

    def started(self, rng: np.random.Generator) -> None:
        """Do what needs the rig at its start: the end of every reset."""

    def before_step(self) -> None:
        """Called before every step of the environment, with the state that `update` saw."""

    def update(self) -> Reward:
        """Judge the present state. The rig was observed just before."""
        raise NotImplementedError

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """Give the spaces of `state`."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """Give the task's numeric part of the observation."""
        raise NotImplementedError

    def expert(self) -> Expert:
        """Give a scripted policy for the present episode."""
        raise NotImplementedError

    def choices(self) -> dict[str, tuple[str, ...]]:
        """Give the reset options that this task takes, and what each may be."""
        return {}

    def check_options(self, options: dict[str, Any]) -> None:
        """Raise SimError for reset options that this task does not take."""
        valid = self.choices()
        for key, value in options.items():
            if key != "instruction" and key not in valid:
                names = ", ".join(["instruction", *valid])
                raise SimError(f"unknown reset option {key!r}; choose from {names}")
            if key in valid and value not in valid[key]:
                raise SimError(f"no {key} {value!r}; choose from {', '.join(valid[key])}")


def scatter(
    rng: np.random.Generator, low: np.ndarray, high: np.ndarray, spacing: float, count: int
) -> np.ndarray:
    """Draw places (count, 2) in a rectangle, none nearer to another than `spacing`, metres.

    Raises SimError where so many do not fit.
    """
    for _ in range(1000):
        places: list[np.ndarray] = []
        for _ in range(60):
            place = rng.uniform(low, high)
            if all(math.hypot(*(place - other)) >= spacing for other in places):
                places.append(place)
            if len(places) == count:
                return np.array(places)
    raise SimError(f"{count} places {spacing} m apart do not fit between {low} and {high}")


def offset(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Give the way from `other` (3,) to `one` (3,), as plain numbers: arrays so short are slow."""
    (ax, ay, az), (bx, by, bz) = one.tolist(), other.tolist()
    return ax - bx, ay - by, az - bz


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Give the distance between two places (3,), the same bits on every machine."""
    x, y, z = offset(one, other)
    return math.sqrt(x * x + y * y + z * z)


def turned_back(pose: np.ndarray, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Give a vector of the floor's frame in the frame of a pose (7,), of unit quaternion."""
    *_, a, b, c, d = pose.tolist()
    # v + 2 d (q x v) + 2 q x (q x v), q being the inverse's.
    a, b, c = -a, -b, -c
    p, q, r = 2 * (b * z - c * y), 2 * (c * x - a * z), 2 * (a * y - b * x)
    return (
        x + d * p + b * r - c * q,
        y + d * q + c * p - a * r,
        z + d * r + a * q - b * p,
    )


def upright(pose: np.ndarray, degrees: float) -> bool:
    """Say whether a pose (7,) has its z axis within `degrees` of straight up."""
    x, y = pose[3:5].tolist()
    return bool(1 - 2 * (x * x + y * y) > math.cos(math.radians(degrees)))


def yaw_pose(x: float, y: float, z: float, yaw: float = 0.0) -> np.ndarray:
    """Give the pose (7,) of something upright that is turned by `yaw` about z."""
    return np.array([x, y, z, 0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2)])
