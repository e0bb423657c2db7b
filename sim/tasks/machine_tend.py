"""MachineTend: open a machine, load a blank into its chuck, close it, start it."""

import math
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.floor import ASSETS, Floor
from sim.rigs.rig import Rig, box
from sim.tasks.machine_expert import MachineExpert
from sim.tasks.task import Reward, Task, distance, offset, scatter, upright, yaw_pose

FOLDER = ASSETS / "machine_tend"
BLANKS = ("blank-0", "blank-1")
JAWS = ("jaw0", "jaw1", "jaw2")
LAMPS = ("red", "yellow", "green")
STAGES = ("start", "door open", "loaded", "door closed", "started")
TEMPLATES = (
    "load the {colour} blank and start the machine",
    "open the door, load the {colour} blank, close the door and press the green button",
    "put the {colour} blank in the chuck, close the door and press start",
    "tend the machine: the {colour} blank is next",
    "run the machine with the {colour} blank in the chuck",
    "machine the {colour} blank",
    "start a cycle on the {colour} blank",
)
OPENED, SHUT = 0.235, 0.008
PRESSED = -0.004
STROKE = 0.012
HEIGHT = 0.075
SEATED = 0.012
HOLD = 0.5


class MachineTend(Task):
    """Open a machine's sliding door, load the named blank, close the door, press start.

    Start: a small machining centre, its door shut, and a rack with two blanks of different
    metals, all at random places. The blank to load, the metals and the phrasing of the
    instruction are drawn at random. The chuck has three jaws that close by themselves when a
    blank stands in it. The door stays where it is left. The tower's lamp is red while the door is
    not shut, yellow while it is, green once the machine has started.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: `door` (1,) m, 0 shut, 0.262 open; `button` (1,) m, 0 released, -0.006 pressed;
    `blanks` (2, 7) poses; `target` (2,) one-hot row of the named blank; `chuck`, `handle`,
    `start_button` (3,) places; `stage` (5,) one-hot. Metres, floor's frame.

    `info["stage"]` says how far it has come: "start", "door open", "loaded" (the named blank
    stands in the closed chuck and the arm does not touch it), "door closed", "started" (the
    button was pressed with the door shut on the named blank; opening the door stops the machine).
    `info["door_open"]`, `info["loaded"]`, `info["door_closed"]`, `info["started"]` say what is
    so now.

    Success: the machine has been started, for 0.5 s.
    Reward, dense: the stages done, 0 to 4, plus the share of the present one between 0 and 1,
    plus 1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated after 40 s. Reset options: `colour`, the blank to load.
    """

    scene_name: ClassVar[str] = "machine_tend"
    max_seconds: ClassVar[float] = 40.0
    robots: ClassVar[tuple[str, ...]] = ("panda", "iiwa")

    def __init__(self, sparse: bool = False, scene: str | None = None) -> None:
        super().__init__(sparse, scene)
        table, zone = self.scene.need("machine"), self.scene.need("zone")
        self.low, self.high = np.array(table["low"], float), np.array(table["high"], float)
        self.turn_most = float(table["turn"])
        self.chuck_offset = np.array(table["chuck"], float)
        self.zone = np.array(zone["low"], float), np.array(zone["high"], float)
        self.spacing = float(zone["spacing"])
        self.rack = self.scene.fixtures["rack"].size[2]
        self.lamps = {key: tuple(value) for key, value in self.scene.need("lamps").items()}
        self.turn = 0.0
        self.colours: dict[str, str] = {}
        self.blank, self.stage = BLANKS[0], 0
        self.chuck = np.zeros(3)
        self.opened = self.loaded = self.started_up = self.clamped = False
        self.shown = ""
        self.held = self.door = self.button = 0.0

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        floor.add_mechanism("machine", FOLDER / "machine.urdf", yaw_pose(0.46, 0.0, 0.0))
        self.read_joints = floor.joint_reader(("machine", "door"), ("machine", "button"))
        for name in BLANKS:
            floor.add_body(name, FOLDER / "blank.urdf")

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"colour": tuple(self.scene.colours)}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        floor = self.floor
        x, y = (float(v) for v in rng.uniform(self.low, self.high))
        self.turn = float(rng.uniform(-self.turn_most, self.turn_most))
        machine = yaw_pose(x, y, 0.0, self.turn)
        floor.place("machine", machine)
        c, s = math.cos(self.turn), math.sin(self.turn)
        across, aside, up = (float(v) for v in self.chuck_offset)
        self.chuck = np.array([x + c * across - s * aside, y + s * across + c * aside, up])
        for joint in ("door", "button"):
            floor.set_joint("machine", joint, 0.0)
        floor.spring("machine", "door", 0.0, 5.0, 0.0)
        floor.spring("machine", "button", 0.0, 4.0, 0.2)
        for jaw in JAWS:
            floor.set_joint("machine", jaw, STROKE)
        self._clamp(False)
        colours = list(self.scene.colours)
        order = [colours[k] for k in rng.permutation(len(colours))]
        if options.get("colour"):
            order.sort(key=lambda colour: colour != options["colour"])
        places = scatter(rng, *self.zone, self.spacing, len(BLANKS))
        for name, colour, place in zip(BLANKS, order, places, strict=False):
            floor.place(name, yaw_pose(place[0], place[1], self.rack + 5e-4))
            floor.paint(name, self.scene.colours[colour])
            self.colours[name] = colour
        self.blank = BLANKS[0]
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        self.instruction = template.format(colour=self.colours[self.blank])
        self.opened = self.loaded = self.started_up = False
        self.held, self.stage, self.shown = 0.0, 0, ""

    def _clamp(self, shut: bool) -> None:
        self.clamped = shut
        for jaw in JAWS:
            self.floor.spring("machine", jaw, 0.0 if shut else STROKE, 12.0, 0.1)

    def seated(self, name: str) -> bool:
        """Say whether a blank stands in the chuck."""
        pose = self.floor.pose(name)
        x, y, z = offset(pose[:3], self.chuck)
        return math.hypot(x, y) < SEATED and z < 0.006 and upright(pose, 10)

    def blank_place(self) -> np.ndarray:
        """Give the place (3,) of the foot of the blank to load."""
        found: np.ndarray = self.floor.pose(self.blank)[:3]
        return found

    def handle(self) -> np.ndarray:
        """Give the place (3,) of the door's handle."""
        return self._on("door", -0.092, 0.040)

    def start_button(self) -> np.ndarray:
        """Give the place (3,) of the top of the start button."""
        return self._on("button", 0.0, 0.014)

    def _on(self, link: str, y: float, z: float) -> np.ndarray:
        """Give a place (3,) in the frame of one of the machine's links, its x being 0."""
        px, py, pz, a, b, c, d = self.floor.link_pose("machine", link).tolist()
        return np.array(
            [
                px + y * 2 * (a * b - c * d) + z * 2 * (a * c + b * d),
                py + y * (1 - 2 * (a * a + c * c)) + z * 2 * (b * c - a * d),
                pz + y * 2 * (b * c + a * d) + z * (1 - 2 * (a * a + b * b)),
            ]
        )

    def before_step(self) -> None:
        """See Task: the chuck closes on what stands in it."""
        filled = any(self.seated(name) for name in BLANKS)
        if filled != self.clamped:
            self._clamp(filled)

    def _judge(self) -> None:
        """Work out the stage from the machine's state."""
        self.door, self.button = self.read_joints()
        shut = self.door < SHUT
        self.opened = self.opened or self.door > OPENED
        self.loaded = self.clamped and self.seated(self.blank) and not self.arm.touches(self.blank)
        ready = self.opened and self.loaded and shut
        self.started_up = ready and (self.started_up or self.button < PRESSED)
        if not self.opened:
            self.stage = 0
        elif not self.loaded:
            self.stage = 1
        else:
            self.stage = 2 + int(shut) + int(self.started_up)
        light = "green" if self.started_up else "yellow" if shut else "red"
        if light != self.shown:
            self.shown = light
            for lamp in LAMPS:
                self.floor.paint("machine", self.lamps[light if lamp == light else "dark"], lamp)

    def update(self) -> Reward:
        """See Task."""
        self._judge()
        step = self.arm.ticks / self.floor.tick_hz
        self.held = self.held + step if self.started_up else 0.0
        success = self.held >= HOLD - 1e-9
        share = self._aim()
        value = float(success) if self.sparse else self.stage + share + float(success)
        info = {
            "stage": STAGES[self.stage],
            "door_open": self.door > OPENED,
            "loaded": self.loaded,
            "door_closed": self.door < SHUT,
            "started": self.started_up,
        }
        return Reward(value, success, info)

    def _aim(self) -> float:
        """Set target and goal of the present stage; give the share of it that is done, 0 to 1."""
        tool, open_share = self.arm.tool[:3], min(max(self.door / OPENED, 0.0), 1.0)
        if self.stage == 1 and (self.door > OPENED or self.seated(self.blank)):
            middle = self.floor.pose(self.blank)[:3] + np.array([0.0, 0.0, HEIGHT / 2])
            self.target_position = middle
            self.goal_position = self.chuck + np.array([0.0, 0.0, HEIGHT / 2])
            away = distance(tool, middle) + distance(middle, self.goal_position)
            return max(0.0, 1.0 - away)
        if self.stage >= 3:
            self.target_position = self.goal_position = self.start_button()
            return max(0.0, 1.0 - distance(tool, self.target_position)) * (self.stage == 3)
        self.target_position = self.handle()
        left = -self.door if self.stage == 2 else OPENED - self.door
        along = np.array([-math.sin(self.turn), math.cos(self.turn), 0.0])
        self.goal_position = self.target_position + left * along
        near = max(0.0, 1.0 - distance(tool, self.target_position))
        return 0.5 * near + 0.5 * (1.0 - open_share if self.stage == 2 else open_share)

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        return {
            "door": box(1),
            "button": box(1),
            "blanks": box(len(BLANKS), 7),
            "target": box(len(BLANKS), low=0.0, high=1.0),
            "chuck": box(3),
            "handle": box(3),
            "start_button": box(3),
            "stage": box(len(STAGES), low=0.0, high=1.0),
        }

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        return {
            "door": np.array([self.door]),
            "button": np.array([self.button]),
            "blanks": self.floor.poses(BLANKS),
            "target": np.array([float(name == self.blank) for name in BLANKS]),
            "chuck": self.chuck.copy(),
            "handle": self.handle(),
            "start_button": self.start_button(),
            "stage": np.array([float(k == self.stage) for k in range(len(STAGES))]),
        }

    def expert(self) -> MachineExpert:
        """See Task."""
        return MachineExpert(self)
