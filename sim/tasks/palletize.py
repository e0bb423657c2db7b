"""Palletize: stack the cartons from the infeed on the pallet in the named pattern."""

import math
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.errors import SimError
from sim.floor import ASSETS, Floor
from sim.rigs.rig import Rig, box
from sim.tasks import patterns
from sim.tasks.palletize_expert import PalletizeExpert
from sim.tasks.patterns import FEWEST, MOST, PATTERNS, turn_between, yaw_of
from sim.tasks.task import Reward, Task, distance, scatter, upright, yaw_pose

TEMPLATES = (
    "stack the {count} boxes {pattern}",
    "palletize the {count} cartons {pattern}",
    "put all {count} boxes on the pallet {pattern}",
    "build the pallet: {count} cartons {pattern}",
    "move the {count} cartons from the infeed to the pallet and set them {pattern}",
    "the {count} boxes go on the pallet {pattern}",
)
WORDS = {
    "row": ("in a row", "side by side", "next to each other in one line"),
    "column": ("in one column", "on top of each other", "as a single tower"),
    "pyramid": ("as a pyramid", "in a pyramid", "as a wall that narrows towards the top"),
    "square": ("in a square", "two by two", "as a block of two by two"),
    "crossed": ("crossed", "interlocked, each layer across the one below", "in crosswise layers"),
}
NUMBERS = {3: "three", 4: "four", 5: "five"}
NEAR, LEVEL, TURN = 0.020, 0.008, math.radians(15)
AT_REST = 0.03
SETTLED_S = 0.5


