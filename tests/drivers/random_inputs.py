"""Random inputs for any controller: mostly sense, so that all of it runs, and all kinds of odd.

The odd numbers: signed zeros, denormals, the largest and the least numbers, infinities, NaNs of
either sign, quiet and signalling, with payloads, and random bits.
"""

import numpy as np

BITS = np.array(
    [
        *(0x0, 0x8000000000000000, 0x1, 0x8000000000000001, 0xFFFFFFFFFFFFF, 0x10000000000000),
        *(0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000),
        *(0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8DEADBEEF0001, 0xFFFFFFFFFFFFFFFF),
        *(0x7FF0000000000001, 0xFFF4000000000000, 0x54B249AD2594C37D, 0x01A56E1FC2F8F359),
    ],
    np.uint64,
)
WIDTH = {"dq": 0.3, "dq_ref": 0.3, "ddq_ref": 2.0, "twist": 0.2, "wrench": 10.0, "wheel": 2.0,
         "wrench_goal": 10.0, "tau": 20.0, "gyro": 0.3, "command": 0.4, "goal": 0.8,
         "quaternion": 0.1, "position": 0.1, "x": 30.0, "y": 30.0}  # fmt: skip
HELD = ("q_goal", "goal", "command", "position", "quaternion", "wrench_goal", "axes", "force")
"""Goals: they stay for a while, as they do where somebody works."""


def odd(rng, shape):
    """Give odd numbers of a shape."""
    bits = rng.choice(BITS, shape)
    wild = rng.random(shape) < 0.3
    return np.where(wild, rng.integers(0, 2**64, shape, np.uint64), bits).view(np.float64)


def middle(name, robot, law):
    """Give what a field's numbers lie around."""
    if "gripper" in law.name and name in ("q", "q_ref", "q_goal"):
        return 0.5 * sum(robot.gripper_opening)
    if name in ("q", "q_ref", "q_goal") and len(robot.home) == law.input[name].shape[0]:
        return robot.home
    if name == "position":
        return robot.forward(robot.home)[0]
    if name == "quaternion":
        return np.array([1.0, 0.0, 0.0, 0.0])
    if name == "orientation":
        return np.array([0.0, 0.0, 0.3, 0.9])
    return {"axes": 0.5, "force": 10.0}.get(name, 0.0)


def inputs(law, robot, ticks, seed):
    """Give an array (ticks,) of a controller's input; every seventh row has odd numbers in it."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(ticks, law.input)
    for name in law.input.names:
        shape = rows[name].shape
        width = WIDTH.get(name, 0.2) * (0.02 if "gripper" in law.name and name != "force" else 1.0)
        if name == "orientation":
            width = 0.03
        values = middle(name, robot, law) + width * rng.normal(size=shape)
        if name in HELD:
            values = values[np.arange(ticks) // 60 * 60]
        strange = rng.random(shape) < 0.1
        strange &= (np.arange(ticks) % 7 == 3).reshape(-1, *[1] * (len(shape) - 1))
        rows[name] = np.where(strange, odd(rng, shape), values)
    return rows
