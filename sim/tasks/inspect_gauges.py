"""Inspect: a quadruped walks a route through a plant and reports what a gauge reads."""

import math
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from gymnasium import spaces

from sim.floor import Floor
from sim.rigs.legs import LegsRig
from sim.rigs.rig import Rig, box
from sim.tasks.inspect_gauges_expert import InspectExpert
from sim.tasks.task import Reward, Task, yaw_pose

PLANT = Path(__file__).parents[1] / "assets" / "plant"
MACHINES = ("boiler", "pump", "tank")
COLOURS = {"boiler": "red", "pump": "blue", "tank": "green"}
TEMPLATES = (
    "walk to the {machine} and report its pressure gauge",
    "go to the {colour} {machine} and read the gauge",
    "inspect the {machine}: what does its gauge say?",
    "report the pressure of the {colour} {machine}",
    "take the marked route to the {machine} and report the reading",
    "check the gauge at the {machine} and send the value",
)
SWEEP = math.radians(135)
RANGE = 10.0
TOLERANCE = 0.05
MARK_RADIUS = 0.3
NEAR = 1.0
STAND_OFF = 0.62
FACING = math.radians(25)
OBLIQUE = math.radians(45)
MARKS = 2


class Inspect(Task):
    """Walk through the gap in the pipe rack to the named machine and report its gauge.

    Start: the A1 stands at a random place and heading before a pipe rack, whose gap is anywhere
    within 1.2 m; yellow marks lie before and behind the gap. Beyond it a boiler, a pump and a
    tank stand in a half circle, their order, places, headings and readings drawn at random, as
    are the machine asked for and the phrasing of the instruction. A dial goes from 0 to 10 bar
    over 270 degrees, green to 6, yellow to 8, red to 10.

    Action: besides the way to walk (see `LegsRig`) the two numbers of the radio: the reading to
    report, -1..1 for 0..10 bar, and above 0.5 whether it is reported in this step.

    Observation: `gauges` (3, 4), x, y, z of the dial and the heading that it faces, rows boiler,
    pump, tank; `target` (3,) one-hot row of the named one; `goal` (3,) where the base is to go
    next, x, y and heading; `stage` (1,) how many marks were passed; metres, radians, floor's
    frame. `reading` (2,), only with `obs_mode="state"`: the value that the robot could read off
    the dial before it, -1..1, and 1; both 0 while it stands further than 1 m from every dial, or
    faces none within 25 degrees, or looks at it askew by more than 45. With images it has to
    read the dial in the `head` camera.

    Success: the marks were passed in order within 0.3 m, then the reading of the named gauge was
    reported within 0.5 bar, 5% of the scale, from where that dial can be read (as for `reading`),
    and the robot did not fall. The first report from before any dial decides, for good; what is
    reported elsewhere is not heard.
    Reward, dense: -length of the route that is left, metres, -1 once it has fallen, +1 at
    success.
    Reward, sparse: 1 at success, otherwise 0.

    `info` adds `stage` (0..2 marks passed, 3 reported right), `reported` (bar, -1 for not yet)
    and `fallen`.

    End: truncated after 40 s. Reset options: `machine`.
    """

    scene_name: ClassVar[str] = "inspect"
    max_seconds: ClassVar[float] = 40.0
    rig_kind: ClassVar[str] = "legs"
    robots: ClassVar[tuple[str, ...]] = ("a1",)
    expert_mode: ClassVar[str] = "velocity"
    expert_hz: ClassVar[int] = 10

    def __init__(self, sparse: bool = False, scene: str | None = None) -> None:
        super().__init__(sparse, scene)
        self.plan = self.scene.need("plant")
        self.machine = MACHINES[0]
        self.gauges = np.zeros((len(MACHINES), 4))
        self.readings = np.zeros(len(MACHINES))
        self.marks = np.zeros((MARKS, 2))
        self.stage = 0
        self.reported = math.nan
        self.right = self.fallen = False

    @property
    def legs(self) -> LegsRig:
        """The robot."""
        return cast(LegsRig, self.rig)

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        nowhere = yaw_pose(0.0, 0.0, 0.0)
        for k, name in enumerate(MACHINES):
            floor.add_mechanism(name, PLANT / f"{name}.urdf", yaw_pose(2.0, 1.5 * (k - 1), 0.0))
            # A little friction, so that nothing moves the hand.
            floor.spring(name, "needle", 0.0, 1.0, 0.0)
        for name in ("rack-left", "rack-right"):
            floor.add_mechanism(name, PLANT / "rack.urdf", nowhere)
        for k in range(MARKS):
            floor.add_mechanism(f"mark-{k}", PLANT / "mark.urdf", nowhere)

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"machine": MACHINES}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        plan = self.plan
        x, y = rng.uniform(plan["start_low"], plan["start_high"]).tolist()
        self.legs.start = (x, y, float(rng.uniform(-plan["start_yaw"], plan["start_yaw"])))
        gap = float(rng.uniform(-plan["gap"], plan["gap"]))
        self._lay_route(gap)
        self._lay_machines(rng)
        drawn = MACHINES[rng.integers(len(MACHINES))]
        self.machine = options.get("machine", drawn)
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        self.instruction = template.format(machine=self.machine, colour=COLOURS[self.machine])
        self.stage, self.reported, self.right, self.fallen = 0, math.nan, False, False
        self.goal_position = self.gauges[self.row, :3].copy()

    def _lay_route(self, gap: float) -> None:
        half = self.plan["gap_width"] / 2
        self.floor.place("rack-left", yaw_pose(self.plan["rack"], gap + half, 0.0))
        self.floor.place("rack-right", yaw_pose(self.plan["rack"], gap - half, 0.0, math.pi))
        for k, x in enumerate(self.plan["marks"]):
            self.marks[k] = x, gap
            self.floor.place(f"mark-{k}", yaw_pose(x, gap, 0.0))

    def _lay_machines(self, rng: np.random.Generator) -> None:
        plan = self.plan
        spread, askew = plan["bearing_spread_deg"], plan["facing_spread_deg"]
        for row, slot in enumerate(rng.permutation(len(MACHINES))):
            off = float(rng.uniform(-spread, spread))
            bearing = math.radians(plan["bearings_deg"][slot] + off)
            reach = float(rng.uniform(*plan["reach"]))
            x = plan["centre"][0] + reach * math.cos(bearing)
            y = plan["centre"][1] + reach * math.sin(bearing)
            yaw = wrap(bearing + math.pi + math.radians(float(rng.uniform(-askew, askew))))
            self.gauges[row] = x, y, self.plan["dial_height"], yaw
            self.readings[row] = rng.uniform(0.03, 0.97)
            self.floor.place(MACHINES[row], yaw_pose(x, y, 0.0, yaw))
            self.floor.set_joint(MACHINES[row], "needle", SWEEP * (2 * self.readings[row] - 1))

    @property
    def row(self) -> int:
        """The named machine's row in `gauges`."""
        return MACHINES.index(self.machine)

    def station(self) -> tuple[float, float, float]:
        """Give x, y and heading from which the named gauge is best read."""
        x, y, _, yaw = self.gauges[self.row].tolist()
        return (
            x + STAND_OFF * math.cos(yaw),
            y + STAND_OFF * math.sin(yaw),
            wrap(yaw + math.pi),
        )

    def next_stop(self) -> tuple[float, float, float]:
        """Give x, y and heading of where the base is to go next."""
        if self.stage < MARKS:
            x, y = self.marks[self.stage].tolist()
            return x, y, 0.0
        return self.station()

    def readable(self) -> int:
        """Give the row of the dial that the robot can read where it stands, or -1."""
        base = self.legs.base
        for row, (x, y, _, yaw) in enumerate(self.gauges.tolist()):
            dx, dy = x - float(base[0]), y - float(base[1])
            away = math.hypot(dx, dy)
            bearing = math.atan2(dy, dx)
            faces = abs(wrap(bearing - self.legs.yaw)) < FACING
            if away < NEAR and faces and abs(wrap(bearing + math.pi - yaw)) < OBLIQUE:
                return row
        return -1

    def update(self) -> Reward:
        """See Task."""
        legs = self.legs
        x, y = legs.base[:2].tolist()
        self.fallen = self.fallen or legs.fallen
        if self.stage < MARKS:
            mark_x, mark_y = self.marks[self.stage].tolist()
            if math.hypot(mark_x - x, mark_y - y) < MARK_RADIUS:
                self.stage += 1
        seen = self.readable()
        if legs.said is not None and seen >= 0 and math.isnan(self.reported):
            self.reported = 0.5 * (1.0 + legs.said)
            near = abs(self.reported - float(self.readings[self.row])) <= TOLERANCE
            self.right = near and seen == self.row and self.stage >= MARKS
        success = self.right and not self.fallen
        stop_x, stop_y, _ = self.next_stop()
        self.target_position = np.array([stop_x, stop_y, 0.0])
        info = {
            "stage": self.stage + int(self.right),
            "reported": -1.0 if math.isnan(self.reported) else RANGE * self.reported,
            "fallen": self.fallen,
        }
        if self.sparse:
            return Reward(float(success), success, info)
        return Reward(float(success) - float(self.fallen) - self._left(x, y), success, info)

    def _left(self, x: float, y: float) -> float:
        """Give the length of the route that is left, metres."""
        stops = [*self.marks[self.stage :].tolist(), list(self.station()[:2])]
        length = 0.0
        for stop_x, stop_y in stops:
            length += math.hypot(stop_x - x, stop_y - y)
            x, y = stop_x, stop_y
        return length

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n = len(MACHINES)
        target, stage = box(n, low=0.0, high=1.0), box(1, low=0.0, high=float(MARKS))
        found = {"gauges": box(n, 4), "target": target, "goal": box(3), "stage": stage}
        if not self.has_images:
            found["reading"] = box(2, low=-1.0, high=1.0)
        return found  # type: ignore[return-value]

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        target = np.zeros(len(MACHINES))
        target[self.row] = 1.0
        found = {
            "gauges": self.gauges.copy(),
            "target": target,
            "goal": np.array(self.next_stop()),
            "stage": np.array([float(self.stage)]),
        }
        if not self.has_images:
            seen = self.readable()
            value = 2.0 * float(self.readings[seen]) - 1.0 if seen >= 0 else 0.0
            found["reading"] = np.array([value, float(seen >= 0)])
        return found

    def expert(self) -> InspectExpert:
        """See Task."""
        return InspectExpert(self)


def wrap(angle: float) -> float:
    """Give an angle in -pi..pi."""
    return math.atan2(math.sin(angle), math.cos(angle))
