"""Inspect: the expert does it, a wrong or early report does not, and nothing leaks the reading."""

import math

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sim
from sim.errors import SimError
from sim.tasks.inspect_gauges import MACHINES, TEMPLATES
from sim.tasks.task import yaw_pose

sim.register()


@pytest.fixture
def make():
    made = []

    def one(**options):
        env = gym.make("millhand/Inspect-v0", disable_env_checker=True, control_hz=10, **options)
        made.append(env)
        return env.unwrapped

    yield one
    for env in made:
        env.close()


def play(env, seed, steps=400, change=lambda action: action, **options):
    """Let the expert act, its actions changed; give the last info and every observation."""
    obs, info = env.reset(seed=seed, options=options)
    seen = [obs]
    for _ in range(steps):
        obs, _, _, truncated, info = env.step(change(env.expert().act()))
        seen.append(obs)
        if truncated or info["reported"] >= 0:
            break
    return info, seen


def stand(env, name, off=0.62, turn=0.0, side=0.0):
    """Put the robot before a dial, both marks passed; `turn` off its bearing, radians."""
    x, y, _, yaw = env.task.gauges[MACHINES.index(name)]
    place = x + off * math.cos(yaw + side), y + off * math.sin(yaw + side)
    env.rig.put(*place, math.atan2(y - place[1], x - place[0]) + turn)
    env.task.stage = 2
    env.rig.observe()


def report(env, value):
    """Report a reading, 0..1, while standing; give the step's info."""
    return env.step(np.array([0, 0, 0, 2 * value - 1, 1.0]))[4]


@pytest.mark.parametrize("seed", range(4))
def test_the_expert_succeeds(make, seed):
    env = make()
    info, seen = play(env, seed)
    assert info["success"] and info["stage"] == 3 and not info["fallen"]
    row = MACHINES.index(env.task.machine)
    assert seen[-1]["target"][row] == 1
    assert info["reported"] == pytest.approx(10 * env.task.readings[row], abs=1e-3)
    assert [int(obs["stage"][0]) for obs in seen] == sorted(int(obs["stage"][0]) for obs in seen)


def test_the_machine_can_be_chosen_and_is_named_in_every_phrasing(make):
    env = make()
    said = set()
    for seed in range(40):
        machine = MACHINES[seed % 3]
        _, info = env.reset(seed=seed, options={"machine": machine})
        assert machine in info["instruction"]
        said.add(info["instruction"].replace(machine, "").split()[0])
        row = MACHINES.index(machine)
        np.testing.assert_array_equal(info["goal_position"], env.task.gauges[row, :3])
    assert len(said) >= 5 and len(TEMPLATES) >= 6
    with pytest.raises(SimError, match="no machine 'kiln'; choose from boiler, pump, tank"):
        env.reset(options={"machine": "kiln"})


def test_layouts_differ_and_leave_room(make):
    env = make()
    places = set()
    for seed in range(60):
        env.reset(seed=seed)
        gauges = env.task.gauges
        places.add(tuple(np.argsort(gauges[:, 1])))
        for a in range(3):
            for b in range(a):
                assert math.hypot(*(gauges[a, :2] - gauges[b, :2])) > 1.3
        assert (env.task.readings > 0.02).all() and (env.task.readings < 0.98).all()
    assert len(places) == 6


def test_the_hand_of_every_dial_shows_its_reading(make):
    env = make()
    env.reset(seed=1)
    for name, reading in zip(MACHINES, env.task.readings, strict=True):
        angle, _ = env.floor.joint(name, "needle")
        assert angle == pytest.approx(math.radians(270 * reading - 135), abs=1e-6)


@pytest.mark.parametrize(("off", "success"), [(0.045, True), (-0.045, True), (0.06, False)])
def test_a_report_has_to_be_within_five_percent_and_the_first_decides(make, off, success):
    env = make()
    env.reset(seed=2)
    stand(env, env.task.machine)
    true = env.task.readings[env.task.row]
    assert report(env, true + off)["success"] is success
    assert report(env, true)["success"] is success


