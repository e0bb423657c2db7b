"""ConveyorSort: the belt carries, the rules say what goes where, success is what it says."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim.errors import SimError
from sim.scene import PARTS
from sim.tasks.conveyor import TRAVEL
from sim.tasks.conveyor_sort import FASTEST, MOST, ConveyorSort
from sim.tasks.sort_rules import PASS, SIDES, TEMPLATES, draw_rule, draw_stream, opposite
from sim.tasks.task import yaw_pose

COLOURS = ("red", "green", "blue", "yellow")


def make(**options):
    options = {"control_mode": "ee_pose", "control_hz": 10, **options}
    return gym.make("millhand/ConveyorSort-v0", disable_env_checker=True, **options).unwrapped


def stand(env):
    """Give the action that leaves the arm where it is, gripper open."""
    return np.concatenate([env.rig.tool, [1.0]])


@pytest.fixture(scope="module")
def env():
    made = make(parts=(3, 6))
    yield made
    made.close()


@pytest.mark.parametrize("form", TEMPLATES)
@pytest.mark.parametrize("by", ["kind", "colour"])
def test_rules_are_said_and_half_of_the_stream_comes_off(form, by):
    rng = np.random.default_rng(0)
    said = set()
    for _ in range(60):
        count = int(rng.integers(3, 9))
        rule = draw_rule(rng, COLOURS, form, by)
        stream = draw_stream(rng, rule, COLOURS, count, (count + 1) // 2)
        ways = [rule.way(*part) for part in stream]
        assert len(stream) == count and 2 * (count - ways.count(PASS)) >= count
        assert rule.side in ways
        assert rule.first in rule.instruction and rule.side in rule.instruction
        if form != "one":
            assert opposite(rule.side) in ways and opposite(rule.side) in rule.instruction
        if form == "rest":
            assert PASS not in ways
        alike = [sum(kind == k for kind, _ in stream) for k in PARTS]
        assert max(alike) <= (count + 1) // 2
        words = {rule.first: "A", rule.second: "B", rule.side: "S", opposite(rule.side): "O"}
        text = rule.instruction
        for word, letter in words.items():
            text = text.replace(word, letter)
        said.add(text)
    assert len(said) == len(TEMPLATES[form]) >= 6


@pytest.mark.parametrize("speed", [0.03, 0.12])
def test_belt_carries_parts_at_its_speed(speed):
    env = make(belt_speed=speed, parts=3)
    env.reset(seed=0)
    first = next(iter(env.task.items))
    before = env.floor.pose(first)[1]
    for _ in range(10):
        env.step(stand(env))
    assert env.task.belt[1] == pytest.approx(speed, rel=0.01)
    assert before - env.floor.pose(first)[1] == pytest.approx(speed, rel=0.05)
    env.close()


def test_belt_is_long_enough_for_the_longest_stream():
    for speed in (0.02, FASTEST):
        assert ConveyorSort(parts=MOST, belt_speed=speed).seconds * speed <= TRAVEL


@pytest.mark.parametrize("speed", [0.0, 0.2, "fast", None, float("nan")])
def test_a_belt_speed_out_of_range_is_refused(speed):
    with pytest.raises(SimError, match=r"belt_speed=.* is not a number from 0.02 to 0.15"):
        ConveyorSort(belt_speed=speed)


@pytest.mark.parametrize("parts", [2, 9, (6, 5), "many"])
def test_a_number_of_parts_that_cannot_be_is_refused(parts):
    with pytest.raises(SimError, match="from 3 to 8"):
        ConveyorSort(parts=parts)


def test_the_rule_can_be_chosen(env):
    for form in TEMPLATES:
        _, info = env.reset(seed=3, options={"rule": form, "by": "colour"})
        assert env.task.rule.form == form and env.task.rule.first in COLOURS
        assert info["instruction"] == env.task.rule.instruction
    with pytest.raises(SimError, match=r"no rule 'all'; choose from both"):
        env.reset(options={"rule": "all"})


def put_all(env, ways):
    """Put every part where `ways` says, spread out, and let them lie for a moment."""
    task = env.task
    spots = [(-0.05, -0.05), (0.05, 0.05), (-0.05, 0.05), (0.05, -0.05), (0.0, 0.0)]
    for k, (name, way) in enumerate(ways.items()):
        if way in SIDES:
            place = task.chutes[way].centre + np.array([*spots[k % 5], 0.001])
        else:
            place = task.middle + np.array([0.0, -0.8 + 0.06 * k, 0.001])
        env.floor.place(name, yaw_pose(*place))
    return env.step(stand(env))


def test_success_is_all_in_their_places_and_share_tells_how_many(env):
    _, info = env.reset(seed=5, options={"rule": "both"})
    assert info["share"] == 0.0 and info["underway"] == len(env.task.items)
    right = {name: item.way for name, item in env.task.items.items()}
    reward, info = (put_all(env, right)[i] for i in (1, 4))
    assert info["success"] and info["share"] == 1.0 and reward == pytest.approx(2.0)
    one = next(name for name, way in right.items() if way in SIDES)
    info = put_all(env, {**right, one: opposite(right[one])})[4]
    assert not info["success"] and info["wrong"] == 1
    assert info["share"] == pytest.approx(1 - 1 / len(right))
    env.floor.place(one, yaw_pose(0.1, 0.5, 0.001))
    info = env.step(stand(env))[4]
    assert info["wrong"] == 1 and info["underway"] == 0 and env.task.items[one].went == "lost"


def test_doing_nothing_lets_all_pass_and_fails():
    env = make(parts=3, belt_speed=0.15)
    for form in ("one", "rest"):
        env.reset(seed=1, options={"rule": form})
        truncated, succeeded = False, False
        while not truncated:
            _, _, _, truncated, info = env.step(stand(env))
            succeeded |= info["success"]
        assert info["underway"] == 0 and not succeeded
        assert all(item.went == PASS for item in env.task.items.values())
    env.close()


def test_expert_sorts_and_the_same_seed_gives_the_same_bits():
    env = make(parts=3)

    def run():
        env.reset(seed=3)
        expert, states = env.expert(), []
        for _ in range(env.max_steps):
            observation, _, _, _, info = env.step(expert.act())
            states.append(np.concatenate([observation["parts"].ravel(), observation["q"]]))
            if info["success"]:
                return np.array(states)
        raise AssertionError(info)

    first = run()
    env.reset(seed=4)
    for _ in range(3):
        env.step(stand(env))
    assert (run() == first).all()
    env.close()
