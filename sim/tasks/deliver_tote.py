"""DeliverTote: a mobile base brings a tote from one station of a hall to another."""

import math
from typing import Any, ClassVar, cast

import numpy as np
from gymnasium import spaces

from robots.kinematics import rotation_from_quaternion
from sim.errors import SimError
from sim.floor import ASSETS, Floor
from sim.rigs import DriveRig
from sim.rigs.rig import Rig, box
from sim.tasks import movers
from sim.tasks.deliver_tote_expert import DeliverToteExpert
from sim.tasks.grid import Block
from sim.tasks.task import Reward, Task, upright, yaw_pose

TEMPLATES = (
    "bring the tote from {source} to {station}",
    "take the tote that was loaded at {source} to the {station} station",
    "deliver the tote to {station}",
    "drive from {source} to {station} with the tote",
    "the tote from {source} is needed at {station}",
    "{station} waits for the tote from {source}",
    "carry the tote over to {station}, mind the people",
)
NEAR = 0.25
STANDING = 0.05
TURNING = 0.10
SLIP = (0.20, 0.15, 0.05)
JITTER = 0.04
HALL = ASSETS / "hall"


class DeliverTote(Task):
    """Carry a tote on a mobile base from one station of a hall to the named one.

    Start: the base stands at one of four stations, turned at random, a tote of 3 kg on its deck,
    where only friction and a rim of 30 mm hold it (loading is not part of the task). Two rows of
    shelves are shifted by up to 0.2 m, two pallets stand in the way in two of four places, a
    pallet truck and a person go to and fro, their lane, pace, place and direction drawn at
    random. They turn round when the base is ahead of them within 1.2 m, and do not look aside.
    The stations and the phrasing of the instruction are drawn at random.

    Action: `velocity` (2,), the default, or `wheels` (2,); see `sim.rigs.drive.DriveRig`.

    Observation: `tote` (7,) its pose; `on_board` (1,) 1 while it is on the deck; `stations`
    (4, 2) x and y of goods-in, press, assembly and packing; `goal` (4,) one-hot row of the one
    to go to. Metres, quaternions xyzw, floor's frame. Shelves, pallets, truck and person are seen
    by the rig's `lidar` alone.

    Success: the middle of the base lies within 0.25 m of the station, slower than 0.05 m/s and
    0.1 rad/s, the tote on board, and the base has touched nothing but the ground and the tote at
    the end of any step so far. `info` has `collisions`, the number of steps that ended in touch
    with something, `on_board`, and `distance`, metres to go as the crow flies.
    Reward, dense: -distance to the station, metres; -1 more in a step that ends in touch with
    something; +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated after 75 s. Reset options: `source`, `station`.
    """

    scene_name: ClassVar[str] = "deliver_tote"
    max_seconds: ClassVar[float] = 75.0
    rig_kind: ClassVar[str] = "drive"
    robots: ClassVar[tuple[str, ...]] = ("husky",)
    expert_mode: ClassVar[str] = "velocity"
    expert_hz: ClassVar[int] = 10

    def __init__(self, sparse: bool = False, scene: str | None = None) -> None:
        super().__init__(sparse, scene)
        table = self.scene.need("stations")
        self.names = tuple(str(name) for name in table["names"])
        self.stations = {
            name: (float(table[name][0]), float(table[name][1])) for name in self.names
        }
        self.shelves = self.scene.need("shelves")
        self.pallets = self.scene.need("pallets")
        self.source, self.station = self.names[:2]
        self.blocks: list[Block] = []
        self.movers: list[movers.Mover] = []
        self.collisions = 0
        self.on_board = True

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        for name, (x, y) in self.stations.items():
            floor.add_mechanism(f"{name} mark", HALL / "mark.urdf", yaw_pose(x, y, 0.0))
        for name, x, y in self._shelves():
            floor.add_mechanism(name, HALL / "shelf.urdf", yaw_pose(x, y, 0.0))
        for k in range(self.pallets["count"]):
            x, y = self.pallets["places"][k]
            floor.add_mechanism(f"pallet {k}", HALL / "pallet.urdf", yaw_pose(x, y, 0.0))
        tables = self.scene.need("movers")
        self.movers = [movers.add(floor, name, table) for name, table in tables.items()]
        floor.add_body("tote", HALL / "tote.urdf")

    def _shelves(self, shifts: tuple[float, ...] = (0.0, 0.0)) -> list[tuple[str, float, float]]:
        """Give name, x and y of every shelf, its row shifted along x."""
        return [
            (f"shelf {k}{j}", float(x) + shifts[k], float(y))
            for k, y in enumerate(self.shelves["rows"])
            for j, x in enumerate(self.shelves["columns"])
        ]

    @property
    def drive(self) -> DriveRig:
        """The mobile base."""
        return cast(DriveRig, self.rig)

    @property
    def radius(self) -> float:
        """The radius of the circle round the base's outline, metres."""
        return math.hypot(*self.drive.robot.outline)

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        return {"source": self.names, "station": self.names}

    def check_options(self, options: dict[str, Any]) -> None:
        """See Task."""
        super().check_options(options)
        if "source" in options and options["source"] == options.get("station"):
            raise SimError(f"source and station are both {options['source']!r}; they must differ")

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        one, other = (self.names[i] for i in rng.permutation(len(self.names))[:2])
        source, station = options.get("source"), options.get("station")
        self.source = source or (one if one != station else other)
        self.station = station or (other if other != self.source else one)
        self._lay_out(rng)
        x, y = (place + rng.uniform(-JITTER, JITTER) for place in self.stations[self.source])
        yaw = float(rng.uniform(-math.pi, math.pi))
        self.drive.start = (float(x), float(y), yaw)
        robot = self.drive.robot
        c, s = math.cos(yaw), math.sin(yaw)
        deck_x, deck_y, deck_z = robot.deck
        height = robot.height + deck_z + 0.001
        place = (x + c * deck_x - s * deck_y, y + s * deck_x + c * deck_y, height)
        self.floor.place("tote", yaw_pose(*place, yaw))
        template = TEMPLATES[rng.integers(len(TEMPLATES))]
        self.instruction = template.format(source=self.source, station=self.station)
        self.goal_position = np.array([*self.stations[self.station], 0.0])
        self.collisions, self.on_board = 0, True

    def _lay_out(self, rng: np.random.Generator) -> None:
        """Draw and place shelves, pallets and movers; keep what stands still in `blocks`."""
        shift = float(self.shelves["shift"])
        one, other = rng.uniform(-shift, shift, 2)
        half_x, half_y = (float(size) / 2 for size in self.shelves["size"])
        self.blocks = [
            Block(f.position[0], f.position[1], f.size[0] / 2, f.size[1] / 2)
            for f in self.scene.fixtures.values()
            if f.position[2] > 0
        ]
        for name, x, y in self._shelves((float(one), float(other))):
            self.floor.place(name, yaw_pose(x, y, 0.0))
            self.blocks.append(Block(x, y, half_x, half_y))
        half_x, half_y = (float(size) / 2 for size in self.pallets["size"])
        chosen = rng.permutation(len(self.pallets["places"]))[: self.pallets["count"]]
        for k, which in enumerate(chosen):
            x, y = (float(place) for place in self.pallets["places"][which])
            self.floor.place(f"pallet {k}", yaw_pose(x, y, 0.0))
            self.blocks.append(Block(x, y, half_x, half_y))
        for mover in self.movers:
            table = self.scene.tables["movers"][mover.name]
            mover.lane = float(rng.uniform(*table["lane"]))
            mover.pace = float(rng.uniform(*table["speed"]))
            mover.place = float(rng.uniform(*mover.reach))
            mover.ahead = 1.0 if rng.random() < 0.5 else -1.0
            movers.start(self.floor, mover)

    def before_step(self) -> None:
        """See Task."""
        x, y = (float(place) for place in self.drive.base[:2])
        for mover in self.movers:
            movers.guide(self.floor, mover, x, y, self.radius)

    def update(self) -> Reward:
        """See Task."""
        drive = self.drive
        touched = self.floor.touched(drive.name) - {"ground", "tote", drive.name}
        self.collisions += bool(touched)
        self.on_board = self._is_on_board()
        self.target_position = self.floor.pose("tote")[:3]
        x, y = (float(a - b) for a, b in zip(drive.base[:2], self.goal_position[:2], strict=True))
        distance = math.hypot(x, y)
        stands = abs(drive.speed) < STANDING and abs(drive.turning) < TURNING
        success = distance < NEAR and stands and self.on_board and self.collisions == 0
        info = {"collisions": self.collisions, "on_board": self.on_board, "distance": distance}
        if self.sparse:
            return Reward(float(success), success, info)
        return Reward(-distance - float(bool(touched)) + float(success), success, info)

    def _is_on_board(self) -> bool:
        """Say whether the tote stands on the deck, upright within 30 degrees."""
        tote, robot = self.floor.pose("tote"), self.drive.robot
        turn = rotation_from_quaternion(self.drive.base[3:])
        offset = [float(a - b) for a, b in zip(tote[:3], self.drive.base[:3], strict=True)]
        deck = (robot.deck[0], robot.deck[1], robot.deck[2] + robot.height)
        for k in range(3):
            inside = sum(float(turn[i, k]) * offset[i] for i in range(3)) - deck[k]
            if abs(inside) > SLIP[k]:
                return False
        return upright(tote, 30)

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n = len(self.names)
        return {
            "tote": box(7),
            "on_board": box(1, low=0.0, high=1.0),
            "stations": box(n, 2),
            "goal": box(n, low=0.0, high=1.0),
        }

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        one_hot = np.zeros(len(self.names))
        one_hot[self.names.index(self.station)] = 1.0
        return {
            "tote": self.floor.pose("tote"),
            "on_board": np.array([float(self.on_board)]),
            "stations": np.array(list(self.stations.values())),
            "goal": one_hot,
        }

    def expert(self) -> DeliverToteExpert:
        """See Task."""
        goal = self.stations[self.station]
        return DeliverToteExpert(self.drive, self.blocks, self.movers, goal)
