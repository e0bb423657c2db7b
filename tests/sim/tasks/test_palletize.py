"""Palletize: patterns stand, judging waits for rest, nothing is left of the last episode."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim.errors import SimError
from sim.tasks import patterns
from sim.tasks.palletize import SETTLED_S, TEMPLATES, WORDS, Palletize
from sim.tasks.task import yaw_pose


@pytest.fixture(scope="module")
def env():
    made = gym.make(
        "millhand/Palletize-v0", control_mode="ee_pose", control_hz=10, disable_env_checker=True
    ).unwrapped
    yield made
    made.close()


def hold(env):
    """Give the action that leaves the arm where it is, its gripper open."""
    return np.concatenate([env.rig.tool, [1.0]])


def stack(env):
    """Put every carton in its place, as a perfect robot would."""
    task = env.task
    for name, (x, y, z, yaw) in zip(task.present, task.places, strict=True):
        env.floor.place(name, yaw_pose(x, y, z + 0.0005, yaw))


def runs(env, seed, steps):
    """Give every number that comes out of some steps of the expert."""
    found = [env.reset(seed=seed)[0]]
    expert = env.expert()
    found += [env.step(expert.act())[0] for _ in range(steps)]
    return [{key: value.tobytes() for key, value in one.items()} for one in found]


@pytest.mark.parametrize("pattern", patterns.PATTERNS)
@pytest.mark.parametrize("count", [3, 4, 5])
def test_every_pattern_stands_when_it_is_left_alone(env, pattern, count):
    if pattern == "square" and count == 3:
        with pytest.raises(SimError, match="square"):
            env.reset(seed=0, options={"pattern": pattern, "boxes": "3"})
        return
    env.reset(seed=count, options={"pattern": pattern, "boxes": str(count)})
    assert len(env.task.present) == count
    stack(env)
    successes = []
    for _ in range(12):
        info = env.step(hold(env))[4]
        successes.append(info["success"])
    assert info["boxes_placed"] == info["boxes"] == count
    # Not before it has stood for half a second.
    assert not any(successes[: int(SETTLED_S * 10)]) and all(successes[8:])


def test_a_carton_that_is_still_held_does_not_count_as_stacked(env):
    env.reset(seed=1, options={"pattern": "row", "boxes": "3"})
    stack(env)
    env.task.arm.touches = lambda name: name == env.task.present[0]
    try:
        assert not any(env.step(hold(env))[4]["success"] for _ in range(10))
    finally:
        del env.task.arm.touches


def test_a_carton_beside_its_place_or_turned_is_not_placed(env):
    env.reset(seed=2, options={"pattern": "row", "boxes": "3"})
    stack(env)
    x, y, z, yaw = env.task.places[0]
    for wrong in (yaw_pose(x + 0.025, y, z, yaw), yaw_pose(x, y, z, yaw + 0.4)):
        env.floor.place(env.task.present[0], wrong)
        assert env.task.update().info["boxes_placed"] == 2
    env.floor.place(env.task.present[0], yaw_pose(x, y, z, yaw + np.pi))
    assert env.task.update().info["boxes_placed"] == 3


def test_doing_nothing_never_succeeds(env):
    env.reset(seed=3)
    assert not any(env.step(hold(env))[4]["success"] for _ in range(20))


def test_expert_stacks_three_cartons(env):
    _, info = env.reset(seed=11, options={"pattern": "row", "boxes": "3"})
    expert = env.expert()
    rewards = []
    for _ in range(300):
        _, reward, _, _, info = env.step(expert.act())
        rewards.append(reward)
        if info["success"]:
            break
    assert info["success"] and rewards[-1] > rewards[0] + 3


def test_same_seed_gives_same_bits_whatever_came_before(env):
    first = runs(env, 5, 30)
    # Broken off with a carton in the hand.
    runs(env, 6, 24)
    assert runs(env, 5, 30) == first


def test_the_instruction_names_number_and_pattern(env):
    seen = set()
    for seed in range(40):
        _, info = env.reset(seed=seed)
        seen.add(info["instruction"])
        assert any(phrase in info["instruction"] for phrase in WORDS[env.task.pattern])
    assert len(seen) > 25 and len(TEMPLATES) >= 6


@pytest.mark.parametrize("boxes", [2, 6, (4, 3), "four", (3, 4, 5)])
def test_a_number_of_cartons_out_of_range_is_refused_by_its_value(boxes):
    with pytest.raises(SimError, match="3 to 5"):
        Palletize(boxes=boxes)
