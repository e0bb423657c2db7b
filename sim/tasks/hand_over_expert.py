"""The scripted expert of HandOver: a giver and a taker that wait for each other."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sim.rigs import ArmRig, PairRig
from sim.tasks.pair_script import PairScript
from sim.tasks.script import Script, ahead, down, look, turned

GRIP = 0.075
"""How far from a part's middle a hand takes it, metres."""
HEIGHT = 0.013
"""How high over a part's foot a hand takes it, metres."""
HOVER = 0.13
MEETING = np.array([0.0, 0.0, 0.30])
ASIDE = 0.30
ATTEMPTS = 3


@dataclass
class Notes:
    """What giver and taker tell each other."""

    offered: bool = False
    taken: bool = False
    cleared: bool = False


class Hand(Script):
    """One of the two arms, with the part, as a function that gives its pose (7,), in view."""

    def __init__(self, arm: ArmRig, part: Callable[[], np.ndarray], notes: Notes) -> None:
        super().__init__(arm)
        self.part, self.notes = part, notes
        self.near = math.copysign(1.0, float(arm.base[1]))
        self.straight = down(math.atan2(float(arm.turn[1, 0]), float(arm.turn[0, 0])))

    def end(self, side: float, up: float = HEIGHT) -> np.ndarray:
        """Give the place (3,) to take the part at its end towards y > 0 (1) or y < 0 (-1)."""
        pose = self.part()
        place = ahead(pose, np.array([0.0, side * GRIP, HEIGHT]))
        return place + np.array([0.0, 0.0, up - HEIGHT])

    def across(self) -> np.ndarray:
        """Give the orientation (4,) that points down with the fingers across the part."""
        pose = self.part()
        fingers = ahead(np.concatenate([np.zeros(3), pose[3:]]), np.array([1.0, 0.0, 0.0]))
        one, other = (look(np.array([0.0, 0.0, -1.0]), s * fingers) for s in (1.0, -1.0))
        return min(one, other, key=lambda turn: turned(turn, self.straight))

    def take(self, side: float) -> Iterator[np.ndarray]:
        """Come over one end of the part, sink, close the fingers."""
        turn = self.across()
        yield from self.go(lambda: self.end(side, HOVER), turn, within=0.012)
        turn = self.across()
        yield from self.go(lambda: self.end(side), turn, within=0.005, steps=20, step=0.03)
        yield from self.grip(0.0, 5, turn)

    def back(self, height: float) -> Iterator[np.ndarray]:
        """Let go, rise, and draw back towards the own base."""
        yield from self.grip(1.0, 4, self.straight)
        place = self.arm.tool[:3] + np.array([0.0, 0.0, 0.08])
        yield from self.go(place, self.straight, within=0.02, steps=12)
        aside = np.array([0.0, self.near * ASIDE, height])
        yield from self.go(aside, self.straight, within=0.03, steps=20)


class Giver(Hand):
    """Fetches the part, offers it with its free end towards the other arm, and lets go."""

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        for _ in range(ATTEMPTS):
            yield from self.take(self.near)
            up = self.arm.tool[:3] + np.array([0.0, 0.0, HOVER])
            yield from self.go(up, self.straight, within=0.02, steps=20)
            if float(self.part()[2]) > 0.06:
                break
            self.opening = 1.0
        place = MEETING + np.array([0.0, self.near * GRIP, HEIGHT])
        yield from self.go(place, self.straight, within=0.008, steps=40)
        self.notes.offered = True
        while not self.notes.taken:
            yield self.pose(place, self.straight)
        yield from self.back(0.42)


class Taker(Hand):
    """Waits, takes the part at its free end, and sets it down at a goal (3,)."""

    def __init__(
        self, arm: ArmRig, part: Callable[[], np.ndarray], notes: Notes, goal: np.ndarray
    ) -> None:
        super().__init__(arm, part, notes)
        self.goal = goal

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        wait = np.array([0.0, self.near * 0.22, MEETING[2] + HOVER])
        while not self.notes.offered:
            yield from self.go(wait, self.straight, within=0.02, steps=1)
            yield self.pose(wait, self.straight)
        yield from self.take(self.near)
        self.notes.taken = True
        held = self.arm.tool[:3].copy()
        for _ in range(16):
            yield self.pose(held, self.straight)
        yield from self.go(lambda: self._carry(0.12), self.straight, within=0.02)
        yield from self.go(
            lambda: self._carry(0.0), self.straight, within=0.004, steps=30, step=0.02
        )
        yield from self.back(0.35)

    def _carry(self, height: float) -> np.ndarray:
        """Give where the tool has to be for the part to be at a height over its goal."""
        move = self.goal + np.array([0.0, 0.0, height]) - self.part()[:3]
        return self.arm.tool[:3] + move


def hand_over_expert(
    pair: PairRig,
    giver: ArmRig,
    taker: ArmRig,
    part: Callable[[], np.ndarray],
    goal: np.ndarray,
) -> PairScript:
    """Give the expert: `giver` and `taker` are the arms of `pair`, `part` gives its pose (7,)."""
    notes = Notes()
    hands: dict[str, Script] = {
        giver.name: Giver(giver, part, notes),
        taker.name: Taker(taker, part, notes, goal),
    }
    return PairScript(hands[pair.left.name], hands[pair.right.name])
