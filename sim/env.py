"""The Gymnasium environment: a task on its scene, an arm on its controller."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from robots import catalogue, kinematics
from robots.actuator import Actuator, HostActuator
from robots.controllers import limited_impedance
from sim import tasks
from sim.errors import SimError
from sim.floor import Floor
from sim.scene import PARTS
from sim.tasks.task import Reward

TICK_HZ = 500
OBS_MODES = ("state", "images", "vla")
CONTROL_MODES = ("joint_position", "joint_delta", "ee_delta", "ee_pose", "joint_setpoints")
RENDER_MODES = ("rgb_array", "human")
CHARSET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.;:'!?-_()"
MAX_TEXT = 200
JOINT_STEP = 0.10
TOOL_STEP = 0.05
TURN_STEP = 0.25
IK_TOLERANCE = 0.02
SMALL_IMAGE = 128


class FloorEnv(gym.Env[dict[str, Any], np.ndarray]):
    """A factory-floor task for one arm with a gripper.

    Observation, by `obs_mode`:

    | key | shape | unit | in |
    |---|---|---|---|
    | `q`, `dq` | (7,) | rad, rad/s | all |
    | `gripper` | (1,) | 0 closed .. 1 open | all |
    | `tool` | (7,) | m, quaternion xyzw, base frame | all |
    | `parts` | (4, 7) | m, quaternion xyzw, base frame; rows gear, bolt, bracket, bearing | all |
    | `target`, `goal` | (4,), (3,) | one-hot part; slot's place, m | all |
    | `images/front`, `images/wrist` | (96, 96, 3) | uint8 | images, vla |
    | `instruction` | text | | vla |

    Action, by `control_mode` (the last number is always the gripper):

    | mode | shape | meaning |
    |---|---|---|
    | `joint_position` | (8,) | joint goals, rad; gripper 0..1 |
    | `joint_delta` | (8,) | -1..1 of 0.1 rad from the last goal; gripper -1..1 |
    | `ee_delta` | (7,) | -1..1 of 0.05 m and 0.25 rad (rotation vector, base frame) from the \
