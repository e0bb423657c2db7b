"""DeliverTote: there with the tote, and without touching anything."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import millhand  # noqa: F401
from sim.errors import SimError
from sim.tasks.deliver_tote import TEMPLATES
from sim.tasks.grid import Block, Grid
from sim.tasks.movers import Mover
from sim.tasks.task import yaw_pose


@pytest.fixture
def env():
    made = gym.make(
        "millhand/DeliverTote-v0", control_mode="velocity", control_hz=10, disable_env_checker=True
    ).unwrapped
    yield made
    made.close()


@pytest.mark.parametrize("control_mode", ["velocity", "wheels"])
def test_gymnasium_checker_passes(control_mode):
    made = gym.make("millhand/DeliverTote-v0", control_mode=control_mode)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(made.unwrapped, skip_render_check=True)
    made.close()


def test_expert_delivers_and_success_lasts(env):
    _, info = env.reset(seed=0, options={"source": "goods-in", "station": "packing"})
    expert, truncated, after = env.expert(), False, 0
    while not truncated and after < 5:
        _, reward, _, truncated, info = env.step(expert.act())
        after += info["success"]
        assert info["success"] == (reward > 0.0)
    assert after == 5 and info["collisions"] == 0 and info["on_board"]


def put(env, x, y, tote=True):
    """Stand the base at a place; the tote on its deck, or beside it."""
    rig = env.rig
    rig.put(x, y, 0.0)
    height = rig.robot.height + rig.robot.deck[2] + 0.001
    place = (x, y, height) if tote else (x, y - 0.8, 0.001)
    env.floor.place("tote", yaw_pose(*place))
    return env.step(np.zeros(2))[4]


def test_success_needs_the_station_and_the_tote(env):
    env.reset(seed=1, options={"source": "goods-in", "station": "packing"})
    x, y = env.task.stations["packing"]
    assert not put(env, x, y + 0.5)["success"]
    info = put(env, x, y, tote=False)
    assert not info["success"] and not info["on_board"]
    assert put(env, x, y)["success"]


def test_a_collision_spoils_the_episode(env):
    env.reset(seed=1, options={"source": "goods-in", "station": "packing"})
    x, y = env.task.stations["packing"]
    assert put(env, -4.10, y)["collisions"] == 1
    info = put(env, x, y)
    assert info["collisions"] == 1 and not info["success"]


def test_moving_things_turn_round_before_a_base_that_stands(env):
    env.reset(seed=3)
    person = next(m for m in env.task.movers if m.name == "person")
    assert not put(env, person.lane, 0.0)["collisions"]
    for _ in range(80):
        info = env.step(np.zeros(2))[4]
    assert info["collisions"] == 0


def test_doing_nothing_and_random_actions_do_not_succeed(env):
    rng = np.random.default_rng(0)
    for seed in range(2):
        env.reset(seed=seed)
        for _ in range(20):
            action = rng.uniform(-1, 1, 2) if seed else np.zeros(2)
            assert not env.step(action)[4]["success"]


def test_same_seed_gives_same_bits_whatever_came_before(env):
    def run(seed, steps):
        found, _ = env.reset(seed=seed)
        rows, expert = [], env.expert()
        for _ in range(steps):
            rows.append(b"".join(found[key].tobytes() for key in sorted(found)))
            found = env.step(expert.act())[0]
        return rows

    first = run(4, 30)
    run(5, 23)
    assert run(4, 30) == first


def test_options_choose_stations_and_phrasings_differ(env):
    texts = set()
    for seed in range(30):
        _, info = env.reset(seed=seed, options={"source": "press", "station": "assembly"})
        assert "assembly" in info["instruction"]
        texts.add(info["instruction"])
    assert len(texts) >= 6 <= len(TEMPLATES)
    for seed in range(5):
        env.reset(seed=seed, options={"station": "press"})
        assert env.task.source != "press" == env.task.station
    with pytest.raises(SimError, match="both 'press'"):
        env.reset(options={"source": "press", "station": "press"})
    with pytest.raises(SimError, match="no station 'canteen'; choose from goods-in"):
        env.reset(options={"station": "canteen"})


def test_a_way_keeps_clear_of_blocks_and_does_not_follow_busy_lanes():
    walls = [Block(0, 3, 4, 0.1), Block(0, -3, 4, 0.1), Block(4, 0, 0.1, 3), Block(-4, 0, 0.1, 3)]
    shelf, lane = Block(0.0, 0.0, 1.5, 0.3), Block(0.0, 1.8, 2.0, 0.2)
    way = Grid([*walls, shelf], [lane], 0.6).way((-3.0, 0.1), (3.0, 0.1))
    for (ax, ay), (bx, by) in zip(way, way[1:], strict=False):
        for k in range(51):
            x, y = ax + (bx - ax) * k / 50, ay + (by - ay) * k / 50
            assert min(block.gap(x, y) for block in [*walls, shelf]) > 0.55
    assert min(y for _, y in way) < -0.8
    with pytest.raises(SimError, match="no way"):
        Grid([*walls, Block(0, 0, 0.1, 3)], [], 0.6).way((-3.0, 0.0), (3.0, 0.0))


def test_a_mover_knows_where_it_will_be():
    mover = Mover("truck", 0, (-1.0, 1.0), (0.6, 0.3), lane=2.0, pace=0.5, place=0.8)
    assert mover.at(0.0) == (0.8, 2.0)
    assert np.allclose(mover.at(1.0), (0.7, 2.0))
    assert mover.blocked(2.5, 2.0, 0.6) and not mover.blocked(-1.0, 2.0, 0.6)
    assert not mover.blocked(2.5, 3.0, 0.6)
