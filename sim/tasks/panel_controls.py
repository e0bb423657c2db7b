"""The controls of PanelOperate: how each moves, what its states are called, how to ask for one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """One control, a mechanism whose joint has its name.

    `states` are joint positions by name, rad (the button: m); within `tolerance` of one the
    control is in that state. `force` N m (N) and `speed` are those of its spring or friction.
    `hub` is the height of its joint over the panel, `arm` the length from there to its handle.
    """

    name: str
    states: dict[str, float]
    tolerance: float
    force: float
    speed: float
    hub: float
    arm: float
    phrases: tuple[str, ...]

    def state(self, q: float) -> str:
        """Say which state a joint position is; "between" for none."""
        name = self.nearest(q)
        return name if self.is_in(name, q) else "between"

    def is_in(self, state: str, q: float) -> bool:
        """Say whether a joint position is a state."""
        return abs(q - self.states[state]) <= self.tolerance

    def nearest(self, q: float) -> str:
        """Say which state is nearest."""
        return min(self.states, key=lambda name: abs(q - self.states[name]))

    def ask(self, phrase: str, state: str) -> str:
        """Put a state into a phrase."""
        switch = "on" if state == "up" else "off"
        verb = "push" if state == "up" else "pull"
        return phrase.format(state=state, switch=switch, verb=verb)


LATCHED = -0.005
"""Where the pressed button stays, metres."""

CONTROLS = {
    control.name: control
    for control in (
        Control(
            "toggle",
            {"up": 0.40, "down": -0.40},
            tolerance=0.15,
            force=0.12,
            speed=8.0,
            hub=0.006,
            arm=0.042,
            phrases=(
                "flip the toggle switch {state}",
                "push the toggle {state}",
                "flip the switch {state}",
                "turn the toggle switch {switch}",
                "set the toggle switch to {switch}",
                "switch the toggle {switch}",
            ),
        ),
        Control(
            "knob",
            {"1": 1.05, "2": 0.35, "3": -0.35, "4": -1.05},
            tolerance=0.12,
            force=0.15,
            speed=4.0,
            hub=0.023,
            arm=0.028,
            phrases=(
                "turn the knob to {state}",
                "set the rotary knob to {state}",
                "rotate the knob to position {state}",
                "turn the black knob until it points at {state}",
                "dial in {state} on the knob",
                "put the selector knob on {state}",
            ),
        ),
        Control(
            "lever",
            {"up": 0.64, "down": -0.64},
            tolerance=0.15,
            force=0.20,
            speed=0.0,
            hub=0.012,
            arm=0.050,
            phrases=(
                "{verb} the lever {state}",
                "{verb} the blue lever {state}",
                "move the lever {state}",
                "set the lever to the {state} position",
                "{verb} the lever all the way {state}",
                "bring the lever {state}",
            ),
        ),
        Control(
            "button",
            {"released": 0.0, "pressed": LATCHED},
            tolerance=0.0024,
            force=8.0,
            speed=0.2,
            hub=0.033,
            arm=0.0,
            phrases=(
                "press the red mushroom button",
                "push the emergency stop",
                "hit the red emergency stop button",
                "press the e-stop",
                "push the mushroom button in",
                "press the red button",
            ),
        ),
    )
}

ALONE = ("{0}", "{0}", "please {0}", "{0} on the panel", "{0} now")
TOGETHER = ("{0} and {1}", "{0}; also {1}", "{0} and then {1}", "{0}, and {1} as well")
