"""The floor: PyBullet worlds, scenes, tasks, cameras and Gymnasium environments."""

import gymnasium as gym

from sim import tasks


def register() -> None:
    """Register every task as `millhand/NAME-v0`. Imports nothing heavy; may be called twice."""
    for name in tasks.names():
        key = f"millhand/{name}-v0"
        if key not in gym.registry:
            gym.register(
                key,
                entry_point="sim.env:FloorEnv",
                vector_entry_point="sim.vec:VecFloor",
                kwargs={"task": name},
            )
