"""A fake arm with the spaces of the real environment, and a tiny dataset of it."""

from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest

from policies.dataset import DatasetWriter
from policies.nano.config import NanoConfig
from policies.train import train

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
SLOTS = {"left": 0.2, "middle": 0.0, "right": -0.2}
TINY = NanoConfig(channels=16, keypoints=4, text_width=32, context=32, head_width=48, head_blocks=1)


class FakeRobot:
    """Three joints are the tool's position, the other four never move."""

    joint_names = tuple(f"joint{i}" for i in range(1, 8))

    def inverse(self, q_start, position, rotation):
        return np.concatenate([position, q_start[3:]]), 0.0

    def forward(self, q):
        return np.asarray(q[:3]), np.diag([1.0, -1.0, -1.0])


class FakeEnv(gym.Env):
    """The tool goes where it is told; success is to be within 5 cm of the named slot."""

    def __init__(self, ticks=50, control_mode="joint_setpoints", dies_at=None, limit=12):
        self.robot, self.tick_hz, self.control_hz = FakeRobot(), 500, 500 // ticks
        shape = (ticks, 8) if control_mode == "joint_setpoints" else (8,)
        self.action_space = gym.spaces.Box(-4.0, 4.0, shape, np.float64)
        self.dies_at, self.limit, self.episodes, self.closed = dies_at, limit, 0, False
        self.seen = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episodes += 1
        self.slot = list(SLOTS)[int(self.np_random.integers(3))]
        self.goal = np.array([0.6, SLOTS[self.slot], 0.1])
        self.q = np.array([0.4, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0])
        self.steps = 0
        asked = f"put the gear in the {self.slot} slot"
        self.shown = (options or {}).get("instruction", asked)
        return self._look(), self._info(0)

    def step(self, action):
        if self.dies_at == self.episodes:
            raise RuntimeError("the emulator died")
        self.steps += 1
        self.seen.append(action)
        last = action[-1] if action.ndim == 2 else np.append(action[:3], [0] * 5)
        bad = not np.isfinite(action).all()
        if not bad:
            self.q = last[:7].copy()
        return self._look(), 0.0, False, self.steps >= self.limit, self._info(int(bad))

    def _look(self):
        front = np.full((96, 96, 3), 120, np.uint8)
        row = int(np.clip(48 + 100 * self.q[1], 2, 93))
        front[row - 2 : row + 2, 40:56] = (200, 40, 30)
        return {
            "q": self.q.copy(),
            "dq": np.zeros(7),
            "gripper": np.ones(1),
            "tool": np.concatenate([self.q[:3], DOWN]),
            "images/front": front,
            "images/wrist": front[::-1].copy(),
            "instruction": self.shown,
        }

    def _info(self, flags):
        near = bool(np.linalg.norm(self.q[:3] - self.goal) < 0.05)
        return {
            "instruction": self.shown,
            "success": near,
            "flags": flags,
            "target_position": self.q[:3].copy(),
            "goal_position": self.goal,
        }

    def expert(self):
        def act():
            move = self.goal - self.q[:3]
            move *= min(1.0, 0.06 / max(np.linalg.norm(move), 1e-9))
            return np.concatenate([self.q[:3] + move, DOWN, [1.0]])

        return SimpleNamespace(act=act)

    def close(self):
        self.closed = True


def demonstrate(root, episodes, block=3, seed=0):
    """Write demonstrations of the fake arm's expert; give every frame that was written."""
    env, written = FakeEnv(control_mode="ee_pose"), []
    with DatasetWriter(root, block=block) as writer:
        for number in range(episodes):
            obs, info = env.reset(seed=seed + number)
            for _ in range(10):
                action = env.expert().act()
                frame = {
                    "observation.state": np.concatenate([obs["q"], obs["gripper"], obs["tool"]]),
                    "action": action,
                    "observation.images.front": obs["images/front"],
                    "observation.images.wrist": obs["images/wrist"],
                    "observation.target_position": info["target_position"],
                    "observation.goal_position": info["goal_position"],
                }
                writer.add_frame(frame)
                written.append(frame)
                obs, _, _, _, info = env.step(action)
            writer.end_episode(info["instruction"])
    return written


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "shard-00"
    demonstrate(root, 24)
    return root


@pytest.fixture(scope="session")
def trained(tmp_path_factory, dataset):
    """A tiny policy folder after a few hundred steps."""
    out = tmp_path_factory.mktemp("run")
    result = train(dataset, out, steps=250, batch=32, config=TINY, quiet=True, validate_every=50)
    return out, result
