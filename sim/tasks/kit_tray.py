"""KitTray: put the named part into the named slot of a kitting tray."""

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.rig import Rig, box
from sim.scene import PARTS, Tray, build_tray
from sim.tasks.kit_tray_expert import KitTrayExpert
from sim.tasks.task import Reward, Task, distance, scatter, upright, yaw_pose

TEMPLATES = (
    "put the {colour} {part} in the {slot} slot",
    "place the {colour} {part} into the {slot} slot",
    "move the {colour} {part} to the {slot} slot of the tray",
    "pick up the {colour} {part} and put it in the {slot} slot",
    "the {colour} {part} goes in the {slot} slot",
    "kit the {colour} {part} into the {slot} slot",
)
RELEASED = 0.55
LEAST, MOST = 3, 8
CROWDED = 0.08
ALIKE = 3


class KitTray(Task):
    """Put the named part into the named slot of a kitting tray.

    Start: parts at random places and yaws at least 95 mm apart (80 mm when there can be more
    than four). With `parts=4`, the default, there is one of each kind, each of another colour.
    `parts` may also be a number from 3 to 8 or a range such as `(3, 8)`: then the named part has
    distractors, one of its kind in another colour and one of its colour of another kind, and no
    twin. The part, the slot and the phrasing of the instruction are drawn at random.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: `parts` (n, 7), poses, n the most parts there can be, rows of absent parts are
    zero; for the default the rows are gear, bolt, bracket, bearing. `target` (n,) one-hot row of
    the named part; `goal` (3,) the slot's centre. Metres, quaternions xyzw, floor's frame.

    Success: the named part's centre lies within the named slot (half a slot less the part's
    radius), upright within 30 degrees, below 30 mm, and the gripper is open.
    Reward, dense: -distance from tool to part - distance from part to slot, metres, and +1 at
    success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated after 16 s.
    """

    scene_name: ClassVar[str] = "kit_tray"
    max_seconds: ClassVar[float] = 16.0
    robots: ClassVar[tuple[str, ...]] = ("panda", "iiwa", "xarm6", "so101")
    scenes: ClassVar[dict[str, str]] = {"so101": "kit_tray_so101"}

    def __init__(
        self,
        sparse: bool = False,
        parts: int | tuple[int, int] = len(PARTS),
        scene: str | None = None,
    ) -> None:
        super().__init__(sparse, scene)
        self.least, self.most = part_range(parts)
        self.plain = parts == len(PARTS)
        zone = self.scene.need("zone")
        self.zone = np.array(zone["low"], float), np.array(zone["high"], float)
        self.spacing = float(zone["spacing"]) if self.plain else CROWDED
        self.tray: Tray = build_tray(self.scene.need("tray"))
        edge = min(box.position[0] - box.size[0] / 2 for box in self.tray.boxes)
        if self.zone[1][0] > edge:
            raise SimError(
                f"scene {self.scene.name}: zone.high[0] = {self.zone[1][0]} lies in the tray, "
                f"which begins at x = {edge:.3f}"
            )
        self.part, self.slot, self.row = PARTS[0], "left", 0
        self.colours: dict[str, str] = {}

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        for k, wall in enumerate(self.tray.boxes):
            floor.add_box(f"tray-{k}", wall)
        if self.plain:
            self.pool = {kind: kind for kind in PARTS}
        else:
            self.pool = {f"{kind}-{k}": kind for kind in PARTS for k in range(ALIKE)}
            floor.add_parking()
        for name, kind in self.pool.items():
            floor.add_part(name, kind)
        self.present = list(self.pool)[: self.most]

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"part": PARTS, "slot": tuple(self.tray.slots)}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        part, slot = options.get("part"), options.get("slot")
        if self.plain:
            order = [list(self.scene.colours)[i] for i in rng.permutation(len(self.scene.colours))]
            drawn = list(zip(PARTS, order, strict=True))
        else:
            drawn = self._draw(rng, part)
        places = scatter(rng, *self.zone, self.spacing, len(drawn))
        yaws = rng.uniform(-0.4, 0.4, len(drawn))
        self._lay(drawn, places, yaws)
        slots = list(self.tray.slots)
        if self.plain:
            drawn_part = PARTS[rng.integers(len(PARTS))]
            name = part or drawn_part
        else:
            name = self.present[0]
        drawn_slot = slots[rng.integers(len(slots))]
        self.ask(rng, name, slot or drawn_slot)
        self.target_position = self.floor.pose(name)[:3]

    def _draw(self, rng: np.random.Generator, part: str | None) -> list[tuple[str, str]]:
        """Draw kinds and colours, the named part first, then its distractors."""
        colours = list(self.scene.colours)
        count = int(rng.integers(self.least, self.most + 1))
        kind = part or PARTS[rng.integers(len(PARTS))]
        colour = colours[rng.integers(len(colours))]
        others = [c for c in colours if c != colour]
        kinds = [k for k in PARTS if k != kind]
        drawn = [
            (kind, colour),
            (kind, others[rng.integers(len(others))]),
            (kinds[rng.integers(len(kinds))], colour),
        ]
        while len(drawn) < count:
            more = (PARTS[rng.integers(len(PARTS))], colours[rng.integers(len(colours))])
            alike = sum(k == more[0] for k, _ in drawn)
            if more != drawn[0] and alike < ALIKE:
                drawn.append(more)
        return drawn

    def _lay(self, drawn: list[tuple[str, str]], places: np.ndarray, yaws: np.ndarray) -> None:
        free = {kind: [n for n, k in self.pool.items() if k == kind] for kind in PARTS}
        self.present, self.colours = [], {}
        for (kind, colour), place, yaw in zip(drawn, places, yaws, strict=True):
            name = free[kind].pop(0)
            self.floor.place(name, yaw_pose(place[0], place[1], 0.001, yaw))
            self.floor.paint(name, self.scene.colours[colour])
            self.present.append(name)
            self.colours[name] = colour
        for name in (n for names in free.values() for n in names):
            self.floor.park(name)

    def ask(self, rng: np.random.Generator, part: str, slot: str) -> None:
        """Ask for a part (its name on the floor) and a slot on the present layout.

        The phrasing is drawn at random.
        """
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        self.part, self.slot, self.row = part, slot, self.present.index(part)
        self.instruction = template.format(
            part=self.pool[part], colour=self.colours[part], slot=slot
        )
        self.goal_position = self.tray.slots[slot]

    def update(self) -> Reward:
        """See Task."""
        self.poses = self.floor.poses(self.present)
        pose = self.poses[self.row]
        self.target_position = pose[:3]
        (x, y, z), (goal_x, goal_y, _) = pose[:3].tolist(), self.goal_position.tolist()
        half_x, half_y = (side / 2 - 0.015 for side in self.tray.slot)
        inside = abs(x - goal_x) < half_x and abs(y - goal_y) < half_y and z < 0.03
        success = inside and upright(pose, 30) and self.arm.gripper > RELEASED
        if self.sparse:
            return Reward(float(success), success)
        reach = distance(self.arm.tool[:3], pose[:3])
        carry = distance(pose[:3], self.goal_position)
        return Reward(-reach - carry + float(success), success)

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n = self.most
        return {"parts": box(n, 7), "target": box(n, low=0.0, high=1.0), "goal": box(3)}

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        parts, one_hot = np.zeros((self.most, 7)), np.zeros(self.most)
        parts[: len(self.poses)] = self.poses
        one_hot[self.row] = 1.0
        return {"parts": parts, "target": one_hot, "goal": self.goal_position.copy()}

    def expert(self) -> KitTrayExpert:
        """See Task."""
        return KitTrayExpert(self)


def part_range(parts: int | tuple[int, int]) -> tuple[int, int]:
    """Give the least and the most parts. Raises SimError outside 3 to 8."""
    least, most = (parts, parts) if isinstance(parts, int) else parts
    if not LEAST <= least <= most <= MOST:
        raise SimError(f"parts={parts!r} is not a number or range from {LEAST} to {MOST}")
    return least, most
