"""Admittance yields to a push by F / k, comes back, and rests against a stiff wall."""

import numpy as np
import pytest
from plant import Loop, Wall

from robots import catalogue
from robots.controllers import admittance, load
from robots.controllers.flags import FLAG_NAN, FLAG_POSITION, FLAG_SENSOR
from robots.kinematics import (
    quaternion_from_rotation,
    rotation_from_quaternion,
    rotation_from_vector,
)

RATE = 500.0
PANDA = catalogue.load("panda")
K = np.repeat(admittance.STIFFNESS, 3)


def alone(rotation=np.eye(3)):  # noqa: B008
    instance = admittance.controller(7).instance(admittance.params(PANDA, RATE))
    instance.input["position"] = [0.4, 0.1, 0.3]
    instance.input["quaternion"] = quaternion_from_rotation(rotation)
    return instance


def test_it_yields_by_force_over_stiffness_without_overshoot_and_comes_back():
    instance = alone()
    wrench = np.array([10.0, -5.0, 3.0, 0.5, 0.2, -0.4])
    instance.input["wrench"] = wrench
    track = []
    for _ in range(int(8 * RATE)):
        instance.step()
        track.append(instance.state["offset"][0].copy())
    track = np.array(track) / (wrench / K)
    assert (track < 1.0 + 1e-9).all() and (np.diff(track, axis=0) > -1e-12).all()
    assert np.abs(track[-1] - 1.0).max() < 1e-3
    assert np.allclose(
        instance.output["position"][0] - [0.4, 0.1, 0.3], wrench[:3] / K[:3], rtol=1e-3
    )
    turned = rotation_from_quaternion(instance.output["quaternion"][0])
    assert np.allclose(turned, rotation_from_vector(wrench[3:] / K[3:]), atol=1e-4)
    instance.input["wrench"] = 0.0
    for _ in range(int(8 * RATE)):
        instance.step()
    assert np.abs(instance.output["position"][0] - [0.4, 0.1, 0.3]).max() < 1e-4
    assert np.abs(instance.output["twist"]).max() < 1e-4


def test_stiffness_is_along_the_goals_own_axes():
    turn = rotation_from_vector(np.array([0.3, -0.8, 0.5]))
    law = admittance.controller(7)
    params = admittance.params(PANDA, RATE)
    params["stiffness"][0, 0] = 1e5  # hard along x, soft along y and z
    instance = law.instance(params)
    instance.input["quaternion"] = quaternion_from_rotation(turn)
    instance.input["wrench"][0, :3] = turn @ [10.0, 0.0, 0.0]
    for _ in range(int(4 * RATE)):
        instance.step()
    assert np.abs(instance.output["position"]).max() < 2e-4


def test_the_offset_ends_at_its_travel_and_does_not_wind_up():
    instance = alone()
    instance.input["wrench"] = 1e6
    for _ in range(int(3 * RATE)):
        instance.step()
        assert (np.abs(instance.state["offset"][0]) <= np.repeat(admittance.TRAVEL_MAX, 3)).all()
        assert (np.abs(instance.state["speed"][0]) <= np.repeat(admittance.SPEED_MAX, 3)).all()
    assert instance.output["flags"] == FLAG_POSITION
    instance.input["wrench"] = 0.0
    before = instance.state["offset"][0].copy()
    for _ in range(10):
        instance.step()
    assert (instance.state["offset"][0] < before).all()


@pytest.mark.parametrize("name", ["wrench", "position", "quaternion", "twist"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e300])
def test_a_number_that_is_none_stops_the_offset_with_a_flag(name, broken):
    instance = alone()
    instance.input["wrench"] = 10.0
    for _ in range(100):
        instance.step()
    before = instance.output.copy()
    instance.input[name][0, 1] = broken
    for _ in range(20):
        instance.step()
    assert instance.output["flags"] == (FLAG_SENSOR if name == "wrench" else FLAG_NAN)
    assert (instance.output["position"] == before["position"]).all()
    assert np.allclose(instance.output["quaternion"], before["quaternion"], atol=1e-15)
    assert (instance.output["twist"] == 0).all()


def test_before_there_is_a_goal_there_is_no_pose():
    instance = admittance.controller(7).instance(admittance.params(PANDA, RATE))
    instance.input["wrench"] = 10.0
    instance.step()
    for name in ("position", "quaternion", "twist"):
        assert (instance.output[name] == 0).all()
    assert instance.output["flags"] == FLAG_NAN


def in_loop(**plant):
    loop = Loop(load("limited_admittance"), PANDA, 1000.0, **plant)
    loop.input["position"] = loop.plant.position
    loop.input["quaternion"] = quaternion_from_rotation(loop.plant.rotation)
    return loop


def test_the_arm_yields_to_ten_newtons():
    loop = in_loop()
    start = loop.plant.position.copy()
    loop.plant.push[:3] = [0.0, 10.0, 0.0]
    for _ in range(6000):
        loop.tick()
    moved = loop.plant.position - start
    asked = loop.output["position"][0] - start
    assert abs(asked[1] - 10.0 / K[1]) < 1e-4
    # What the joints' own springs give way by comes on top: less than a third of it.
    assert 10.0 / K[1] < moved[1] < 1.33 * 10.0 / K[1]
    assert np.abs(loop.plant.dq).max() < 1e-2
    loop.plant.push[:] = 0.0
    for _ in range(6000):
        loop.tick()
    assert np.abs(loop.plant.position - start).max() < 1e-3


@pytest.mark.parametrize("stiffness", [1e3, 1e4, 1e5, 5e5])
def test_it_never_oscillates_against_a_stiff_wall(stiffness):
    point = PANDA.forward(PANDA.home)[0] - np.array([0, 0, 0.005])
    loop = in_loop(wall=Wall(point, [0, 0, 1], stiffness))
    height = loop.plant.position[2]
    force = []
    for k in range(5000):
        # 25 mm into the table, at 30 mm/s.
        loop.input["position"][0, 2] = height - 0.03 * min(k / 1000, 1.0)
        loop.tick()
        force.append(loop.plant.wrench[2])
    force = np.array(force)
    assert force[-1] > 5.0
    settled = force[2500:]
    assert settled.min() > 0.0 and np.ptp(settled) < 0.02 * force[-1]
    # A blow at first touch, then no swinging: it passes its end at most twice.
    touched = int(np.argmax(force > 0.0))
    away = force[touched + 300 :] - force[-1]
    sides = np.sign(away[np.abs(away) > 0.02 * force[-1]])
    assert np.count_nonzero(np.diff(sides)) <= 2