last goal; gripper -1..1 |
    | `ee_pose` | (8,) | tool xyz, quaternion xyzw; gripper 0..1 |
    | `joint_setpoints` | (ticks, 8) | one `joint_position` for every control tick of the step |

    `actuator` runs the controller: by default the kernel in this process, or for example an
    emulated board. The environment steps at `control_hz`, the controller and the physics at
    500 Hz. An episode is truncated after the task's time; it does not terminate on success
    unless `terminate_on_success`. `info` always has `instruction`, `success`,
    `target_position` (3,), `goal_position` (3,) and the controller's `flags`.

    A NaN in an action reaches the controller, whose limiter brakes and holds; `info["flags"]`
    then has `limiter.FLAG_NAN`.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 20}

    def __init__(
        self,
        task: str,
        robot: str = "panda",
        obs_mode: str = "state",
        control_mode: str = "ee_delta",
        control_hz: int = 20,
        render_mode: str | None = None,
        renderer: str = "auto",
        actuator: Actuator | None = None,
        image_size: int = 96,
        trace: bool = False,
        terminate_on_success: bool = False,
        **task_options: Any,
    ) -> None:
        check_choice("obs_mode", obs_mode, OBS_MODES)
        check_choice("control_mode", control_mode, CONTROL_MODES)
        if render_mode is not None:
            check_choice("render_mode", render_mode, RENDER_MODES)
        if control_hz < 1 or TICK_HZ % control_hz:
            valid = [hz for hz in range(1, 101) if TICK_HZ % hz == 0]
            raise SimError(
                f"control_hz {control_hz} does not divide {TICK_HZ}; choose from {valid}"
            )
        self.task = tasks.load(task)(**task_options)
        self.robot = catalogue.load(robot)
        self.obs_mode, self.control_mode, self.render_mode = obs_mode, control_mode, render_mode
        self.tick_hz, self.control_hz, self.image_size = TICK_HZ, control_hz, image_size
        self.ticks = TICK_HZ // control_hz
        self.terminate_on_success = terminate_on_success
        self.metadata = {**self.metadata, "render_fps": control_hz}
        self.actuator: Actuator = actuator or HostActuator(
            limited_impedance.controller(len(self.robot.home))
        )
        self.params = limited_impedance.params(self.robot, TICK_HZ)
        self.floor = Floor(
            self.task.scene_name,
            self.robot,
            TICK_HZ,
            choose_renderer(renderer, obs_mode, render_mode, image_size),
            gui=render_mode == "human",
        )
        self.tracing = trace
        self.max_steps = int(self.task.max_seconds * control_hz)
        self._box = self._action_space()
        self.action_space = self._box
        self.observation_space = self._observation_space()
        self._ready = False
        self._closed = False
        self._expert: Any = None
        self._shown = ""

    # -- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode.

        `options`: `part`, `slot` choose what to ask for; `instruction` replaces only the text
        that is shown. Raises SimError for others.
        """
        super().reset(seed=seed)
        if self._closed:
            raise SimError("this environment is closed; make a new one")
        options = dict(options or {})
        self.task.check_options(options)
        shown = options.pop("instruction", None)
        layout = self.task.reset(self.np_random, **options)
        self._shown = self.task.instruction if shown is None else str(shown)[:MAX_TEXT]
        jitter = self.np_random.uniform(-0.08, 0.08, len(self.robot.home))
        self.floor.reset(self.robot.home + jitter, layout)
        self.actuator.start(self.params)
        q, _ = self.floor.joints()
        self._goal = np.array(q)
        self._tool_goal = self.robot.forward(self._goal)
        self._grip = 1.0
        self._steps = 0
        self._expert = None
        self._flags = 0
        self.trace: dict[str, Any] = {key: [] for key in ("q", "dq", "q_ref", "tau", "flags")}
        self._ready = True
        self._observe_floor()
        reward = self.task.update(self.poses, self.tool, self.gripper)
        return self._observation(), self._info(reward)

    def step(self, action: np.ndarray) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Take one step of `1 / control_hz` seconds."""
        if not self._ready:
            raise SimError("step before reset: call reset() first")
        setpoints = self._setpoints(self._checked(action))
        self._run(setpoints)
        self._steps += 1
        self._observe_floor()
        reward = self.task.update(self.poses, self.tool, self.gripper)
        terminated = self.terminate_on_success and reward.success
        truncated = self._steps >= self.max_steps
        return self._observation(), reward.value, terminated, truncated, self._info(reward)

    def render(self) -> Any:
        """Give an RGB image (480, 480, 3) of the front camera; None with the window open."""
        if self.render_mode == "rgb_array":
            return self.capture("front", 480, 480, shadow=True)
        return None

    def close(self) -> None:
        """Release the world and the actuator."""
        self._closed, self._ready = True, False
        self.floor.close()
        self.actuator.close()

    # -- beyond Gymnasium

    @property
    def renderer(self) -> str:
        """What draws the observation's images: egl, tiny, opengl (the window) or none."""
        return self.floor.world.engine

    def capture(self, camera: str, width: int, height: int, shadow: bool = False) -> np.ndarray:
        """Draw what a camera sees now, (height, width, 3) uint8."""
        return self.floor.picture(camera, width, height, shadow)

    def ask(self, part: str, slot: str) -> dict[str, Any]:
        """Ask for another part and slot on the present layout; give the new info."""
        self.task.ask(self.np_random, part, slot)
        self._shown, self._expert = self.task.instruction, None
        return self._info(self.task.update(self.poses, self.tool, self.gripper))

    def expert(self) -> "ExpertHand":
        """Give the task's scripted policy for the present episode."""
        if self._expert is None:
            self._expert = ExpertHand(self)
        return self._expert  # type: ignore[no-any-return]

    # -- inside

    def _action_space(self) -> spaces.Box:
        n = len(self.robot.home)
        low = np.append(self.robot.q_min, 0.0)
        high = np.append(self.robot.q_max, 1.0)
        if self.control_mode == "joint_position":
            return spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
        if self.control_mode == "joint_setpoints":
            return spaces.Box(
                np.tile(low, (self.ticks, 1)), np.tile(high, (self.ticks, 1)), dtype=np.float64
            )
        if self.control_mode == "ee_pose":
            reach = np.array([1.0, 1.0, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0], np.float32)
            least = np.array([-1.0, -1.0, -0.2, -1.0, -1.0, -1.0, -1.0, 0.0], np.float32)
            return spaces.Box(least, reach, dtype=np.float32)
        size = n + 1 if self.control_mode == "joint_delta" else 7
        return spaces.Box(-1.0, 1.0, (size,), np.float32)

    def _observation_space(self) -> spaces.Dict:
        def box(*shape: int, low: float = -np.inf, high: float = np.inf) -> spaces.Box:
            return spaces.Box(low, high, shape, np.float64)

        n = len(self.robot.home)
        found: dict[str, spaces.Space[Any]] = {
            "q": box(n),
            "dq": box(n),
            "gripper": box(1, low=0.0, high=1.0),
            "tool": box(7),
            "parts": box(len(PARTS), 7),
            "target": box(len(PARTS), low=0.0, high=1.0),
            "goal": box(3),
        }
        if self.obs_mode != "state":
            size = (self.image_size, self.image_size, 3)
            for camera in self.floor.scene.cameras:
                found[f"images/{camera}"] = spaces.Box(0, 255, size, np.uint8)
        if self.obs_mode == "vla":
            found["instruction"] = spaces.Text(MAX_TEXT, min_length=0, charset=CHARSET)
        return spaces.Dict(found)

    def _observe_floor(self) -> None:
        self.q, self.dq = self.floor.joints()
        self.gripper = self.floor.gripper()
        self.tool = self.floor.tool()
        self.poses = self.floor.poses()

    def _observation(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "q": np.array(self.q),
            "dq": np.array(self.dq),
            "gripper": np.array([self.gripper]),
            "tool": self.tool.copy(),
            "parts": np.array([self.poses[part] for part in PARTS]),
            **self.task.state(),
        }
        if self.obs_mode != "state":
            for camera in self.floor.scene.cameras:
                size = self.image_size
                found[f"images/{camera}"] = self.floor.picture(camera, size, size, False)
        if self.obs_mode == "vla":
            found["instruction"] = self._shown
        return found

    def _info(self, reward: Reward) -> dict[str, Any]:
        return {
            "instruction": self._shown,
            "success": reward.success,
            "target_position": np.array(self.task.target_position),
            "goal_position": np.array(self.task.goal_position),
            "flags": self._flags,
        }

    def _checked(self, action: np.ndarray) -> np.ndarray:
        """Give the action as float64; refuse another shape or kind, clip to the space."""
        space = self._box
        shape = space.shape
        try:
            array = np.asarray(action, np.float64)
        except (TypeError, ValueError):
            raise SimError(f"action {action!r} is not numeric; expected shape {shape}") from None
        if array.shape != shape:
            raise SimError(
                f"action has shape {array.shape}; {self.control_mode} takes {shape}, "
                f"numbers from {space.low.min():g} to {space.high.max():g}"
            )
        return np.clip(array, space.low, space.high)

    def _setpoints(self, action: np.ndarray) -> np.ndarray:
        """Turn an action into one joint setpoint and gripper a tick, (ticks, 8)."""
        if self.control_mode == "joint_setpoints":
            self._goal = action[-1, :-1].copy()
            return action
        if self.control_mode in ("joint_delta", "ee_delta"):
            self._grip = float(np.clip(self._grip + action[-1], 0.0, 1.0))
        else:
            self._grip = float(action[-1])
        start = self._goal
        goal = self._joint_goal(action)
        if np.isfinite(goal).all():
            self._goal = goal
        ramp = np.arange(1, self.ticks + 1)[:, None] / self.ticks
        setpoints = np.empty((self.ticks, len(goal) + 1))
        setpoints[:, :-1] = start + ramp * (goal - start)
        setpoints[:, -1] = self._grip
        return setpoints

    def _joint_goal(self, action: np.ndarray) -> np.ndarray:
        if self.control_mode == "joint_position":
            return action[:-1]
        if self.control_mode == "joint_delta":
            moved = self._goal + JOINT_STEP * action[:-1]
            return np.clip(moved, self.robot.q_min, self.robot.q_max)
        if not np.isfinite(action).all():
            return np.full(len(self._goal), np.nan)
        if self.control_mode == "ee_pose":
            position = action[:3]
            rotation = kinematics.rotation_from_quaternion(action[3:7])
            goal, _ = self.robot.inverse(self._goal, position, rotation)
            return goal
        position = self._tool_goal[0] + TOOL_STEP * action[:3]
        rotation = kinematics.rotation_from_vector(TURN_STEP * action[3:6]) @ self._tool_goal[1]
        goal, error = self.robot.inverse(self._goal, position, rotation)
        if error > IK_TOLERANCE:
            # Out of reach: stay, so that deltas do not pile up where the arm cannot follow.
            return self._goal
        self._tool_goal = (position, rotation)
        return goal

    def _run(self, setpoints: np.ndarray) -> None:
        """Run the controller and the physics through one step, tick by tick."""
        floor, actuator = self.floor, self.actuator
        given, taken = actuator.input[0], actuator.output[0]
        grip = np.nan
        flags = 0
        for setpoint in setpoints:
            given["q"], given["dq"] = floor.joints()
            given["q_goal"] = setpoint[:-1]
            actuator.tick()
            floor.apply(taken["tau"].tolist())
            if setpoint[-1] != grip and setpoint[-1] == setpoint[-1]:
                grip = setpoint[-1]
                floor.grip(float(grip))
            floor.world.step()
            flags |= int(taken["flags"])
            if self.tracing:
                for key in ("q", "dq"):
                    self.trace[key].append(np.array(given[key]))
                for key in ("q_ref", "tau"):
                    self.trace[key].append(np.array(taken[key]))
                self.trace["flags"].append(int(taken["flags"]))
        self._flags = flags


class ExpertHand:
    """The task's expert, looking through the environment's eyes."""

    def __init__(self, env: FloorEnv) -> None:
        self.env = env
        self.expert = env.task.expert()

    def act(self) -> np.ndarray:
        """Give the next `ee_pose` action (8,) for the present true state."""
        return self.expert.act(self.env.tool, self.env.gripper)


def check_choice(what: str, value: str, valid: tuple[str, ...]) -> None:
    """Raise SimError unless `value` is one of `valid`."""
    if value not in valid:
        raise SimError(f"unknown {what} {value!r}; choose from {', '.join(valid)}")


def choose_renderer(renderer: str, obs_mode: str, render_mode: str | None, size: int) -> str:
    """Settle "auto": TinyRenderer for small observations, measured twice as fast as EGL on a
    software rasteriser at 96x96 and the same on every machine; none where nothing is drawn."""
    if obs_mode == "state" and render_mode is None:
        return "none"
    if renderer == "auto" and obs_mode != "state" and size <= SMALL_IMAGE:
        return "tiny"
    return renderer
