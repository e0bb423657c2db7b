"""HandOver: two arms pass the named part from one station to the other, in the air."""

import math
from typing import Any, ClassVar, cast

import numpy as np
from gymnasium import spaces

from sim.floor import ASSETS, Floor
from sim.rigs import PairRig
from sim.rigs.pair import SIDES
from sim.rigs.rig import Rig, box
from sim.scene import Fixture
from sim.tasks.hand_over_expert import hand_over_expert
from sim.tasks.pair_script import PairScript
from sim.tasks.task import Reward, Task, distance, offset, upright, yaw_pose

TEMPLATES = (
    "hand the {colour} {part} over to the {side} station",
    "pass the {colour} {part} from the {other} arm to the {side} arm and set it down there",
    "bring the {colour} {part} from the {other} station to the {side} station",
    "the {colour} {part} goes to the {side} station",
    "take the {colour} {part} off the {other} station and hand it to the {side} arm",
    "move the {colour} {part} over to the {side}, from arm to arm",
    "the {side} station needs the {colour} {part}",
)
KINDS = ("spindle", "bracket", "rail")
PITCH = 0.115
MARGIN = 0.07
AT_REST = 0.03


class HandOver(Task):
    """Pass the named part from the station of one arm to the station of the other.

    Start: a spindle, a bracket and a rail, 200 mm long, each of another colour, lie side by side
    in random order on the left or the right station; each is moved by up to 15 mm and turned by
    up to 0.2 rad at random. No arm reaches the other arm's station: the two have to hand the
    part over. The side, the part and the phrasing of the instruction are drawn at random.

    Action: the left arm's and then the right arm's, by default `ee_delta` (14,); see
    `sim.rigs.pair.PairRig`.

    Observation: `parts` (3, 7), poses of spindle, bracket and rail; `target` (3,) one-hot row of
    the named part; `goal` (3,) the centre of the station where it has to go. Metres, quaternions
    xyzw, floor's frame. What is left and right is said as seen from x < 0, looking along x.

    Success: the named part's centre lies over the goal's station, 70 mm or more inside its
    edge, within 12 mm of its top, upright within 30 degrees, slower than 30 mm/s, and neither
    arm touches it.
    Reward, dense: -distance from the nearer tool to the part - distance from part to goal,
    metres, and +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated after 30 s. Reset options: `part`; `side`, the station where it has to go.
    """

    scene_name: ClassVar[str] = "hand_over"
    max_seconds: ClassVar[float] = 30.0
    robots: ClassVar[tuple[str, ...]] = ("panda", "iiwa")
    rig_kind: ClassVar[str] = "pair"

    def __init__(self, sparse: bool = False, scene: str | None = None) -> None:
        super().__init__(sparse, scene)
        table = self.scene.need("stations")
        self.size = tuple(float(x) for x in table["size"])
        self.top = self.size[2]
        self.places = {side: np.array([*table[side], self.top]) for side in SIDES}
        self.part, self.side = KINDS[0], SIDES[0]

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        for side, (x, y, _) in self.places.items():
            colour = tuple(self.scene.tables["stations"][f"{side}_colour"])
            place = (float(x), float(y), self.top / 2)
            floor.add_box(f"{side} station", Fixture(self.size, place, colour))  # type: ignore[arg-type]
        for kind in KINDS:
            floor.add_body(kind, ASSETS / "hand_over" / f"{kind}.urdf")

    @property
    def pair(self) -> PairRig:
        """The two arms."""
        return cast(PairRig, self.rig)

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"part": KINDS, "side": SIDES}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        part, side = KINDS[rng.integers(len(KINDS))], SIDES[rng.integers(len(SIDES))]
        self.part, self.side = options.get("part", part), options.get("side", side)
        other = SIDES[1 - SIDES.index(self.side)]
        start = self.places[other]
        colours = [list(self.scene.colours)[i] for i in rng.permutation(len(self.scene.colours))]
        lanes = rng.permutation(len(KINDS))
        for kind, colour, lane in zip(KINDS, colours, lanes, strict=False):
            x = start[0] + PITCH * (int(lane) - 1) + rng.uniform(-0.008, 0.008)
            y = start[1] + rng.uniform(-0.015, 0.015)
            pose = yaw_pose(x, y, self.top + 0.0005, rng.uniform(-0.2, 0.2))
            self.floor.place(kind, pose)
            self.floor.paint(kind, self.scene.colours[colour])
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        colour = colours[KINDS.index(self.part)]
        self.instruction = template.format(
            part=self.part, colour=colour, side=self.side, other=other
        )
        self.goal_position = self.places[self.side].copy()
        self.target_position = self.floor.pose(self.part)[:3]

    def update(self) -> Reward:
        """See Task."""
        self.poses = self.floor.poses(KINDS)
        pose = self.poses[KINDS.index(self.part)]
        self.target_position = pose[:3]
        success = self._lies_at_goal(pose) and not any(
            arm.touches(self.part) for arm in self.pair.arms
        )
        if self.sparse:
            return Reward(float(success), success)
        reach = min(distance(arm.tool[:3], pose[:3]) for arm in self.pair.arms)
        carry = distance(pose[:3], self.goal_position)
        return Reward(-reach - carry + float(success), success)

    def _lies_at_goal(self, pose: np.ndarray) -> bool:
        x, y, z = offset(pose[:3], self.goal_position)
        over = abs(x) < self.size[0] / 2 - MARGIN and abs(y) < self.size[1] / 2 - MARGIN
        if not (over and -0.004 < z < 0.012 and upright(pose, 30)):
            return False
        vx, vy, vz = (float(v) for v in self.floor.velocity(self.part)[:3])
        return math.sqrt(vx * vx + vy * vy + vz * vz) < AT_REST

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n = len(KINDS)
        return {"parts": box(n, 7), "target": box(n, low=0.0, high=1.0), "goal": box(3)}

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        one_hot = np.zeros(len(KINDS))
        one_hot[KINDS.index(self.part)] = 1.0
        return {"parts": self.poses.copy(), "target": one_hot, "goal": self.goal_position.copy()}

    def expert(self) -> PairScript:
        """See Task."""
        giver, taker = self.pair.arms if self.side == "right" else reversed(self.pair.arms)
        return hand_over_expert(
            self.pair, giver, taker, lambda: self.floor.pose(self.part), self.goal_position
        )
