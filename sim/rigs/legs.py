"""A robot on four legs: told how fast to walk, or where to put its joints."""

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from robots.actuator import Actuator
from robots.controllers import gait, leg_impedance
from robots.legged import Quadruped
from sim.floor import Floor
from sim.rigs.law import RigLaw, reference_of
from sim.rigs.rig import Rig, box

ASSETS = Path(__file__).parents[1] / "assets"
JOINT_RANGE = 0.5
FRICTION = 1.6
FALLEN_HEIGHT = 0.16
FALLEN_TILT = 0.5
JITTER = 0.03
WALK = {"orientation": (4,), "gyro": (3,), "command": (3,)}
STAND = {"q_goal": (12,)}
"""What a law is told besides q and dq, to walk and to put its joints somewhere."""
SENSES = ("q", "dq", "base", "twist", "contacts")


class LegsRig(Rig):
    """A quadruped of 12 joints, with an inertial sensor and a radio.

    | observation | shape | unit |
    |---|---|---|
    | `q`, `dq` | (12,) | rad, rad/s; front right, front left, rear right, rear left |
    | `base` | (7,) | m, quaternion xyzw, floor's frame |
    | `twist` | (6,) | linear, angular velocity of the base, m/s, rad/s, base's frame |
    | `contacts` | (4,) | 1 for each foot that touches something |

    | control mode | shape | meaning, all -1..1 |
    |---|---|---|
    | `velocity` | (5,) | forward, left and turning speed, of 0.6 m/s, 0.3 m/s, 0.8 rad/s; radio |
    | `joint` | (14,) | joint goals, of 0.5 rad about the standing pose; radio |

    The last two numbers are the radio: what is said, and above 0.5 whether it is said now.
    `said` is the number that was sent in this step, or None. Walking is `controllers.gait`, joint
    control `controllers.leg_impedance`, or any `law` that takes as much: `q`, `dq` (12,) and either
    `orientation` (4,), `gyro` (3,) and `command` (3,) or `q_goal` (12,). A command that is no
    number brakes, with a flag.
    `fallen` says that the base is tilted by more than 60 degrees or lower than 160 mm.
    Where it starts is the scene's mount, until a task sets `start`: x, y, yaw.
    """

    control_modes: ClassVar[tuple[str, ...]] = ("velocity", "joint")

    def __init__(
        self,
        floor: Floor,
        robot: Quadruped,
        control_mode: str,
        ticks: int,
        actuator: Actuator | None = None,
        name: str = "robot",
        law: Any = None,
    ) -> None:
        super().__init__(floor, control_mode, ticks)
        self.robot, self.name, self.world = robot, name, floor.world
        usual, told = (gait, WALK) if control_mode == "velocity" else (leg_impedance, STAND)
        given, taken = {"q": (12,), "dq": (12,), **told}, {"tau": (12,)}
        runs = RigLaw(usual if law is None else law, robot, floor.tick_hz, given, taken)
        self.params, self.actuator = runs.params, runs.actuator(actuator)
        mount = floor.scene.mount(robot.name)
        self.start = (float(mount.position[0]), float(mount.position[1]), mount.yaw)
        self.height = robot.foot_radius - float(robot.feet[0, 2])
        # The light meshes where we have them; same joints, masses and collision shapes.
        light = ASSETS / robot.name / f"{robot.name}.urdf"
        floor.add_body(name, light if light.exists() else robot.urdf)
        self.body = floor.bodies[name]
        self.joint_ids = self.world.joint_indices(self.body, robot.joint_names)
        self.foot_ids = [self.world.link_index(self.body, foot) for foot in robot.foot_links]
        self.imu_id = self.world.link_index(self.body, robot.imu_link)
        floor.carriers["base"] = self.base_pose
        self.world.free_joints(self.body, self.joint_ids)
        for foot in self.foot_ids:
            self.world.set_friction(self.body, foot, FRICTION, 0.0)
        self._goal = np.zeros(3 if control_mode == "velocity" else 12)
        self.said: float | None = None
        self.fallen = False
        # Bullet turns a body's frame into its axes of inertia; find out how far.
        self.world.place(self.body, np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]))
        self._skew = self.base_pose()[3:]
        self.trace = {key: [] for key in ("q", "dq", "q_ref", "tau", "flags")}
        self.put(*self.start)

    # -- what it can be told

    def action_space(self) -> spaces.Box:
        """See Rig."""
        return spaces.Box(-1.0, 1.0, (len(self._goal) + 2,), np.float32)

    def command(self, action: np.ndarray) -> None:
        """See Rig."""
        self.flags = 0
        if self.control_mode == "velocity":
            self._goal = action[:3] * self.robot.speed_max
        else:
            self._goal = self.robot.home + JOINT_RANGE * action[:12]
        value, key = float(action[-2]), float(action[-1])
        self.said = value if key > 0.5 and value == value else None

    # -- an episode

    def reset(self, rng: np.random.Generator) -> None:
        """See Rig: standing at `start`, its joints a little off."""
        self.put(*self.start)
        off = self.robot.home + rng.uniform(-JITTER, JITTER, 12)
        self.world.reset_joints(self.body, self.joint_ids, off)

    def put(self, x: float, y: float, yaw: float) -> None:
        """Stand the robot at a place, at rest, its controller at the start."""
        turned = _times((0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2)), _conjugate(self._skew))
        self.world.place(self.body, np.array([x, y, self.height + 0.003]), np.array(turned))
        self.world.reset_joints(self.body, self.joint_ids, self.robot.home)
        self.actuator.start(self.params)
        self._goal = np.zeros(3) if self.control_mode == "velocity" else self.robot.home.copy()
        self.said, self.fallen, self.flags = None, False, 0
        for rows in self.trace.values():
            rows.clear()

    def tick(self, k: int) -> None:
        """See Rig."""
        world, actuator = self.world, self.actuator
        given, taken = actuator.input[0], actuator.output[0]
        given["q"], given["dq"] = world.read_joints(self.body, self.joint_ids)
        if self.control_mode == "velocity":
            orientation = self.base_pose()[3:]
            given["orientation"] = orientation
            given["gyro"] = into(orientation, world.velocity(self.body)[3:])
            given["command"] = self._goal
        else:
            given["q_goal"] = self._goal
        actuator.tick()
        world.apply_torques(self.body, self.joint_ids, taken["tau"].tolist())
        self.flags |= int(taken["flags"])
        if self.tracing:
            for key in ("q", "dq"):
                self.trace[key].append(np.array(given[key]))
            self.trace["q_ref"].append(reference_of(taken, self.robot.home))
            self.trace["tau"].append(np.array(taken["tau"]))
            self.trace["flags"].append(int(taken["flags"]))

    # -- what it senses

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Rig."""
        sole = box(4, low=0.0, high=1.0)
        return {"q": box(12), "dq": box(12), "base": box(7), "twist": box(6), "contacts": sole}

    def observe(self) -> None:
        """See Rig."""
        q, dq = self.world.read_joints(self.body, self.joint_ids)
        self.q, self.dq = np.array(q), np.array(dq)
        self.base = self.base_pose()
        orientation = self.base[3:]
        linear, angular = np.split(self.world.velocity(self.body), 2)
        # Bullet's velocity is that of the trunk's centre of mass; ours is that of its middle.
        arm = (self.base[:3] - self.world.centre(self.body)).tolist()
        a, b, c = angular.tolist()
        linear = linear + [
            b * arm[2] - c * arm[1],
            c * arm[0] - a * arm[2],
            a * arm[1] - b * arm[0],
        ]
        self.twist = np.array([*into(orientation, linear), *into(orientation, angular)])
        touched = self.world.touched_links(self.body)
        self.contacts = np.array([float(foot in touched) for foot in self.foot_ids])
        x, y = float(orientation[0]), float(orientation[1])
        upright = 1.0 - 2.0 * (x * x + y * y)
        self.fallen = bool(upright < FALLEN_TILT or self.base[2] < FALLEN_HEIGHT)

    def state(self) -> dict[str, np.ndarray]:
        """See Rig."""
        return {key: getattr(self, key).copy() for key in SENSES}

    def base_pose(self) -> np.ndarray:
        """Give the base's pose (7,) now."""
        return self.world.link_pose(self.body, self.imu_id)

    @property
    def yaw(self) -> float:
        """The base's heading when last observed, radians."""
        x, y, z, w = self.base[3:].tolist()
        return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))

    def close(self) -> None:
        """See Rig."""
        self.actuator.close()


def into(orientation: np.ndarray, vector: np.ndarray) -> list[float]:
    """Turn a vector (3,) from the floor's frame into that of an orientation xyzw (4,)."""
    x, y, z, w = orientation.tolist()
    a, b, c = vector.tolist()
    # v' = v - 2 w (u x v) + 2 u x (u x v), u the quaternion's vector.
    d, e, f = y * c - z * b, z * a - x * c, x * b - y * a
    return [
        a + 2.0 * (y * f - z * e - w * d),
        b + 2.0 * (z * d - x * f - w * e),
        c + 2.0 * (x * e - y * d - w * f),
    ]


def _times(one: Any, other: Any) -> list[float]:
    a, b, c, d = (float(number) for number in one)
    x, y, z, w = (float(number) for number in other)
    return [
        d * x + a * w + b * z - c * y,
        d * y - a * z + b * w + c * x,
        d * z + a * y - b * x + c * w,
        d * w - a * x - b * y - c * z,
    ]


def _conjugate(one: np.ndarray) -> list[float]:
    x, y, z, w = one.tolist()
    return [-x, -y, -z, w]
