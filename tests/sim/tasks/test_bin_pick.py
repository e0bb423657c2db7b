"""BinPick: the clutter lies still, what is asked for is there, success is what it says."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim.errors import SimError
from sim.scene import PARTS
from sim.tasks import clutter
from sim.tasks.bin_pick import TEMPLATES, BinPick
from sim.tasks.grasps import LOWEST, best
from sim.tasks.task import yaw_pose


def make(**options):
    options = {"control_mode": "ee_pose", "control_hz": 10, **options}
    return gym.make("millhand/BinPick-v0", disable_env_checker=True, **options).unwrapped


def stand(env):
    """Give the action that leaves the arm where it is, gripper open."""
    return np.concatenate([env.rig.tool, [1.0]])


@pytest.fixture(scope="module")
def env():
    made = make()
    yield made
    made.close()


def test_layouts_hold_two_to_five_of_every_kind_in_every_count():
    shipped = clutter.shipped()
    assert len(shipped.kinds) >= 300
    assert set(shipped.counts) == set(range(clutter.LEAST, clutter.MOST + 1))
    for row in shipped.kinds:
        alike = [(row == k).sum() for k in range(len(PARTS))]
        assert min(alike) >= clutter.EACH_LEAST and max(alike) <= clutter.EACH_MOST


def test_packing_loses_less_than_a_tenth_of_a_millimetre():
    rng = np.random.default_rng(0)
    turns = rng.normal(size=(50, 4))
    turns /= np.sqrt((turns**2).sum(axis=1, keepdims=True))
    poses = np.concatenate([rng.uniform(-0.2, 0.2, (50, 3)), turns], axis=1)
    assert np.abs(clutter.unpack(clutter.pack(poses)) - poses).max() < 1e-4


def test_symmetries_undo_themselves():
    poses = clutter.shipped().poses[0, :10]
    assert (clutter.mirrored(clutter.mirrored(poses)) == poses).all()
    twice = clutter.turned_round(clutter.turned_round(poses))
    assert (twice[:, :3] == poses[:, :3]).all()
    assert (twice[:, 3:] == -poses[:, 3:]).all()


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_clutter_lies_still_at_the_start(env, seed):
    env.reset(seed=seed)
    before = {name: env.floor.pose(name)[:3] for name in env.task.present}
    for _ in range(5):
        env.step(stand(env))
    for name, place in before.items():
        assert np.abs(env.floor.pose(name)[:3] - place).max() < 0.003, name
        assert env.task.bin.holds(place)


def test_instruction_names_the_kind_in_every_phrasing(env):
    found = set()
    for seed in range(40):
        _, info = env.reset(seed=seed)
        assert env.task.kind in info["instruction"]
        assert not info["success"] and info["on_outfeed"] == ()
        assert sum(kind == env.task.kind for kind in env.task.present.values()) >= 2
        found.add(info["instruction"].replace(env.task.kind, "{kind}"))
    assert found == set(TEMPLATES)


def test_the_kind_can_be_chosen(env):
    for kind in PARTS:
        observation, info = env.reset(seed=5, options={"kind": kind})
        assert kind in info["instruction"]
        assert observation["target"][PARTS.index(kind)] == 1.0
    with pytest.raises(SimError, match=r"no kind 'nut'; choose from gear"):
        env.reset(options={"kind": "nut"})


@pytest.mark.parametrize("parts", [9, 21, (12, 11), "many", (1, 2, 3), None])
def test_a_number_of_parts_that_cannot_be_is_refused(parts):
    with pytest.raises(SimError, match="from 10 to 20"):
        BinPick(parts=parts)


def test_number_of_parts_is_what_was_asked_for():
    env = make(parts=12)
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        assert observation["parts"].shape == (12, 7)
        assert (observation["kinds"].sum(axis=1) == 1.0).all()
    env.close()


def test_success_needs_the_named_kind_alone_on_the_outfeed(env):
    env.reset(seed=1, options={"kind": "gear"})
    names = {kind: name for name, kind in env.task.present.items()}
    place = yaw_pose(*env.task.outfeed.centre)
    env.floor.place(names["bolt"], place + np.array([0.05, 0.0, 0.001, 0, 0, 0, 0]))
    info = env.step(stand(env))[-1]
    assert not info["success"] and info["on_outfeed"] == ("bolt",)
    env.floor.place(names["gear"], place + np.array([-0.03, 0.0, 0.001, 0, 0, 0, 0]))
    assert not env.step(stand(env))[-1]["success"]
    env.floor.discard(names["bolt"])
    outcome = env.step(stand(env))
    assert outcome[-1]["success"] and outcome[-1]["on_outfeed"] == ("gear",)
    shut = stand(env)
    shut[-1] = 0.0
    for _ in range(5):
        info = env.step(shut)[-1]
    assert not info["success"], "the gripper has to be open"


def test_random_actions_do_not_succeed(env):
    env.reset(seed=2)
    env.action_space.seed(2)
    for _ in range(40):
        assert not env.step(env.action_space.sample())[-1]["success"]


def test_expert_delivers_and_it_lasts_whatever_was_before(env):
    def run():
        observation, info = env.reset(seed=7)
        expert, states, after = env.expert(), [], 0
        for _ in range(300):
            observation, _, _, _, info = env.step(expert.act())
            states.append(np.concatenate([observation["parts"].ravel(), observation["q"]]))
            after = after + 1 if info["success"] else 0
            if after == 5:
                return np.array(states)
        raise AssertionError("no lasting success in 30 s")

    first = run()
    env.reset(seed=8)
    for _ in range(3):
        env.step(stand(env))
    assert (run() == first).all()


def test_sparse_reward_is_success():
    env = make(sparse=True)
    env.reset(seed=0)
    assert env.step(stand(env))[1] == 0.0
    env.close()


def test_a_free_part_has_a_free_grasp_and_a_wall_costs():
    pose = yaw_pose(0.0, 0.0, 0.0)
    kinds, poses = {"it": "gear"}, {"it": pose}
    wide = np.array([-0.1, -0.1]), np.array([0.1, 0.1])
    free = best("it", kinds, poses, 0.0, wide)[0]
    assert free.cost < 0.5 and free.place[2] >= LOWEST
    close = np.array([-0.03, -0.1]), np.array([0.1, 0.1])
    beside = best("it", kinds, poses, 0.0, close)
    assert beside[0].cost < 0.5, "along the wall the fingers fit"
    assert beside[-1].cost > 4.0, "towards it they do not"
    covered = {"it": pose, "on": yaw_pose(0.0, 0.0, 0.03)}
    assert best("it", {"it": "gear", "on": "bearing"}, covered, 0.0, wide)[0].cost > 3.0
