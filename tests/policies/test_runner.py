import numpy as np
import pytest
from conftest import FakeEnv

from policies.errors import PolicyError
from policies.evaluate import derange, evaluate, wilson
from policies.expert import Expert
from policies.runner import Runner
from policies.types import EE_POSE_NAMES, ActionChunk, ActionSpec

JOINTS = (*(f"joint{i}" for i in range(1, 8)), "gripper")


class Line:
    """Moves joint 1 along a given function of time, in chunks."""

    def __init__(self, where, rate_hz=10.0, horizon=16, bad_at=None):
        self.spec = ActionSpec("joint_position", JOINTS, rate_hz, horizon)
        self.where, self.bad_at, self.asked = where, bad_at, []

    def reset(self, seed):
        self.asked = []

    def act(self, observation):
        self.asked.append(observation.time_s)
        times = observation.time_s + (np.arange(self.spec.horizon) + 1) / self.spec.rate_hz
        actions = np.zeros((self.spec.horizon, 8))
        actions[:, 0] = self.where(times)
        if self.bad_at is not None and len(self.asked) == self.bad_at:
            actions[2:] = np.nan
        return ActionChunk(actions, self.spec, observation.time_s)


def heeds(env):
    """A policy that goes to the slot named in the text that it is shown."""
    from conftest import DOWN, SLOTS

    class Heeds:
        spec = ActionSpec("ee_pose", EE_POSE_NAMES, 10.0, 8)

        def reset(self, seed):
            pass

        def act(self, observation):
            slot = next(name for name in SLOTS if name in observation.instruction)
            goal = np.array([0.6, SLOTS[slot], 0.1, *DOWN, 1.0])
            share = np.linspace(0.1, 1.0, 8)[:, None]
            start = np.concatenate([observation.tool, [1.0]])
            return ActionChunk(start + share * (goal - start), self.spec, observation.time_s)

    return Heeds()


def test_expert_succeeds_and_trace_is_one_row_a_tick():
    env = FakeEnv()
    result = Runner(Expert(env), env).run_episode(seed=1)
    assert result.success and not result.nan_action and result.flags == 0
    assert result.setpoints.shape == (result.steps * 50, 8)
    assert len(result.inference_ms) == result.steps


def test_path_passes_through_the_knots_and_never_jumps():
    env = FakeEnv()
    env.reset(seed=0)
    policy = Line(lambda t: 0.4 + 0.3 * np.sin(2 * t))
    result = Runner(policy, env, execute=5).run_episode(seed=0)
    path = result.setpoints[:, 0]
    times = np.arange(1, len(path) + 1) / 500
    at_knots = np.arange(49, len(path), 50)
    np.testing.assert_allclose(path[at_knots], 0.4 + 0.3 * np.sin(2 * times[at_knots]), atol=1e-9)
    assert np.abs(path - (0.4 + 0.3 * np.sin(2 * times)))[50:].max() < 0.002
    velocity = np.diff(path) * 500
    assert np.abs(np.diff(velocity)).max() < 0.2


def test_execute_sets_how_often_the_policy_is_asked():
    policy = Line(lambda t: 0.0 * t)
    Runner(policy, FakeEnv(), execute=3).run_episode(seed=0)
    np.testing.assert_allclose(policy.asked, [0.0, 0.3, 0.6, 0.9])


def test_latency_holds_first_then_follows_in_time_without_a_jump():
    env = FakeEnv()
    policy = Line(lambda t: 0.4 + 0.2 * t)
    late = Runner(policy, env, execute=4, latency_s=0.23).run_episode(seed=0)
    path = late.setpoints[:, 0]
    ticks_held = int(0.23 * 500)
    assert np.ptp(path[:ticks_held]) == 0
    times = np.arange(1, len(path) + 1) / 500
    np.testing.assert_allclose(path[250:], 0.4 + 0.2 * times[250:], atol=1e-6)
    # A jump in velocity would be 1 rad/s in one tick.
    assert np.abs(np.diff(path, 2)).max() * 500 < 0.2
    again = Runner(policy, FakeEnv(), execute=4, latency_s=0.23).run_episode(seed=0)
    np.testing.assert_array_equal(again.setpoints, late.setpoints)


