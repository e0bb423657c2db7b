"""The gait keeps its promises: it steps when told, stands when not, and survives nonsense."""

import numpy as np
import pytest

from robots import catalogue, legged, legs
from robots.controllers import gait, leg_impedance, limiter
from robots.errors import RobotError

A1 = legged.load("a1")
HZ = 500.0


class Walk:
    """A gait on a robot that always is exactly where it was told to be, and level."""

    def __init__(self):
        self.gait = gait.controller().instance(gait.params(A1, HZ))
        self.input, self.output = self.gait.input[0], self.gait.output[0]
        self.input["q"], self.input["orientation"] = A1.home, (0, 0, 0, 1)
        self.feet, self.down, self.flags = [], [], []

    def run(self, command, ticks):
        self.input["command"] = command
        for _ in range(ticks):
            self.gait.step()
            self.input["q"], self.input["dq"] = self.output["q_ref"], self.output["dq_ref"]
            self.feet.append(legs.place(A1, self.output["q_ref"]))
            self.down.append(self.output["down"].copy())
            self.flags.append(int(self.output["flags"]))
            assert np.isfinite(self.output["tau"]).all()
            assert (np.abs(self.output["tau"]) <= A1.tau_max).all()
        return self


def test_zero_command_stands_on_four_feet_and_carries_the_weight():
    walk = Walk().run((0, 0, 0), 200)
    assert (np.array(walk.down) == 1).all() and not any(walk.flags)
    np.testing.assert_allclose(walk.feet[-1], A1.feet, atol=1e-3)
    # Virtual work: raising the trunk by dz bends the legs by dq, and tau dq = -m g dz.
    raised = A1.feet - [0, 0, 1e-5]
    dq = legs.solve(A1, raised) - legs.solve(A1, A1.feet)
    assert walk.output["tau"] @ dq == pytest.approx(A1.mass * 9.81 * 1e-5, rel=0.02)


@pytest.mark.parametrize("command", [(0.5, 0, 0), (-0.3, 0, 0), (0, 0.25, 0), (0, 0, 0.8)])
def test_feet_that_are_down_move_against_the_command(command):
    walk = Walk().run(command, 1500)
    feet, down = np.array(walk.feet[-500:]), np.array(walk.down[-500:])
    roll = 1 + A1.foot_radius / -A1.feet[0, 2]
    for leg in range(4):
        planted = (down[1:, leg] == 1) & (down[:-1, leg] == 1)
        speed = np.diff(feet[:, leg], axis=0)[planted] * HZ * roll
        place = feet[1:, leg][planted]
        wanted = np.array(command[:2]) + command[2] * np.stack([-place[:, 1], place[:, 0]], 1)
        np.testing.assert_allclose(speed[:, :2], -wanted, atol=0.01)


def test_a_trot_lifts_diagonal_pairs_in_turn_and_never_all():
    walk = Walk().run((0.4, 0, 0), 1500)
    down = np.array(walk.down[-500:])
    assert (down[:, 0] == down[:, 3]).all() and (down[:, 1] == down[:, 2]).all()
    assert (down.sum(1) >= 2).all() and (down.sum(1) == 2).any()
    lift = np.array(walk.feet[-500:])[:, :, 2].max(0) - A1.feet[:, 2]
    np.testing.assert_allclose(lift, A1.lift, atol=0.003)


def test_it_stops_on_four_feet_where_they_belong():
    walk = Walk().run((0.5, 0.1, 0.3), 1000).run((0, 0, 0), 1200)
    assert (np.array(walk.down[-200:]) == 1).all()
    np.testing.assert_allclose(walk.feet[-1], A1.feet, atol=0.01)
    np.testing.assert_array_equal(walk.feet[-1], walk.feet[-200])


def test_the_command_is_slewed_and_cut_to_what_the_robot_walks_at():
    walk = Walk().run((5.0, 0, -9.0), 1000)
    assert walk.flags[-1] & gait.FLAG_SPEED
    np.testing.assert_allclose(walk.gait.state["speed"][0], [0.6, 0, -0.8])
    early = Walk().run((5.0, 0, 0), 50).gait.state["speed"][0]
    assert early[0] == pytest.approx(50 / HZ * A1.slew_max[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e200])
def test_a_command_that_is_no_number_brakes_to_a_stand(bad):
    walk = Walk().run((0.5, 0, 0), 1000).run((0.5, bad, 0), 1200)
    assert all(flags & gait.FLAG_NAN for flags in walk.flags[1000:])
    assert (np.array(walk.down[-200:]) == 1).all()
    assert not walk.run((0, 0, 0), 1).flags[-1]


