"""The Gymnasium environment: a task on its scene, a rig on its controllers."""

import copy
import hashlib
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from robots.actuator import Actuator
from sim import rigs, tasks
from sim.errors import SimError
from sim.floor import Floor
from sim.randomise import KINDS, Look
from sim.rigs.law import identity
from sim.state import Journal, State
from sim.tasks.kit_tray import KitTray
from sim.tasks.task import Expert, Reward

TICK_HZ = 500
OBS_MODES = ("state", "images", "vla")
RENDER_MODES = ("rgb_array", "human")
CHARSET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.;:'!?-_()"
MAX_TEXT = 200
RENDER_SIZE = 480
IMAGES = {"rgb": "images", "depth": "depth", "segmentation": "segmentation"}
"""What the observation calls the kinds of image."""


class FloorEnv(gym.Env[dict[str, Any], np.ndarray]):
    """A factory-floor task for a rig: one arm, two arms, a mobile base or a legged robot.

    Observation, by `obs_mode`:

    | what | in |
    |---|---|
    | the rig's numbers (for an arm `q`, `dq`, `gripper`, `tool`; see its docstring) | all |
    | the task's numbers (see its docstring) | all |
    | `images/CAMERA` (height, width, 3) uint8, `depth/CAMERA` (height, width) float32, m, \
`segmentation/CAMERA` (height, width) int32, a body's number or -1: `image_kinds` | images, vla |
    | `instruction`, text | vla |

    `control_mode` is one of the rig's; for an arm `joint_position`, `joint_delta`, `ee_delta`,
    `ee_pose`, `joint_setpoints`. A number outside the action space is moved to its edge. A NaN
    reaches the controller, which brakes and holds; `info["flags"]` then has `limiter.FLAG_NAN`.

    `controller` replaces the rig's own: the name of another of `robots.controllers`, the path of a
    Python file with the same interface (docs/control.md), or its module; SimError, with the fields
    on both sides, for one that does not fit. `actuator` runs it: by default the kernel in this
    process, or for example an emulated board.

    The environment steps at `control_hz`, the controller and the physics at 500 Hz. An episode is
    truncated after the task's time; it does not terminate on success unless
    `terminate_on_success`. `info` always has `instruction`, `success`,
    `target_position` (3,), `goal_position` (3,) and the controller's `flags`.

    `cameras` are those of the scene that the observation shows, all by default; `image_size` is
    one number or (width, height); `image_kinds` some of `rgb`, `depth`, `segmentation`. With
    images `info["cameras"]` has each one's `intrinsics` (3, 3) and `camera_in_world` (4, 4), in
    OpenCV's convention (`sim.cameras`). `randomise` draws another look for every episode: True,
    or some of `light`, `colours`, `textures`, `cameras` (`sim.randomise`); it changes nothing but
    the images. Options that this class does not know go to the task.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 20}

    def __init__(
        self,
        task: str,
        robot: str | None = None,
        obs_mode: str = "state",
        control_mode: str | None = None,
        control_hz: int = 20,
        render_mode: str | None = None,
        renderer: str = "auto",
        actuator: Actuator | None = None,
        cameras: tuple[str, ...] | None = None,
        image_size: int | tuple[int, int] = 96,
        image_kinds: tuple[str, ...] = ("rgb",),
        randomise: bool | tuple[str, ...] = False,
        trace: bool = False,
        terminate_on_success: bool = False,
        stiffness: float | None = None,
        controller: Any = None,
        **task_options: Any,
    ) -> None:
        check_choice("obs_mode", obs_mode, OBS_MODES)
        if render_mode is not None:
            check_choice("render_mode", render_mode, RENDER_MODES)
        if control_hz < 1 or TICK_HZ % control_hz:
            valid = [hz for hz in range(1, 101) if TICK_HZ % hz == 0]
            raise SimError(
                f"control_hz {control_hz} does not divide {TICK_HZ}; choose from {valid}"
            )
        self.task = tasks.make(task, task_options, robot)
        self.task.has_images = obs_mode != "state"
        robot = robot or self.task.robots[0]
        if robot not in self.task.robots:
            raise SimError(
                f"{tasks.resolve(task)} is not laid out for "
                f"{tasks.suggest('robot', robot, self.task.robots)}"
            )
        self.obs_mode, self.render_mode = obs_mode, render_mode
        self.image_size = check_size(image_size)
        self.cameras = tuple(self.task.scene.cameras) if cameras is None else tuple(cameras)
        for camera in self.cameras:
            check_choice("camera", camera, tuple(self.task.scene.cameras))
        self.image_kinds = tuple(image_kinds)
        for kind in self.image_kinds:
            check_choice("image kind", kind, tuple(IMAGES))
        self.randomise = look_kinds(randomise)
        self.tick_hz, self.control_hz = TICK_HZ, control_hz
        self.ticks = TICK_HZ // control_hz
        self.terminate_on_success = terminate_on_success
        self.metadata = {**self.metadata, "render_fps": control_hz}
        drawer = choose_renderer(renderer, obs_mode, render_mode)
        self.floor = Floor(self.task.scene, TICK_HZ, drawer, gui=render_mode == "human")
        # Before the arm, since closing has to give the floor back whatever fails from here on.
        self._closed = False
        try:
            self._build(robot, control_mode, actuator, stiffness, controller)
            if "textures" in self.randomise and obs_mode != "state":
                self.floor.need_patterns()
        except BaseException:
            self.floor.close()
            raise
        self.rig.tracing = trace
        self._made = {
            "task": repr(tasks.resolve(task)),
            "robot": repr(robot),
            "control_mode": repr(self.control_mode),
            "control_hz": repr(control_hz),
            "stiffness": repr(stiffness),
            "randomise": repr(self.randomise),
            **({} if controller is None else {"controller": repr(identity(controller))}),
            **{key: repr(value) for key, value in sorted(task_options.items())},
        }
        self.max_steps = int(self.task.seconds * control_hz)
        self._box = self.rig.action_space()
        self._low, self._high = (x.astype(np.float64) for x in (self._box.low, self._box.high))
        self.action_space = self._box
        self.observation_space = self._observation_space()
        self._ready = False
        self._expert: Expert | None = None
        self._shown = ""
        self._steps = 0

    def _build(
        self,
        robot: str,
        mode: str | None,
        actuator: Actuator | None,
        stiffness: float | None,
        controller: Any,
    ) -> None:
        stiffness = self.task.stiffness if stiffness is None else stiffness
        options = {"stiffness": stiffness, "law": controller}
        options = {key: value for key, value in options.items() if value is not None}
        kind = self.task.rig_kind
        mode = mode or rigs.default_mode(kind)
        self.rig = rigs.make(kind, self.floor, robot, mode, self.ticks, actuator, **options)
        self.control_mode = self.rig.control_mode
        self.task.build(self.floor, self.rig)
        self.floor.built()
        first = next(iter(self.floor.scene.cameras.values()))
        self.floor.world.aim(first.eye, first.target)

    # -- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode.

        `options`: those of the task choose what to ask for; `instruction` replaces only the
        text that is shown. Raises SimError for others.
        """
        super().reset(seed=seed)
        self._open()
        options = dict(options or {})
        self.task.check_options(options)
        reward = self._begin(options)
        return self._observation(), self._info(reward)

    def _begin(self, options: dict[str, Any]) -> Reward:
        self._journal = Journal(copy.deepcopy(self.np_random), dict(options))
        shown = options.pop("instruction", None)
        self.floor.reset()
        self.task.reset(self.np_random, **options)
        self._shown = self.task.instruction if shown is None else str(shown)[:MAX_TEXT]
        self.rig.reset(self.np_random)
        self.task.started(self.np_random)
        if self.randomise and self.renderer != "none":
            groups = self.floor.groups()
            # Numbers of its own, so that an episode is the same however it looks.
            rng = np.random.default_rng(copy.deepcopy(self._journal.rng).integers(2**63))
            self.floor.apply_look(Look.draw(rng, self.randomise, self.floor.scene, groups))
        self._steps = 0
        self._expert = None
        self._ready = True
        self.rig.observe()
        return self.task.update()

    def step(self, action: np.ndarray) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Take one step of `1 / control_hz` seconds. Raises SimError before the first reset."""
        self.before(action)
        self.run()
        return self.after()

    def before(self, action: np.ndarray) -> None:
        """Take the action of a step; see `step`, of which this is the part before its ticks."""
        if not self._ready:
            self._open()
            raise SimError("step before reset: call reset() first")
        checked = self._checked(action)
        self._journal.events.append(checked)
        self.rig.command(checked)
        self.task.before_step()
        self.floor.world.take_turn()

    def after(self) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Give what a step gives, after its ticks."""
        self.floor.world.show()
        reward = self._judge()
        terminated = self.terminate_on_success and reward.success
        truncated = self._steps >= self.max_steps
        return self._observation(), reward.value, terminated, truncated, self._info(reward)

    def run(self) -> None:
        """Take the ticks of a step, between `before` and `after`."""
        self.rig.run()

    def _judge(self) -> Reward:
        self._steps += 1
        self.rig.observe()
        return self.task.update()

    def _open(self) -> None:
        if self._closed:
            raise SimError("this environment is closed; make a new one")

    def render(self) -> Any:
        """Give an RGB image (480, 480, 3) of the scene's first camera; None with the window."""
        if self.render_mode == "rgb_array":
            first = next(iter(self.floor.scene.cameras))
            return self.capture(first, RENDER_SIZE, RENDER_SIZE, shadow=True)
        return None

    def close(self) -> None:
        """Release the world and the rig."""
        self._closed, self._ready = True, False
        self.floor.close()
        self.rig.close()

    # -- beyond Gymnasium

    @property
    def renderer(self) -> str:
        """What draws the observation's images: fast, tiny, egl, opengl (the window) or none."""
        return self.floor.world.engine

    @property
    def robot(self) -> Any:
        """The rig's robot, from its record in `robots`."""
        return self.rig.robot

    @property
    def trace(self) -> dict[str, list[Any]]:
        """What the rig keeps of every tick of the episode, with `trace=True`."""
        return self.rig.trace

    def capture(self, camera: str, width: int, height: int, shadow: bool = False) -> np.ndarray:
        """Draw what a camera sees now, (height, width, 3) uint8."""
        return self.floor.picture(camera, width, height, shadow)

    def get_state(self) -> State:
        """Give where the episode is, for `set_state`. Raises SimError before the first reset."""
        self._open()
        if not self._ready:
            raise SimError("no state before reset: call reset() first")
        kept = self._journal
        return State(
            dict(self._made),
            copy.deepcopy(kept.rng),
            dict(kept.options),
            tuple(kept.events),
            self._digest(),
        )

    def set_state(self, state: State) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return to where an environment made alike was, bit for bit; give observation and info.

        It takes the episode's steps again, without images. An expert is asked for anew. Raises
        SimError for a state of another task, robot or controller, and where the way does not
        lead there again: another processor, or a body that was moved by other means than `step`.
        """
        self._open()
        state.check(self._made)
        self.np_random = copy.deepcopy(state.rng)
        reward = self._begin(dict(state.options))
        for event in state.events:
            if isinstance(event, tuple):
                self.ask(*event)
                reward = self.task.update()
            else:
                self.before(event)
                self.run()
                reward = self._judge()
        if self._digest() != state.digest:
            raise SimError(
                "the steps of this state lead elsewhere here: it is of another machine, "
                "or something was moved by other means than step()"
            )
        return self._observation(), self._info(reward)

    def _digest(self) -> str:
        found = {**self.rig.state(), **self.task.state()}
        digest = hashlib.sha256()
        for key in sorted(found):
            digest.update(np.ascontiguousarray(found[key]).tobytes())
        return digest.hexdigest()

    def ask(self, part: str, slot: str) -> dict[str, Any]:
        """Ask for another part and slot on the present layout; give the new info.

        Raises SimError for a task that asks for something else.
        """
        if not isinstance(self.task, KitTray):
            raise SimError(f"{type(self.task).__name__} does not ask for part and slot")
        self._journal.events.append((part, slot))
        self.task.ask(self.np_random, part, slot)
        self._shown, self._expert = self.task.instruction, None
        return self._info(self.task.update())

    def expert(self) -> Expert:
        """Give the task's scripted policy for the present episode.

        It acts in the task's `expert_mode`, at its `expert_hz`, and sees the true state.
        """
        if self._expert is None:
            self._expert = self.task.expert()
        return self._expert

    # -- inside

    def _observation_space(self) -> spaces.Dict:
        found: dict[str, spaces.Space[Any]] = {**self.rig.spaces(), **self.task.spaces()}
        if self.obs_mode != "state":
            width, height = self.image_size
            for camera in self.cameras:
                far = self.floor.scene.cameras[camera].far
                made: dict[str, spaces.Space[Any]] = {
                    "rgb": spaces.Box(0, 255, (height, width, 3), np.uint8),
                    "depth": spaces.Box(0.0, far, (height, width), np.float32),
                    "segmentation": spaces.Box(-1, 2**31 - 1, (height, width), np.int32),
                }
                for kind in self.image_kinds:
                    found[f"{IMAGES[kind]}/{camera}"] = made[kind]
        if self.obs_mode == "vla":
            found["instruction"] = spaces.Text(MAX_TEXT, min_length=0, charset=CHARSET)
        return spaces.Dict(found)

    def _observation(self) -> dict[str, Any]:
        found: dict[str, Any] = {**self.rig.state(), **self.task.state()}
        if self.obs_mode != "state":
            for camera in self.cameras:
                seen = self.floor.look(camera, *self.image_size, self.image_kinds)
                for kind in self.image_kinds:
                    found[f"{IMAGES[kind]}/{camera}"] = seen[kind]
        if self.obs_mode == "vla":
            found["instruction"] = self._shown
        return found

    def _info(self, reward: Reward) -> dict[str, Any]:
        info = {
            "instruction": self._shown,
            "success": reward.success,
            "target_position": np.array(self.task.target_position),
            "goal_position": np.array(self.task.goal_position),
            "flags": self.rig.flags,
            **reward.info,
        }
        if self.obs_mode != "state":
            info["cameras"] = {}
            for camera in self.cameras:
                lens, pose = self.floor.calibration(camera, *self.image_size)
                info["cameras"][camera] = {"intrinsics": lens, "camera_in_world": pose}
        return info

    def _checked(self, action: np.ndarray) -> np.ndarray:
        """Give the action as float64; refuse another shape or kind, clip to the space."""
        space = self._box
        shape = space.shape
        try:
            array = np.asarray(action)
            if array.dtype.kind not in "fiu":
                raise TypeError
        except (TypeError, ValueError):
            raise SimError(f"action {action!r} is not numeric; expected shape {shape}") from None
        if array.shape != shape:
            raise SimError(
                f"action has shape {array.shape}; {self.control_mode} takes {shape}, "
                f"numbers from {space.low.min():g} to {space.high.max():g}"
            )
        clipped: np.ndarray = np.minimum(np.maximum(array, self._low, dtype=np.float64), self._high)
        return clipped


def check_choice(what: str, value: str, valid: tuple[str, ...]) -> None:
    """Raise SimError unless `value` is one of `valid`."""
    if value not in valid:
        raise SimError(f"unknown {what} {value!r}; choose from {', '.join(valid)}")


def look_kinds(randomise: bool | tuple[str, ...]) -> tuple[str, ...]:
    """Give what of a look is random. Raises SimError for what no look has."""
    kinds = KINDS if randomise is True else tuple(randomise or ())
    for kind in kinds:
        check_choice("randomise", kind, KINDS)
    return kinds


def check_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Give (width, height). Raises SimError unless both are from 1 to 4096."""
    try:
        width, height = (size, size) if isinstance(size, int) else size
        if 1 <= int(width) <= 4096 and 1 <= int(height) <= 4096:
            return int(width), int(height)
    except (TypeError, ValueError):
        pass
    raise SimError(f"image_size {size!r} is not a number or (width, height) from 1 to 4096")


def choose_renderer(renderer: str, obs_mode: str, render_mode: str | None) -> str:
    """Give "none" where nothing is drawn, otherwise what was asked for."""
    return "none" if obs_mode == "state" and render_mode is None else renderer
