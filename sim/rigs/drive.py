"""A mobile base on driven wheels, with a scanner that sees how far it is to things."""

import math
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from robots.actuator import Actuator
from robots.controllers import diff_drive
from robots.kinematics import rotation_from_quaternion
from robots.mobile import MobileBase
from sim.floor import Floor
from sim.rigs.law import RigLaw
from sim.rigs.rig import Rig, box

RAYS = 64
RANGE = 6.0
SCAN_HEIGHT = 0.30
CLEAR = 0.01
SCRUB = 0.25
"""What a tyre holds along its axle, of what it holds along its tread: it gives and rolls aside."""


class DriveRig(Rig):
    """A base that drives forwards and backwards and turns.

    | observation | shape | unit |
    |---|---|---|
    | `base` | (7,) | pose of the base on the ground, m, quaternion xyzw, floor's frame |
    | `twist` | (2,) | forward speed m/s, yaw rate rad/s |
    | `wheels` | (n,) | wheel speeds, rad/s, left side first |
    | `lidar` | (64,) | m from the base's middle to the first thing in each direction, at most 6; \
the first straight ahead, the others anticlockwise |

    | control mode | shape | meaning, -1..1 |
    |---|---|---|
    | `velocity` | (2,) | forward speed, of 1 m/s, and yaw rate, of 1.2 rad/s (for the husky) |
    | `wheels` | (2,) | speed of the left and of the right wheels, of the fastest straight ahead |

    The controller is `robots.controllers.diff_drive`, in both modes, or any `law` that takes `goal`
    (2,), m/s and rad/s, and `wheel` (n,) and gives `tau` (n,) and `flags`. The scanner looks from
    the outline of the base at 0.3 m over the ground, as scanners at its corners do, joined. Where
    it starts is the scene's mount, until a task sets `start`: x, y, yaw.
    """

    control_modes: ClassVar[tuple[str, ...]] = ("velocity", "wheels")

    def __init__(
        self,
        floor: Floor,
        robot: MobileBase,
        control_mode: str,
        ticks: int,
        actuator: Actuator | None = None,
        name: str = "robot",
        law: Any = diff_drive,
    ) -> None:
        super().__init__(floor, control_mode, ticks)
        self.robot, self.name, self.world = robot, name, floor.world
        n = (len(robot.joint_names),)
        runs = RigLaw(law, robot, floor.tick_hz, {"goal": (2,), "wheel": n}, {"tau": n})
        self.params, self.actuator = runs.params, runs.actuator(actuator)
        mount = floor.scene.mount(robot.name)
        self.start = (float(mount.position[0]), float(mount.position[1]), mount.yaw)
        floor.add_body(name, robot.urdf)
        self.body = floor.bodies[name]
        self.wheel_ids = self.world.joint_indices(self.body, robot.joint_names)
        self.world.free_joints(self.body, self.wheel_ids)
        for wheel in self.wheel_ids:
            self.world.set_friction_along(self.body, wheel, (1.0, SCRUB, 1.0))
        floor.carriers["base"] = self.pose
        self.goal = [0.0, 0.0]
        self._starts, self._ends, self._inside = self._rays()
        self.trace = {key: [] for key in ("wheel", "wheel_ref", "tau", "flags")}
        self.put(*self.start)
        self.observe()

    def _rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give starts and ends (n, 2) of the scanner's rays, base's frame, and their starts' m."""
        half_x, half_y = (half + CLEAR for half in self.robot.outline)
        turns = [2 * math.pi * k / RAYS for k in range(RAYS)]
        ways = np.array([(math.cos(turn), math.sin(turn)) for turn in turns])
        with np.errstate(divide="ignore"):
            inside = np.minimum(half_x / np.abs(ways[:, 0]), half_y / np.abs(ways[:, 1]))
        return ways * inside[:, None], ways * RANGE, inside

    # -- what it can be told

    def action_space(self) -> spaces.Box:
        """See Rig."""
        return spaces.Box(-1.0, 1.0, (2,), np.float32)

    def command(self, action: np.ndarray) -> None:
        """See Rig."""
        self.flags = 0
        base, (one, other) = self.robot, (float(x) for x in action)
        if self.control_mode == "velocity":
            self.goal = [one * base.v_max, other * base.w_max]
        else:
            speed = 0.5 * base.v_max
            self.goal = [speed * (one + other), 2 * speed * (other - one) / base.track]

    # -- an episode

    def reset(self, rng: np.random.Generator) -> None:
        """See Rig: at rest at `start`; the task has drawn it."""
        self.put(*self.start)

    def put(self, x: float, y: float, yaw: float) -> None:
        """Stand the base at a place, at rest, its controller at the start."""
        half, n = yaw / 2, len(self.wheel_ids)
        turn = np.array([0.0, 0.0, math.sin(half), math.cos(half)])
        self.world.place(self.body, np.array([x, y, self.robot.height + 0.0005]), turn)
        self.world.reset_joints(self.body, self.wheel_ids, np.zeros(n))
        self.actuator.start(self.params)
        self.goal, self.flags = [0.0, 0.0], 0
        for rows in self.trace.values():
            rows.clear()

    def tick(self, k: int) -> None:
        """See Rig."""
        given, taken = self.actuator.input[0], self.actuator.output[0]
        _, given["wheel"] = self.world.read_joints(self.body, self.wheel_ids)
        given["goal"] = self.goal
        self.actuator.tick()
        self.world.apply_torques(self.body, self.wheel_ids, taken["tau"].tolist())
        self.flags |= int(taken["flags"])
        if self.tracing:
            self.trace["wheel"].append(np.array(given["wheel"]))
            for key in ("wheel_ref", "tau"):
                if key in taken.dtype.names:
                    self.trace[key].append(np.array(taken[key]))
            self.trace["flags"].append(int(taken["flags"]))

    # -- what it senses

    def pose(self) -> np.ndarray:
        """Give the pose (7,) now of the point on the ground under the base's middle."""
        pose = self.world.pose(self.body)
        pose[:3] -= rotation_from_quaternion(pose[3:])[:, 2] * self.robot.height
        return pose

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Rig."""
        n = len(self.wheel_ids)
        lidar = box(RAYS, low=0.0, high=RANGE)
        return {"base": box(7), "twist": box(2), "wheels": box(n), "lidar": lidar}

    def observe(self) -> None:
        """See Rig."""
        self.base = self.pose()
        x, y, z, w = (float(q) for q in self.base[3:])
        self.yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        velocity = self.world.velocity(self.body)
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        self.speed = c * float(velocity[0]) + s * float(velocity[1])
        self.turning = float(velocity[5])
        self.wheels = np.array(self.world.read_joints(self.body, self.wheel_ids)[1])
        self.lidar = self._scan(c, s)

    def _scan(self, c: float, s: float) -> np.ndarray:
        flat = []
        for points in (self._starts, self._ends):
            x, y = points[:, 0], points[:, 1]
            flat.append(
                np.stack(
                    [
                        self.base[0] + c * x - s * y,
                        self.base[1] + s * x + c * y,
                        np.full(RAYS, SCAN_HEIGHT),
                    ],
                    axis=1,
                )
            )
        share, _ = self.world.cast_rays(flat[0], flat[1])
        return self._inside + share * (RANGE - self._inside)

    def state(self) -> dict[str, np.ndarray]:
        """See Rig."""
        return {
            "base": self.base.copy(),
            "twist": np.array([self.speed, self.turning]),
            "wheels": self.wheels.copy(),
            "lidar": self.lidar.copy(),
        }

    def close(self) -> None:
        """See Rig."""
        self.actuator.close()