def test_a_right_value_from_the_wrong_place_does_not_count(make):
    env = make()
    for where in ({"off": 1.1}, {"turn": 0.6}, {"side": 1.0}):
        env.reset(seed=3)
        stand(env, env.task.machine, **where)
        info = report(env, env.task.readings[env.task.row])
        assert not info["success"] and info["reported"] == -1
    env.reset(seed=3)
    stand(env, env.task.machine)
    env.task.stage = 1
    assert not report(env, env.task.readings[env.task.row])["success"]
    env.reset(seed=3)
    other = next(name for name in MACHINES if name != env.task.machine)
    stand(env, other)
    assert not report(env, env.task.readings[env.task.row])["success"]
    stand(env, env.task.machine)
    assert not report(env, env.task.readings[env.task.row])["success"]


def test_the_marks_have_to_be_passed_in_order(make):
    env = make()
    env.reset(seed=4)
    for k, stage in ((1, 0), (0, 1), (1, 2)):
        env.rig.put(*env.task.marks[k], 0.0)
        env.rig.observe()
        env.task.update()
        assert env.task.stage == stage


def test_a_robot_that_has_fallen_can_not_succeed_any_more(make):
    env = make()
    env.reset(seed=5)
    over = np.array([*yaw_pose(0, 0, 0.5)[:3], 1.0, 0.0, 0.0, 0.0])
    env.floor.place("robot", over)
    _, reward, _, _, info = env.step(np.zeros(5))
    assert info["fallen"] and reward < -1
    stand(env, env.task.machine)
    info = report(env, env.task.readings[env.task.row])
    assert info["fallen"] and not info["success"]


def test_the_reading_is_given_only_where_the_dial_can_be_read_and_never_with_images(make):
    env = make()
    _, seen = play(env, 6)
    flags = [obs["reading"][1] for obs in seen]
    assert flags[0] == 0 and flags[-1] == 1
    assert all(obs["reading"][0] == 0 for obs in seen if obs["reading"][1] == 0)
    assert seen[-1]["reading"][0] == 2 * env.task.readings[env.task.row] - 1
    for mode in ("images", "vla"):
        shown = make(obs_mode=mode, renderer="tiny")
        obs, _ = shown.reset(seed=6)
        assert "reading" not in obs and "reading" not in shown.observation_space.spaces
        assert shown.observation_space.contains(obs)


def test_the_needle_is_seen_by_the_head_camera(make):
    env = make(obs_mode="images", renderer="tiny", image_size=96, cameras=("head",))
    pictures = []
    for reading in (0.2, 0.3):
        env.reset(seed=7, options={"machine": "tank"})
        stand(env, "tank")
        env.floor.set_joint("tank", "needle", math.radians(270 * reading - 135))
        pictures.append(env.capture("head", 96, 96).astype(int))
    changed = (np.abs(pictures[0] - pictures[1]).sum(-1) > 60).sum()
    assert changed > 25


def test_the_reward_grows_along_the_route(make):
    env = make()
    env.reset(seed=8)
    rewards = [env.step(env.expert().act())[1] for _ in range(40)]
    assert rewards[-1] > rewards[0] + 1.5 and min(np.diff(rewards)) > -0.15
    sparse = make(sparse=True)
    sparse.reset(seed=8)
    assert sparse.step(np.zeros(5))[1] == 0.0


@pytest.mark.parametrize("mode", ["velocity", "joint"])
def test_the_same_seed_and_actions_give_the_same_bits_after_other_episodes(make, mode):
    def run(env, seed):
        rng = np.random.default_rng(9)
        env.reset(seed=seed)
        rows = []
        for _ in range(25):
            obs, reward, *_ = env.step(rng.uniform(-1, 1, env.action_space.shape))
            rows += [obs[key].tobytes() for key in sorted(obs)] + [str(reward).encode()]
        return b"".join(rows)

    env = make(control_mode=mode)
    first = run(env, 3)
    for seed in (0, 5):
        assert run(env, seed) != first
    assert run(env, 3) == first
    assert run(make(control_mode=mode), 3) == first


@pytest.mark.parametrize("mode", ["velocity", "joint"])
def test_gymnasium_accepts_it(make, mode):
    check_env(make(control_mode=mode), skip_render_check=True)


def test_another_robot_is_refused(make):
    with pytest.raises(SimError, match="robot 'panda'"):
        make(robot="panda")
