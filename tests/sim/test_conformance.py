"""Code that we did not write takes our environments as they are."""

import warnings

import av
import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordVideo
from rollouts import make
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.env_checker import check_env as check_for_sb3
from stable_baselines3.common.env_util import make_vec_env

import millhand  # noqa: F401
from sim import tasks
from sim.env import OBS_MODES

# SB3 takes images from 36 pixels on.
SMALL = {"renderer": "tiny", "image_size": 36}
SEEN = [(task, mode) for task in tasks.names() for mode in OBS_MODES]


def modes(task):
    env = make(task)
    env.close()
    return env.rig.control_modes


TOLD = [(task, mode) for task in tasks.names() for mode in modes(task)]


@pytest.fixture(autouse=True)
def quiet():
    """Both checkers warn of what is meant: float64, bounds that are not -1 to 1, text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize(("task", "control_mode"), TOLD)
def test_both_checkers_pass_in_every_control_mode(task, control_mode):
    env = make(task, control_mode=control_mode)
    check_env(env, skip_render_check=True)
    check_for_sb3(env)
    env.close()


@pytest.mark.parametrize(("task", "obs_mode"), SEEN)
def test_gymnasium_checker_passes_in_every_obs_mode(task, obs_mode):
    env = make(task, obs_mode=obs_mode, render_mode="rgb_array", **SMALL)
    # The checker's own render check opens every render mode, a window among them.
    check_env(env, skip_render_check=True)
    if obs_mode == "images":
        check_for_sb3(env)
    env.close()


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        (PPO, {"n_steps": 125, "batch_size": 125, "n_epochs": 2}),
        (SAC, {"learning_starts": 400, "batch_size": 64, "train_freq": 8, "gradient_steps": 2}),
    ],
)
def test_learners_run_two_thousand_steps_on_four_environments(
    algorithm, options, tmp_path, monkeypatch
):
    monkeypatch.setenv("SB3_LOGDIR", str(tmp_path))  # otherwise it leaves folders behind
    made = {"control_mode": "ee_delta", "control_hz": 50}
    venv = make_vec_env("millhand/KitTray-v0", n_envs=4, seed=0, env_kwargs=made)
    learner = algorithm(
        "MultiInputPolicy", venv, policy_kwargs={"net_arch": [32, 32]}, seed=0, **options
    )
    learner.learn(2000)
    assert learner.num_timesteps >= 2000
    action, _ = learner.predict(venv.reset())
    assert action.shape == (4, 7) and np.isfinite(action).all()
    venv.close()


def test_a_recorded_video_opens(tmp_path):
    env = gym.make("millhand/KitTray-v0", render_mode="rgb_array", renderer="tiny", control_hz=10)
    env = RecordVideo(env, str(tmp_path), video_length=5, step_trigger=lambda step: step == 0)
    env.reset(seed=0)
    for _ in range(6):
        env.step(env.action_space.sample())
    env.close()
    (film,) = tmp_path.glob("*.mp4")
    with av.open(str(film)) as opened:
        frames = [frame.to_ndarray(format="rgb24") for frame in opened.decode(video=0)]
    assert len(frames) >= 5 and frames[0].shape == (480, 480, 3) and frames[0].std() > 10