class Palletize(Task):
    """Stack the cartons from the infeed on the pallet in the named pattern.

    Start: three to five cartons (110 x 56 x 48 mm, 150 g) on the infeed at random places, at
    least 124 mm apart, at random yaws up to 0.6 rad. Their number, the pattern (`row`, `column`,
    `pyramid`, `square` two by two, of four or five cartons, `crossed`, layers that lie across
    each other) and the phrasing are drawn at random. The pattern stands in the middle of the
    pallet.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: `boxes` (5, 7), poses of the cartons' feet; `places` (5, 4), x, y, z and yaw
    where the pattern has a carton, lower layers first; rows beyond the number are zero.
    `placed` (5,) 1 for a place that is taken. Metres, radians, quaternions xyzw, floor's frame.

    Success: every place is taken by a carton: its foot within 20 mm of it in the plane and 8 mm
    in height, upright within 8 degrees, within 15 degrees of its yaw or half a turn from it; and
    all of them at rest (30 mm/s, 0.3 rad/s) and not touched by the robot, for the last 0.5 s.
    Reward, dense: number of places taken - distance from tool to the next carton - distance from
    it to the next place, metres, and +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    `info["boxes_placed"]` is the number of places taken, `info["boxes"]` how many there are.

    End: truncated after 60 s. Reset options: `pattern`, `boxes` ("3", "4", "5"). Option: `boxes`,
    a number from 3 to 5 or a range, `(3, 5)` by default.
    """

    scene_name: ClassVar[str] = "palletize"
    max_seconds: ClassVar[float] = 60.0

    def __init__(
        self,
        sparse: bool = False,
        boxes: int | tuple[int, int] = (FEWEST, MOST),
        scene: str | None = None,
    ) -> None:
        super().__init__(sparse, scene)
        self.fewest, self.most = box_range(boxes)
        infeed, pallet = self.scene.need("infeed"), self.scene.need("pallet")
        self.low, self.high = np.array(infeed["low"], float), np.array(infeed["high"], float)
        self.height, self.spacing = float(infeed["height"]), float(infeed["spacing"])
        self.deck = np.array(pallet["position"], float)
        self.pattern = PATTERNS[0]
        self.places = np.zeros((0, 4))
        self.present: list[str] = []

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        folder = ASSETS / "palletize"
        floor.add_mechanism("pallet", folder / "pallet.urdf", yaw_pose(*self.deck))
        floor.add_parking()
        self.names = [f"carton-{k}" for k in range(MOST)]
        for name in self.names:
            floor.add_body(name, folder / "carton.urdf")

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        counts = tuple(str(n) for n in range(self.fewest, self.most + 1))
        return {"pattern": PATTERNS, "boxes": counts}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task. Raises SimError for a pattern that the number of cartons does not make."""
        pattern, given = options.get("pattern"), options.get("boxes")
        fewest = max(self.fewest, 4) if pattern == "square" else self.fewest
        drawn = int(rng.integers(min(fewest, self.most), self.most + 1))
        count = drawn if given is None else int(given)
        fitting = patterns.fitting(count)
        drawn_pattern = fitting[rng.integers(len(fitting))]
        self.pattern = pattern or drawn_pattern
        self.places = patterns.places(self.pattern, count)
        self.places[:, :3] += self.deck
        spots = scatter(rng, self.low, self.high, self.spacing, count)
        turns = rng.uniform(-0.6, 0.6, count) + math.pi / 2
        self.present = self.names[:count]
        for name, spot, turn in zip(self.present, spots, turns, strict=True):
            self.floor.place(name, yaw_pose(spot[0], spot[1], self.height, turn))
        for name in self.names[count:]:
            self.floor.park(name)
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        words = WORDS[self.pattern]
        phrase = words[rng.integers(len(words))]
        self.instruction = template.format(count=NUMBERS[count], pattern=phrase)
        self.settled = 0.0
        self._look()

    def _look(self) -> None:
        """See where the cartons are, which places are taken, and what comes next."""
        self.poses = self.floor.poses_by_name(self.present)
        self.taken: list[str | None] = [self._at(place) for place in self.places]
        left = self.next()
        if left is not None:
            name, k = left
            self.target_position = self.poses[name][:3]
            self.goal_position = self.places[k, :3].copy()

    def _at(self, place: np.ndarray) -> str | None:
        """Say which carton lies in a place, if any."""
        px, py, pz, yaw = place.tolist()
        for name, pose in self.poses.items():
            x, y, z = pose[:3].tolist()
            near = math.hypot(x - px, y - py) < NEAR and abs(z - pz) < LEVEL
            if near and abs(turn_between(yaw_of(pose), yaw)) < TURN:
                return name if upright(pose, 8) else None
        return None

    def next(self) -> tuple[str, int] | None:
        """Give the first place that is not taken and the carton nearest to it that is free."""
        free = [name for name in self.present if name not in self.taken]
        for k, (place, name) in enumerate(zip(self.places, self.taken, strict=True)):
            if name is None and free:
                target = place[:3]
                return min(free, key=lambda n: distance(self.poses[n][:3], target)), k
        return None

    def update(self) -> Reward:
        """See Task."""
        self._look()
        placed = sum(name is not None for name in self.taken)
        calm = placed == len(self.places) and self._calm()
        self.settled = self.settled + self.rig.ticks / self.floor.tick_hz if calm else 0.0
        success = self.settled > SETTLED_S
        info = {"boxes_placed": placed, "boxes": len(self.places)}
        if self.sparse:
            return Reward(float(success), success, info)
        left = self.next()
        reach = carry = 0.0
        if left is not None:
            reach = distance(self.arm.tool[:3], self.target_position)
            carry = distance(self.target_position, self.goal_position)
        return Reward(placed - reach - carry + float(success), success, info)

    def _calm(self) -> bool:
        """Say whether all cartons are at rest and none is touched by the robot."""
        for name in self.present:
            speed = self.floor.velocity(name)
            slow = distance(speed[:3], np.zeros(3)) < AT_REST
            if not (slow and distance(speed[3:], np.zeros(3)) < 10 * AT_REST):
                return False
        return not any(self.arm.touches(name) for name in self.present)

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        return {
            "boxes": box(MOST, 7),
            "places": box(MOST, 4),
            "placed": box(MOST, low=0.0, high=1.0),
        }

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        boxes, places, placed = np.zeros((MOST, 7)), np.zeros((MOST, 4)), np.zeros(MOST)
        for row, name in enumerate(self.present):
            boxes[row] = self.poses[name]
        count = len(self.places)
        places[:count] = self.places
        placed[:count] = [name is not None for name in self.taken]
        return {"boxes": boxes, "places": places, "placed": placed}

    def expert(self) -> PalletizeExpert:
        """See Task."""
        return PalletizeExpert(self)


def box_range(boxes: int | tuple[int, int]) -> tuple[int, int]:
    """Give the fewest and the most cartons. Raises SimError outside 3 to 5."""
    try:
        fewest, most = (boxes, boxes) if isinstance(boxes, int) else boxes
        if FEWEST <= fewest <= most <= MOST:
            return int(fewest), int(most)
    except (TypeError, ValueError):
        pass
    raise SimError(f"boxes={boxes!r} is not a number or range from {FEWEST} to {MOST}")
