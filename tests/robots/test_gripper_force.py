"""The gripper closes, holds a part with the force that was asked for, and lets it go."""

import numpy as np
import pytest

from robots import catalogue
from robots.controllers import gripper_force, load
from robots.controllers.flags import FLAG_CONTACT, FLAG_NAN, FLAG_SENSOR
from robots.gripper import fingers

RATE = 500.0
ARMS = ("panda", "iiwa", "xarm6", "so101")


class Hand:
    """Fingers about a part that begins at `part` of the range (0 closed) and is a spring."""

    def __init__(self, robot, part=0.5, stiffness=100.0, limited=True):
        law = load("limited_gripper_force") if limited else gripper_force
        self.body = fingers(robot)
        n = len(self.body.home)
        self.instance = law.controller(n).instance(law.params(robot, RATE))
        self.input, self.output = self.instance.input, self.instance.output
        self.closed, self.open = robot.gripper_opening
        self.span = abs(self.open - self.closed)
        self.side = np.sign(self.open - self.closed)
        self.part = self.closed + part * (self.open - self.closed)
        # A part that full force dents by 1 / stiffness of the range, with a little loss.
        self.k = stiffness * robot.gripper_force / self.span
        self.d = 0.2 * np.sqrt(self.k * self.body.inertia)
        self.q, self.dq = self.body.home.copy(), np.zeros(n)
        self.push = np.zeros(n)
        self.force = np.zeros(n)

    def run(self, seconds, goal=None, force=None):
        """Go on for a while; give the largest force on the part, N or N m."""
        if goal is not None:
            self.input["q_goal"] = goal
        if force is not None:
            self.input["force"] = force
        most = 0.0
        for _ in range(int(seconds * RATE)):
            self.input["q"], self.input["dq"] = self.q, self.dq
            self.instance.step()
            for _ in range(20):
                depth = self.side * (self.part - self.q) if self.part is not None else -1.0
                press = np.where(depth > 0, self.k * depth - self.d * self.side * self.dq, 0.0)
                self.force = np.maximum(press, 0.0)
                total = self.output["tau"][0] + self.side * self.force + self.push
                self.dq = self.dq + total / self.body.inertia / RATE / 20
                self.q = self.q + self.dq / RATE / 20
                most = max(most, self.force.max())
        return most

    @property
    def flags(self):
        return int(self.output["flags"][0])


@pytest.mark.parametrize("name", ARMS)
@pytest.mark.parametrize("share", [0.2, 0.8])
def test_it_holds_a_part_with_the_force_asked_for_and_does_not_crush_it(name, share):
    robot = catalogue.load(name)
    hand = Hand(robot)
    force = share * robot.gripper_force
    most = hand.run(2.0, hand.closed, force)
    assert hand.flags & FLAG_CONTACT
    assert np.allclose(hand.force, force, rtol=0.02)
    # The blow of the fingers' own inertia is no law's to take away, at the speed they close with.
    blow = robot.gripper_speed * np.sqrt(hand.k * hand.body.inertia.max())
    assert most < 1.2 * max(force, blow)
    assert np.abs(hand.q - hand.part).max() < 0.01 * hand.span
    hand.run(1.0, hand.open)
    assert not hand.flags & FLAG_CONTACT
    assert np.abs(hand.q - hand.open).max() < 0.02 * hand.span and (hand.force == 0).all()


def test_a_held_part_follows_a_new_force_and_is_not_dropped_when_pushed():
    robot = catalogue.load("panda")
    hand = Hand(robot)
    hand.run(1.0, hand.closed, 10.0)
    hand.run(0.5, force=20.0)
    assert np.allclose(hand.force, 20.0, rtol=0.02)
    hand.push[:] = 15.0  # towards open
    hand.run(0.5)
    assert hand.flags & FLAG_CONTACT and (hand.force > 0).all()


def test_without_a_part_it_closes_and_a_part_that_is_gone_is_noticed():
    robot = catalogue.load("panda")
    hand = Hand(robot)
    hand.run(1.0, hand.closed, 10.0)
    assert hand.flags & FLAG_CONTACT
    hand.part = None
    hand.run(1.0)
    assert not hand.flags & FLAG_CONTACT
    assert np.abs(hand.q - hand.closed).max() < 0.02 * hand.span


def test_a_finger_moves_freely_to_where_it_is_told():
    robot = catalogue.load("panda")
    hand = Hand(robot, part=0.0)
    hand.run(1.0, 0.015, 10.0)
    assert np.abs(hand.q - 0.015).max() < 2e-4 and hand.flags == 0


@pytest.mark.parametrize("name", ["q_ref", "dq_ref", "force"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e300])
def test_a_goal_that_is_none_goes_on_holding_with_a_flag(name, broken):
    hand = Hand(catalogue.load("panda"), limited=False)
    hand.input["q_ref"] = hand.closed
    hand.run(1.0, force=10.0)
    assert hand.flags == FLAG_CONTACT
    hand.input[name][0, 0] = broken
    hand.run(0.5)
    assert hand.flags == FLAG_CONTACT | FLAG_NAN
    assert np.allclose(hand.force, 10.0, rtol=0.02)


@pytest.mark.parametrize("name", ["q", "dq"])
def test_a_broken_sensor_gives_no_force(name):
    hand = Hand(catalogue.load("panda"), limited=False)
    hand.run(0.1, force=10.0)
    hand.input[name][0, 1] = -np.inf
    hand.instance.step()
    assert (hand.output["tau"] == 0).all() and hand.flags == FLAG_SENSOR
