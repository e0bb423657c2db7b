"""ConveyorSort: sort the parts that a belt brings into two chutes, by the instruction's rule."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.rig import Rig, box
from sim.scene import PARTS
from sim.tasks.bins import Bin
from sim.tasks.conveyor import OUTLET, Conveyor
from sim.tasks.conveyor_sort_expert import ConveyorSortExpert
from sim.tasks.sort_rules import PASS, SIDES, TEMPLATES, WAYS, draw_rule, draw_stream
from sim.tasks.task import Reward, Task, distance, yaw_pose

LEAST, MOST = 3, 8
SLOWEST, FASTEST = 0.02, 0.15
FIRST = 0.28, 0.36
GAP = 0.30, 0.40
SIDEWAYS = 0.02
DAMPING = 0.1, 0.9
"""Linear and angular damping of the parts, so that what rolls comes to rest."""
SPARE = 3.0
RESIDUAL = 1e-5
"""Where the contact solver stops: a quarter faster than with Bullet's own 1e-7."""
UNDERWAY, LOST = "underway", "lost"


@dataclass
class Item:
    """One part of the stream: what it is, where it should go and where it went."""

    kind: str
    colour: str
    way: str
    went: str = UNDERWAY


class ConveyorSort(Task):
    """Sort the parts that a belt brings into two chutes, by the rule in the instruction.

    Start: the belt runs from the robot's left to its right at `belt_speed`, 0.02 to 0.15 m/s,
    by default 0.08. `parts` of them, by default 6 (a number from 3 to 8, or a range), come out
    of the hood one after the other, 0.30 to 0.40 m apart, at random yaws and a little off the
    middle. The rule is drawn at random: by kind or by colour; two sorts to one chute each while
    the rest passes ("both"), one sort to one chute and all the rest to the other ("rest"), or one
    sort alone ("one"); so are sides and phrasing. At least half of the parts are to be taken off.
    Left is the robot's own left, +y.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: `parts` (n, 7), poses, with `kinds` (n, 4), one-hot of gear, bolt, bracket,
    bearing, `colours` (n, c), one-hot in the scene's order, and `ways` (n, 3), one-hot of where
    the rule wants it: left, right, on along the belt; n is the most parts there can be, rows of
    absent parts are zero. `chutes` (2, 3), centres of left and right; `belt` (2,), travel and
    speed. Metres, quaternions xyzw, floor's frame.

    Success: every part is in a chute, in the belt's outlet or lost, the robot touches none, and
    at least `least_share` of them, by default all, are where the rule wants them. `info` has
    `share`, the share that is where it should be, `wrong`, the number that is where it should not
    be, and `underway`, the number still to come.
    Reward, dense: share - wrong / n - half of (distance from tool to part + distance from part to
    its chute, metres) for the next part to be taken off, and +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated when the last part has had time to reach the outlet (37.5 s by default). Reset
    options: `rule` (both, rest, one), `by` (kind, colour).
    """

    scene_name: ClassVar[str] = "conveyor_sort"
    max_seconds: ClassVar[float] = 37.5
    robots: ClassVar[tuple[str, ...]] = ("panda",)

    def __init__(
        self,
        sparse: bool = False,
        parts: int | tuple[int, int] = 6,
        belt_speed: float = 0.08,
        least_share: float = 1.0,
        scene: str | None = None,
    ) -> None:
        super().__init__(sparse, scene)
        self.least, self.most = part_range(parts)
        self.belt_speed = number("belt_speed", belt_speed, SLOWEST, FASTEST)
        self.least_share = number("least_share", least_share, 0.75, 1.0)
        table = self.scene.need("chutes")
        self.chutes = {side: Bin.from_table(table[side]) for side in SIDES}
        self.names = tuple(self.scene.colours)
        self.items: dict[str, Item] = {}
        self.fixed: dict[str, np.ndarray] = {}
        self.poses: dict[str, np.ndarray] = {}
        self.belt = (0.0, 0.0)
        self.next: str | None = None

    @property
    def seconds(self) -> float:
        """See Task: a slow belt takes longer."""
        longest = FIRST[1] + (self.most - 1) * GAP[1] - OUTLET
        return longest / self.belt_speed + SPARE

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        self.middle = np.array(self.scene.need("belt")["middle"], float)
        self.height = float(self.middle[2])
        self.conveyor = Conveyor(floor, self.middle)
        for side, chute in self.chutes.items():
            for k, wall in enumerate(chute.boxes):
                floor.add_box(f"{side}/{k}", wall)
        floor.solve_to(RESIDUAL)
        self.alike = (self.most + 1) // 2
        self.pool = {kind: [f"{kind}-{k}" for k in range(self.alike)] for kind in PARTS}
        for kind, names in self.pool.items():
            for name in names:
                floor.add_part(name, kind)
                floor.damp(name, *DAMPING)

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"rule": tuple(TEMPLATES), "by": ("kind", "colour")}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        self.rule = draw_rule(rng, self.names, options.get("rule"), options.get("by"))
        count = int(rng.integers(self.least, self.most + 1))
        stream = draw_stream(rng, self.rule, self.names, count, self.alike)
        free = {kind: list(names) for kind, names in self.pool.items()}
        x, y, z = self.middle
        y += float(rng.uniform(*FIRST))
        self.items = {}
        for kind, colour in stream:
            name = free[kind].pop(0)
            aside = float(rng.uniform(-SIDEWAYS, SIDEWAYS))
            yaw = float(rng.uniform(-np.pi, np.pi))
            self.floor.place(name, yaw_pose(x + aside, y, z + 0.001, yaw))
            self.floor.paint(name, self.scene.colours[colour])
            self.items[name] = Item(kind, colour, self.rule.way(kind, colour))
            y += float(rng.uniform(*GAP))
        for name in (n for names in free.values() for n in names):
            self.floor.discard(name)
        self.instruction = self.rule.instruction
        self.fixed = self._describe()
        self.conveyor.start(self.belt_speed)

    def update(self) -> Reward:
        """See Task."""
        self.belt = self.conveyor.observe()
        self.poses = self.floor.poses_by_name(self.items)
        for name, item in self.items.items():
            item.went = self._went(self.poses[name])
        self._aim()
        count = len(self.items)
        right = sum(item.went == item.way for item in self.items.values())
        underway = sum(item.went == UNDERWAY for item in self.items.values())
        wrong = count - right - underway
        success = (
            underway == 0
            and right >= self.least_share * count - 1e-9
            and not any(self.arm.touches(name) for name in self.items)
        )
        info = {"share": right / count, "wrong": wrong, "underway": underway}
        if self.sparse:
            return Reward(float(success), success, info)
        value = (right - wrong) / count + float(success)
        if self.next is not None:
            reach = distance(self.arm.tool[:3], self.target_position)
            value -= 0.5 * (reach + distance(self.target_position, self.goal_position))
        return Reward(value, success, info)

    def _went(self, pose: np.ndarray) -> str:
        place = pose[:3].tolist()
        for side, chute in self.chutes.items():
            if chute.holds(place) and place[2] < chute.position[2] + chute.height:
                return side
        if self.conveyor.passed(place):
            return PASS
        return LOST if place[2] < self.height - 0.03 else UNDERWAY

    def _aim(self) -> None:
        """Set the part to be taken off next: of those underway the one furthest along."""
        wanted = [
            name for name, item in self.items.items() if item.way != PASS and item.went == UNDERWAY
        ]
        self.next = min(wanted, key=lambda name: float(self.poses[name][1]), default=None)
        if self.next is not None:
            self.target_position = self.poses[self.next][:3]
            self.goal_position = self.chutes[self.items[self.next].way].centre

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n = self.most
        return {
            "parts": box(n, 7),
            "kinds": box(n, len(PARTS), low=0.0, high=1.0),
            "colours": box(n, len(self.names), low=0.0, high=1.0),
            "ways": box(n, len(WAYS), low=0.0, high=1.0),
            "chutes": box(2, 3),
            "belt": box(2),
        }

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        parts = np.zeros((self.most, 7))
        for row, pose in enumerate(self.poses.values()):
            parts[row] = pose
        fixed = {key: value.copy() for key, value in self.fixed.items()}
        return {"parts": parts, **fixed, "belt": np.array(self.belt)}

    def _describe(self) -> dict[str, np.ndarray]:
        """Give what of the observation does not change within an episode."""
        n = self.most
        kinds, colours = np.zeros((n, len(PARTS))), np.zeros((n, len(self.names)))
        ways = np.zeros((n, len(WAYS)))
        for row, item in enumerate(self.items.values()):
            kinds[row, PARTS.index(item.kind)] = 1.0
            colours[row, self.names.index(item.colour)] = 1.0
            ways[row, WAYS.index(item.way)] = 1.0
        chutes = np.stack([chute.centre for chute in self.chutes.values()])
        return {"kinds": kinds, "colours": colours, "ways": ways, "chutes": chutes}

    def way(self, name: str) -> str:
        """Say where the rule wants a part: left, right or pass."""
        return self.items[name].way

    def kinds(self) -> dict[str, str]:
        """Give the kinds of the parts by name."""
        return {name: item.kind for name, item in self.items.items()}

    def expert(self) -> ConveyorSortExpert:
        """See Task."""
        return ConveyorSortExpert(self)


def part_range(parts: int | tuple[int, int]) -> tuple[int, int]:
    """Give the least and the most parts. Raises SimError outside 3 to 8."""
    try:
        least, most = (parts, parts) if isinstance(parts, int) else (int(p) for p in parts)
        if LEAST <= least <= most <= MOST:
            return least, most
    except (TypeError, ValueError):
        pass
    raise SimError(f"parts={parts!r} is not a number or range from {LEAST} to {MOST}")


def number(what: str, value: float, least: float, most: float) -> float:
    """Give a number in a range. Raises SimError, naming it, for anything else."""
    try:
        if least <= float(value) <= most:
            return float(value)
    except (TypeError, ValueError):
        pass
    raise SimError(f"{what}={value!r} is not a number from {least:g} to {most:g}")
