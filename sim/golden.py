"""What every task comes to after a few steps, to notice when that changes.

`python -m sim.golden FILE` writes it anew, after a change that was meant to change it.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sim import tasks
from sim.env import FloorEnv

STEPS = 20
DIGITS = 6
BLOCKS = 8
SIZE = 96


def outcome(task: str) -> dict[str, Any]:
    """Give a task's numbers after seeded actions from seed 0, and its first camera's picture.

    `numbers` are rounded to 1e-6, `picture` is the mean colour of 8 x 8 blocks; `sha256` is of
    the numbers. Processors differ in the last bits of a sine, and contacts magnify that: where
    the hash differs, numbers that agree to 1e-5 are still the same outcome (see `differences`).
    """
    env = FloorEnv(task, obs_mode="images", image_size=SIZE)
    try:
        observation, _ = env.reset(seed=0)
        rng, box = np.random.default_rng(0), env.action_space
        for _ in range(STEPS):
            action = rng.uniform(box.low, box.high).astype(box.dtype)  # type: ignore[attr-defined]
            observation, *_ = env.step(action)
    finally:
        env.close()
    numbers = {
        # Adding zero makes minus zero plain.
        key: (np.round(value, DIGITS) + 0.0).ravel().tolist()
        for key, value in sorted(observation.items())
        if not key.startswith("images/")
    }
    picture = observation[f"images/{env.cameras[0]}"].astype(float)
    blocks = picture.reshape(BLOCKS, SIZE // BLOCKS, BLOCKS, SIZE // BLOCKS, 3).mean((1, 3))
    return {
        "sha256": hashlib.sha256(json.dumps(numbers).encode()).hexdigest(),
        "numbers": numbers,
        "picture": np.round(blocks).astype(int).ravel().tolist(),
    }


def differences(found: dict[str, Any], kept: dict[str, Any]) -> list[str]:
    """Name what differs between two outcomes by more than 1e-5, or two levels of colour."""
    names = []
    if found["sha256"] != kept["sha256"]:
        if found["numbers"].keys() != kept["numbers"].keys():
            return [f"keys {sorted(found['numbers'])}, not {sorted(kept['numbers'])}"]
        for key, numbers in found["numbers"].items():
            other = kept["numbers"][key]
            if len(numbers) != len(other) or not np.allclose(numbers, other, rtol=0, atol=1e-5):
                names.append(f"{key} {numbers}, not {other}")
    if np.abs(np.subtract(found["picture"], kept["picture"])).max() > 2:
        names.append("picture")
    return names


def write(path: Path) -> None:
    """Write every task's outcome, one line each."""
    lines = [f"{json.dumps(name)}: {json.dumps(outcome(name))}" for name in tasks.names()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "tests/sim/golden.json"))
