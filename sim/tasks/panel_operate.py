"""PanelOperate: set the controls of a panel as the instruction says."""

import math
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.floor import ASSETS, Floor
from sim.rigs.rig import Rig, box
from sim.tasks.panel_controls import ALONE, CONTROLS, TOGETHER
from sim.tasks.panel_expert import PanelExpert
from sim.tasks.panel_judge import KNOBS, NAMES, PANEL, PARTS, TOGGLES, judge
from sim.tasks.task import Reward, Task

FOLDER = ASSETS / "panel_operate"
SOLE = 0.55
PRESSED = 0.25
HOLD = 0.5


class PanelOperate(Task):
    """Set one or two controls of a panel as the instruction says, and leave the others alone.

    Start: an inclined panel at a random place and heading, its four controls in random order: a
    toggle switch (up is on), a knob with four detents, a lever that stays where it is left, and
    a mushroom button that latches. Every control starts in a random state, those that are asked
    for in another than the one asked for. Controls, states and phrasing are drawn at random.

    Action: one arm's, by default `ee_delta` (7,); see `sim.rigs.arm.ArmRig`.

    Observation: for toggle, knob, lever, button in this order: `controls` (4,) joint positions
    (rad; button m), `wanted` (4,) where they should be, `asked` (4,) 1 for those that the
    instruction names; `places` (4, 7) their poses: x up the panel, y to its left, z out of it.

    Success: every named control is in the state asked for and every other in the state that it
    started in, for 0.5 s.
    Reward, dense: the share of the way that each named control has gone, less the distance from
    the tool to the next one's handle in metres, less 1 for every other control that is not as it
    was, and +1 at success.
    Reward, sparse: 1 at success, otherwise 0.

    End: truncated after 24 s. Reset options: `toggle`, `knob`, `lever`, `button`, each the state
    to ask for; those given are asked for and no others.
    """

    robots: ClassVar[tuple[str, ...]] = ("panda", "xarm6")
    scene_name: ClassVar[str] = "panel_operate"
    max_seconds: ClassVar[float] = 24.0

    def __init__(self, sparse: bool = False, scene: str | None = None) -> None:
        super().__init__(sparse, scene)
        table = self.scene.need("panel")
        self.low, self.high = np.array(table["low"], float), np.array(table["high"], float)
        self.turn_most = float(table["turn"])
        self.slope, self.height = float(table["slope"]), float(table["height"])
        self.slots = [(float(x), float(y)) for x, y in table["slots"]]
        self.pose = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
        self.axes: tuple[np.ndarray, ...] = (np.zeros(3),) * 3
        self.places = {name: np.zeros(7) for name in NAMES}
        self.wanted = dict.fromkeys(NAMES, 0.0)
        self.asked: tuple[str, ...] = ()
        self.panel = np.zeros(1, PANEL)
        self.shown: tuple[bool, bool] | None = None
        """What the lamps of toggle and button show."""
        self.unsprung = False
        """Whether a spring draws elsewhere than it should by now."""
        self.fixed: dict[str, np.ndarray] = {}
        """What of the observation does not change within an episode."""
        self.held = 0.0

    def build(self, floor: Floor, rig: Rig) -> None:
        """See Task."""
        super().build(floor, rig)
        for name in ("console", *NAMES):
            floor.add_mechanism(name, FOLDER / f"{name}.urdf", self.pose)
        self.read_joints = floor.joint_reader(*((name, name) for name in NAMES))

    def choices(self) -> dict[str, tuple[str, ...]]:
        """See Task."""
        found = {name: tuple(control.states) for name, control in CONTROLS.items()}
        return {**found, "button": ("pressed",)}

    def reset(self, rng: np.random.Generator, **options: Any) -> None:
        """See Task."""
        self._lay(rng)
        asked = self._draw(rng)
        if options:
            asked = {name: options[name] for name in NAMES if name in options}
        start = dict.fromkeys(NAMES, 0.0)
        for name, control in CONTROLS.items():
            states = [state for state in control.states if state != asked.get(name)]
            drawn = states[rng.integers(len(states))]
            if name == "button":
                pressed = rng.random() < PRESSED and name not in asked
                drawn = "pressed" if pressed else "released"
            start[name] = control.states[drawn]
            self.wanted[name] = control.states[asked.get(name, drawn)]
            self.floor.set_joint(name, name, start[name])
            self._draw_to(name, start[name])
        self._word(rng, asked)
        self.fixed = {
            "wanted": np.array([self.wanted[name] for name in NAMES]),
            "asked": np.array([float(name in self.asked) for name in NAMES]),
            "places": np.array([self.places[name] for name in NAMES]),
        }
        panel = self.panel[0]
        panel["start"], panel["wanted"] = list(start.values()), self.fixed["wanted"]
        panel["count"] = len(self.asked)
        panel["asked"][: len(self.asked)] = [NAMES.index(name) for name in self.asked]
        panel["rests"] = panel["start"]
        self.held, self.shown = 0.0, None
        self._light(start["toggle"] > 0.0, CONTROLS["button"].is_in("pressed", start["button"]))

    def _lay(self, rng: np.random.Generator) -> None:
        """Draw where the panel stands and which control is where; place them."""
        x, y = (float(v) for v in rng.uniform(self.low, self.high))
        turn = float(rng.uniform(-self.turn_most, self.turn_most))
        c, s = math.cos(self.slope), math.sin(self.slope)
        cy, sy = math.cos(turn), math.sin(turn)
        self.axes = (
            np.array([c * cy, c * sy, s]),
            np.array([-sy, cy, 0.0]),
            np.array([-s * cy, -s * sy, c]),
        )
        hc, hs = math.cos(self.slope / 2), math.sin(self.slope / 2)
        tc, ts = math.cos(turn / 2), math.sin(turn / 2)
        quaternion = (ts * hs, -tc * hs, ts * hc, tc * hc)
        self.pose = np.array([x, y, self.height, *quaternion])
        self.floor.place("console", self.pose)
        for row, (name, k) in enumerate(zip(NAMES, rng.permutation(len(NAMES)), strict=True)):
            up, left = self.slots[k]
            place = self.pose[:3] + up * self.axes[0] + left * self.axes[1]
            self.places[name] = np.concatenate([place, self.pose[3:]])
            self.panel["frames"][0, row] = np.transpose([place, *self.axes])
            self.floor.place(name, self.places[name])

    def _draw(self, rng: np.random.Generator) -> dict[str, str]:
        """Draw one or two controls and a state for each."""
        count = 1 if rng.random() < SOLE else 2
        names = [NAMES[k] for k in rng.permutation(len(NAMES))[:count]]
        choices = self.choices()
        return {name: choices[name][rng.integers(len(choices[name]))] for name in names}

    def _word(self, rng: np.random.Generator, asked: dict[str, str]) -> None:
        self.asked = tuple(asked)
        words = []
        for name, state in asked.items():
            phrases = CONTROLS[name].phrases
            words.append(CONTROLS[name].ask(phrases[rng.integers(len(phrases))], state))
        if len(words) <= 2:
            frames = ALONE if len(words) == 1 else TOGETHER
            self.instruction = frames[rng.integers(len(frames))].format(*words)
        else:
            self.instruction = ", ".join(words[:-1]) + " and " + words[-1]

    def _draw_to(self, name: str, rest: float) -> None:
        control = CONTROLS[name]
        self.floor.spring(name, name, rest, control.force, control.speed)

    def before_step(self) -> None:
        """See Task: toggles, detents and the latch draw to where they now belong."""
        if self.unsprung:
            draws, rests = self.panel["draws"][0], self.panel["rests"][0]
            for k in np.flatnonzero(draws != rests):
                self._draw_to(NAMES[k], float(draws[k]))
            rests[:] = draws
            self.unsprung = False

    @property
    def q(self) -> dict[str, float]:
        """The joint positions of the controls, rad (the button: m)."""
        return dict(zip(NAMES, self.panel["q"][0].tolist(), strict=True))

    def is_set(self, name: str) -> bool:
        """Say whether a control is where it should be."""
        return abs(self.q[name] - self.wanted[name]) <= CONTROLS[name].tolerance

    def _light(self, on: bool, pressed: bool) -> None:
        """Show the lamps of toggle and button."""
        if self.shown != (on, pressed):
            self.shown = on, pressed
            self.floor.paint("toggle", self.scene.colours["on" if on else "off"], "lamp")
            self.floor.paint("button", self.scene.colours["stop" if pressed else "off"], "lamp")

    def update(self) -> Reward:
        """See Task."""
        read = self.read_joints
        if not read.world:
            self.panel["q"][0] = read()
        self.target_position, self.goal_position = np.empty(3), np.empty(3)
        right, value, self.unsprung, *lamps = judge(
            read.world,
            read.bodies,
            read.places,
            read.at,
            self.panel,
            PARTS,
            TOGGLES,
            KNOBS,
            self.arm.tool,
            self.target_position,
            self.goal_position,
        )
        self._light(*lamps)
        step = self.arm.ticks / self.floor.tick_hz
        self.held = self.held + step if right else 0.0
        success = self.held >= HOLD - 1e-9
        return Reward(float(success) + (0.0 if self.sparse else value), success)

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Task."""
        n = len(NAMES)
        asked = box(n, low=0.0, high=1.0)
        return {"controls": box(n), "wanted": box(n), "asked": asked, "places": box(n, 7)}

    def state(self) -> dict[str, np.ndarray]:
        """See Task."""
        return {
            "controls": self.panel["q"][0].copy(),
            **{key: value.copy() for key, value in self.fixed.items()},
        }

    def expert(self) -> PanelExpert:
        """See Task."""
        return PanelExpert(self)
