"""MachineTend: the stages, what the start button needs, and that nothing is left over."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim.errors import SimError
from sim.tasks.machine_tend import STAGES, TEMPLATES
from sim.tasks.task import yaw_pose


@pytest.fixture(scope="module")
def env():
    found = gym.make("millhand/MachineTend-v0", control_mode="ee_pose", control_hz=10).unwrapped
    yield found
    found.close()


def still(env):
    """Give the action that holds the tool where it is."""
    return np.append(env.rig.tool, 1.0)


def wait(env, steps):
    """Hold still for some steps; give the last (reward, info)."""
    for _ in range(steps):
        _, reward, _, _, info = env.step(still(env))
    return reward, info


def slide(env, position):
    env.floor.set_joint("machine", "door", position)


def press(env):
    env.floor.spring("machine", "button", -0.006, 20.0, 0.5)
    info = env.step(still(env))[4]
    env.floor.spring("machine", "button", 0.0, 4.0, 0.2)
    return info


def load(env, name):
    """Stand a blank in the chuck by hand."""
    x, y, z = env.task.chuck
    env.floor.place(name, yaw_pose(x + 0.004, y - 0.003, z + 0.002))


def test_expert_does_the_stages_in_order():
    env = gym.make(
        "millhand/MachineTend-v0", control_mode="ee_pose", control_hz=10, terminate_on_success=True
    ).unwrapped
    env.reset(seed=3)
    expert, stages, over = env.expert(), ["start"], False
    while not over:
        _, _, terminated, truncated, info = env.step(expert.act())
        over = terminated or truncated
        if info["stage"] not in stages:
            stages.append(info["stage"])
    assert info["success"] and tuple(stages) == STAGES
    assert info["loaded"] and info["door_closed"] and info["started"] and not info["door_open"]
    env.close()


def test_doing_nothing_and_random_actions_never_succeed(env):
    rng = np.random.default_rng(0)
    for seed in range(2):
        env.reset(seed=seed)
        assert wait(env, 5)[1]["stage"] == "start"
        for _ in range(15):
            assert not env.step(rng.uniform(-1, 1, 8))[4]["success"]


def test_stages_by_hand_and_reward_grows_with_them(env):
    env.reset(seed=1)
    task, rewards = env.task, []
    rewards.append(wait(env, 1)[0])
    slide(env, 0.26)
    reward, info = wait(env, 2)
    assert info["stage"] == "door open" and info["door_open"]
    rewards.append(reward)
    load(env, task.blank)
    reward, info = wait(env, 6)
    assert info["stage"] == "loaded" and task.clamped
    gap = env.floor.pose(task.blank)[:2] - task.chuck[:2]
    assert np.abs(gap).max() < 0.006
    rewards.append(reward)
    assert press(env)["stage"] == "loaded"
    wait(env, 3)
    slide(env, 0.0)
    reward, info = wait(env, 1)
    assert info["stage"] == "door closed" and not info["started"]
    rewards.append(reward)
    info = press(env)
    assert info["stage"] == "started" and not info["success"]
    reward, info = wait(env, 6)
    assert info["success"]
    rewards.append(reward)
    assert all(later > sooner + 0.5 for sooner, later in zip(rewards, rewards[1:], strict=False))
    slide(env, 0.1)
    assert not wait(env, 1)[1]["started"]
    slide(env, 0.0)
    assert wait(env, 1)[1]["stage"] == "door closed"


def test_the_other_blank_or_an_empty_chuck_starts_nothing(env):
    env.reset(seed=2)
    slide(env, 0.26)
    wait(env, 1)
    slide(env, 0.0)
    wait(env, 1)
    assert not press(env)["started"]
    slide(env, 0.26)
    load(env, "blank-1")
    wait(env, 4)
    assert env.task.clamped
    slide(env, 0.0)
    wait(env, 1)
    info = press(env)
    assert not info["loaded"] and not info["started"] and info["stage"] == "door open"


def test_same_seed_same_actions_same_bits_whatever_came_before():
    def rollout(env, seed, steps=32):
        env.reset(seed=seed)
        expert, out = env.expert(), []
        for _ in range(steps):
            observation, reward, *_ = env.step(expert.act())
            out.append(np.concatenate([v.ravel() for v in observation.values()] + [[reward]]))
        return np.array(out).tobytes()

    one, two = (
        gym.make("millhand/MachineTend-v0", control_mode="ee_pose", control_hz=10).unwrapped
        for _ in range(2)
    )
    first = rollout(one, 5)
    rollout(two, 6, 23)
    load(two, "blank-0")
    wait(two, 4)
    assert rollout(two, 5) == first
    assert rollout(one, 5) == first
    one.close()
    two.close()


def test_instruction_names_one_of_the_two_blanks(env):
    assert len(set(TEMPLATES)) >= 6
    said = set()
    for seed in range(20):
        _, info = env.reset(seed=seed)
        colours = env.task.colours
        assert colours[env.task.blank] in info["instruction"]
        assert len(set(colours.values())) == 2
        said.add(info["instruction"].replace(colours[env.task.blank], "-"))
    assert len(said) >= 5
    _, info = env.reset(seed=0, options={"colour": "brass"})
    assert "brass" in info["instruction"]
    with pytest.raises(SimError, match="no colour 'gold'.*steel, brass"):
        env.reset(options={"colour": "gold"})


def test_sparse_reward_is_zero_before_success():
    env = gym.make(
        "millhand/MachineTend-v0", control_mode="ee_pose", control_hz=10, sparse=True
    ).unwrapped
    env.reset(seed=0)
    slide(env, 0.26)
    assert wait(env, 1)[0] == 0.0
    load(env, env.task.blank)
    wait(env, 4)
    slide(env, 0.0)
    wait(env, 1)
    press(env)
    assert wait(env, 6)[0] == 1.0
    env.close()
