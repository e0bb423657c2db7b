"""An arm with a gripper: five ways to tell it where to go, one controller that takes it there."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from robots import kinematics
from robots.actuator import Actuator
from robots.catalogue import Robot
from robots.controllers import limited_impedance
from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.force import WristSensor
from sim.rigs.law import RigLaw, reference_of
from sim.rigs.loop import HAND, Loop, fits, observe
from sim.rigs.reach import move_tool, spread
from sim.rigs.rig import Rig, box
from sim.scene import Mount

ASSETS = Path(__file__).parents[1] / "assets"
CONTROL_MODES = ("joint_position", "joint_delta", "ee_delta", "ee_pose", "joint_setpoints")
JOINT_STEP = 0.10
TOOL_STEP, TURN_STEP = 0.05, 0.25
STEPS = np.array([TOOL_STEP, TURN_STEP])
IK_TOLERANCE = 0.02
JITTER = 0.08
GEAR = 20.0
"""How much stronger than its motors the gear between two fingers is."""


class ArmRig(Rig):
    """One arm of n joints.

    | observation | shape | unit |
    |---|---|---|
    | `q`, `dq` | (n,) | rad, rad/s |
    | `gripper` | (1,) | 0 closed .. 1 open |
    | `tool` | (7,) | m, quaternion xyzw, floor's frame |

    | control mode | shape | meaning (the last number is always the gripper) |
    |---|---|---|
    | `joint_position` | (n + 1,) | joint goals, rad; gripper 0..1 |
    | `joint_delta` | (n + 1,) | -1..1 of 0.1 rad from the last goal; gripper -1..1 |
    | `ee_delta` | (7,) | -1..1 of 0.05 m and 0.25 rad (rotation vector, floor's frame) from the \
last goal; gripper -1..1 |
    | `ee_pose` | (8,) | tool xyz, quaternion xyzw, floor's frame; gripper 0..1 |
    | `joint_setpoints` | (ticks, n + 1) | one `joint_position` for every control tick |

    The controller is `robots.controllers.limited_impedance`, or any `law` that takes `q`, `dq` and
    `q_goal` (n,) and gives `tau` (n,) and `flags`. `stiffness` scales its springs `kp`, and its
    dampers `kd` by the square root. A pose that is out of reach is approached as far as it goes
    (`ee_pose`) or not at all (`ee_delta`).
    """

    control_modes: ClassVar[tuple[str, ...]] = CONTROL_MODES

    def __init__(
        self,
        floor: Floor,
        robot: Robot,
        control_mode: str,
        ticks: int,
        actuator: Actuator | None = None,
        stiffness: float = 1.0,
        mount: Mount | None = None,
        name: str = "robot",
        carrier: str = "tool",
        law: Any = limited_impedance,
    ) -> None:
        super().__init__(floor, control_mode, ticks)
        if not 0.001 <= stiffness <= 100.0:
            raise SimError(f"stiffness {stiffness!r} is not a number from 0.001 to 100")
        self.robot, self.name = robot, name
        n = (len(robot.home),)
        given = {"q": n, "dq": n, "q_goal": n}
        runs = RigLaw(law, robot, floor.tick_hz, given, {"tau": n})
        runs.stiffen(stiffness)
        self.params, self.actuator = runs.params, runs.actuator(actuator)
        self.world = floor.world
        mount = mount or floor.scene.mount(robot.name)
        self.base = mount.position
        self.turn = kinematics.rotation_from_vector(np.array([0.0, 0.0, mount.yaw]))
        self.home = robot.home if mount.home is None else mount.home
        if self.home.shape != robot.home.shape:
            raise SimError(
                f"scene {floor.scene.name}: home of {robot.name} has {len(self.home)} numbers; "
                f"it has {len(robot.home)} joints"
            )
        half = mount.yaw / 2
        # The light meshes where we have them; same joints, masses and collision shapes.
        light = ASSETS / robot.name / f"{robot.name}.urdf"
        self.body = self.world.load(
            light if light.exists() else robot.urdf,
            tuple(self.base),
            fixed=True,
            quaternion=(0.0, 0.0, float(np.sin(half)), float(np.cos(half))),
        )
        floor.bodies[name] = self.body
        floor.carriers[carrier] = self.tool_pose
        self.joint_ids = self.world.joint_indices(self.body, robot.joint_names)
        self.finger_ids = self.world.joint_indices(self.body, robot.gripper_joint_names)
        self.all_ids = self.joint_ids + self.finger_ids
        self.tool_id = self.world.link_index(self.body, robot.tool_link)
        self.world.free_joints(self.body, self.joint_ids)
        for finger in self.finger_ids:
            self.world.set_friction(self.body, finger, 1.5, 0.02)
        self.goal = self.home.copy()
        self.tool_goal = self._forward(self.goal)
        self.grip = 1.0
        if robot.gripper_geared:
            left, right = self.finger_ids
            self.world.gear(self.body, left, right, GEAR * robot.gripper_force)
        self._sensor: WristSensor | None = None
        self.loop: Loop | None = None
        self.compiled = fits(self)
        self.own_loop = Loop([self]) if self.compiled else None
        self._at = np.zeros(3, np.uint64)
        self.arms = (self,)
        self.trace = {key: [] for key in ("q", "dq", "q_ref", "tau", "flags")}
        self.bind(self._hand(), np.zeros((1, ticks, len(robot.home))), np.ones((1, ticks)))

    def _hand(self) -> np.ndarray:
        """Make the record of this arm that `sim.rigs.loop` needs."""
        hand, robot = np.zeros(1, HAND), self.robot
        places = [self.world.joint_places(self.body, joint) for joint in self.all_ids]
        n, m = len(self.joint_ids), len(self.finger_ids)
        hand["world"], hand["body"], hand["sensed"] = self.world.handle, self.body, -1
        hand["joint_q"][0, :n], hand["joint_u"][0, :n] = zip(*places[:n], strict=True)
        hand["fingers"], hand["tool"] = m, self.tool_id
        hand["finger_q"][0, :m], hand["finger_u"][0, :m] = zip(*places[n:], strict=True)
        hand["closed"], hand["opened"] = robot.gripper_opening
        hand["force"], hand["speed"] = robot.gripper_force, robot.gripper_speed
        return hand

    def bind(self, hand: np.ndarray, goals: np.ndarray, grips: np.ndarray) -> None:
        """Go on in other memory: a record of HAND (1,), and what every tick of a step asks for,
        joints (1, ticks, n) and gripper (1, ticks). Takes up the controller's memory anew as well.
        """
        given, taken = self.actuator.input, self.actuator.output
        self._q, self._dq = memoryview(given["q"][0]), memoryview(given["dq"][0])
        self._goal, self._tau = given["q_goal"][0], taken["tau"][0]
        self.hand, self.goals, self.grips = hand, goals, grips
        self._flags = hand["flags"]
        if self._sensor:
            self._sensor.bind(hand)

    @property
    def flags(self) -> int:
        """The union of the controller's flags over the last step."""
        return int(self._flags[0])

    @flags.setter
    def flags(self, value: int) -> None:
        self._flags[0] = value

    # -- what it can be told

    def action_space(self) -> spaces.Box:
        """See Rig."""
        low = np.append(self.robot.q_min, 0.0)
        high = np.append(self.robot.q_max, 1.0)
        if self.control_mode == "joint_position":
            return spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
        if self.control_mode == "joint_setpoints":
            return spaces.Box(
                np.tile(low, (self.ticks, 1)), np.tile(high, (self.ticks, 1)), dtype=np.float64
            )
        if self.control_mode == "ee_pose":
            most = np.array([1.0, 1.0, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0], np.float32)
            least = np.array([-1.0, -1.0, -0.2, -1.0, -1.0, -1.0, -1.0, 0.0], np.float32)
            return spaces.Box(least, most, dtype=np.float32)
        size = len(low) if self.control_mode == "joint_delta" else 7
        return spaces.Box(-1.0, 1.0, (size,), np.float32)

    def command(self, action: np.ndarray) -> None:
        """See Rig: makes one joint setpoint (n,) and gripper for every tick of it."""
        self.flags = 0
        if self.control_mode == "joint_setpoints":
            self.goal = action[-1, :-1].copy()
            self.goals[0], self.grips[0] = action[:, :-1], action[:, -1]
            return
        if self.control_mode in ("joint_delta", "ee_delta"):
            self.grip = min(max(self.grip + float(action[-1]), 0.0), 1.0)
        else:
            self.grip = float(action[-1])
        self.grips.fill(self.grip)
        if self.control_mode == "ee_delta":
            self._move(action)
            return
        start, goal = self.goal, self._joint_goal(action)
        if spread(start, goal, self.goals[0]):
            self.goal = goal

    def _joint_goal(self, action: np.ndarray) -> np.ndarray:
        if self.control_mode == "joint_position":
            return action[:-1]
        if self.control_mode == "joint_delta":
            moved = self.goal + JOINT_STEP * action[:-1]
            return np.clip(moved, self.robot.q_min, self.robot.q_max)
        if not np.isfinite(action).all():
            return np.full(len(self.goal), np.nan)
        rotation = kinematics.rotation_from_quaternion(action[3:7])
        return self.inverse(action[:3], rotation)[0]

    def _move(self, action: np.ndarray) -> None:
        goal, robot = np.empty(len(self.goal)), self.robot
        if move_tool(
            robot.record,
            robot.q_min,
            robot.q_max,
            robot.home,
            self.base,
            self.turn,
            action,
            STEPS,
            IK_TOLERANCE,
            *self.tool_goal,
            self.goal,
            goal,
            self.goals[0],
        ):
            self.goal = goal

    def inverse(self, position: np.ndarray, rotation: np.ndarray) -> tuple[np.ndarray, float]:
        """Find joints (n,) near the last goal for a tool pose, with the error left (m + rad)."""
        here = self.turn.T @ (position - self.base)
        return self.robot.inverse(self.goal, here, self.turn.T @ rotation)

    def _forward(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        position, rotation = self.robot.forward(q)
        return self.base + self.turn @ position, self.turn @ rotation

    # -- an episode

    def reset(self, rng: np.random.Generator) -> None:
        """See Rig: near home, gripper open."""
        self.put(self.home + rng.uniform(-JITTER, JITTER, len(self.home)))

    def put(self, q: np.ndarray) -> None:
        """Put the arm at rest at q (n,) with its gripper open, and its controller at the start."""
        opened = np.full(len(self.finger_ids), self.robot.gripper_opening[1])
        self.world.reset_joints(self.body, self.joint_ids, q)
        self.world.reset_joints(self.body, self.finger_ids, opened)
        self.actuator.start(self.params)
        self.goal = np.array(self.world.read_joints(self.body, self.joint_ids)[0])
        self.tool_goal = self._forward(self.goal)
        self.grip, self.flags = 1.0, 0
        self._drive(1.0)
        if self._sensor:
            self._sensor.start()
        for rows in self.trace.values():
            rows.clear()

    def tick(self, k: int) -> None:
        """See Rig."""
        if self._sensor:
            self._sensor.tick(k == 0)
        self.world.read_joints_into(self.body, self.joint_ids, self._q, self._dq)
        self._goal[:] = self.goals[0, k]
        self.actuator.tick()
        self.world.apply_torques(self.body, self.joint_ids, self._tau.tolist())
        grip = float(self.grips[0, k])
        if grip != self.hand["told"][0] and grip == grip:
            self._drive(grip)
        self.flags |= int(self.actuator.output["flags"][0])
        if self.tracing:
            self._record()

    def _record(self) -> None:
        given, taken = self.actuator.input[0], self.actuator.output[0]
        for key in ("q", "dq"):
            self.trace[key].append(np.array(given[key]))
        self.trace["q_ref"].append(reference_of(taken, given["q_goal"]))
        self.trace["tau"].append(np.array(taken["tau"]))
        self.trace["flags"].append(int(taken["flags"]))

    def _drive(self, opening: float) -> None:
        """Drive the gripper to an opening, 0 closed .. 1 open."""
        self.hand["told"] = opening
        closed, opened = self.robot.gripper_opening
        place = closed + min(max(opening, 0.0), 1.0) * (opened - closed)
        force, speed = self.robot.gripper_force, self.robot.gripper_speed
        self.world.drive_to(self.body, self.finger_ids, place, force, speed)

    # -- what it senses

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Rig."""
        n = len(self.home)
        return {"q": box(n), "dq": box(n), "gripper": box(1, low=0.0, high=1.0), "tool": box(7)}

    def observe(self) -> None:
        """See Rig."""
        n = len(self.joint_ids)
        if self.world.handle:
            self.q, self.dq, self.tool = np.empty(n), np.empty(n), np.empty(7)
            fresh = self._sensor is not None and self._sensor.fresh()
            self.gripper = observe(self.hand, fresh, self._at, self.q, self.dq, self.tool)
            return
        q, dq = self.world.read_joints(self.body, self.all_ids)
        self.q, self.dq, travel = np.array(q[:n]), np.array(dq[:n]), q[n:]
        closed, opened = self.robot.gripper_opening
        share = (sum(travel) / len(travel) - closed) / (opened - closed)
        self.gripper = min(max(share, 0.0), 1.0)
        self.tool = self.tool_pose()
        if self._sensor:
            self._sensor.look()

    def state(self) -> dict[str, np.ndarray]:
        """See Rig."""
        grip = np.array([self.gripper])
        return {"q": self.q.copy(), "dq": self.dq.copy(), "gripper": grip, "tool": self.tool.copy()}

    def tool_pose(self) -> np.ndarray:
        """Give the tool's pose (7,) now."""
        return self.world.link_pose(self.body, self.tool_id)

    def touches(self, name: str) -> bool:
        """Say whether the arm was in contact with a body of the floor in the last tick."""
        return self.floor.touching(self.name, name)

    def sense_force(self) -> None:
        """Switch on the force sensor in the wrist; before the first reset."""
        hz = self.floor.tick_hz
        self._sensor = WristSensor(self.world, self.body, self.joint_ids[-1], hz, self.hand)

    @property
    def sensor(self) -> WristSensor:
        """The force sensor in the wrist. Raises SimError where there is none."""
        if self._sensor is None:
            raise SimError(f"the {self.robot.name} has no force sensor; call sense_force() first")
        return self._sensor

    def close(self) -> None:
        """See Rig."""
        self.actuator.close()
