"""The environment keeps Gymnasium's rules and its own promises."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from robots.controllers import limiter
from sim.env import OBS_MODES
from sim.errors import SimError


def make(**options):
    return gym.make("millhand/KitTray-v0", **options)


def test_render_gives_a_picture_of_the_first_camera():
    env = make(render_mode="rgb_array", renderer="tiny")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (480, 480, 3) and picture.dtype == np.uint8 and picture.std() > 10
    env.close()


def test_obs_modes_add_images_then_text():
    keys = {}
    for mode in OBS_MODES:
        env = make(obs_mode=mode, renderer="tiny")
        observation, info = env.reset(seed=1)
        keys[mode] = set(observation)
        assert info["instruction"]
        env.close()
    assert keys["images"] - keys["state"] == {"images/front", "images/wrist"}
    assert keys["vla"] - keys["images"] == {"instruction"}


def rollout(env, seed, steps=15):
    """Give every number and image that comes out of some steps of seeded random actions."""
    out = []
    observation, _ = env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        observation, reward, *_ = env.step(rng.uniform(-1, 1, 7).astype(np.float32))
        out.append((observation["q"], observation["parts"], reward, observation["images/wrist"]))
    return out


def assert_same_bits(first, second):
    for a, b in zip(first, second, strict=True):
        for x, y in zip(a, b, strict=True):
            assert np.asarray(x).tobytes() == np.asarray(y).tobytes()


def test_same_seed_gives_same_bits_whatever_came_before():
    one, two = (make(obs_mode="images", renderer="tiny") for _ in range(2))
    first = rollout(one, 5)
    rollout(two, 6)
    assert_same_bits(first, rollout(two, 5))
    assert_same_bits(first, rollout(one, 5))
    other = rollout(one, 7)
    assert other[0][0].tobytes() != first[0][0].tobytes()
    one.close()
    two.close()


def test_expert_succeeds_and_reward_knows():
    env = make(control_mode="ee_pose", control_hz=10, terminate_on_success=True).unwrapped
    done = 0
    for seed in range(10):
        env.reset(seed=seed)
        expert = env.expert()
        terminated = truncated = False
        while not (terminated or truncated):
            _, reward, terminated, truncated, info = env.step(expert.act())
        done += info["success"]
        assert terminated == info["success"]
        assert info["success"] == (reward > 0.5)
    assert done >= 9
    env.close()


def test_doing_nothing_never_succeeds():
    env = make(control_mode="joint_delta", control_hz=10).unwrapped
    for seed in range(3):
        env.reset(seed=seed)
        for _ in range(20):
            info = env.step(np.zeros(8, np.float32))[4]
        assert not info["success"]
    env.close()


def test_ee_delta_moves_the_tool_where_it_is_told():
    env = make(control_mode="ee_delta", control_hz=10).unwrapped
    observation, _ = env.reset(seed=0)
    start = observation["tool"][:3]
    for _ in range(4):
        env.step(np.array([0, 0.5, 0, 0, 0, 0, 0], np.float32))
    for _ in range(6):
        observation = env.step(np.zeros(7, np.float32))[0]
    assert np.allclose(observation["tool"][:3] - start, [0, 0.1, 0], atol=0.008)
    env.close()


def test_joint_setpoints_equal_joint_position_ramps():
    goal = None
    ends = []
    for mode in ("joint_position", "joint_setpoints"):
        env = make(control_mode=mode, control_hz=10).unwrapped
        observation, _ = env.reset(seed=2)
        start = observation["q"]
        goal = start + 0.05
        if mode == "joint_position":
            action = np.append(goal, 1.0)
        else:
            ramp = np.arange(1, env.ticks + 1)[:, None] / env.ticks
            action = np.hstack([start + ramp * (goal - start), np.ones((env.ticks, 1))])
        ends.append(env.step(action)[0]["q"])
        env.close()
    assert np.allclose(ends[0], ends[1], atol=1e-6)


def test_nan_action_holds_the_arm_and_is_flagged():
    env = make(control_mode="joint_position", control_hz=10).unwrapped
    observation, _ = env.reset(seed=0)
    env.step(np.append(observation["q"], 1.0))
    action = np.append(observation["q"], 1.0)
    action[2] = np.nan
    for _ in range(5):
        after, _, _, _, info = env.step(action)
    assert info["flags"] & limiter.FLAG_NAN
    assert np.isfinite(after["q"]).all()
    assert np.abs(after["q"] - observation["q"]).max() < 0.02
    env.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"obs_mode": "pictures"}, "state, images, vla"),
        ({"control_mode": "telepathy"}, "ee_delta"),
        ({"control_hz": 7}, "does not divide 500"),
        ({"renderer": "vulkan"}, "egl"),
        ({"robot": "pandda"}, "did you mean 'panda'"),
    ],
)
def test_bad_options_name_the_value_and_the_choices(options, says):
    with pytest.raises(ValueError, match=says) as caught:
        make(**{"obs_mode": "images", **options})
    assert str(next(iter(options.values()))) in str(caught.value)


def test_bad_actions_and_calls_are_refused():
    env = make().unwrapped
    with pytest.raises(SimError, match="reset"):
        env.step(np.zeros(7, np.float32))
    env.reset(seed=0)
    with pytest.raises(SimError, match=r"shape \(3,\).*\(7,\)"):
        env.step(np.zeros(3, np.float32))
    with pytest.raises(SimError, match="not numeric"):
        env.step(["left"] * 7)
    with pytest.raises(SimError, match="no slot 'top'"):
        env.reset(options={"slot": "top"})
    with pytest.raises(SimError, match="unknown reset option 'colour'"):
        env.reset(options={"colour": "red"})
    env.close()
    env.close()
    with pytest.raises(SimError, match="closed"):
        env.reset()


def test_human_mode_without_display_says_so(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(SimError, match="DISPLAY"):
        make(render_mode="human")


def test_options_choose_part_slot_and_shown_text():
    env = make(obs_mode="vla", renderer="tiny").unwrapped
    observation, info = env.reset(seed=0, options={"part": "bolt", "slot": "left"})
    assert "bolt" in observation["instruction"] and "left" in info["instruction"]
    observation, info = env.reset(
        seed=0, options={"part": "bolt", "slot": "left", "instruction": "do nothing"}
    )
    assert observation["instruction"] == info["instruction"] == "do nothing"
    assert env.task.part == "bolt"
    env.close()


def test_both_renderers_see_the_same_scene():
    pictures = []
    for renderer in ("egl", "tiny"):
        try:
            env = make(obs_mode="images", renderer=renderer).unwrapped
        except SimError:
            pytest.skip("EGL does not load on this machine")
        env.reset(seed=3)
        assert env.renderer == renderer
        pictures.append(env.capture("front", 96, 96).astype(float))
        env.close()
    red = [(p[..., 0] - p[..., 1:].max(-1)) > 60 for p in pictures]
    places = [np.argwhere(mask).mean(0) for mask in red]
    assert np.abs(places[0] - places[1]).max() < 2.5


def test_automatic_renderer_draws_what_it_says_it_draws():
    env = make(render_mode="rgb_array").unwrapped
    env.reset(seed=3)
    assert env.renderer in ("egl", "tiny", "fast")
    picture = env.render()
    assert picture.std() > 10
    env.close()
