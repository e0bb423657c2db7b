"""What the environments cost, beside the engine's own price."""

import time
from contextlib import suppress
from statistics import median
from typing import Any

import numpy as np

from robots.timing import compare
from sim import tasks
from sim.env import FloorEnv
from sim.vec import VecFloor
from sim.worker import AWAKE_SECONDS

SUB_ENVS = 16
# A turn is so short, 0.1 s of the floor, that without its controller the arm has not yet fallen
# on anything: contacts would make the bare engine slower.
TURNS = 20


def step(rounds: int) -> list[dict[str, Any]]:
    """Time `env.step` of every task, many environments in processes, and resets."""
    found = [_task(name, 20, rounds) for name in tasks.names()]
    found.append(_task("KitTray", 10, rounds))
    with suppress(ImportError):
        found.append(_panda_gym(rounds))
    found.extend(_reset(name, rounds) for name in tasks.names())
    pictures = {"obs_mode": "images", "image_size": 96}
    found.append(_processes("state only", rounds))
    found.append(_processes("96x96 images of two cameras", rounds, **pictures))
    found.append(_batched(rounds))
    return found


def _task(name: str, control_hz: int, rounds: int) -> dict[str, Any]:
    """Physics ticks a second of `env.step`; the peer is bare stepSimulation on the same scene."""
    env = FloorEnv(name, control_hz=control_hz)
    box = env.rig.action_space()
    action = np.clip(np.zeros(box.shape), box.low, box.high)
    steps = control_hz // 10

    def ours() -> float:
        for _ in range(steps):
            env.step(action)
        return steps * env.ticks

    def bare() -> float:
        advance = env.floor.world.step
        for _ in range(steps * env.ticks):
            advance()
        return steps * env.ticks

    case = f"{name} at {control_hz} Hz, state only"
    try:
        return compare(
            case,
            "ticks/s",
            ours,
            bare,
            "stepSimulation",
            rounds * TURNS,
            prepare=lambda: env.reset(seed=0),
        )
    finally:
        env.close()


def _panda_gym(rounds: int) -> dict[str, Any]:
    """Do the same with panda-gym's environment and its own engine."""
    import gymnasium as gym
    import panda_gym  # noqa: F401

    env = gym.make("PandaPickAndPlace-v3")
    action = np.zeros(env.action_space.shape or ())
    simulation = env.unwrapped.sim  # type: ignore[attr-defined]
    ticks = simulation.n_substeps

    def ours() -> float:
        for _ in range(3):
            env.step(action)
        return 3.0 * ticks

    def bare() -> float:
        for _ in range(3 * ticks):
            simulation.physics_client.stepSimulation()
        return 3.0 * ticks

    try:
        return compare(
            "panda-gym PandaPickAndPlace by itself",
            "ticks/s",
            ours,
            bare,
            "stepSimulation",
            rounds * TURNS,
            prepare=lambda: env.reset(seed=0),
        )
    finally:
        env.close()


def _reset(name: str, rounds: int) -> dict[str, Any]:
    env = FloorEnv(name)
    seconds = []
    try:
        for seed in range(rounds * TURNS):
            for _ in range(2):
                env.step(env.action_space.sample()) if seed else env.reset(seed=0)
            begun = time.perf_counter()
            env.reset(seed=seed)
            seconds.append(time.perf_counter() - begun)
    finally:
        env.close()
    middle = median(seconds)
    return {
        "case": f"{name} reset, state only ({middle * 1e3:.2f} ms)",
        "ours": 1 / middle,
        "peer": None,
        "peer_name": None,
        "unit": "resets/s",
        "ratio": None,
    }


def _processes(what: str, rounds: int, **options: Any) -> dict[str, Any]:
    """Compare steps a second of the same environments in two processes and in one."""
    two, one = (VecFloor("KitTray", SUB_ENVS, workers=n, **options) for n in (2, 1))
    return _vectors(
        f"VecFloor, {SUB_ENVS} KitTray, 2 processes, {what}", two, one, "1 process", rounds
    )


def _batched(rounds: int) -> dict[str, Any]:
    """Compare one compiled call a step for all arms of a worker with one for each."""
    joint, each = (VecFloor("KitTray", SUB_ENVS, workers=1, batched=on) for on in (True, False))
    case = f"VecFloor, {SUB_ENVS} KitTray, one process, one compiled call for all arms"
    return _vectors(case, joint, each, "a call for each environment", rounds)


def _vectors(
    case: str, ours: VecFloor, peer: VecFloor, peer_name: str, rounds: int
) -> dict[str, Any]:
    actions = np.zeros((SUB_ENVS, 7), np.float32)

    def turn(env: VecFloor) -> float:
        for _ in range(TURNS):
            env.step(actions)
        return float(TURNS * SUB_ENVS)

    def prepare() -> None:
        for env in (ours, peer):
            env.reset(seed=0)
        # A worker waits awake for its next step; those whose turn it is not have to be asleep.
        time.sleep(10 * AWAKE_SECONDS)

    try:
        return compare(
            case,
            "steps/s",
            lambda: turn(ours),
            lambda: turn(peer),
            peer_name,
            rounds * 3,
            prepare,
        )
    finally:
        ours.close()
        peer.close()
