"""What the environments cost, beside the engine's own price."""

from typing import Any

import numpy as np

from robots.timing import compare
from sim.env import FloorEnv


def step(rounds: int) -> list[dict[str, Any]]:
    """Physics ticks a second of `env.step`; the peer is bare stepSimulation on the same scene."""
    env = FloorEnv("KitTray", control_mode="joint_delta", control_hz=10)
    action = np.zeros(env.action_space.shape or (), np.float32)

    def ours() -> float:
        for _ in range(20):
            env.step(action)
        return 20 * env.ticks

    def bare() -> float:
        for _ in range(20 * env.ticks):
            env.floor.world.step()
        return 20 * env.ticks

    try:
        return [
            compare(
                "KitTray, state only",
                "ticks/s",
                ours,
                bare,
                "stepSimulation",
                rounds,
                prepare=lambda: env.reset(seed=0),
            )
        ]
    finally:
        env.close()
