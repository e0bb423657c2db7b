"""PegInsert: take the shaft from its cup and push it into the named socket."""

import math
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.assets.make_peg_insert import CLEARANCES, HEIGHT, HOLE, PITCH, PLATE, SOCKETS
from sim.errors import SimError
from sim.floor import ASSETS, Floor
from sim.rigs.rig import Rig, box
from sim.tasks.peg_insert_expert import PegInsertExpert, times
from sim.tasks.script import ahead
from sim.tasks.task import Reward, Task, distance, offset, turned_back, upright, yaw_pose

TEMPLATES = (
    "insert the shaft into the {which} socket",
    "push the shaft into the {which} hole",
    "put the peg in the {which} socket",
    "take the shaft out of the cup and fit it into the {which} socket",
    "fit the peg into the {which} hole",
    "the shaft goes in the {which} socket",
)
DEPTH = 0.036
FORCE = 30.0
UPRIGHT_DEG = 3.0
ERROR, YAW_ERROR, TILT = 0.002, math.radians(0.5), 0.022
YAW = 0.3
REACH = 0.0001
"""How far points of contact slide, metres: the shaft has as little play on each side."""


class PegInsert(Task):
    """Take the shaft from its cup and push it into the named socket, without force.

    Start: a square steel shaft, 100 mm long, stands in a cup with 3 mm of play. A plate carries
    three sockets with square holes of 24 mm, 40 mm deep, with a chamfer of 1.5 mm and collars of
    different colours. Cup and plate are at random places and yaws up to 0.3 rad, and the plate
    does not lie level: it leans up to 22 mrad (1.3 degrees) in some direction. The socket,
    whether it is named by colour or by position, and the phrasing are drawn at random.
    The shaft is narrower than the hole by `clearance` millimetres over its whole width (half of
    it on each side): 1.0, 0.5 or 0.2, the default.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: `shaft` (7,), its foot's pose; `goal` (4,), x, y, z of the socket's mouth and its
    yaw, as a camera would measure them: off by up to 2 mm in the plane and 0.5 degrees, the same
    all through an episode, and blind to the lean; `wrench` (6,), what presses on the hand, N and
    N m about the last joint's origin, filtered over 10 ms, the hand's own weight taken out;
    `peak_force` (1,), its largest force so far. Metres, radians, quaternions xyzw, floor's frame.

    Success: the shaft's foot is at least 36 mm deep in the named socket, upright within 3 degrees,
    and `peak_force` has stayed below 30 N all through the episode: a jammed or overloaded shaft
    is a failure. `info` has `depth`, metres, and `peak_force`.
    Reward, dense: -distance from tool to shaft - distance from its foot to the bottom of the
    hole, metres, and +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    The arm is compliant by default: its springs have 0.3 of the stiffness of the other tasks'
    (`stiffness` of the environment).

    End: truncated after 40 s. Reset options: `socket` (right, middle, left), `name_by` (colour,
    position). Options: `clearance`, mm; `error`, the goal's largest in the plane, metres; `tilt`,
    the plate's largest lean, radians.
    """

    scene_name: ClassVar[str] = "peg_insert"
    max_seconds: ClassVar[float] = 40.0
    robots: ClassVar[tuple[str, ...]] = ("panda", "iiwa", "xarm6")
    expert_hz: ClassVar[int] = 20
    stiffness: ClassVar[float | None] = 0.3

    def __init__(
        self,
        sparse: bool = False,
        clearance: float = CLEARANCES[-1],
        error: float = ERROR,
        tilt: float = TILT,
        scene: str | None = None,
    ) -> None:
        super().__init__(sparse, scene)
        if clearance not in CLEARANCES:
            valid = ", ".join(f"{c:g}" for c in CLEARANCES)
            raise SimError(f"clearance {clearance!r} mm is not one of {valid}")
        if not isinstance(error, int | float) or not 0.0 <= error <= 0.005:
            raise SimError(f"error {error!r} is not a number from 0 to 0.005 m")
        if not isinstance(tilt, int | float) or not 0.0 <= tilt <= 0.05:
            raise SimError(f"tilt {tilt!r} is not a number from 0 to 0.05 rad")
        self.clearance, self.error, self.tilt = float(clearance), float(error), float(tilt)
        self.holder, self.sockets = self.scene.need("holder"), self.scene.need("sockets")
        self.holder_pose = self.plate_pose = yaw_pose(0.0, 0.0, 0.0)
        self.socket, self.colours = SOCKETS[0], dict.fromkeys(SOCKETS, "red")
        self.goal = np.zeros(4)

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        self.arm.sense_force()
        floor.fit_closely(REACH)
        folder = ASSETS / "peg_insert"
        floor.add_mechanism("holder", folder / "holder.urdf", yaw_pose(0.48, 0.2, 0.0))
        floor.add_mechanism("sockets", folder / "sockets.urdf", yaw_pose(0.5, -0.15, 0.0))
        floor.add_body("shaft", folder / f"shaft-{self.clearance:g}.urdf")

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"socket": SOCKETS, "name_by": ("colour", "position")}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        self.holder_pose, turn = self._draw(rng, self.holder)
        self.plate_pose, yaw = self._draw(rng, self.sockets)
        self.plate_pose = leaning(self.plate_pose, *(self.tilt * in_disc(rng)))
        self._stand()
        place, lean = rng.uniform(-0.0015, 0.0015, 2), rng.uniform(-0.04, 0.04)
        x, y, z = (float(v) for v in self.holder_pose[:3])
        self.floor.place("shaft", yaw_pose(x + place[0], y + place[1], z, turn + lean))
        names = list(self.scene.colours)
        drawn = [names[i] for i in rng.permutation(len(names))[: len(SOCKETS)]]
        self.colours = dict(zip(SOCKETS, drawn, strict=True))
        for name, colour in self.colours.items():
            self.floor.paint("sockets", self.scene.colours[colour], link=name)
        socket = SOCKETS[rng.integers(len(SOCKETS))]
        by_colour = bool(rng.integers(2))
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        self.socket = options.get("socket") or socket
        if "name_by" in options:
            by_colour = options["name_by"] == "colour"
        which = self.colours[self.socket] if by_colour else self.socket
        self.instruction = template.format(which=which)
        along = (SOCKETS.index(self.socket) - 1) * PITCH
        self.goal_position = ahead(self.plate_pose, np.array([0.0, along, PLATE[2]]))
        mouth = ahead(self.plate_pose, np.array([0.0, along, PLATE[2] + HEIGHT]))
        off = self.error * in_disc(rng)
        turned = yaw + float(rng.uniform(-YAW_ERROR, YAW_ERROR))
        self.goal = np.array([mouth[0] + off[0], mouth[1] + off[1], mouth[2], turned])
        self.target_position = self.floor.pose("shaft")[:3]

    def _draw(self, rng: np.random.Generator, zone: dict[str, Any]) -> tuple[np.ndarray, float]:
        place = rng.uniform(zone["low"], zone["high"])
        yaw = float(rng.uniform(-YAW, YAW))
        return yaw_pose(float(place[0]), float(place[1]), float(zone["height"]), yaw), yaw

    def _stand(self) -> None:
        """Put cup and plate where this episode has them."""
        self.floor.place("holder", self.holder_pose)
        self.floor.place("sockets", self.plate_pose)

    def update(self) -> Reward:
        """See Task."""
        self.shaft = self.floor.pose("shaft")
        self.target_position = self.shaft[:3]
        self.wrench = self.arm.sensor.wrench()
        peak = self.arm.sensor.peak
        depth = self.depth()
        success = depth >= DEPTH and upright(self.shaft, UPRIGHT_DEG) and peak < FORCE
        info = {"depth": depth, "peak_force": peak}
        if self.sparse:
            return Reward(float(success), success, info)
        reach = distance(self.arm.tool[:3], self.shaft[:3])
        carry = distance(self.shaft[:3], self.goal_position)
        return Reward(-reach - carry + float(success), success, info)

    def depth(self) -> float:
        """Say how deep the shaft's foot is in the named hole, metres; 0 outside of it."""
        away = offset(self.shaft[:3], self.goal_position)
        x, y, z = turned_back(self.plate_pose, *away)
        return max(0.0, HEIGHT - z) if math.hypot(x, y) < HOLE / 4 else 0.0

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        return {"shaft": box(7), "goal": box(4), "wrench": box(6), "peak_force": box(1, low=0.0)}

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        return {
            "shaft": self.shaft.copy(),
            "goal": self.goal.copy(),
            "wrench": self.wrench.copy(),
            "peak_force": np.array([self.arm.sensor.peak]),
        }

    def expert(self) -> PegInsertExpert:
        """See Task."""
        return PegInsertExpert(self)


def in_disc(rng: np.random.Generator) -> np.ndarray:
    """Draw a place (2,) evenly within 1 of the origin."""
    while True:
        x, y = (float(v) for v in rng.uniform(-1.0, 1.0, 2))
        if x * x + y * y <= 1.0:
            return np.array([x, y])


def leaning(pose: np.ndarray, about_x: float, about_y: float) -> np.ndarray:
    """Give a pose (7,) that is turned a little further about its own x and y, radians."""
    lean = np.array([about_x / 2, about_y / 2, 0.0, 1.0])
    turned = times(pose[3:], lean / math.sqrt(sum(float(v) * float(v) for v in lean)))
    return np.concatenate([pose[:3], turned])
