"""Many environments in a few processes give what one gives, and fail as one would wish."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from rollouts import actions, bits, make

from sim.batch import Batch
from sim.errors import SimError, WorkerError
from sim.vec import VecFloor

N = 3


def row(observation, i):
    return {key: value[i] for key, value in observation.items()}


@pytest.fixture(scope="module")
def floor():
    env = VecFloor("KitTray", num_envs=N, workers=2, obs_mode="vla", renderer="tiny", image_size=24)
    yield env
    env.close()


def test_every_sub_environment_gives_the_bits_of_a_single_one(floor):
    observation, infos = floor.reset(seed=10)
    acts = actions(floor, 0, 3)
    assert floor.observation_space.contains(observation)
    vectored = [[bits(row(observation, i))] for i in range(N)]
    for action in acts:
        observation, rewards, _, _, infos = floor.step(action)
        for i in range(N):
            vectored[i].append(bits(row(observation, i), rewards[i]))
    assert rewards.dtype == np.float64 and infos["goal_position"].shape == (N, 3)
    single = make("KitTray", obs_mode="vla", renderer="tiny", image_size=24)
    for i in range(N):
        alone = [bits(single.reset(seed=10 + i)[0])]
        for action in acts:
            observation, reward, _, _, info = single.step(action[i])
            alone.append(bits(observation, reward))
        assert alone == vectored[i]
        assert info["instruction"] == infos["instruction"][i]
    single.close()


def test_a_list_of_seeds_is_one_for_each(floor):
    first, _ = floor.reset(seed=[5, 6, 5])
    again, _ = floor.reset(seed=5)
    assert first["parts"][0].tobytes() == first["parts"][2].tobytes()
    assert first["parts"][:2].tobytes() == again["parts"][:2].tobytes()
    with pytest.raises(SimError, match="2 seeds for 3"):
        floor.reset(seed=[1, 2])


def test_observations_stay_as_they_were(floor):
    before, _ = floor.reset(seed=0)
    kept = before["q"].copy()
    floor.step(np.ones((N, 7), np.float32))
    assert (before["q"] == kept).all()


def test_bad_actions_are_refused_and_the_floor_goes_on(floor):
    floor.reset(seed=0)
    with pytest.raises(SimError, match=r"shape \(7,\).*\(3, 7\)"):
        floor.step(np.zeros(7))
    with pytest.raises(SimError, match="expected numbers"):
        floor.step(np.full((N, 7), "left"))
    floor.step(np.zeros((N, 7), np.float32))


def test_attributes_and_pictures_of_all_are_one_call(floor):
    assert floor.call("control_hz") == (20,) * N
    pictures = floor.call("capture", "front", 32, 24)
    assert len(pictures) == N and pictures[0].shape == (24, 32, 3)


@pytest.mark.parametrize("batched", [True, False])
def test_next_step_reset_gives_the_next_episode_of_the_same_environment(batched):
    env = VecFloor("KitTray", num_envs=2, workers=1, batched=batched)
    assert env.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    single = make("KitTray")
    env.call("__setattr__", "max_steps", 3)
    env.reset(seed=[0, 1])
    single.reset(seed=1)
    zero = np.zeros((2, 7), np.float32)
    for _ in range(3):
        observation, _, _, truncated, _ = env.step(zero)
        last = single.step(zero[1])[0]
    assert truncated.all() and bits(row(observation, 1)) == bits(last)
    observation, reward, _, truncated, _ = env.step(zero)
    assert not truncated.any() and (reward == 0).all()
    assert bits(row(observation, 1)) == bits(single.reset()[0])
    observation, *_ = env.step(zero)
    assert bits(row(observation, 1)) == bits(single.step(zero[1])[0])
    env.close()
    single.close()


def test_same_step_reset_keeps_how_it_ended():
    env = VecFloor("KitTray", num_envs=2, workers=1, autoreset_mode="SameStep")
    env.reset(seed=3)
    single = make("KitTray")
    env.call("__setattr__", "max_steps", 3)
    single.reset(seed=3)
    zero = np.zeros((2, 7), np.float32)
    for _ in range(3):
        observation, _, _, truncated, infos = env.step(zero)
        last = single.step(zero[0])[0]
    assert truncated.all()
    assert bits(infos["final_obs"][0]) == bits(last)
    assert bits(row(observation, 0)) == bits(single.reset()[0])
    assert "success" in infos["final_info"]
    env.close()
    single.close()


@pytest.mark.parametrize("control_mode", ["joint_setpoints", "ee_delta"])
def test_a_batch_of_some_gives_the_bits_of_each_alone(control_mode):
    envs = [make("KitTray", control_mode=control_mode) for _ in range(3)]
    alone = make("KitTray", control_mode=control_mode)
    batch = Batch(envs)
    acts = actions(alone, 1, 6)
    for i, env in enumerate(envs):
        env.reset(seed=i)
    for k, action in enumerate(acts):
        stepping = [0, 1, 2] if k % 3 else [0, 2]
        outcomes = batch.step(dict.fromkeys(stepping, action))
        assert list(outcomes) == stepping
    alone.reset(seed=2)
    for action in acts:
        last = alone.step(action)
    assert bits(outcomes[2][0], outcomes[2][1]) == bits(last[0], last[1])
    for env in (*envs, alone):
        env.close()


@pytest.mark.parametrize("mode", ["sync", "async", "vector_entry_point"])
def test_make_vec_works_in_every_mode(mode):
    env = gym.make_vec("millhand/KitTray-v0", num_envs=2, vectorization_mode=mode, control_hz=10)
    assert isinstance(env, VecFloor) == (mode == "vector_entry_point")
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    acts = actions(env, 0, 2)
    for action in acts:
        observation, *_ = env.step(action)
    single = make("KitTray", control_hz=10)
    single.reset(seed=2)
    for action in acts:
        last = single.step(action[1])[0]
    assert bits(row(observation, 1)) == bits(last)
    env.close()
    single.close()


def gone(pids, seconds=20.0):
    """Wait until no such process is left, a zombie included."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_worker_is_named_and_ends_the_rest():
    env = VecFloor("KitTray", num_envs=3, workers=2)
    env.reset(seed=0)
    pids = [worker.process.pid for worker in env._crew]
    os.kill(pids[1], signal.SIGKILL)
    with pytest.raises(WorkerError, match=r"worker 1 \(sub-environments 2\).*exit code -9"):
        env.step(np.zeros((3, 7), np.float32))
    assert gone(pids)
    with pytest.raises(SimError, match="closed"):
        env.reset()
    env.close()


