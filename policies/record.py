"""Record the scripted expert's demonstrations."""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from policies.dataset import DatasetWriter
from policies.errors import PolicyError

RATE_HZ = 10
AFTER_SUCCESS = 5
CAMERAS = ("front", "wrist")


class Disturbance:
    """Short pushes on what the arm is told, so that demonstrations show how to recover.

    The expert's clean action is what gets recorded (Laskey et al., "DART", 2017).
    """

    def __init__(self, rng: np.random.Generator, chance: float = 0.07, size: float = 0.035) -> None:
        self.rng, self.chance, self.size = rng, chance, size
        self.left = 0
        self.push = np.zeros(3)

    def __call__(self, action: np.ndarray) -> np.ndarray:
        """Give the action (8,) to execute for the expert's clean one."""
        if self.left == 0 and self.rng.random() < self.chance:
            self.left = int(self.rng.integers(1, 4))
            self.push = self.rng.normal(0, self.size / 2, 3).clip(-self.size, self.size)
            self.push[2] = abs(self.push[2]) * 0.7
        moved = action.copy()
        if self.left > 0:
            self.left -= 1
            moved[:3] += self.push
        moved[:3] += self.rng.normal(0, 0.0015, 3)
        moved[2] = max(moved[2], 0.017)
        return moved


def record(
    env: gym.Env[Any, Any],
    root: Path,
    episodes: int,
    seed: int,
    on_episode: Callable[[int, int], None] = lambda kept, tried: None,
) -> int:
    """Record successful episodes of the expert, numbered from `seed` on; give how many.

    `env` has `control_mode="ee_pose"`, `control_hz=10` and images. A failed episode is not
    kept. On an interruption what was recorded stays, and the interruption goes on.
    """
    inner: Any = env.unwrapped
    kept = 0
    with DatasetWriter(root, RATE_HZ, robot_type=inner.robot.name) as writer:
        for number in range(seed, seed + episodes):
            observation, info = env.reset(seed=number)
            push = Disturbance(np.random.default_rng([number, 1]))
            expert = inner.expert()
            after, done = 0, False
            while not done and after < AFTER_SUCCESS:
                action = expert.act()
                writer.add_frame(_frame(observation, info, action))
                observation, _, terminated, truncated, info = env.step(push(action))
                after += int(info["success"])
                done = terminated or truncated
            writer.end_episode(info["instruction"], keep=info["success"])
            kept += int(info["success"])
            on_episode(kept, number - seed + 1)
    return kept


def _frame(
    observation: dict[str, Any], info: dict[str, Any], action: np.ndarray
) -> dict[str, np.ndarray]:
    state = [observation["q"], observation["gripper"], observation["tool"]]
    frame = {
        "observation.state": np.concatenate(state),
        "action": action,
        "observation.target_position": info["target_position"],
        "observation.goal_position": info["goal_position"],
    }
    for camera in CAMERAS:
        frame[f"observation.images.{camera}"] = observation[f"images/{camera}"]
    return frame


def record_glances(
    env: gym.Env[Any, Any],
    root: Path,
    layouts: int,
    seed: int,
    on_episode: Callable[[int, int], None] = lambda kept, tried: None,
) -> int:
    """Record first looks: each layout once, asked for every one of its parts in turn.

    Episodes of one frame. The same picture under four instructions is what teaches a policy to
    tell parts apart by name; demonstrations show that only in their first second.
    """
    inner: Any = env.unwrapped
    slots = list(inner.task.tray.slots)
    count = 0
    with DatasetWriter(root, RATE_HZ, robot_type=inner.robot.name, block=400) as writer:
        for number in range(seed, seed + layouts):
            rng = np.random.default_rng([number, 2])
            observation, info = env.reset(seed=number)
            for part in inner.task.present:
                info = inner.ask(part, slots[rng.integers(len(slots))])
                action = inner.expert().act()
                writer.add_frame(_frame(observation, info, action))
                writer.end_episode(info["instruction"])
                count += 1
            on_episode(count, number - seed + 1)
    return count


def record_shards(
    make_env: Callable[[], Any],
    root: Path,
    episodes: int,
    glances: int,
    seed: int,
    workers: int,
    on_episode: Callable[[int, int], None] = lambda kept, tried: None,
) -> tuple[int, int]:
    """Record demonstrations, then glances, in processes of their own; give (kept, tried).

    Every worker writes a shard, a dataset in a folder of its own under `root`. `make_env` must
    be picklable. Raises PolicyError for what went wrong in a worker.
    """
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    waiting: list[Any] = []
    for kind, total, first in (("demos", episodes, seed), ("glances", glances, seed + 10**6)):
        share = [total // workers + (k < total % workers) for k in range(workers)]
        for k in range(workers):
            if share[k]:
                place = (root / f"{kind}-{k:02d}", kind, share[k], first + sum(share[:k]))
                waiting.append(context.Process(target=_shard, args=(make_env, *place, queue)))
    counts: dict[str, tuple[int, int]] = {}
    running: list[Any] = []
    broken: list[int] = []
    try:
        while waiting or running or not queue.empty():
            while waiting and len(running) < workers:
                running.append(waiting.pop(0))
                running[-1].start()
            ended = [job for job in running if not job.is_alive()]
            running = [job for job in running if job not in ended]
            broken += [job.exitcode for job in ended if job.exitcode]
            if queue.empty():
                if broken:
                    raise PolicyError(f"a recording worker ended with exit code {broken[0]}")
                time.sleep(0.05)
                continue
            shard, kept, tried = queue.get()
            if isinstance(kept, str):
                raise PolicyError(kept)
            counts[shard] = (kept, tried)
            on_episode(*_totals(counts))
    finally:
        for job in running:
            job.join(5)
            job.terminate()
    return _totals(counts)


def _totals(counts: dict[str, tuple[int, int]]) -> tuple[int, int]:
    return sum(kept for kept, _ in counts.values()), sum(tried for _, tried in counts.values())


def _shard(
    make_env: Callable[[], Any], root: Path, kind: str, layouts: int, seed: int, queue: Any
) -> None:
    write = {"demos": record, "glances": record_glances}[kind]
    try:
        env = make_env()
        write(env, root, layouts, seed, lambda kept, tried: queue.put((root.name, kept, tried)))
        env.close()
    except KeyboardInterrupt:
        pass
    except ValueError as error:
        queue.put((root.name, str(error), 0))
