"""Where an environment is, as something to keep, send to another process and return to.

Bullet's own snapshots do not bring a world back exactly: of the contacts between bodies of several
convex pieces they restore one piece's, and none of the motors. What does is the way there: an
episode follows from its beginning and its actions bit for bit, so that is what a state holds, and
returning means going there again at the speed of the physics (no images are drawn on the way).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.errors import SimError

Event = np.ndarray | tuple[str, str]


@dataclass(frozen=True)
class State:
    """Where an environment is. Made by `FloorEnv.get_state`; can be pickled.

    `made` is what the environment was made with, as far as it decides what happens; `rng` the
    random numbers before the reset, `options` the reset's, `events` the actions since and what
    `ask` was told; `digest` of the numbers in the observation, to know the place again.
    """

    made: dict[str, str]
    rng: np.random.Generator
    options: dict[str, Any]
    events: tuple[Event, ...]
    digest: str

    def check(self, made: dict[str, str]) -> None:
        """Raise SimError unless it is the state of an environment made alike."""
        for key in (*self.made, *made):
            theirs, ours = (m.get(key, "its default") for m in (self.made, made))
            if theirs != ours:
                raise SimError(f"this state is of {key} {theirs}; the environment has {key} {ours}")


@dataclass
class Journal:
    """What happened in an episode so far."""

    rng: np.random.Generator
    options: dict[str, Any]
    events: list[Event] = field(default_factory=list)