def test_a_worker_that_raises_gives_its_traceback():
    before = set(multiprocessing.active_children())
    env = VecFloor("KitTray", num_envs=2, workers=2)
    with pytest.raises(WorkerError, match=r"worker 0 \(sub-environments 0\) failed:(.|\n)*SimErr"):
        env.reset(seed=0, options={"slot": "top"})
    assert set(multiprocessing.active_children()) == before


def test_a_worker_that_hangs_or_leaves_is_reported():
    before = set(multiprocessing.active_children())
    env = VecFloor("KitTray", num_envs=1, timeout=2.0)
    env.reset(seed=0)
    env.step(np.zeros((1, 7), np.float32))
    os.kill(env._crew[0].process.pid, signal.SIGSTOP)
    with pytest.raises(WorkerError, match="no answer in 2 s"):
        env.step(np.zeros((1, 7), np.float32))
    assert set(multiprocessing.active_children()) == before
    env = VecFloor("KitTray", num_envs=1)
    with pytest.raises(WorkerError, match="exit code 0"):
        env._ask("close", [()])
    assert set(multiprocessing.active_children()) == before


def test_options_that_do_not_fit_are_refused_before_a_process_starts():
    before = set(multiprocessing.active_children())
    with pytest.raises(SimError, match="workers=3"):
        VecFloor("KitTray", num_envs=2, workers=3)
    with pytest.raises(SimError, match="telepathy"):
        VecFloor("KitTray", num_envs=2, control_mode="telepathy")
    with pytest.raises(SimError, match="Disabled"):
        VecFloor("KitTray", autoreset_mode="Disabled")
    assert set(multiprocessing.active_children()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_the_workers_quietly(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import signal\n"
        "import numpy as np\n"
        "from sim.vec import VecFloor\n"
        "if __name__ == '__main__':\n"
        # A job in the background is started with interrupts ignored, and passes that on.
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    env = VecFloor('KitTray', num_envs=2, workers=2)\n"
        "    env.reset(seed=0)\n"
        # The line is read, and answered with the interrupt, at once: it is said where it counts.
        "    try:\n"
        "        print(*[w.process.pid for w in env._crew], flush=True)\n"
        "        while True:\n"
        "            env.step(np.zeros((2, 7)))\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    paths = ":".join(path for path in sys.path if path)
    child = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        start_new_session=True,
    )
    pids = [int(pid) for pid in child.stdout.readline().split()[-2:]]
    os.killpg(child.pid, signal.SIGINT)
    try:
        out, err = child.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        raise
    assert "interrupted" in out and "Traceback" not in err
    assert gone(pids)
