"""The scripted expert of ConveyorSort: meet the part on the belt, run along, take it off."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.bins import Bin
from sim.tasks.grasps import best
from sim.tasks.script import Script, down

HOVER = 0.08
"""Over the belt, while it waits and while it carries."""
AHEAD = 0.25
"""Where on the belt's y the tool waits for the next part."""
LAST = -0.27
"""A part further along than this is let go."""
LAG = 0.20
"""How far the tool comes behind a pose that moves, seconds."""
HELD = 0.04
RELEASE = 0.075
SPOTS = ((0.0, 0.0), (0.035, 0.04), (-0.035, -0.04), (0.035, -0.04), (-0.035, 0.04))


class Goal(Protocol):
    """What the expert needs to know of its task."""

    next: str | None
    poses: dict[str, np.ndarray]
    middle: np.ndarray
    chutes: dict[str, Bin]
    belt: tuple[float, float]

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""

    def way(self, name: str) -> str:
        """Say where a part goes."""

    def kinds(self) -> dict[str, str]:
        """Give the kinds of the parts by name."""


class ConveyorSortExpert(Script):
    """Gives `ee_pose` actions at 10 Hz from the true poses of all parts."""

    step: ClassVar[float] = 0.05

    def __init__(self, task: Goal) -> None:
        self.task = task
        self.dropped: Counter[str] = Counter()
        super().__init__(task.arm)

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        task = self.task
        while task.next is not None:
            name = task.next
            yield from self.meet(name)
            if task.next == name and self.held(name):
                yield from self.deliver(name)
        yield from self.go(self.over(task.middle), within=0.02)

    def meet(self, name: str) -> Iterator[np.ndarray]:
        """Wait for a part, come down on it as it moves, close, lift."""
        task = self.task
        place = self.over(task.poses[name])
        wide = np.array([-1.0, -1.0]), np.array([1.0, 1.0])
        grasp = best(name, task.kinds(), task.poses, float(task.middle[2]), wide)[0]
        turn, height = down(grasp.yaw), float(grasp.place[2])
        over = grasp.place[:2] - task.poses[name][:2]
        self.opening = 1.0
        waiting = np.array([place[0], min(place[1], AHEAD), task.middle[2] + HOVER])
        if task.poses[name][1] > AHEAD:
            yield from self.go(waiting, turn, within=0.02)
            while task.poses[name][1] > AHEAD + LAG * self.speed:
                yield self.pose(waiting, turn)
        yield from self.go(self.along(name, over, task.middle[2] + HOVER), turn, 0.01, 30)
        yield from self.go(self.along(name, over, height), turn, 0.008, 12)
        follow = self.along(name, over, height)
        self.opening = 0.0
        for _ in range(4):
            yield self.pose(follow(), turn)
        yield from self.go(self.over(self.arm.tool), turn, within=0.025)

    def along(self, name: str, over: np.ndarray, height: float) -> Callable[[], np.ndarray]:
        """Give a place that runs along with a part, ahead of it by what the tool lags behind."""

        def place() -> np.ndarray:
            x, y = self.task.poses[name][:2] + over
            return np.array([x, y - self.speed * LAG, height])

        return place

    def deliver(self, name: str) -> Iterator[np.ndarray]:
        """Carry to the part's chute, lower, let go, rise."""
        way = self.task.way(name)
        chute = self.task.chutes[way]
        spot = SPOTS[self.dropped[way] % len(SPOTS)]
        self.dropped[way] += 1
        goal = chute.centre + np.array([*spot, 0.0])
        yield from self.go(self.over(goal), within=0.03)
        goal[2] += RELEASE
        yield from self.go(goal, within=0.02, steps=15)
        yield from self.grip(1.0, 3)
        yield from self.go(self.over(goal), within=0.04)

    def over(self, place: np.ndarray) -> np.ndarray:
        """Give the place at carrying height above a place."""
        return np.array([place[0], place[1], self.task.middle[2] + HOVER])

    @property
    def speed(self) -> float:
        """The belt's speed now, m/s."""
        return self.task.belt[1]

    def held(self, name: str) -> bool:
        """Say whether a part is between the fingers."""
        offset = self.task.poses[name][:3] - self.arm.tool[:3]
        return bool((np.abs(offset) < HELD).all())
