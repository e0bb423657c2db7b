"""Run episodes for somebody to look at: live, no faster than real time, or as they come."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from policies.runner import EpisodeResult, Runner


def watch(env: Any, policy: Any, seeds: Sequence[int], live: bool) -> Iterator[EpisodeResult]:
    """Yield the outcome of an episode for each seed; closes the environment at the end.

    `policy` is a policy, or a function of the environment that gives something that runs
    episodes, as `policies.expert.ExpertRun` is. With `live` every step lasts at least as long
    as it does in simulated time.
    """
    try:
        runner: Any = policy(env) if callable(policy) else Runner(policy, env)
        step_s = 1.0 / env.unwrapped.control_hz
        due = time.monotonic()

        def pace(observation: dict[str, Any], info: dict[str, Any]) -> None:
            nonlocal due
            due = max(due + step_s, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

        for seed in seeds:
            due = time.monotonic()
            yield runner.run_episode(seed, pace if live else None)
    finally:
        env.close()
