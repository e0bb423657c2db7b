"""A mobile base drives as it is told, carries what it is given and sees what is there."""

import math

import numpy as np
import pytest

from robots.controllers import limiter
from sim import rigs
from sim.errors import SimError
from sim.floor import ASSETS, Floor
from sim.rigs.drive import RANGE, RAYS
from sim.scene import Scene
from sim.tasks.task import yaw_pose

TICKS = 50


@pytest.fixture
def floor():
    made = Floor(Scene.load("deliver_tote"), 500, "none")
    yield made
    made.close()


def stand(floor, mode="velocity", x=-1.0, y=0.0, yaw=0.0):
    rig = rigs.make("drive", floor, "husky", mode, TICKS)
    floor.built()
    rig.start = (x, y, yaw)
    rig.reset(np.random.default_rng(0))
    rig.observe()
    return rig


def drive(rig, action, steps):
    for _ in range(steps):
        rig.command(np.array(action, float))
        for k in range(TICKS):
            rig.tick(k)
            rig.world.step()
        rig.observe()


@pytest.mark.parametrize("speed", [0.5, -0.4])
def test_straight_ahead_it_drives_as_fast_as_told(floor, speed):
    rig = stand(floor)
    drive(rig, (speed, 0.0), 15)
    assert abs(rig.speed - speed) < 0.03
    assert abs(rig.base[1]) < 0.02 and abs(rig.yaw) < 0.02


@pytest.mark.parametrize("action", [0.5, -1.0])
def test_the_effective_track_turns_it_as_fast_as_told_where_it_stands(floor, action):
    rig = stand(floor)
    drive(rig, (0.0, action), 15)
    before, turned = rig.yaw, 0.0
    for _ in range(20):
        drive(rig, (0.0, action), 1)
        turned += math.remainder(rig.yaw - before, 2 * math.pi)
        before = rig.yaw
    told = action * rig.robot.w_max * 2.0
    assert 0.8 < turned / told < 1.2
    assert np.hypot(rig.base[0] + 1.0, rig.base[1]) < 0.1


def test_wheels_mode_equals_velocity_mode(floor):
    rig = stand(floor, "wheels")
    drive(rig, (0.5, 0.5), 15)
    assert abs(rig.speed - 0.5) < 0.03
    drive(rig, (-0.3, 0.3), 15)
    assert rig.turning > 0.3 and abs(rig.speed) < 0.1


def test_it_stops_and_keeps_what_stands_on_its_deck(floor):
    floor.add_body("tote", ASSETS / "hall" / "tote.urdf")
    rig = stand(floor)
    height = rig.robot.height + rig.robot.deck[2] + 0.001
    floor.place("tote", yaw_pose(-1.0, 0.0, height))
    drive(rig, (1.0, 0.3), 15)
    drive(rig, (0.0, 0.0), 25)
    assert abs(rig.speed) < 0.01 and abs(rig.turning) < 0.02
    offset = floor.pose("tote")[:3] - rig.base[:3]
    assert np.hypot(*offset[:2]) < 0.05 and abs(offset[2] - height) < 0.01


def test_nan_brakes_with_a_flag(floor):
    rig = stand(floor)
    drive(rig, (0.6, 0.0), 15)
    drive(rig, (np.nan, 0.0), 20)
    assert rig.flags & limiter.FLAG_NAN and abs(rig.speed) < 0.01


def test_lidar_sees_a_wall_where_it_is_and_never_itself(floor):
    rig = stand(floor, x=0.0, y=0.0, yaw=math.pi / 2)
    assert rig.lidar.shape == (RAYS,)
    assert abs(rig.lidar[0] - 3.60) < 0.02
    assert abs(rig.lidar[RAYS // 4] - 4.60) < 0.02
    # The scanner looks from the base's outline: nothing nearer than that.
    assert rig.lidar.min() > rig.robot.outline[1] and rig.lidar.max() <= RANGE


def test_unknown_mode_is_refused_by_name(floor):
    with pytest.raises(SimError, match="unknown control_mode 'ee_pose'; choose from velocity"):
        rigs.make("drive", floor, "husky", "ee_pose", TICKS)