def test_arm_holds_when_the_answer_comes_after_the_chunk_has_ended():
    policy = Line(lambda t: 0.4 + 0.2 * t, horizon=3)
    path = Runner(policy, FakeEnv(), latency_s=0.2).run_episode(seed=0).setpoints[:, 0]
    assert (np.abs(np.diff(path)) < 1e-12).sum() > 100
    assert np.abs(np.diff(path)).max() * 500 < 1.0


def test_nan_goes_through_to_the_controller_and_fails_the_episode():
    env = FakeEnv()
    result = Runner(Line(lambda t: 0.5 + 0 * t, bad_at=2), env, execute=2).run_episode(seed=0)
    assert result.nan_action and not result.success and result.flags == 1
    assert np.isnan(env.seen[-1]).any() and np.isfinite(env.seen[-2]).all()
    assert result.steps < env.limit


def test_spec_that_does_not_fit_shows_both_sides():
    policy = Line(lambda t: t)
    policy.spec = ActionSpec("ee_delta", ("dx", "dy"), 10.0, 16, frame="tool")
    with pytest.raises(PolicyError) as error:
        Runner(policy, FakeEnv())
    text = str(error.value)
    assert "* kind" in text and "ee_delta" in text and "ee_pose" in text
    assert "* frame" in text and "  rate_hz" in text
    with pytest.raises(PolicyError, match="joint_setpoints"):
        Runner(Line(lambda t: t), FakeEnv(control_mode="ee_pose"))
    with pytest.raises(PolicyError, match="execute is 0"):
        Runner(Line(lambda t: t), FakeEnv(), execute=0)


def test_chunk_of_another_width_is_refused():
    spec = ActionSpec("ee_pose", EE_POSE_NAMES, 10.0, 4)
    with pytest.raises(PolicyError, match=r"\(4, 7\)"):
        ActionChunk(np.zeros((4, 7)), spec)


def test_shuffled_instructions_bring_an_obedient_policy_down():
    told = evaluate(FakeEnv, heeds, range(40))
    assert told.success_rate == 1.0
    mixed = evaluate(FakeEnv, heeds, range(40), shuffle=True)
    assert mixed.success_rate == 0.0
    assert all(
        e.instruction != own for e, own in zip(mixed.episodes, mixed.instructions, strict=True)
    )
    over = evaluate(FakeEnv, heeds, range(6), instruction_override="left please")
    assert {episode.instruction for episode in over.episodes} == {"left please"}


def test_derangement_never_keeps_a_goal_and_repeats_with_its_seed():
    goals = np.repeat([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]], [4, 5, 3], axis=0)
    names = [f"{int(goal[0])}" for goal in goals]
    for seed in range(20):
        given = derange(names, goals, seed)
        assert sorted(given) == sorted(names)
        assert all(a != b for a, b in zip(given, names, strict=True))
    assert derange(names, goals, 5) == derange(names, goals, 5)
    with pytest.raises(PolicyError, match="cannot shuffle 3"):
        derange(names[:3], goals[:3], 0)


def test_partial_results_survive_a_dying_emulator_and_ctrl_c():
    dying = FakeEnv(dies_at=3)
    result = evaluate(lambda: dying, Expert, range(9))
    assert len(result.episodes) == 2 and "emulator died" in result.stopped and dying.closed

    def interrupt(episode):
        if episode.seed == 1:
            raise KeyboardInterrupt

    result = evaluate(FakeEnv, Expert, range(9), on_episode=interrupt)
    assert len(result.episodes) == 2 and result.stopped == "interrupted"
    assert result.summary()["episodes"] == 2


def test_wilson_interval():
    low, high = wilson(50, 100)
    assert abs(low - 0.40383) < 1e-4 and abs(high - 0.59617) < 1e-4
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10)[1] > 0.999999 and 0.7 < wilson(10, 10)[0] < 0.75
