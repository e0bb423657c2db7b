"""Opening and closing environments leaves nothing behind."""

import os

import gymnasium as gym
import pybullet

import millhand  # noqa: F401


def test_environments_leave_no_clients_or_files():
    gym.make("millhand/KitTray-v0", obs_mode="images", renderer="tiny").close()
    clients = sum(map(pybullet.isConnected, range(64)))
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for _ in range(10):
        env = gym.make("millhand/KitTray-v0", obs_mode="images", renderer="tiny")
        env.reset(seed=0)
        env.close()
    after = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    assert after == before
    assert sum(map(pybullet.isConnected, range(64))) == clients
