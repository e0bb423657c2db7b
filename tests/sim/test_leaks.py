"""Opening and closing environments leaves nothing behind, and none disturbs another."""

import os
import threading

import gymnasium as gym
import numpy as np
import pybullet
import pytest
from rollouts import actions, bits, make

import millhand  # noqa: F401
from sim.errors import SimError

MAX_CLIENTS = 1024


def held():
    """Count what this process holds: open files, physics clients, threads."""
    files = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    clients = sum(map(pybullet.isConnected, range(MAX_CLIENTS)))
    return files, clients, threading.active_count()


def test_fifty_environments_leave_no_clients_files_or_threads():
    options = {"obs_mode": "images", "renderer": "tiny", "image_size": 16}
    gym.make("millhand/KitTray-v0", **options).close()
    before = held()
    for seed in range(50):
        env = gym.make("millhand/KitTray-v0", **options)
        if seed % 5 == 0:
            env.reset(seed=seed)
            env.step(env.action_space.sample())
        env.close()
    assert held() == before


def test_an_environment_that_fails_to_open_leaves_nothing():
    make("KitTray").close()
    before = held()
    for options in ({"control_mode": "telepathy"}, {"stiffness": -1}, {"robot": "hal"}):
        with pytest.raises(SimError):
            make("KitTray", **options)
    assert held() == before


def test_two_renderers_in_one_process_do_not_disturb_each_other():
    def views(envs):
        for env in envs:
            env.reset(seed=2)
        out = [[] for _ in envs]
        for action in actions(envs[0], 0, 3):
            for env, seen in zip(envs, out, strict=True):
                seen.append(bits(env.step(action)[0]))
        return out

    def opened(renderer):
        return make("KitTray", obs_mode="images", renderer=renderer, image_size=48)

    alone = []
    for renderer in ("tiny", "egl"):
        try:
            env = opened(renderer)
        except SimError:
            pytest.skip("EGL does not load on this machine")
        alone += views([env])
        env.close()
    both = [opened("egl"), opened("tiny")]
    assert views(both) == alone[::-1]
    both[0].close()
    assert views(both[1:]) == alone[:1]
    both[1].close()


def test_bad_actions_and_calls_are_refused_in_one_line():
    env = make("KitTray")
    with pytest.raises(SimError, match="call reset"):
        env.step(np.zeros(7))
    env.reset(seed=0)
    bad = [
        (np.zeros(6), r"shape \(6,\)"),
        (np.zeros((1, 7)), r"shape \(1, 7\)"),
        (np.zeros(7, complex), "not numeric"),
        (np.zeros(7, object), "not numeric"),
        (np.zeros(7, bool), "not numeric"),
        (np.full(7, "0"), "not numeric"),
        (None, "not numeric"),
        ([[0.0], [0.0, 1.0]], "not numeric"),
    ]
    for action, says in bad:
        with pytest.raises(SimError, match=says) as caught:
            env.step(action)
        assert "\n" not in str(caught.value)
    env.step([0] * 7)
    env.close()
    with pytest.raises(SimError, match="closed"):
        env.step(np.zeros(7))
    with pytest.raises(SimError, match="closed"):
        env.reset()


def test_numbers_outside_the_action_space_are_moved_to_its_edge():
    outcomes = []
    env = make("KitTray")
    for size in (1.0, 50.0, np.inf):
        env.reset(seed=0)
        outcomes.append(bits(env.step(np.full(7, size))[0]))
    assert len(set(outcomes)) == 1
    env.close()
