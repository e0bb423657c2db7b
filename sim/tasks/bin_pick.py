"""BinPick: take a part of the named kind out of a bin of clutter and put it on the outfeed."""

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.rig import Rig, box
from sim.scene import PARTS
from sim.tasks import clutter
from sim.tasks.bin_pick_expert import BinPickExpert
from sim.tasks.bins import Bin
from sim.tasks.task import Reward, Task, distance

TEMPLATES = (
    "take a {kind} out of the bin and put it on the outfeed",
    "pick a {kind} from the bin and place it on the outfeed",
    "find a {kind} in the bin and move it to the outfeed",
    "the outfeed needs a {kind}; get one from the bin",
    "fetch one {kind} from the clutter and lay it on the outfeed tray",
    "grab any {kind} out of the bin and drop it on the outfeed",
)
RELEASED = 0.3
LOW = 0.05
STILL = 0.03
RESIDUAL = 1e-4
"""Where the contact solver stops: a third faster, and the clutter moves by less than 0.1 mm."""


class BinPick(Task):
    """Take a part of the named kind out of a bin of clutter and put it on the outfeed.

    Start: a bin with 10 to 20 parts as they came to rest when they were dropped into it, of
    each kind between 2 and 5, on their feet, on their sides and on each other, one of more than
    a thousand prepared ways; colours, the kind asked for and the phrasing of the instruction are
    drawn at random. The outfeed, a shallow tray beside the bin, is empty. `parts` is a number
    from 10 to 20 or a range, by default `(10, 20)`.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: `parts` (n, 7), poses, and `kinds` (n, 4), one-hot of gear, bolt, bracket,
    bearing; n is the most parts there can be, rows of absent parts are zero. `target` (4,)
    one-hot of the kind asked for; `goal` (3,) the outfeed's centre. Metres, quaternions xyzw,
    floor's frame.

    Success: a part of the named kind lies on the outfeed, slower than 30 mm/s, the robot does
    not touch it and its gripper is open, and no part of another kind is on the outfeed. `info`
    has `on_outfeed`, the kinds that are on it.
    Reward, dense: -distance from tool to part - distance from part to the outfeed, metres, for
    the part of the named kind for which that is nearest, and +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated after 30 s. Reset options: `kind`.
    """

    scene_name: ClassVar[str] = "bin_pick"
    max_seconds: ClassVar[float] = 30.0
    robots: ClassVar[tuple[str, ...]] = ("panda", "iiwa", "xarm6")

    def __init__(
        self,
        sparse: bool = False,
        parts: int | tuple[int, int] = (clutter.LEAST, clutter.MOST),
        scene: str | None = None,
    ) -> None:
        super().__init__(sparse, scene)
        self.least, self.most = part_range(parts)
        self.bin = Bin.from_table(self.scene.need("bin"))
        self.outfeed = Bin.from_table(self.scene.need("outfeed"))
        self.kind = PARTS[0]
        self.present: dict[str, str] = {}
        self.poses: dict[str, np.ndarray] = {}

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        for what, tray in (("bin", self.bin), ("outfeed", self.outfeed)):
            for k, wall in enumerate(tray.boxes):
                floor.add_box(f"{what}/{k}", wall)
        floor.solve_to(RESIDUAL)
        self.pool = {kind: [f"{kind}-{k}" for k in range(clutter.EACH_MOST)] for kind in PARTS}
        for kind, names in self.pool.items():
            for name in names:
                floor.add_part(name, kind)
                floor.damp(name, *clutter.DAMPING)

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"kind": PARTS}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        kinds, poses = clutter.shipped().draw(rng, self.least, self.most)
        colours = list(self.scene.colours.values())
        free = {kind: list(names) for kind, names in self.pool.items()}
        self.present, self.poses = {}, {}
        for kind, pose in zip(kinds, poses, strict=True):
            name = free[kind].pop(0)
            pose[:3] += self.bin.centre
            self.floor.place(name, pose)
            self.floor.paint(name, colours[rng.integers(len(colours))])
            self.present[name] = kind
        for name in (n for names in free.values() for n in names):
            self.floor.discard(name)
        drawn = PARTS[rng.integers(len(PARTS))]
        self.kind = options.get("kind") or drawn
        self.instruction = TEMPLATES[rng.integers(len(TEMPLATES))].format(kind=self.kind)
        self.goal_position = self.outfeed.centre

    def update(self) -> Reward:
        """See Task."""
        self.poses = self.floor.poses_by_name(self.present)
        out = [name for name, pose in self.poses.items() if self._delivered(pose)]
        kinds = [self.present[name] for name in out]
        success = (
            bool(out)
            and all(kind == self.kind for kind in kinds)
            and self.arm.gripper > RELEASED
            and any(self._rests(name) for name in out)
        )
        way, self.target_position = min(
            (
                (
                    distance(self.arm.tool[:3], pose[:3]) + distance(pose[:3], self.goal_position),
                    pose[:3],
                )
                for name, pose in self.poses.items()
                if self.present[name] == self.kind
            ),
            key=lambda pair: pair[0],
        )
        info = {"on_outfeed": tuple(kinds)}
        value = float(success) if self.sparse else float(success) - way
        return Reward(value, success, info)

    def _delivered(self, pose: np.ndarray) -> bool:
        return self.outfeed.holds(pose) and bool(pose[2] < LOW)

    def _rests(self, name: str) -> bool:
        x, y, z = (float(speed) for speed in self.floor.velocity(name)[:3])
        slow = x * x + y * y + z * z < STILL * STILL
        return slow and not self.arm.touches(name)

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n, kinds = self.most, len(PARTS)
        return {
            "parts": box(n, 7),
            "kinds": box(n, kinds, low=0.0, high=1.0),
            "target": box(kinds, low=0.0, high=1.0),
            "goal": box(3),
        }

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        parts, kinds = np.zeros((self.most, 7)), np.zeros((self.most, len(PARTS)))
        for row, (name, kind) in enumerate(self.present.items()):
            parts[row] = self.poses[name]
            kinds[row, PARTS.index(kind)] = 1.0
        target = np.array([float(kind == self.kind) for kind in PARTS])
        return {"parts": parts, "kinds": kinds, "target": target, "goal": self.goal_position.copy()}

    def expert(self) -> BinPickExpert:
        """See Task."""
        return BinPickExpert(self)


def part_range(parts: int | tuple[int, int]) -> tuple[int, int]:
    """Give the least and the most parts. Raises SimError outside 10 to 20."""
    try:
        least, most = (parts, parts) if isinstance(parts, int) else (int(p) for p in parts)
        if clutter.LEAST <= least <= most <= clutter.MOST:
            return least, most
    except (TypeError, ValueError):
        pass
    raise SimError(
        f"parts={parts!r} is not a number or range from {clutter.LEAST} to {clutter.MOST}"
    )
