"""PanelOperate: what counts as set, what must be left alone, and that nothing is left over."""

import gymnasium as gym
import numpy as np
import pytest

import millhand  # noqa: F401
from sim.errors import SimError
from sim.tasks.panel_controls import ALONE, CONTROLS, TOGETHER


@pytest.fixture(scope="module")
def env():
    found = gym.make("millhand/PanelOperate-v0", control_mode="ee_pose", control_hz=10).unwrapped
    yield found
    found.close()


def still(env):
    """Give the action that holds the tool where it is."""
    return np.append(env.rig.tool, 1.0)


def put(env, name, q):
    """Move a control by hand."""
    env.floor.set_joint(name, name, q)
    env.task.update()


def run(env, most=240):
    """Let the expert act until a success has lasted five steps; give the last info."""
    expert, after, info = env.expert(), 0, {"success": False}
    for _ in range(most):
        info = env.step(expert.act())[4]
        after = after + 1 if info["success"] else 0
        if after == 5:
            break
    return info


@pytest.mark.parametrize(
    "options",
    [
        {"knob": "4", "toggle": "down"},
        {"button": "pressed", "lever": "up"},
    ],
)
def test_expert_sets_what_is_asked_and_nothing_else(env, options):
    env.reset(seed=3, options=options)
    task = env.task
    assert set(task.asked) == set(options)
    before = {name: CONTROLS[name].state(task.q[name]) for name in CONTROLS}
    assert all(before[name] != state for name, state in options.items())
    assert run(env)["success"]
    after = {name: CONTROLS[name].state(task.q[name]) for name in CONTROLS}
    assert after == {**before, **options}


def test_expert_sets_the_knob_with_six_joints():
    env = gym.make(
        "millhand/PanelOperate-v0", robot="xarm6", control_mode="ee_pose", control_hz=10
    ).unwrapped
    env.reset(seed=0, options={"knob": "2"})
    assert run(env)["success"]
    env.close()


def test_doing_nothing_and_random_actions_never_succeed(env):
    rng = np.random.default_rng(0)
    for seed in range(3):
        env.reset(seed=seed)
        for k in range(25):
            action = still(env) if k < 10 else rng.uniform(-1, 1, 8)
            assert not env.step(action)[4]["success"]


def test_success_has_to_last_and_needs_the_others_as_they_were(env):
    env.reset(seed=1, options={"lever": "up"})
    task = env.task
    put(env, "lever", CONTROLS["lever"].states["up"])
    assert not env.step(still(env))[4]["success"]
    reward = 0.0
    for _ in range(5):
        _, reward, _, _, info = env.step(still(env))
    assert info["success"] and reward == pytest.approx(2.0, abs=0.1)
    other = "down" if CONTROLS["toggle"].state(task.q["toggle"]) == "up" else "up"
    put(env, "toggle", CONTROLS["toggle"].states[other])
    _, disturbed, _, _, info = env.step(still(env))
    assert not info["success"] and disturbed < reward - 1.5


def test_toggle_snaps_knob_finds_its_detent_and_button_latches(env):
    env.reset(seed=2, options={"button": "pressed"})
    task = env.task
    put(env, "toggle", 0.05)
    put(env, "knob", 0.15)
    put(env, "button", -0.003)
    for _ in range(6):
        env.step(still(env))
    assert task.q["toggle"] == pytest.approx(0.40, abs=0.02)
    assert task.q["knob"] == pytest.approx(0.35, abs=0.02)
    assert task.q["button"] == pytest.approx(0.0, abs=5e-4)
    put(env, "button", -0.0065)
    for _ in range(6):
        env.step(still(env))
    assert CONTROLS["button"].state(task.q["button"]) == "pressed"


def test_same_seed_same_actions_same_bits_whatever_came_before():
    def rollout(env, seed, steps=30):
        env.reset(seed=seed)
        expert, out = env.expert(), []
        for _ in range(steps):
            observation, reward, *_ = env.step(expert.act())
            out.append(np.concatenate([v.ravel() for v in observation.values()] + [[reward]]))
        return np.array(out).tobytes()

    one, two = (
        gym.make("millhand/PanelOperate-v0", control_mode="ee_pose", control_hz=10).unwrapped
        for _ in range(2)
    )
    first = rollout(one, 15)
    for other in (4, 6, 9):
        rollout(two, other)
    assert rollout(two, 15) == first
    assert rollout(one, 15) == first
    one.close()
    two.close()


def test_same_seed_same_layout_words_and_first_steps_whatever_came_before(env):
    def rollout(seed):
        observation, info = env.reset(seed=seed)
        expert, out = env.expert(), [info["instruction"].encode()]
        for _ in range(8):
            out += [observation[key].tobytes() for key in sorted(observation)]
            observation = env.step(expert.act())[0]
        return out

    first = rollout(15)
    rollout(4)
    assert rollout(15) == first


def test_rewards_dense_and_sparse():
    env = gym.make(
        "millhand/PanelOperate-v0", control_mode="ee_pose", control_hz=10, sparse=True
    ).unwrapped
    env.reset(seed=0)
    assert env.step(still(env))[1] == 0.0
    assert run(env)["success"]
    assert env.step(still(env))[1] == 1.0
    env.close()


def test_every_control_has_at_least_six_phrasings_that_fit_the_text_space(env):
    seen = set()
    for control in CONTROLS.values():
        assert len(set(control.phrases)) >= 6
        for state in control.states:
            seen |= {control.ask(phrase, state) for phrase in control.phrases}
    longest = max(len(text) for text in seen)
    assert 2 * longest + max(len(frame) for frame in (*ALONE, *TOGETHER)) <= 200


def test_options_are_checked_by_name(env):
    with pytest.raises(SimError, match="no knob '5'"):
        env.reset(options={"knob": "5"})
    with pytest.raises(SimError, match="toggle, knob, lever, button"):
        env.reset(options={"dial": "1"})
