"""A kept state brings an episode back to the bit."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from rollouts import actions, make, play

from sim import tasks
from sim.errors import SimError

IMAGES = {"obs_mode": "images", "renderer": "tiny", "image_size": 32}


@pytest.mark.parametrize("task", tasks.names())
def test_states_come_back_to_the_bit_mid_episode_anywhere(task):
    one, two = make(task, **IMAGES), make(task, **IMAGES)
    one.reset(seed=4)
    acts = actions(one, 4, 12)
    play(one, acts[:6])
    state = one.get_state()
    rest = play(one, acts[6:])
    assert rest[0] != rest[-1]
    one.reset(seed=9)
    play(one, acts[3:7])
    for env in (one, two):
        env.set_state(pickle.loads(pickle.dumps(state)))
        assert play(env, acts[6:]) == rest
        env.close()


def test_a_state_survives_contact_and_asking():
    env = make("KitTray", control_mode="ee_pose", control_hz=10, parts=(3, 8))
    env.reset(seed=1, options={"slot": "left"})
    expert, acts = env.expert(), []
    for _ in range(45):
        acts.append(expert.act())
        env.step(acts[-1])
        if len(acts) == 20:
            env.ask(env.task.part, "right")
            expert = env.expert()
    state = env.get_state()
    rest = play(env, acts[-10:])
    env.reset(seed=2)
    _, info = env.set_state(state)
    assert env.task.slot == "right" and "right" in info["instruction"]
    assert play(env, acts[-10:]) == rest
    env.close()


def test_a_state_comes_back_in_another_process(tmp_path):
    env = make("KitTray")
    env.reset(seed=3)
    acts = actions(env, 3, 8)
    play(env, acts[:4])
    path = tmp_path / "state"
    path.write_bytes(pickle.dumps((env.get_state(), acts[4:])))
    script = (
        "import pickle, sys\n"
        "from rollouts import make, play\n"
        "state, acts = pickle.load(open(sys.argv[1], 'rb'))\n"
        "env = make('KitTray')\n"
        "env.set_state(state)\n"
        "print(b''.join(play(env, acts)).hex())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == b"".join(play(env, acts[4:])).hex()
    env.close()


def test_states_that_do_not_fit_are_refused_by_name():
    env, other = make("KitTray"), make("KitTray", control_mode="joint_delta")
    with pytest.raises(SimError, match="before reset"):
        env.get_state()
    env.reset(seed=0)
    state = env.get_state()
    with pytest.raises(SimError, match="control_mode 'ee_delta'.*control_mode 'joint_delta'"):
        other.set_state(state)
    crowded = make("KitTray", parts=5)
    with pytest.raises(SimError, match="parts its default.*parts 5"):
        crowded.set_state(state)
    env.floor.place(env.task.part, np.array([0.4, 0.0, 0.2, 0, 0, 0, 1.0]))
    env.step(np.zeros(7))
    moved = env.get_state()
    with pytest.raises(SimError, match="other means than step"):
        env.set_state(moved)
    for each in (env, other, crowded):
        each.close()
    with pytest.raises(SimError, match="closed"):
        env.set_state(state)
