"""Runs a policy on an environment: chunks in, one joint setpoint for every control tick out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from policies.errors import PolicyError
from policies.plan import Path, check_spec, join
from policies.types import ActionChunk, Observation, Policy

OnStep = Callable[[dict[str, Any], dict[str, Any]], None]


@dataclass
class EpisodeResult:
    """What came of one episode.

    `success` is judged at its last step. `flags` is the union of the controller's flags;
    `inference_ms` the wall time of each call of the policy; `setpoints` (ticks, joints + 1)
    what was commanded; `trace` the environment's per-tick arrays, when it keeps them.
    """

    seed: int
    instruction: str
    success: bool = False
    steps: int = 0
    time_s: float = 0.0
    nan_action: bool = False
    flags: int = 0
    inference_ms: list[float] = field(default_factory=list)
    setpoints: np.ndarray = field(default_factory=lambda: np.empty((0, 8)))
    trace: dict[str, np.ndarray] = field(default_factory=dict)


class Runner:
    """Joins a policy to an environment with `control_mode="joint_setpoints"`.

    Every `execute` rows of a chunk the policy is asked again. `latency_s` is the simulated time
    that an answer takes: meanwhile the arm follows the old chunk, and holds at its end; so an
    evaluation shows what a slow model costs and still repeats exactly. `settle` steps are run
    after the first success, to see that it lasts.

    A NaN from the policy goes through to the controller, whose limiter holds and flags it; the
    episode then ends as a failure. Raises PolicyError for a policy or environment that does
    not fit.
    """

    def __init__(
        self,
        policy: Policy,
        env: Any,
        execute: int = 8,
        latency_s: float = 0.0,
        settle: int = 5,
    ) -> None:
        self.policy, self.env, self.latency_s, self.settle = policy, env, latency_s, settle
        shape = env.action_space.shape
        if shape is None or len(shape) != 2:
            raise PolicyError(
                f"the environment takes actions of shape {shape}; "
                "make it with control_mode='joint_setpoints'"
            )
        if execute < 1:
            raise PolicyError(f"execute is {execute}; give the rows to follow, 1 or more")
        if not 0 <= latency_s < 60:
            raise PolicyError(f"latency_s is {latency_s}; give seconds from 0 to 60")
        self.inner = env.unwrapped
        self.ticks, self.joints = shape[0], shape[1] - 1
        names = getattr(self.inner.robot, "joint_names", ())
        check_spec(policy.spec, tuple(names))
        if policy.spec.kind == "joint_position" and policy.spec.dim != shape[1]:
            raise PolicyError(f"the policy gives {policy.spec.dim} numbers, not {shape[1]}")
        self.every_s = min(execute, policy.spec.horizon) / policy.spec.rate_hz

    def run_episode(
        self,
        seed: int,
        on_step: OnStep | None = None,
        options: dict[str, Any] | None = None,
    ) -> EpisodeResult:
        """Run one episode; `on_step(observation, info)` is called after the reset and each step.

        `options` go to the environment's reset.
        """
        obs, info = self.env.reset(seed=seed, options=options)
        self.policy.reset(seed)
        result = EpisodeResult(seed, str(info.get("instruction", "")))
        if on_step:
            on_step(obs, info)
        grip = float(np.asarray(obs["gripper"]).reshape(-1)[0])
        path = Path.hold(np.asarray(obs["q"], float), grip)
        pending: tuple[float, ActionChunk] | None = None
        asked_s, since_success, over = -np.inf, 0, False
        commanded = []
        while not over:
            now = result.steps * self.ticks / self.inner.tick_hz
            if pending is None and now >= asked_s + self.every_s - 1e-9:
                pending = (now + self.latency_s, self._ask(obs, result, now))
                asked_s = now
            setpoints, path, pending = self._setpoints(now, path, pending)
            commanded.append(setpoints)
            obs, _, terminated, truncated, info = self.env.step(setpoints)
            result.steps += 1
            result.flags |= int(info.get("flags", 0))
            result.success = bool(info["success"])
            result.nan_action = not np.isfinite(setpoints).all()
            if on_step:
                on_step(obs, info)
            since_success = since_success + 1 if result.success else 0
            over = terminated or truncated or result.nan_action or since_success > self.settle
        result.success = result.success and not result.nan_action
        result.time_s = result.steps * self.ticks / self.inner.tick_hz
        result.setpoints = np.concatenate(commanded)
        trace = info.get("trace") or getattr(self.inner, "trace", None) or {}
        result.trace = {key: np.asarray(value) for key, value in dict(trace).items()}
        return result

    def _ask(self, obs: dict[str, Any], result: EpisodeResult, now: float) -> ActionChunk:
        begun = time.perf_counter()
        chunk = self.policy.act(Observation.from_env(obs, now, result.instruction))
        result.inference_ms.append((time.perf_counter() - begun) * 1000)
        return chunk

    def _setpoints(
        self, now: float, path: Path, pending: tuple[float, ActionChunk] | None
    ) -> tuple[np.ndarray, Path, tuple[float, ActionChunk] | None]:
        """Give this step's setpoints (ticks, joints + 1), switching path where a chunk arrives."""
        # A tick's setpoint is where the path is at the tick's end.
        times = now + np.arange(1, self.ticks + 1) / self.inner.tick_hz
        out = path.at(times)
        if pending is not None and pending[0] < times[-1]:
            arrives, chunk = pending
            path = join(path, chunk, max(arrives, now), self.inner.robot)
            late = times > arrives + 1e-9
            out[late] = path.at(times[late])
            pending = None
        return out, path, pending
