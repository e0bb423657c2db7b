"""HandOver: two arms, one part, no way round the hand-over."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import millhand  # noqa: F401
from sim.errors import SimError
from sim.tasks.hand_over import KINDS, TEMPLATES
from sim.tasks.task import yaw_pose


@pytest.fixture
def env():
    made = gym.make(
        "millhand/HandOver-v0", control_mode="ee_pose", control_hz=10, disable_env_checker=True
    ).unwrapped
    yield made
    made.close()


def hold(env):
    """Give the action that keeps both tools where they are."""
    return np.concatenate([np.concatenate([arm.tool, [1.0]]) for arm in env.rig.arms])


@pytest.mark.parametrize("control_mode", ["ee_delta", "joint_setpoints"])
def test_gymnasium_checker_passes(control_mode):
    made = gym.make("millhand/HandOver-v0", control_mode=control_mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(made.unwrapped, skip_render_check=True)
    made.close()


@pytest.mark.parametrize("seed", [0, 3])
def test_expert_hands_the_part_over_and_success_lasts(env, seed):
    _, info = env.reset(seed=seed)
    expert, held = env.expert(), set()
    truncated, after = False, 0
    while not truncated and after < 5:
        _, reward, _, truncated, info = env.step(expert.act())
        held |= {(arm.name, arm.touches(env.task.part)) for arm in env.rig.arms}
        after += info["success"]
        assert info["success"] == (reward > 0.0)
    assert after == 5
    assert {("left", True), ("right", True)} <= held


@pytest.mark.parametrize("side", ["left", "right"])
def test_no_arm_reaches_the_station_of_the_other(env, side):
    env.reset(seed=1, options={"side": side})
    arm = {arm.name: arm for arm in env.rig.arms}[side]
    starts = [env.floor.pose(kind)[:3] for kind in KINDS]
    rng = np.random.default_rng(0)
    for place in starts:
        for turn in (arm.tool_goal[1], np.linalg.qr(rng.normal(size=(3, 3)))[0]):
            turn = turn * np.sign(np.linalg.det(turn))
            q, _ = arm.robot.inverse(
                arm.home, arm.turn.T @ (place - arm.base), arm.turn.T @ turn, attempts=5
            )
            reached = arm.base + arm.turn @ arm.robot.forward(q)[0]
            assert np.linalg.norm(reached[:2] - place[:2]) > 0.02


def test_success_needs_the_part_at_rest_and_let_go_and_over_the_station(env):
    env.reset(seed=2, options={"part": "rail", "side": "right"})
    x, y, z = env.task.goal_position
    env.floor.place("rail", yaw_pose(x, y, z + 0.0005))
    for _ in range(3):
        info = env.step(hold(env))[4]
    assert info["success"]
    env.floor.place("bracket", yaw_pose(x, y, z))
    env.floor.place("rail", yaw_pose(x + 0.13, y, z + 0.0005))
    for _ in range(3):
        info = env.step(hold(env))[4]
    assert not info["success"]


def test_doing_nothing_and_random_actions_do_not_succeed(env):
    rng = np.random.default_rng(0)
    for seed in range(2):
        env.reset(seed=seed)
        for step in range(20):
            action = hold(env)
            if seed:
                action = action + 0.1 * rng.normal(size=action.shape)
            assert not env.step(action)[4]["success"], step


def test_same_seed_gives_same_bits_whatever_came_before(env):
    def run(seed, steps):
        found, _ = env.reset(seed=seed)
        rows, expert = [], env.expert()
        for _ in range(steps):
            rows.append(b"".join(found[key].tobytes() for key in sorted(found)))
            found = env.step(expert.act())[0]
        return rows

    first = run(6, 30)
    run(7, 26)
    assert run(6, 30) == first


def test_options_choose_part_and_side_and_phrasings_differ(env):
    texts = set()
    for seed in range(30):
        _, info = env.reset(seed=seed, options={"part": "bracket", "side": "left"})
        assert "bracket" in info["instruction"] and "left" in info["instruction"]
        assert env.floor.pose("bracket")[1] < 0 < info["goal_position"][1]
        texts.add(info["instruction"].split()[0] + info["instruction"][-9:])
    assert len(texts) >= 6 <= len(TEMPLATES)
    with pytest.raises(SimError, match="no part 'gear'; choose from spindle"):
        env.reset(options={"part": "gear"})


def test_sparse_reward_is_zero_until_success():
    made = gym.make("millhand/HandOver-v0", sparse=True).unwrapped
    made.reset(seed=0)
    assert made.step(np.zeros(14, np.float32))[1] == 0.0
    made.close()
