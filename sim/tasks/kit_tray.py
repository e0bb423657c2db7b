"""KitTray: put the named part into the named slot of a kitting tray."""

from typing import Any

import numpy as np

from sim.errors import SimError
from sim.scene import PARTS, Scene
from sim.tasks.kit_tray_expert import KitTrayExpert
from sim.tasks.task import Reward

TEMPLATES = (
    "put the {colour} {part} in the {slot} slot",
    "place the {colour} {part} into the {slot} slot",
    "move the {colour} {part} to the {slot} slot of the tray",
    "pick up the {colour} {part} and put it in the {slot} slot",
    "the {colour} {part} goes in the {slot} slot",
    "kit the {colour} {part} into the {slot} slot",
)
SETTLED_SPEED = 0.02
RELEASED = 0.55


class KitTray:
    """Four parts lie in a zone, one of each kind, each of another colour.

    Start: parts at random places and yaws at least 95 mm apart; kinds matched with colours at
    random; the part, the slot and the phrasing of the instruction drawn at random.
    Success: the named part's centre lies within the named slot (half a slot less the part's
    radius), upright within 30 degrees, below 30 mm, and the gripper is open.
    Reward, dense: -distance from tool to part - distance from part to slot, metres, and +1 at
    success. Reward, sparse: 1 at success, otherwise 0.
    """

    scene_name = "kit_tray"
    max_seconds = 16.0

    def __init__(self, sparse: bool = False) -> None:
        self.sparse = sparse
        self.scene = Scene.load(self.scene_name)
        self.part, self.slot, self.colour = PARTS[0], "left", "red"
        self._colours: dict[str, str] = {}
        self.instruction = ""
        self.target_position = np.zeros(3)
        self.goal_position = np.zeros(3)

    def check_options(self, options: dict[str, Any]) -> None:
        """See Task."""
        valid = {"part": PARTS, "slot": tuple(self.scene.tray.slots)}
        for key, value in options.items():
            if key not in valid and key != "instruction":
                raise SimError(
                    f"unknown reset option {key!r}; choose from instruction, {', '.join(valid)}"
                )
            if key in valid and value not in valid[key]:
                raise SimError(f"no {key} {value!r}; choose from {', '.join(valid[key])}")

    def reset(
        self, rng: np.random.Generator, part: str | None = None, slot: str | None = None
    ) -> dict[str, tuple[np.ndarray, str]]:
        """Draw a layout and an instruction; give pose (7,) and colour name of each part."""
        colours = list(self.scene.colours)
        order = [colours[i] for i in rng.permutation(len(colours))]
        places = self._scatter(rng)
        yaws = rng.uniform(-0.4, 0.4, len(PARTS))
        layout = {}
        for name, colour, place, yaw in zip(PARTS, order, places, yaws, strict=True):
            quaternion = (0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2))
            layout[name] = (np.array([*place, 0.001, *quaternion]), colour)
        self._colours = {part: colour for part, (_, colour) in layout.items()}
        slots = list(self.scene.tray.slots)
        drawn_part, drawn_slot = PARTS[rng.integers(len(PARTS))], slots[rng.integers(len(slots))]
        self.ask(rng, part or drawn_part, slot or drawn_slot)
        self.target_position = layout[self.part][0][:3]
        return layout

    def ask(self, rng: np.random.Generator, part: str, slot: str) -> None:
        """Ask for a part and a slot on the present layout, in a phrasing drawn at random."""
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        self.part, self.slot, self.colour = part, slot, self._colours[part]
        self.instruction = template.format(part=part, colour=self.colour, slot=slot)
        self.goal_position = self.scene.tray.slots[slot]

    def _scatter(self, rng: np.random.Generator) -> np.ndarray:
        """Draw places (4, 2) in the zone, none nearer to another than the spacing."""
        while True:
            places: list[np.ndarray] = []
            for _ in range(60):
                place = rng.uniform(self.scene.zone_low, self.scene.zone_high)
                if all(np.hypot(*(place - other)) >= self.scene.spacing for other in places):
                    places.append(place)
                if len(places) == len(PARTS):
                    return np.array(places)

    def update(self, poses: dict[str, np.ndarray], tool: np.ndarray, gripper: float) -> Reward:
        """Judge the present state: part poses (7,), tool pose (7,), gripper 0..1."""
        pose = poses[self.part]
        self.target_position = pose[:3]
        offset = np.abs(pose[:2] - self.goal_position[:2])
        half = np.array(self.scene.tray.slot) / 2 - 0.015
        x, y = pose[3], pose[4]
        upright = 1 - 2 * (x * x + y * y) > np.cos(np.radians(30))
        success = bool((offset < half).all() and upright and pose[2] < 0.03 and gripper > RELEASED)
        if self.sparse:
            return Reward(float(success), success)
        reach = float(np.linalg.norm(tool[:3] - pose[:3]))
        carry = float(np.linalg.norm(pose[:3] - self.goal_position))
        return Reward(-reach - carry + float(success), success)

    def state(self) -> dict[str, np.ndarray]:
        """Give `target`, (4,), one-hot over PARTS, and `goal`, (3,), the slot's place."""
        one_hot = np.zeros(len(PARTS))
        one_hot[PARTS.index(self.part)] = 1.0
        return {"target": one_hot, "goal": self.goal_position.copy()}

    def expert(self) -> KitTrayExpert:
        """Give a scripted policy for the present episode."""
        return KitTrayExpert(self)
