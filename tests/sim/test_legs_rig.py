"""The A1 on a floor: it stands, walks as told, falls and is seen to, and forgets nothing."""

import numpy as np
import pytest

from robots.actuator import HostActuator
from robots.controllers import gait, leg_impedance
from sim import rigs
from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.legs import into
from sim.scene import Scene

TICKS = 25


class Field:
    """A rig on the plant's floor, with nothing else on it."""

    def __init__(self, mode="velocity", actuator=None, seed=0):
        self.floor = Floor(Scene.load("inspect"), 500, "none")
        self.rig = rigs.make("legs", self.floor, "a1", mode, TICKS, actuator)
        self.floor.built()
        self.reset(seed)

    def reset(self, seed=0):
        self.floor.reset()
        self.rig.start = (0.0, 0.0, 0.5)
        self.rig.reset(np.random.default_rng(seed))
        self.rig.observe()

    def run(self, action, steps):
        rows = []
        for _ in range(steps):
            self.rig.command(np.array(action, float))
            for k in range(TICKS):
                self.rig.tick(k)
                self.floor.world.step()
            self.rig.observe()
            rows.append(np.concatenate(list(self.rig.state().values())))
        return np.array(rows)


@pytest.fixture
def field():
    made = []

    def make(*args, **options):
        made.append(Field(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.floor.close()


TWIST, BASE, CONTACTS = slice(31, 37), slice(24, 31), slice(37, 41)


@pytest.mark.parametrize("mode", ["velocity", "joint"])
def test_a_zero_action_stands_still_on_four_feet(field, mode):
    made = field(mode)
    rows = made.run(np.zeros(made.rig.action_space().shape), 60)
    assert rows[-20:, CONTACTS].all() and not made.rig.fallen and made.rig.flags == 0
    assert np.abs(rows[-20:, TWIST]).max() < 0.005
    assert 0.28 < rows[-1, BASE][2] < 0.30
    np.testing.assert_allclose(rows[-1, BASE][:2], 0, atol=0.02)
    assert made.rig.yaw == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("action", "speed"),
    [
        ((1, 0, 0), (0.6, 0, 0)),
        ((0.3, 0, 0), (0.18, 0, 0)),
        ((-1, 0, 0), (-0.6, 0, 0)),
        ((0, 1, 0), (0, 0.3, 0)),
        ((0, 0, 1), (0, 0, 0.8)),
        ((0.6, 0, -0.6), (0.36, 0, -0.48)),
    ],
)
def test_it_walks_as_fast_as_told(field, action, speed):
    made = field()
    rows = made.run((*action, 0, 0), 90)
    mean = rows[-54:, TWIST].mean(0)
    got = np.array([mean[0], mean[1], mean[5]])
    np.testing.assert_allclose(got, speed, rtol=0.08, atol=0.04)
    assert not made.rig.fallen
    # Four steps a second and more: every foot is up and down in turn.
    assert (rows[-54:, CONTACTS].mean(0) > 0.4).all() and (rows[-54:, CONTACTS].mean(0) < 0.9).all()


def test_what_it_senses_of_its_motion_is_the_motion(field):
    made = field()
    rows = made.run((0.5, 0.3, 0.4, 0, 0), 40)
    for a, b in zip(rows[20:-1], rows[21:], strict=True):
        moved = into(a[BASE][3:], (b[BASE][:3] - a[BASE][:3]) * 500 / TICKS)
        middle = (a[TWIST][:3] + b[TWIST][:3]) / 2
        np.testing.assert_allclose(moved[:2], middle[:2], atol=0.09)


def test_it_does_not_fall_under_any_change_of_command(field):
    made = field()
    rng = np.random.default_rng(2)
    for _ in range(15):
        rows = made.run((*rng.uniform(-1, 1, 3), 0, 0), 15)
        assert not made.rig.fallen
        assert rows[:, BASE][:, 2].min() > 0.27
        if np.hypot(*rows[-1, BASE][:2]) > 1.5:
            made.reset()


def test_a_command_that_is_no_number_stops_it_and_is_flagged(field):
    made = field()
    made.run((1, 0, 0, 0, 0), 30)
    rows = made.run((np.nan, 0, 0, 0, 0), 50)
    assert made.rig.flags & gait.FLAG_NAN and not made.rig.fallen
    assert np.abs(rows[-10:, TWIST]).max() < 0.02


def test_joints_go_where_they_are_told(field):
    made = field("joint")
    goal = np.tile([0.0, 0.2, -0.5], 4)
    made.run((*goal, 0, 0), 40)
    np.testing.assert_allclose(made.rig.q, made.rig.robot.home + 0.5 * goal, atol=0.09)
    assert made.rig.base[2] < 0.28 and not made.rig.fallen


def test_legs_pulled_away_from_under_it_are_seen_as_a_fall(field):
    made = field("joint")
    made.run((*np.tile([0.0, 1.0, 1.0], 2), *np.tile([0.0, -1.0, -1.0], 2), 0, 0), 80)
    made.run((*np.tile([1.0, 1.0, -1.0], 4), 0, 0), 40)
    assert made.rig.fallen
    made.reset()
    assert not made.rig.fallen


def test_the_radio_is_heard_only_when_it_is_keyed(field):
    rig = field().rig
    for key, heard in ((1.0, 0.25), (0.5, None), (0.0, None), (np.nan, None)):
        rig.command(np.array([0, 0, 0, 0.25, key]))
        assert rig.said == heard
    rig.command(np.array([0, 0, 0, np.nan, 1.0]))
    assert rig.said is None


def test_the_same_actions_give_the_same_bits_after_any_past(field):
    made = field()
    action = (0.8, 0.2, -0.5, 0, 0)
    made.reset(5)
    first = made.run(action, 30)
    made.reset(6)
    made.run((-1, 1, 1, 0, 0), 45)
    made.reset(5)
    assert made.run(action, 30).tobytes() == first.tobytes()
    assert field(seed=5).run(action, 30).tobytes() == first.tobytes()


def test_a_controller_of_the_wrong_kind_is_refused(field):
    field("joint", HostActuator(leg_impedance.controller()))
    with pytest.raises(SimError, match="runs 'leg_impedance'; .* needs 'gait'"):
        field("velocity", HostActuator(leg_impedance.controller()))
    with pytest.raises(SimError, match="unknown control_mode 'trot'; choose from velocity, joint"):
        field("trot")