@pytest.mark.parametrize("field", ["q", "dq", "orientation", "gyro"])
def test_a_measurement_that_is_no_number_gives_no_torque(field):
    for bad in (np.nan, np.inf, -1e300):
        walk = Walk().run((0.4, 0, 0), 300)
        walk.input[field][1] = bad
        walk.gait.step()
        assert walk.output["flags"] == gait.FLAG_SENSOR
        assert not walk.output["tau"].any() and np.isfinite(walk.output["q_ref"]).all()
        walk.input["q"], walk.input["dq"], walk.input["gyro"] = A1.home, 0, 0
        walk.input["orientation"] = (0, 0, 0, 1)
        assert walk.run((0.4, 0, 0), 800).flags[-1] == 0


def test_a_fallen_robot_is_only_damped_and_goes_on_when_it_is_upright_again():
    walk = Walk().run((0.4, 0, 0), 300)
    walk.input["orientation"] = (0.7, 0, 0, 0.7)
    walk.input["dq"] = 3.0
    walk.gait.step()
    assert walk.output["flags"] == gait.FLAG_FALLEN
    np.testing.assert_allclose(walk.output["tau"], -3.0 * A1.kd)
    walk.input["orientation"] = (0, 0, 0, 0)
    walk.gait.step()
    assert walk.output["flags"] == gait.FLAG_FALLEN
    walk.input["orientation"] = (0, 0, 0.3, 0.9)
    assert walk.run((0, 0, 0), 800).flags[-1] == 0


def test_a_crouching_robot_stands_up_slowly():
    walk = Walk()
    walk.input["q"] = legs.solve(A1, A1.feet + [0, 0, 0.1])
    walk.run((0.5, 0, 0), 150)
    heights = np.array(walk.feet)[:, :, 2]
    assert np.abs(np.diff(heights, axis=0)).max() * HZ < 0.26
    assert (np.array(walk.down) == 1).all()
    assert (np.array(walk.run((0.5, 0, 0), 200).down[-100:]) == 0).any()


def test_no_input_whatever_gives_a_nan_or_a_torque_beyond_the_limit():
    rng = np.random.default_rng(3)
    odd = np.array([0, -0.0, np.nan, np.inf, -np.inf, 1e308, 5e-324, 1e6, -1.0])
    law = gait.controller().instance(gait.params(A1, HZ))
    for _ in range(3000):
        for name in law.input.dtype.names:
            value = rng.normal(0, 1, law.input[name].shape)
            mask = rng.random(value.shape) < 0.03
            value[mask] = rng.choice(odd, mask.sum())
            law.input[name] = value
        law.input["orientation"] += [0, 0, 0, 2]
        law.step()
        for name in ("tau", "q_ref", "dq_ref", "down"):
            assert np.isfinite(law.output[name]).all()
        assert (np.abs(law.output["tau"]) <= A1.tau_max).all()


def test_what_it_does_not_drive_is_refused():
    with pytest.raises(RobotError, match="drives quadrupeds, such as a1; 'panda' is none"):
        gait.params(catalogue.load("panda"), HZ)
    with pytest.raises(RobotError, match="12 joints"):
        gait.controller(7)
    with pytest.raises(RobotError, match="rate_hz is 0"):
        gait.params(A1, 0.0)
    with pytest.raises(RobotError, match="drives quadrupeds"):
        leg_impedance.params(catalogue.load("panda"), HZ)


def test_leg_impedance_pulls_to_the_goal_within_limits_and_flags_bad_numbers():
    law = leg_impedance.controller().instance(leg_impedance.params(A1, HZ))
    law.input["q"], law.input["q_goal"] = A1.home, A1.home + 0.2
    for _ in range(300):
        law.step()
    np.testing.assert_allclose(law.output["q_ref"][0], A1.home + 0.2, atol=1e-3)
    np.testing.assert_allclose(law.output["tau"][0], np.minimum(0.2 * A1.kp, A1.tau_max), atol=0.5)
    law.input["q_goal"][0, 4] = np.nan
    law.step()
    assert law.output["flags"][0] & limiter.FLAG_NAN
    law.input["q"][0, 2] = np.inf
    law.step()
    assert law.output["flags"][0] & limiter.FLAG_SENSOR and not law.output["tau"].any()
