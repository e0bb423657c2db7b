"""How often a policy succeeds, and whether it heeds the instruction."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from policies.errors import PolicyError
from policies.runner import EpisodeResult, OnStep, Runner
from policies.types import Policy


@dataclass
class Evaluation:
    """What came of a set of episodes.

    `stopped` says why it ended early, or is empty; `instructions` are what the episodes really
    asked for, while `episodes[i].instruction` is what the policy was shown.
    """

    episodes: list[EpisodeResult] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def successes(self) -> int:
        """Count the successes."""
        return sum(episode.success for episode in self.episodes)

    @property
    def success_rate(self) -> float:
        """Give the share of successes, NaN with no episode."""
        return self.successes / len(self.episodes) if self.episodes else math.nan

    @property
    def wilson95(self) -> tuple[float, float]:
        """Give the 95% interval of the success rate."""
        return wilson(self.successes, len(self.episodes))

    @property
    def inference_ms(self) -> float:
        """Give the median wall time of one call of the policy."""
        times = [ms for episode in self.episodes for ms in episode.inference_ms]
        return float(np.median(times)) if times else math.nan

    def summary(self) -> dict[str, Any]:
        """Give the figures as JSON values."""
        return {
            "episodes": len(self.episodes),
            "successes": self.successes,
            "success_rate": self.success_rate if self.episodes else None,
            "wilson95": list(self.wilson95),
            "nan_actions": sum(episode.nan_action for episode in self.episodes),
            "stopped": self.stopped or None,
        }


def wilson(successes: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Give Wilson's score interval of a proportion (Wilson 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def evaluate(
    make_env: Callable[[], Any],
    policy: Policy | Callable[[Any], Any],
    seeds: Sequence[int],
    instruction_override: str | None = None,
    shuffle: bool = False,
    shuffle_seed: int = 0,
    execute: int = 8,
    latency_s: float = 0.0,
    on_step: OnStep | None = None,
    on_episode: Callable[[EpisodeResult], None] | None = None,
) -> Evaluation:
    """Run one episode for each of `seeds`.

    `policy` may be a function of the environment that gives a policy, as `Expert` is, or something
    that runs whole episodes, as `ExpertRun`. With `shuffle` each episode
    shows the policy the instruction of another one, whose goal is elsewhere, while it is still
    judged by its own. When the environment fails (an emulator that dies) or Ctrl-C is
    pressed, what was done so far is given, with the reason in `stopped`.
    """
    result = Evaluation()
    env = make_env()
    try:
        given = policy(env) if callable(policy) else policy
        whole = hasattr(given, "run_episode")
        runner: Any = given if whole else Runner(given, env, execute, latency_s)
        shown: list[str | None] = [instruction_override] * len(seeds)
        asked: list[str] = []
        if shuffle:
            asked, goals = _wants(env, seeds)
            shown = list(derange(asked, goals, shuffle_seed))
        for i, seed in enumerate(seeds):
            options = None if shown[i] is None else {"instruction": shown[i]}
            episode = runner.run_episode(seed, on_step, options)
            result.episodes.append(episode)
            result.instructions.append(asked[i] if shuffle else episode.instruction)
            if on_episode:
                on_episode(episode)
    except KeyboardInterrupt:
        result.stopped = "interrupted"
    except PolicyError:
        raise
    except (OSError, RuntimeError) as error:
        result.stopped = f"{type(error).__name__}: {error}"
    finally:
        env.close()
    return result


def _wants(env: Any, seeds: Sequence[int]) -> tuple[list[str], np.ndarray]:
    """Give instruction and goal (n, 3) of each episode: a reset with its seed asks the same."""
    infos = [env.reset(seed=seed)[1] for seed in seeds]
    goals = np.array([info["goal_position"] for info in infos])
    return [str(info["instruction"]) for info in infos], goals


def derange(instructions: Sequence[str], goals: np.ndarray, seed: int) -> list[str]:
    """Shuffle so that every episode gets the instruction of one whose goal is elsewhere.

    `goals` (n, 3) metres. Raises PolicyError when more than half have one goal, or n < 2.
    """
    n = len(instructions)
    same = np.linalg.norm(goals[:, None] - goals[None], axis=-1) < 1e-3
    if n < 2 or same.sum(1).max() * 2 > n:
        raise PolicyError(
            f"cannot shuffle {n} instructions so that each gets another goal; "
            "evaluate more episodes"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    while same[order, np.arange(n)].any():
        i = int(np.argmax(same[order, np.arange(n)]))
        fits = [j for j in range(n) if not same[order[j], i] and not same[order[i], j]]
        j = int(rng.choice(fits)) if fits else int(rng.integers(n))
        order[i], order[j] = order[j], order[i]
    return [instructions[k] for k in order]
