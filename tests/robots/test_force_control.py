"""Force control holds a force on a wall, and position along the other axes."""

import numpy as np
import pytest
from plant import Loop, Wall

from robots import catalogue
from robots.controllers import force_control, load
from robots.controllers.admittance import TRAVEL_MAX
from robots.controllers.flags import FLAG_NAN, FLAG_POSITION, FLAG_SENSOR
from robots.kinematics import quaternion_from_rotation

RATE = 500.0
PANDA = catalogue.load("panda")


def press(stiffness, newtons=10.0, seconds=6.0, **plant):
    """Press down on a table 10 mm under the tool; give the loop and the force over time."""
    place, turn = PANDA.forward(PANDA.home)
    wall = Wall(place - np.array([0, 0, 0.01]), [0, 0, 1], stiffness)
    loop = Loop(load("limited_force_control"), PANDA, 1000.0, wall=wall, **plant)
    loop.input["position"] = place
    loop.input["quaternion"] = quaternion_from_rotation(turn)
    loop.input["axes"] = loop.input["wrench_goal"] = 0.0
    loop.input["axes"][0, 2], loop.input["wrench_goal"][0, 2] = 1.0, newtons  # the tool's z is down
    force = []
    for _ in range(int(1000 * seconds)):
        out = loop.tick()
        assert (np.abs(out["tau"]) <= PANDA.tau_max).all()
        force.append(loop.plant.wrench[2])
    return loop, np.array(force)


@pytest.mark.parametrize("stiffness", [1e3, 1e4, 1e5, 5e5])
def test_it_holds_ten_newtons_on_a_wall(stiffness):
    loop, force = press(stiffness)
    assert np.abs(force[-1000:] - 10.0).max() < 0.1
    # First touch, at 10 N / damping = 25 mm/s, is a blow of some 4 kg of arm.
    assert force.max() < 10.0 + 0.025 * np.sqrt(4.0 * stiffness)
    place = PANDA.forward(PANDA.home)[0]
    assert np.abs(loop.plant.position[:2] - place[:2]).max() < 4e-3


def test_a_model_that_is_a_tenth_wrong_does_not_change_the_force():
    _, force = press(1e4, heavier=1.1)
    assert np.abs(force[-1000:] - 10.0).max() < 0.1


def alone():
    instance = force_control.controller(7).instance(force_control.params(PANDA, RATE))
    instance.input["position"] = [0.4, 0.1, 0.3]
    instance.input["quaternion"] = [0, 0, 0, 1]
    instance.input["axes"][0, 0], instance.input["wrench_goal"][0, 0] = 1.0, 10.0
    return instance


def test_in_the_air_it_approaches_and_stops_at_its_travel_without_windup():
    instance = alone()
    for _ in range(50):
        instance.step()
    assert abs(instance.output["twist"][0, 0] - 10.0 / 400.0) < 1e-3
    for _ in range(int(20 * RATE)):
        instance.step()
    assert instance.output["flags"] == FLAG_POSITION
    assert abs(instance.output["position"][0, 0] - 0.4 - TRAVEL_MAX[0]) < 1e-12
    instance.input["wrench"][0, 0] = -30.0
    instance.step()
    instance.step()
    assert instance.output["position"][0, 0] < 0.4 + TRAVEL_MAX[0]


def test_an_axis_no_longer_chosen_goes_back():
    instance = alone()
    for _ in range(500):
        instance.step()
    assert instance.output["position"][0, 0] > 0.42
    instance.input["axes"] = 0.0
    for _ in range(int(4 * RATE)):
        instance.step()
        assert abs(instance.output["twist"][0, 0]) <= force_control.SPEED_MAX[0] + 1e-12
    assert abs(instance.output["position"][0, 0] - 0.4) < 1e-4


@pytest.mark.parametrize("name", ["wrench", "wrench_goal", "axes", "position", "quaternion"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, -1e300])
def test_a_number_that_is_none_holds_with_a_flag(name, broken):
    instance = alone()
    for _ in range(100):
        instance.step()
    before = instance.output["position"].copy()
    instance.input[name][0, 0] = broken
    for _ in range(10):
        instance.step()
    assert instance.output["flags"] == (FLAG_SENSOR if name == "wrench" else FLAG_NAN)
    assert (instance.output["position"] == before).all() and (instance.output["twist"] == 0).all()
