"""Seeded rollouts that several tests share."""

import gymnasium as gym
import numpy as np

import millhand  # noqa: F401


def make(task, **options):
    """Open one environment of a task, without wrappers."""
    return gym.make(f"millhand/{task}-v0", **options).unwrapped


def actions(env, seed, steps):
    """Draw actions from the env's action space; all steps of one seed are the same."""
    rng = np.random.default_rng(seed)
    low, high = env.action_space.low, env.action_space.high
    return [rng.uniform(low, high).astype(env.action_space.dtype) for _ in range(steps)]


def bits(observation, reward=0.0):
    """Give every number, image and text of an observation as bytes."""
    values = [observation[key] for key in sorted(observation)] + [reward]
    return b"".join(v.encode() if isinstance(v, str) else np.asarray(v).tobytes() for v in values)


def play(env, acts):
    """Take actions; give the bits that come out of each."""
    out = []
    for action in acts:
        observation, reward, *_ = env.step(action)
        out.append(bits(observation, reward))
    return out


def rollout(env, given):
    """Play an episode of one seed; give the bits, and the flags of every step."""
    found = [bits(env.reset(seed=4)[0])]
    for action in given:
        observation, reward, _, _, info = env.step(action)
        found.append((bits(observation, reward), info["flags"]))
    return found


def with_gaps(setpoints):
    """Give actions of joint setpoints in which a gripper's and a joint's are no numbers."""
    given = np.array(setpoints)
    given[3, 5:, -1] = np.nan
    given[4, 7, 2] = np.nan
    return given
